// That stretches add up to the same, fuzz.test.ts shows.
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../../src/devices/gpu/memory.ts';
import { compilePasses } from '../../../src/devices/gpu/passes.ts';
import { sumInStretches } from '../../../src/devices/gpu/stretches.ts';
import { unstack } from '../../../src/devices/gpu/unstack.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { trainingProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import type { Program, Value } from '../../../src/program/value.ts';

const [T, N, H, V] = [24, 4, 8, 5];
const model: ModelConfiguration = {
  cell: 'lstm',
  layers: 2,
  hidden: H,
  embedding: 0,
  vocabulary: V,
  forgetBias: 1,
  initialisation: 'uniform',
  dropout: 0,
  conventions: {},
};
const program = unstack(trainingProgram(model, { steps: T, rows: N }, 1));
/** The stack of the gradients of the gates. */
const largest = T * N * 4 * H;

const gradientProducts = ({ values }: Program): Value<'matmul'>[] =>
  values.filter((value): value is Value<'matmul'> => value.kind === 'matmul' && value.transposeA);
const shapeOf = ({ rows, columns, inputs }: Value): string => `${rows}×${columns} of ${inputs[0].rows}`;
const stackOf = ({ inputs }: Value): Value => inputs[1];

describe('sums over a sequence', () => {
  it('are unchanged where their stacks are not too large', () => {
    expect(gradientProducts(sumInStretches(program, largest)).map(shapeOf)).toEqual(
      gradientProducts(program).map(shapeOf),
    );
  });

  it('are cut into stretches of equal length, and begin with the last time steps, whose gradients come first', () => {
    // Wh of two layers and Wx of the second, in four stretches each.
    const products = gradientProducts(sumInStretches(program, largest / 4)).filter(
      ({ rows, columns }) => rows === H && columns === 4 * H,
    );
    expect(products.map((product) => stackOf(product).rows)).toEqual(new Array(12).fill((T * N) / 4));
    const [first, second, third, last] = products.slice(0, 4);
    expect([second, third, last].map(({ inputs }) => inputs[2].id)).toEqual([first, second, third].map(({ id }) => id));
    // The first value has the lowest id.
    expect(stackOf(first).inputs[0].id).toBeLessThan(stackOf(last).inputs[0].id);
  });

  it('need less memory when cut', () => {
    const bytes = (mostStacked: number): number =>
      bytesOf(compilePasses(program, { parameters: parameterShapes(model), update: null, mostInputs: 9, mostStacked }));
    expect(bytes(largest / 6)).toBeLessThan(0.8 * bytes(Infinity));
  });
});
