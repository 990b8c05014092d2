import { afterEach, describe, expect, test, vi } from 'vitest';
import { chooseKernels, kernelAvailability } from '../../../src/devices/cpu/choose.ts';
import { openDevice } from '../../../src/devices/open.ts';
import { haveSameNumbers } from '../../../src/devices/same-numbers.ts';
import { RnnError } from '../../../src/errors.ts';
import { kernelNames } from '../../../src/options/choices.ts';
import { kernels, missing } from './helpers.ts';

afterEach(() => void vi.unstubAllEnvs());

const usable = kernelAvailability().filter(({ problem }) => problem === null);
const unusable = kernelAvailability().filter(({ problem }) => problem !== null);
/** Where WebAssembly does not have fused multiply-add, `wasm` chooses the portable kernels. */
const kernelsUsedFor = (name: string): string =>
  name === 'wasm' && kernels.variant === 'portable' ? 'wasm-portable' : name;

describe('the kernels', () => {
  test('are tried from the fastest to the kernels that always work', () => {
    expect(kernelAvailability().map(({ name }) => name)).toEqual(kernelNames);
    expect(usable.map(({ name }) => name)).toEqual(expect.arrayContaining(['wasm', 'wasm-portable']));
  });

  test('are the fastest that work here, with auto and by default', async () => {
    vi.stubEnv('RNN_KERNELS', '');
    expect((await chooseKernels()).name).toBe(kernelsUsedFor(usable[0].name));
    expect((await chooseKernels('auto')).name).toBe(kernelsUsedFor(usable[0].name));
  });

  test.each(usable.map(({ name }) => name))('can be chosen by an option or by RNN_KERNELS: %s', async (name) => {
    expect((await chooseKernels(name)).name).toBe(kernelsUsedFor(name));
    vi.stubEnv('RNN_KERNELS', name);
    expect((await chooseKernels()).name).toBe(kernelsUsedFor(name));
    expect((await chooseKernels('wasm-portable')).name).toBe('wasm-portable');
  });

  test.each(unusable)('that cannot be used are refused with the reason: $name', async ({ name, problem }) => {
    const refusal: unknown = await chooseKernels(name).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RnnError);
    expect(refusal).toMatchObject({
      kind: 'device',
      message: `cannot use the kernels ${name}: ${problem}`,
      hint: 'use --kernels auto for the fastest that work here (rnn doctor lists them)',
      options: ['--kernels'],
    });
  });

  test('with an unknown name in RNN_KERNELS are refused', async () => {
    vi.stubEnv('RNN_KERNELS', 'blas');
    await expect(chooseKernels()).rejects.toMatchObject({
      kind: 'usage',
      message: 'RNN_KERNELS is blas: expected one of auto, accelerate, avx512, avx2, wasm, wasm-portable',
      hint: 'unset RNN_KERNELS to let rnn choose',
    });
    vi.stubEnv('RNN_KERNELS', 'axv2');
    await expect(chooseKernels()).rejects.toMatchObject({ hint: 'did you mean avx2?' });
  });

  test('for little sampling are WebAssembly, which starts sooner, unless the user chooses others', async () => {
    const descriptionOf = async (multiplyAdds: number, choice?: 'wasm-portable'): Promise<string> => {
      const device = await openDevice('cpu', { threads: 1, kernels: choice, work: { kind: 'sampling', multiplyAdds } });
      await device.close();
      return device.description;
    };
    vi.stubEnv('RNN_KERNELS', '');
    expect(await descriptionOf(1e6)).toMatch(/^cpu: WebAssembly/);
    expect(await descriptionOf(1e10)).toBe((await openDevice('cpu', { threads: 1 })).description);
    expect(await descriptionOf(1e6, 'wasm-portable')).toMatch(/portable/);
    vi.stubEnv('RNN_KERNELS', 'wasm-portable');
    expect(await descriptionOf(1e6)).toMatch(/portable/);
  });
});

test('machine code computes the numbers of the fused WebAssembly kernels with the same number of threads', async () => {
  const wasm = 'cpu: WebAssembly (fused multiply-add), 2 threads';
  for (const name of ['avx512', 'avx2'] as const) {
    if (missing(name) !== '') continue;
    const { description } = await openDevice('cpu', { threads: 2, kernels: name });
    expect(haveSameNumbers(wasm, description)).toBe(true);
    expect(haveSameNumbers(description, wasm.replace('2 threads', '1 thread'))).toBe(false);
  }
  expect(haveSameNumbers(wasm, 'cpu: WebAssembly (portable SIMD), 2 threads')).toBe(false);
  expect(haveSameNumbers(wasm, 'cpu: Accelerate and WebAssembly, 2 threads')).toBe(false);
});
