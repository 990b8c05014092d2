import { describe, expect, test } from 'vitest';
import { allCells } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { trainingProgram } from '../../src/model/network.ts';
import { layerWeights, initialParameters, parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';

const H = 24;
const model = (changes: Partial<ModelConfiguration> = {}): ModelConfiguration => ({
  cell: 'lstm',
  layers: 2,
  hidden: H,
  embedding: 0,
  vocabulary: 11,
  forgetBias: 1,
  initialisation: 'uniform',
  dropout: 0,
  conventions: {},
  ...changes,
});

/** The initial weights by name. */
function weightsOf(configuration: ModelConfiguration, seed = 3): Map<string, Float32Array> {
  const vector = initialParameters(configuration, new Random(seed));
  let offset = 0;
  const weights = new Map(
    parameterShapes(configuration).map(({ name, rows, columns }) => [
      name,
      vector.subarray(offset, (offset += rows * columns)),
    ]),
  );
  expect(offset).toBe(vector.length);
  return weights;
}

/** A gate's block of a recurrent matrix, row by row. */
function blockOf(values: Float32Array, gates: number, gate: number): number[][] {
  return Array.from({ length: H }, (_, row) => [
    ...values.subarray(row * gates * H + gate * H, row * gates * H + (gate + 1) * H),
  ]);
}

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0);

describe.each(allCells.map((cell) => cell.name))('the weights of a %s', (cell) => {
  test('are the weights that its programs use, in the order embedding, layers, head', () => {
    for (const embedding of [0, 5]) {
      const configuration = model({ cell, embedding });
      const shapes = parameterShapes(configuration);
      expect(shapes.map(({ name }) => name)).toEqual([
        ...(embedding ? ['embedding.W'] : []),
        ...[0, 1].flatMap((layer) => layerWeights(configuration, layer).map(({ name }) => `layer${layer}.${name}`)),
        'head.W',
        'head.b',
      ]);
      const used = trainingProgram(configuration, { steps: 2, rows: 2 }, 1)
        .values.filter((value) => value.kind === 'parameter')
        .map(({ name, rows, columns }) => ({ name, rows, columns }));
      const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
      expect(used.toSorted(byName)).toEqual(shapes.toSorted(byName));
    }
  });

  test('if uniform, are within ±1/√H and nearly reach these bounds, biases too', () => {
    const limit = 1 / Math.sqrt(H);
    for (const [name, values] of weightsOf(model({ cell, forgetBias: 0 }))) {
      if (cell === 'irnn' && !name.endsWith('Wx')) continue; // an identity matrix, and biases of zero
      expect(largest(values), name).toBeLessThanOrEqual(Math.fround(limit));
      expect(largest(values), name).toBeGreaterThan((values.length > 100 ? 0.95 : 0.5) * limit);
    }
  });

  test("if orthogonal, are orthogonal in every gate's recurrent block", () => {
    const configuration = model({ cell, initialisation: 'orthogonal' });
    const weights = weightsOf(configuration);
    const recurrent = layerWeights(configuration, 0).filter(({ role }) => role === 'recurrent');
    const blocks = [0, 1].flatMap((layer) =>
      recurrent.flatMap(({ name, gates }) =>
        Array.from({ length: gates.length }, (_, gate) =>
          blockOf(weights.get(`layer${layer}.${name}`)!, gates.length, gate),
        ),
      ),
    );
    for (const block of blocks) {
      for (let a = 0; a < H; a++) {
        for (let b = 0; b <= a; b++) {
          const dot = block[a].reduce((sum, x, i) => sum + x * block[b][i], 0);
          expect(Math.abs(dot - (a === b ? 1 : 0))).toBeLessThan(1e-6);
        }
      }
    }
    const firsts = new Set(blocks.map(([[first]]) => first));
    expect(firsts.size).toBe(cell === 'irnn' ? 1 : blocks.length); // all different, except identity matrices
    expect(largest(weights.get('layer1.Wx')!)).toBeLessThanOrEqual(Math.fround(Math.sqrt(6 / (H + H))));
  });

  test("with Xavier's, are within ±√(6/(rows + H)) for a gate, and biases are zero except for the forget gate", () => {
    const configuration = model({ cell, initialisation: 'xavier', forgetBias: 0 });
    for (const [name, values] of weightsOf(configuration)) {
      if (cell === 'irnn' && name.endsWith('Wh')) continue;
      const { rows } = parameterShapes(configuration).find((shape) => shape.name === name)!;
      const columns = name === 'head.W' ? 11 : H;
      const limit = rows === 1 ? 0 : Math.sqrt(6 / (rows + columns));
      expect(largest(values), name).toBeLessThanOrEqual(Math.fround(limit));
      expect(largest(values), name).toBeGreaterThanOrEqual(0.95 * limit);
    }
  });
});

describe('initial weights', () => {
  test('have the given bias of the forget gate, and of no other gate', () => {
    for (const initialisation of ['uniform', 'xavier', 'orthogonal'] as const) {
      const weights = weightsOf(model({ initialisation, forgetBias: 1.5 }));
      for (const layer of [0, 1]) {
        const bias = weights.get(`layer${layer}.b`)!; // i f g o
        expect([...bias.subarray(H, 2 * H)].every((x) => x === 1.5)).toBe(true);
        expect([...bias.subarray(0, H), ...bias.subarray(2 * H)].some((x) => x === 1.5)).toBe(false);
      }
    }
    const plain = weightsOf(model({ cell: 'gru', forgetBias: 1.5 }));
    expect([...plain.get('layer0.b')!].includes(1.5)).toBe(false);
  });

  test('of an embedding are normal with variance 1/width', () => {
    const values = weightsOf(model({ embedding: 50, vocabulary: 200 })).get('embedding.W')!;
    expect(values).toHaveLength(50 * 200);
    expect(Math.abs(values.reduce((sum, x) => sum + x * x, 0) / values.length / (1 / 50) - 1)).toBeLessThan(0.06);
    expect(largest(values)).toBeGreaterThan(3 / Math.sqrt(50)); // no uniform distribution
  });

  test('are the same for the same seed and different for another seed', () => {
    const vector = (seed: number): Float32Array =>
      initialParameters(model({ initialisation: 'orthogonal' }), new Random(seed));
    expect(vector(1)).toEqual(vector(1));
    expect(vector(1)).not.toEqual(vector(2));
  });
});

describe('weights around the cells', () => {
  const around = {
    layers: 3,
    cell: 'gru',
    skip: 'both',
    stacking: 'highway',
    timeSkip: 3,
    learnedState: true,
  } as const;

  test('come after the weights of the cell, have the width of their connection, and are all used', () => {
    const configuration = model(around);
    const names = (layer: number): string[] =>
      layerWeights(configuration, layer).map(({ name, rows, columns }) => `${name} ${rows}×${columns}`);
    expect(names(0)).toEqual([
      `Wx 11×${3 * H}`,
      `Wh ${H}×${3 * H}`,
      `b 1×${3 * H}`,
      `bh 1×${H}`,
      `Wk ${H}×${3 * H}`,
      `h0 1×${H}`,
    ]);
    expect(names(2).slice(4)).toEqual([`Ws 11×${3 * H}`, `Wk ${H}×${3 * H}`, `Wt ${H}×${H}`, `bt 1×${H}`, `h0 1×${H}`]);
    expect(
      parameterShapes(configuration)
        .slice(-4)
        .map(({ name }) => name),
    ).toEqual(['head.W', 'head.W1', 'head.W0', 'head.b']);
    const used = trainingProgram(configuration, { steps: 4, rows: 2 }, 1)
      .values.filter((value) => value.kind === 'parameter')
      .map(({ name }) => name);
    expect(used.toSorted()).toEqual(
      parameterShapes(configuration)
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  test('of a tied head project to the width of the embedding, if it differs from the width of a layer', () => {
    const head = (embedding: number): unknown =>
      parameterShapes(model({ embedding, tied: true })).filter(({ name }) => name.startsWith('head'));
    expect(head(H)).toEqual([{ name: 'head.b', rows: 1, columns: 11 }]);
    expect(head(7)).toEqual([
      { name: 'head.W', rows: H, columns: 7 },
      { name: 'head.b', rows: 1, columns: 11 },
    ]);
  });

  test('start at good values: learned states at zero, highways rather closed, gains at one', () => {
    const values = weightsOf(model({ ...around, initialisation: 'orthogonal' }));
    expect([...values.get('layer1.h0')!].every((x) => x === 0)).toBe(true);
    expect([...values.get('layer1.bt')!].every((x) => x === -1)).toBe(true);
    const gains = weightsOf(model({ layerNorm: true }));
    for (const name of ['gx', 'gh', 'gc'])
      expect(
        [...gains.get(`layer1.${name}`)!].every((x) => x === 1),
        name,
      ).toBe(true);
  });

  test('the bias of an update gate keeps the old state, whichever way a cell blends', () => {
    const bias = (cell: string): number[] => [...weightsOf(model({ cell, gateBias: 2 })).get('layer1.b')!];
    expect(bias('gru').slice(H, 2 * H)).toEqual(Array(H).fill(2)); // r z n
    expect(bias('mut2').slice(0, H)).toEqual(Array(H).fill(-2)); // z r h
    expect(largest(bias('gru').slice(0, H))).toBeLessThan(1);
  });

  test('only the LSTM has layer normalisation', () => {
    expect(() => parameterShapes(model({ cell: 'gru', layerNorm: true }))).toThrow(
      'cannot use layer normalisation with cell gru: only lstm supports it',
    );
  });
});
