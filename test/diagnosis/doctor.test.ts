import { describe, expect, it } from 'vitest';
import type { Device } from '../../src/devices/device.ts';
import { checkDevice } from '../../src/diagnosis/devices.ts';
import { checkBlas, checkMemory, checkNode, checkWebAssembly } from '../../src/diagnosis/machine.ts';
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

  it('memory wants room for the program', () => {
    expect(checkMemory(8e9, 16e9)).toMatchObject({ verdict: 'good', detail: '8 GB of 16 GB free', fix: null });
    expect(checkMemory(1e8, 16e9)).toMatchObject({ verdict: 'bad', fix: expect.any(String) });
  });

  it('WebAssembly finds the kernels', async () => {
    expect(await checkWebAssembly()).toMatchObject({ verdict: 'good' });
  });

  it('BLAS tells which is used, what was tried before it, and how to have one', async () => {
    const tried = [
      { path: 'libopenblas.so.0', name: null, used: false, reason: 'cannot be opened' },
      { path: 'libblas.so.3', name: 'libblas.so.3', used: false, reason: 'it may be a slow one' },
    ];
    const used = {
      path: 'libfast.so',
      name: 'Fast 1.0',
      used: true,
      reason: 'computes what the embedded kernels do',
    };
    const library = {
      path: 'libfast.so',
      name: 'Fast 1.0',
      suffix: '',
      wide: false,
      takesSmall: false,
      oneCaller: false,
    };
    expect(await checkBlas(undefined, () => ({ library, trials: [...tried, used], off: null }))).toMatchObject({
      verdict: 'good',
      detail:
        'uses Fast 1.0 (libfast.so): computes what the embedded kernels do; libopenblas.so.0: cannot be opened; libblas.so.3: it may be a slow one',
    });
    expect(await checkBlas(undefined, () => ({ library: null, trials: tried, off: null }))).toMatchObject({
      verdict: 'absent',
      detail: expect.stringMatching(/^none used; libopenblas.so.0: cannot be opened; /),
      fix: null,
    });
    const without = [{ path: 'koffi', name: null, used: false, reason: "Cannot find module 'koffi'" }];
    expect(await checkBlas(undefined, () => ({ library: null, trials: without, off: null }))).toMatchObject({
      verdict: 'absent',
      detail: "none used; koffi: Cannot find module 'koffi'",
      fix: expect.stringMatching(/^install rnn again with --include=optional, for @koromix\/koffi-/),
    });
    expect(await checkBlas(undefined, () => ({ library: null, trials: [], off: 'RNN_BLAS=off' }))).toMatchObject({
      verdict: 'absent',
      detail: 'none, by RNN_BLAS=off',
      fix: null,
    });
    expect(
      await checkBlas(undefined, () => {
        throw new RnnError('device', 'the BLAS libz.so.1 cannot be used', { hint: '--blas off' });
      }),
    ).toMatchObject({ verdict: 'bad', fix: '--blas off' });
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

  it('compares it with the reference, and closes it', async () => {
    const before = closed;
    const check = await checkDevice('fake', [finding('a', 1e-7), finding('b', 2e-6)], open);
    expect(check).toMatchObject({
      device: 'fake',
      verdict: 'good',
      detail: '2 threads; agrees with the reference in 2 comparisons, at worst 2.0e-6 of 1e-5 allowed',
    });
    expect(closed).toBe(before + 1);
  });

  it.each([1e-3, Number.NaN, Infinity])('finds a difference of %d', async (worst) => {
    const check = await checkDevice('fake', [finding('a', 1e-7), finding('b', worst)], open);
    expect(check).toMatchObject({ verdict: 'bad', fix: expect.any(String) });
    expect(check.detail).toContain('b: differs from the reference by');
  });

  it('tells of a device that fails, at whatever', async () => {
    const failing: ParityCheck = { name: 'a', run: () => Promise.reject(new Error('shader\n  line 3')) };
    expect(await checkDevice('fake', [failing], open)).toMatchObject({
      verdict: 'bad',
      detail: '2 threads; a: shader',
    });
    const limit: ParityCheck = {
      ...failing,
      run: () => Promise.reject(new RnnError('machine', 'no thread', { hint: 'ulimit -u' })),
    };
    expect(await checkDevice('fake', [limit], open)).toMatchObject({
      detail: '2 threads; a: no thread',
      fix: 'ulimit -u',
    });
    const missing = async () => Promise.reject(new RnnError('device', 'no kernels', { hint: 'npm run build' }));
    expect(await checkDevice('cpu', [], missing)).toMatchObject({
      verdict: 'bad',
      detail: 'no kernels',
      fix: 'npm run build',
    });
    // That is what the check of the GPU itself is for.
    expect(await checkDevice('gpu', [], missing)).toMatchObject({ verdict: 'absent', fix: null });
  });
});
