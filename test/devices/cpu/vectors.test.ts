import { describe, expect, test } from 'vitest';
import { addChain } from '../../../src/devices/cpu/chain.ts';
import { type KernelVariant, loadKernels } from '../../../src/devices/cpu/kernels.ts';
import { ModuleWriter } from '../../../src/devices/cpu/wasm.ts';
import { Builder } from '../../../src/program/builder.ts';
import type { Value } from '../../../src/program/value.ts';
import { SMALLEST_NORMAL, everySortOfFloat, sweep, ulp } from './floats.ts';

const values = everySortOfFloat();
const [PAGES, INPUT_ADDRESS, OUTPUT_ADDRESS] = [16, 1024, 1024 + 4 * values.length + 64];

/** All values in one call. The values at the end of a row are computed one by one. */
async function resultsByInput(apply: 'sigmoid' | 'tanh', variant: KernelVariant): Promise<Map<number | '-0', number>> {
  await loadKernels(variant); // makes Node 20 accept the relaxed instructions
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const floats = new Float32Array(memory.buffer);
  const ops = new Builder();
  const input = ops.input('x', 1, values.length);
  const value = ops.elementwise(apply, [input]) as Value<'elementwise'>;
  const writer = new ModuleWriter();
  addChain(
    writer,
    {
      values: [value],
      operands: new Map([[input, { pointer: 0, column: 0, walk: 'matrix' }]]),
      stores: new Map([[value, [{ pointer: 1, column: 0 }]]]),
      strides: [0, 0],
    },
    variant,
    'chain',
  );
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(writer.encode(PAGES)), { env: { memory } });
  floats.set(values, INPUT_ADDRESS / 4);
  (exports['chain'] as (...operands: number[]) => void)(1, values.length, INPUT_ADDRESS, OUTPUT_ADDRESS);
  const wide = floats.slice(OUTPUT_ADDRESS / 4, OUTPUT_ADDRESS / 4 + values.length);
  // The same values, in rows of one.
  floats.fill(0, OUTPUT_ADDRESS / 4, OUTPUT_ADDRESS / 4 + values.length);
  for (let i = 0; i < values.length; i++)
    (exports['chain'] as (...operands: number[]) => void)(1, 1, INPUT_ADDRESS + 4 * i, OUTPUT_ADDRESS + 4 * i);
  expect(floats.slice(OUTPUT_ADDRESS / 4, OUTPUT_ADDRESS / 4 + values.length)).toEqual(wide);
  // A map does not distinguish the keys 0 and −0.
  return new Map(values.map((x, i) => [Object.is(x, -0) ? '-0' : x, wide[i]]));
}

describe.each(['portable', 'relaxed'] as const)('%s', (variant) => {
  test('sigmoid is within 1e-7, within 3 ulp above −87, and never denormal', async () => {
    const resultOf = await resultsByInput('sigmoid', variant);
    const sigmoid = (x: number): number => resultOf.get(x)!;
    const exact = (x: number): number => 1 / (1 + Math.exp(-x));
    const error = (x: number): number => Math.abs(sigmoid(x) - exact(x));
    const { largest, failingValues: wrong } = sweep(error, (x) => sigmoid(x) >= SMALLEST_NORMAL && sigmoid(x) <= 1);
    expect(wrong).toEqual([]);
    expect(largest).toBeLessThanOrEqual(1e-7);
    expect(
      sweep(
        (x) => (x > -87 ? error(x) / ulp(exact(x)) : 0),
        () => true,
      ).largest,
    ).toBeLessThanOrEqual(3);
    expect(sigmoid(0)).toBe(0.5);
  });

  test('tanh is odd, within 2e-7 and 3 ulp of normal numbers, exact near 0 and −0, and 1 at infinity', async () => {
    const resultOf = await resultsByInput('tanh', variant);
    const tanh = (x: number): number => resultOf.get(x)!;
    const error = (x: number): number => Math.abs(tanh(x) - Math.tanh(x));
    const { largest, failingValues: wrong } = sweep(
      error,
      (x) =>
        Math.abs(tanh(x)) <= 1 &&
        (!resultOf.has(-x) || tanh(-x) === -tanh(x)) &&
        (Math.abs(x) >= 2 ** -30 || Object.is(tanh(x), x) || x === 0),
    );
    expect(wrong).toEqual([]);
    expect(largest).toBeLessThanOrEqual(2e-7);
    expect(
      sweep(
        (x) => (Math.abs(x) >= SMALLEST_NORMAL ? error(x) / ulp(Math.tanh(x)) : 0),
        () => true,
      ).largest,
    ).toBeLessThanOrEqual(3);
    expect(tanh(Number.POSITIVE_INFINITY)).toBe(1);
    expect(resultOf.get(0)).toBe(0);
    expect(resultOf.get('-0')).toBe(-0);
  });
});
