import { describe, expect, test } from 'vitest';
import { type Matrix, evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { lossProgram, trainingProgram } from '../../src/model/network.ts';
import { modelWeights } from '../../src/model/parameters.ts';
import { type Regularisation, noRegularisation } from '../../src/model/regularisation.ts';
import { Random } from '../../src/random.ts';

/**
 * Relative to the largest gradient in the tensor. Central differences with this step in float64 are
 * accurate to about 1e-9.
 */
const TOLERANCE = 1e-6;
const STEP = 2e-5;
const [N, H, V] = [3, 5, 6];

interface Case {
  readonly T: number;
  readonly model: Partial<ModelConfiguration>;
  readonly regularisation?: Partial<Regularisation>;
}

/**
 * Compares the program's gradients of every weight of a network, with states carried in, with
 * finite differences of the loss.
 */
function expectGradients(random: Random, { T, model: given, regularisation: some = {} }: Case): void {
  const normal = (count: number, deviation: number): Matrix =>
    Float64Array.from({ length: count }, () => random.normal() * deviation);
  const integers = (count: number, below: number): Matrix =>
    Float64Array.from({ length: count }, () => random.uint32() % below);
  const model: ModelConfiguration = {
    cell: 'lstm',
    layers: 1,
    hidden: H,
    embedding: 0,
    vocabulary: V,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
    ...given,
  };
  const regularisation = { ...noRegularisation, ...some };
  const scale = 1 / (N * T);
  const parameters = new Map(
    modelWeights(model).map(({ name, rows, columns, role }) => [
      name,
      normal(rows * columns, 0.5).map((x) => (role === 'gain' ? 1 + x : x)),
    ]),
  );
  const inputs = new Map([
    ['ids', integers(T * N, V)],
    ['targets', integers(T * N, V)],
  ]);
  const plain = lossProgram(model, { steps: T, rows: N }, scale, regularisation);
  const carried = plain.values.filter((value) => value.kind === 'loadState');
  const states = new Map(
    carried.map(({ name, rows, columns }) => [
      name,
      name === 'started' ? Float64Array.of(1, 0, 0) : normal(rows * columns, 0.5),
    ]),
  );
  const evaluated = (): { lossNats: number; penalty: number } =>
    evaluateProgram(plain, { parameters, inputs, state: new Map(states), dropoutKey: 5 });
  /** The minimised loss. Label smoothing is not part of the reported loss. */
  const loss = (): number => {
    const { lossNats, penalty } = evaluated();
    return (
      lossNats * scale +
      penalty +
      regularisation.labelSmoothing *
        smoothed(plain, { parameters, inputs, state: new Map(states), dropoutKey: 5 }) *
        scale
    );
  };

  const program = trainingProgram(model, { steps: T, rows: N }, scale, regularisation);
  const result = evaluateProgram(program, { parameters, inputs, state: new Map(states), dropoutKey: 5 });
  expect(result.lossNats).toBeCloseTo(evaluated().lossNats, 10);
  expect([...program.gradients.keys()].toSorted()).toEqual([...parameters.keys()].toSorted());

  for (const [name, weights] of parameters) {
    const gradient = result.values.get(program.gradients.get(name)!)!;
    const largest = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    expect(largest, name).toBeGreaterThan(0);
    // Along a random direction of length 1, so that each element of the tensor counts and two
    // swapped elements are noticed.
    const normals = normal(weights.length, 1);
    const direction = normals.map((x) => x / Math.hypot(...normals));
    const before = weights.slice();
    const lossAt = (step: number): number => {
      weights.forEach((_, i) => (weights[i] = before[i] + step * direction[i]));
      return loss();
    };
    const slope = (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
    weights.set(before);
    const expected = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
    expect(Math.abs(slope - expected), name).toBeLessThan(TOLERANCE * largest);
  }
}

/**
 * Σ over rows of the target's logit minus the mean of all logits: the term that label smoothing
 * adds to the loss, times ε.
 */
function smoothed(program: ReturnType<typeof lossProgram>, environment: Parameters<typeof evaluateProgram>[1]): number {
  const { values } = evaluateProgram(program, environment);
  const [logits, targets] = program.values
    .find(({ kind }) => kind === 'crossEntropy')!
    .inputs.map((input) => values.get(input)!);
  return targets.reduce((sum, target, row) => {
    const own = logits.subarray(row * V, (row + 1) * V);
    return sum + own[target] - own.reduce((total, x) => total + x, 0) / V;
  }, 0);
}

const sizes: readonly Case[] = [
  { T: 1, model: {} },
  { T: 20, model: {} },
  { T: 7, model: { layers: 2 } },
  { T: 9, model: { layers: 3 } },
  { T: 5, model: { layers: 2, embedding: 4 } },
  { T: 4, model: { layers: 2 }, regularisation: { dropout: 0.3 } },
];

describe.each(allCells.map((cell) => cell.name))('%s', (cell) => {
  test.each(sizes)('gradients over $T steps of $model with $regularisation match finite differences', (size) => {
    expectGradients(new Random(7), { ...size, model: { ...size.model, cell } });
  });
});

const connections: readonly Partial<ModelConfiguration>[] = [
  { skip: 'input' },
  { skip: 'output' },
  { skip: 'both', embedding: 4 },
  { stacking: 'residual' },
  { stacking: 'highway' },
  { timeSkip: 2 },
  { timeSkip: 5 },
  { timeSkip: 9 },
  { tied: true, embedding: H },
  { tied: true, embedding: 4 },
  { tied: true, embedding: 4, skip: 'both' },
  { learnedState: true },
];

describe('gradients of connections', () => {
  for (const cell of ['lstm', 'gru', 'rnn'] as const) {
    test.each(connections)(`between ${cell} cells, %o, match finite differences`, (model) => {
      expectGradients(new Random(8), { T: 7, model: { layers: 3, cell, ...model } });
    });
  }
  test.each([{}, { embedding: 4 }, { skip: 'input' }, { learnedState: true, timeSkip: 3 }] as const)(
    'with layer normalisation in an LSTM, %o, match finite differences',
    (model) => {
      expectGradients(new Random(9), { T: 5, model: { layers: 2, layerNorm: true, ...model } });
    },
  );
});

describe('gradients of regularisation', () => {
  const all = {
    dropout: 0.3,
    locked: true,
    weightDropout: 0.4,
    embeddingDropout: 0.3,
    activation: 2,
    temporal: 1,
    smoothing: 0.1,
  };
  const each = Object.entries(all)
    .map(([name, value]) => ({ [name]: value }))
    .concat({ dropout: 0.3, locked: true } as never, all as never);
  for (const cell of ['lstm', 'mlstm', 'gru', 'mut1'] as const) {
    test.each(each)(`of ${cell} cells, %o, match finite differences`, (regularisation) => {
      expectGradients(new Random(10), { T: 6, model: { layers: 2, cell, embedding: 4 }, regularisation });
    });
  }
});

test.each(['rnn', 'lstm', 'gru', 'mut1'] as const)(
  'of %s cells, in all layers, are clipped on every path from step to step',
  (cell) => {
    const [T, random] = [6, new Random(12)];
    const model: ModelConfiguration = {
      cell,
      layers: 2,
      hidden: 4,
      embedding: 0,
      vocabulary: T,
      forgetBias: 1,
      initialisation: 'uniform',
      dropout: 0,
      conventions: {},
      skip: 'both',
      timeSkip: 2,
    };
    const parameters = new Map(
      modelWeights(model).map(({ name, rows, columns }) => [
        name,
        Float64Array.from({ length: rows * columns }, () => random.normal() / 2),
      ]),
    );
    // A token for each step, and one target at the end: the gradient of a token's weights flows
    // back from there.
    const inputs = new Map([
      ['ids', Float64Array.from({ length: T }, (_, t) => t)],
      ['targets', Float64Array.from({ length: T }, (_, t) => (t < T - 1 ? -1 : 0))],
    ]);
    const bySymbol = (clipState: number): number[] => {
      const program = trainingProgram(model, { steps: T, rows: 1 }, 1, { ...noRegularisation, clipState });
      const state = new Map(
        program.values
          .filter((value) => value.kind === 'loadState')
          .map(({ name, rows, columns }) => [name, new Float64Array(rows * columns)]),
      );
      const gradient = evaluateProgram(program, { parameters, inputs, state }).values.get(
        program.gradients.get('layer0.Wx')!,
      )!;
      const columns = gradient.length / T;
      return Array.from({ length: T }, (_, t) =>
        Math.max(...gradient.subarray(t * columns, (t + 1) * columns).map(Math.abs)),
      );
    };
    const [free, wide, tight] = [bySymbol(0), bySymbol(1e6), bySymbol(1e-9)];
    for (const [t, norm] of free.entries()) {
      expect(norm).toBeGreaterThan(1e-6);
      expect(wide[t]).toBeCloseTo(norm, 12);
    }
    for (const norm of tight.slice(0, -1)) expect(norm).toBeLessThan(1e-7);
    expect(tight.at(-1)).toBeCloseTo(free.at(-1)!, 12);
  },
);

test('only the gradient that flows from step to step is clipped, element by element', () => {
  const model: ModelConfiguration = {
    cell: 'rnn',
    layers: 1,
    hidden: 1,
    embedding: 0,
    vocabulary: 2,
    forgetBias: 0,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
  };
  const T = 3;
  const parameters = new Map(
    Object.entries({
      'layer0.Wx': [0.1, 0.2],
      'layer0.Wh': [3],
      'layer0.b': [0],
      'head.W': [-40, 40],
      'head.b': [0, 0],
    }).map(([name, values]) => [name, Float64Array.from(values)]),
  );
  const inputs = new Map([
    ['ids', Float64Array.of(0, 1, 0)],
    ['targets', Float64Array.of(-1, -1, 0)],
  ]);
  const gradients = (clipState: number): Record<string, number[]> => {
    const program = trainingProgram(model, { steps: T, rows: 1 }, 1, { ...noRegularisation, clipState });
    const { values } = evaluateProgram(program, { parameters, inputs, state: new Map() });
    return Object.fromEntries([...program.gradients].map(([name, value]) => [name, [...values.get(value)!]]));
  };
  // h' = tanh(Wx + 3h): only step 2 has a loss, and the gradient that it sends back through 3·(1 −
  // h'²) is far above the limit.
  const [h1, h2] = [0.1, 0.2].reduce<number[]>((hs, x) => [...hs, Math.tanh(x + 3 * (hs.at(-1) ?? 0))], []);
  const [free, kept] = [gradients(0), gradients(0.01)];
  expect(kept['head.W']).toEqual(free['head.W']);
  const limited = Math.sign(free['layer0.b'][0]) * 0.01;
  // By step: dh2 is not clipped, and dh1 and dh0 are at the limit before they pass the tanh of
  // their step.
  const dz = [limited * (1 - h1 ** 2), limited * (1 - h2 ** 2)];
  const h3 = Math.tanh(0.1 + 3 * h2);
  const p1 = 1 / (1 + Math.exp(-80 * h3));
  const last = (-40 * (1 - p1 - 1) + 40 * p1) * (1 - h3 ** 2);
  // The same for h1: its gradient comes from a step whose gradient was cut to 0.01, times 3·(1 −
  // h2²), which is above the limit again.
  expect(0.01 * 3 * (1 - h2 ** 2)).toBeGreaterThan(0.01);
  expect(kept['layer0.b'][0]).toBeCloseTo(dz[0] + dz[1] + last, 12);
  expect(Math.abs(free['layer0.b'][0])).toBeGreaterThan(2 * Math.abs(kept['layer0.b'][0]));
});
