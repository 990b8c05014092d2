import { describe, expect, test } from 'vitest';
import { cells } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { trainingProgram } from '../../src/model/network.ts';
import { cellWeights, initialParameters, parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';

const H = 24;
const model = (changes: Partial<ModelConfiguration> = {}): ModelConfiguration => ({ cell: 'lstm', layers: 2, hidden: H, embedding: 0, vocabulary: 11, forgetBias: 1, initialisation: 'uniform', dropout: 0, conventions: {}, ...changes });

/** The initial weights by name. */
function weightsOf(configuration: ModelConfiguration, seed = 3): Map<string, Float32Array> {
  const vector = initialParameters(configuration, new Random(seed));
  let offset = 0;
  const weights = new Map(parameterShapes(configuration).map(({ name, rows, columns }) => [name, vector.subarray(offset, (offset += rows * columns))]));
  expect(offset).toBe(vector.length);
  return weights;
}

/** A gate's block of a recurrent matrix, row by row. */
function blockOf(values: Float32Array, gates: number, gate: number): number[][] {
  return Array.from({ length: H }, (_, row) => [...values.subarray(row * gates * H + gate * H, row * gates * H + (gate + 1) * H)]);
}

const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0);

describe.each(cells.map((cell) => cell.name))('the weights of a %s', (cell) => {
  test('are those that its programs use, in the order embedding, layers, head', () => {
    for (const embedding of [0, 5]) {
      const configuration = model({ cell, embedding });
      const shapes = parameterShapes(configuration);
      expect(shapes.map(({ name }) => name)).toEqual([
        ...(embedding ? ['embedding.W'] : []), ...[0, 1].flatMap((layer) => cellWeights(configuration, layer).map(({ name }) => `layer${layer}.${name}`)), 'head.W', 'head.b',
      ]);
      const used = trainingProgram(configuration, { steps: 2, rows: 2 }, 1).values.filter((value) => value.kind === 'parameter').map(({ name, rows, columns }) => ({ name, rows, columns }));
      const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
      expect(used.toSorted(byName)).toEqual(shapes.toSorted(byName));
    }
  });

  test('are, where uniform, within ±1/√H and reach nearly so far, biases too', () => {
    const limit = 1 / Math.sqrt(H);
    for (const [name, values] of weightsOf(model({ cell, forgetBias: 0 }))) {
      expect(largest(values), name).toBeLessThanOrEqual(Math.fround(limit));
      expect(largest(values), name).toBeGreaterThan((values.length > 100 ? 0.95 : 0.5) * limit);
    }
  });

  test('are, where orthogonal, orthogonal in every gate\'s recurrent block', () => {
    const configuration = model({ cell, initialisation: 'orthogonal' });
    const weights = weightsOf(configuration);
    const [{ gates }] = cellWeights(configuration, 0).filter(({ role }) => role === 'recurrent');
    const blocks = [0, 1].flatMap((layer) => Array.from({ length: gates.length }, (_, gate) => blockOf(weights.get(`layer${layer}.Wh`)!, gates.length, gate)));
    for (const block of blocks) {
      for (let a = 0; a < H; a++) {
        for (let b = 0; b <= a; b++) {
          const dot = block[a].reduce((sum, x, i) => sum + x * block[b][i], 0);
          expect(Math.abs(dot - (a === b ? 1 : 0))).toBeLessThan(1e-6);
        }
      }
    }
    expect(new Set(blocks.map(([[first]]) => first)).size).toBe(blocks.length); // each drawn anew
    const { rows, columns } = parameterShapes(configuration).find(({ name }) => name === 'layer1.Wx')!;
    expect(largest(weights.get('layer1.Wx')!)).toBeLessThanOrEqual(Math.fround(Math.sqrt(6 / (rows + columns / gates.length))));
  });

  test('are, with Xavier\'s, within ±√(6/(rows + H)) for a gate, and biases zero but for the forget gate', () => {
    const configuration = model({ cell, initialisation: 'xavier', forgetBias: 0 });
    for (const [name, values] of weightsOf(configuration)) {
      const { rows } = parameterShapes(configuration).find((shape) => shape.name === name)!;
      const columns = name === 'head.W' ? 11 : H;
      const limit = rows === 1 ? 0 : Math.sqrt(6 / (rows + columns));
      expect(largest(values), name).toBeLessThanOrEqual(Math.fround(limit));
      expect(largest(values), name).toBeGreaterThanOrEqual(0.95 * limit);
    }
  });
});

describe('initial weights', () => {
  test('have the forget gate\'s bias where it was asked for, and no other gate\'s', () => {
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

  test('are the same for a seed and others for another', () => {
    const vector = (seed: number): Float32Array => initialParameters(model({ initialisation: 'orthogonal' }), new Random(seed));
    expect(vector(1)).toEqual(vector(1));
    expect(vector(1)).not.toEqual(vector(2));
  });
});
