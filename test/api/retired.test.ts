import { beforeEach, describe, expect, it, vi } from 'vitest';
import { bench, doctor } from '../../src/index.ts';

describe('the library', () => {
  beforeEach(() => void vi.restoreAllMocks());

  it('warns once in a process of the option blas in a request', async () => {
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const request = { device: 'reference', full: false, blas: 'off' };
    for await (const { verdict } of doctor(request)) expect(verdict).not.toBe('bad');
    const setup = { device: 'reference', hidden: 4, layers: 1, batchSize: 2, sequenceLength: 2, milliseconds: 1 };
    await bench(Object.assign({ blas: 'auto' }, setup));
    expect(emitted.mock.calls).toEqual([['the option blas has no effect any more: use kernels', 'DeprecationWarning']]);
  });
});
