// Compares gates and states with the plain loops of the reference in float64, one time step at a
// time.
import { expect, test } from 'vitest';
import { openDevice } from '../../src/devices/open.ts';
import { type Matrix, evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { readActivations } from '../../src/insight/activations.ts';
import { saturationOf, saturationSummary } from '../../src/insight/saturation.ts';
import { activationName } from '../../src/model/layer.ts';
import { networkProgram } from '../../src/model/network.ts';
import { modelOfSeed } from './models.ts';

const TOLERANCE = 1e-5;
const VALUE_TOLERANCE = 2e-5;
const [hidden, characters] = [7, 331];
const tokens = Uint8Array.from({ length: characters }, (_, at) => (at * at + (at >> 3)) % 5);

// Large enough to open and close gates, and small enough to keep the states from becoming chaotic,
// which would amplify rounding errors of float32.
test.each([
  ['lstm', 1.5],
  ['gru', 1],
  ['lstm-coupled', 1.5],
  ['mut1', 1.5],
])('saturation of %s in two layers is correct on the cpu', async (cell, deviation) => {
  const trained = modelOfSeed(6, { cell, layers: 2, hidden, vocabulary: 5 }, deviation);
  const device = await openDevice('cpu', { threads: 1 });
  const activations = await readActivations(trained, tokens, device).finally(() => device.close());
  const plain = oneByOne(trained);
  for (const { layer, name, isGate, values } of activations.arrays) {
    const wanted = plain.map((step) => step.get(activationName(layer, name))!);
    values.forEach((value, i) =>
      expect(Math.abs(value - wanted[Math.floor(i / hidden)][i % hidden])).toBeLessThan(VALUE_TOLERANCE),
    );
    const found = saturationOf(activations).find((each) => each.layer === layer && each.gate === name);
    expect(found !== undefined).toBe(isGate);
    if (found === undefined) continue;
    for (const [fractions, holds] of [
      [found.left, (value: number) => value < 0.1],
      [found.right, (value: number) => value > 0.9],
    ] as const) {
      fractions.forEach((fraction, unit) =>
        expect(Math.abs(fraction - wanted.filter((step) => holds(step[unit])).length / characters)).toBeLessThan(
          TOLERANCE,
        ),
      );
      expect(fractions.some((fraction) => fraction > 0.02)).toBe(true);
    }
    const { left, mostlyRight } = saturationSummary(found);
    expect(left).toBeCloseTo(
      wanted.flatMap((step) => [...step]).filter((value) => value < 0.1).length / characters / hidden,
      5,
    );
    expect(mostlyRight).toBe([...found.right].filter((each) => each > 0.5).length);
  }
});

/** All values at each time step, with the state carried from step to step. */
function oneByOne({ model, tensors }: ReturnType<typeof modelOfSeed>): Map<string, Matrix>[] {
  const parameters = new Map(tensors.map(({ name, data }) => [name, Float64Array.from(data)]));
  const state = new Map<string, Matrix>();
  const program = networkProgram(model, { steps: 1, rows: 1 }, { outputs: 'activations' });
  return Array.from(tokens, (id) => {
    const { values } = evaluateProgram(program, { parameters, inputs: new Map([['ids', Float64Array.of(id)]]), state });
    return new Map(
      [...program.outputs].map(([name, value]) => [name, (values.get(value) ?? state.get(name))!.slice()]),
    );
  });
}
