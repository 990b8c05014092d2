import { describe, expect, it } from 'vitest';
import type { Device } from '../../src/devices/device.ts';
import { checkDevice } from '../../src/diagnosis/devices.ts';
import { checkKernels, checkMemory, checkNode, checkProcessor, checkWebAssembly } from '../../src/diagnosis/machine.ts';
import type { ParityCheck } from '../../src/diagnosis/pair.ts';
import { RnnError } from '../../src/errors.ts';

describe('the check of', () => {
  it.each([
    ['20.19.0', 'good'],
    ['22.0.1', 'good'],
    ['20.18.9', 'bad'],
    ['18.20.0', 'bad'],
  ])('Node finds %s %s', (version, verdict) => {
    expect(checkNode(version)).toMatchObject({ verdict, detail: expect.stringContaining(version) });
  });

  it('memory fails without enough memory for the program', () => {
    expect(checkMemory(8e9, 16e9)).toMatchObject({ verdict: 'good', detail: '8 GB of 16 GB free', fix: null });
    expect(checkMemory(1e8, 16e9)).toMatchObject({ verdict: 'bad', fix: expect.any(String) });
  });

  it('WebAssembly finds the kernels', async () => {
    expect(await checkWebAssembly()).toMatchObject({ verdict: 'good' });
  });

  it('the processor shows its name', () => {
    const named = { model: ' A  Fast(R) Processor ', speed: 1, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } };
    expect(checkProcessor([named])).toMatchObject({ verdict: 'good', detail: 'A Fast(R) Processor' });
    expect(checkProcessor([])).toMatchObject({ verdict: 'good', detail: 'unknown' });
  });

  it('kernels names the kernels in use, and gives each reason against faster kernels once', async () => {
    const works = { problem: null };
    expect(
      await checkKernels('wasm', () => [
        { name: 'accelerate', problem: 'only macOS has Accelerate' },
        { name: 'avx512', problem: 'the system does not allow executable memory' },
        { name: 'avx2', problem: 'the system does not allow executable memory' },
        { name: 'wasm', ...works },
        { name: 'wasm-portable', ...works },
      ]),
    ).toMatchObject({
      verdict: 'good',
      detail: 'wasm, without avx512 and avx2 (the system does not allow executable memory)',
      fix: null,
    });
    expect(
      await checkKernels('wasm', () => [
        { name: 'avx2', ...works },
        { name: 'wasm', ...works },
      ]),
    ).toMatchObject({
      detail: 'wasm',
      facts: { name: 'wasm' },
    });
  });

  it.skipIf(process.platform === 'darwin')('kernels reports that the named kernels cannot be used', async () => {
    expect(await checkKernels('accelerate')).toMatchObject({
      verdict: 'bad',
      detail: 'cannot use the kernels accelerate: only macOS has Accelerate',
      fix: expect.stringContaining('--kernels auto'),
    });
  });
});

describe('the check of a device', () => {
  let closed = 0;
  const device = {
    name: 'fake',
    description: 'fake: 2 threads',
    close: async () => void closed++,
  } as unknown as Device;
  const open = async () => device;
  const finding = (name: string, worst: number): ParityCheck => ({
    name,
    run: async () => ({ worst, tolerance: 1e-5, where: 'loss' }),
  });

  it('compares it with the reference and closes it', async () => {
    const before = closed;
    const check = await checkDevice('fake', [finding('a', 1e-7), finding('b', 2e-6)], open);
    expect(check).toMatchObject({
      device: 'fake',
      verdict: 'good',
      detail:
        '2 threads, agrees with the reference in 2 comparisons, with a largest difference of 2.0e-6 (at most 1e-5 is allowed)',
    });
    expect(closed).toBe(before + 1);
  });

  it.each([1e-3, Number.NaN, Infinity])('finds a difference of %d', async (worst) => {
    const check = await checkDevice('fake', [finding('a', 1e-7), finding('b', worst)], open);
    expect(check).toMatchObject({ verdict: 'bad', fix: expect.any(String) });
    expect(check.detail).toContain('b differs from the reference by');
  });

  it('reports a device that fails for any reason', async () => {
    const failing: ParityCheck = { name: 'a', run: () => Promise.reject(new Error('shader\n  line 3')) };
    expect(await checkDevice('fake', [failing], open)).toMatchObject({
      verdict: 'bad',
      detail: '2 threads: a: shader',
    });
    const limit: ParityCheck = {
      ...failing,
      run: () => Promise.reject(new RnnError('machine', 'no thread', { hint: 'ulimit -u' })),
    };
    expect(await checkDevice('fake', [limit], open)).toMatchObject({
      detail: '2 threads: a: no thread',
      fix: 'ulimit -u',
    });
    const missing = async () => Promise.reject(new RnnError('device', 'no kernels', { hint: 'npm run build' }));
    expect(await checkDevice('cpu', [], missing)).toMatchObject({
      verdict: 'bad',
      detail: 'no kernels',
      fix: 'npm run build',
    });
    // The check of the GPU itself reports this.
    expect(await checkDevice('gpu', [], missing)).toMatchObject({ verdict: 'absent', fix: null });
  });
});
