import { describe, expect, test } from 'vitest';
import { type Matrix, evaluate } from '../../src/devices/reference/evaluate.ts';
import { cells } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { lossProgram, trainingProgram } from '../../src/model/network.ts';
import { parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';

/** Of the largest gradient in the tensor. Central differences of step 1e-4 in float64 are good to about 1e-8. */
const TOLERANCE = 1e-6;
const STEP = 1e-4;
/** Elements of each tensor that are nudged; all of them would take minutes at T = 20. */
const NUDGED = 12;

const random = new Random(7);
const normal = (count: number, deviation: number): Matrix => Float64Array.from({ length: count }, () => random.normal() * deviation);
const integers = (count: number, below: number): Matrix => Float64Array.from({ length: count }, () => random.uint32() % below);

interface Size {
  readonly layers: number;
  readonly T: number;
  readonly embedding?: number;
  readonly dropout?: number;
}

const sizes: readonly Size[] = [{ layers: 1, T: 1 }, { layers: 1, T: 20 }, { layers: 2, T: 7 }, { layers: 3, T: 20 }, { layers: 2, T: 5, embedding: 4 }, { layers: 2, T: 4, dropout: 0.3 }];

describe.each(cells.map((cell) => cell.name))('%s', (cell) => {
  test.each(sizes)('gradients of $layers layers over $T steps are those of finite differences (embedding $embedding, dropout $dropout)', ({ layers, T, embedding = 0, dropout = 0 }) => {
    const N = 3;
    const H = 5;
    const V = 6;
    const model: ModelConfiguration = { cell, layers, hidden: H, embedding, vocabulary: V, forgetBias: 1, initialisation: 'uniform', dropout, conventions: {} };
    const scale = 1 / (N * T);
    const parameters = new Map(parameterShapes(model).map(({ name, rows, columns }) => [name, normal(rows * columns, 0.5)]));
    const inputs = new Map([['ids', integers(T * N, V)], ['targets', integers(T * N, V)]]);
    const plain = lossProgram(model, { steps: T, rows: N }, scale, dropout);
    const states = new Map(plain.values.filter((value) => value.kind === 'state').map((value) => [value.name, normal(N * H, 0.5)]));
    const loss = (): number => evaluate(plain, { parameters, inputs, state: new Map(states) }).lossNats * scale;

    const program = trainingProgram(model, { steps: T, rows: N }, scale);
    const result = evaluate(program, { parameters, inputs, state: new Map(states) });
    expect(result.lossNats * scale).toBeCloseTo(loss(), 12);
    expect([...program.gradients.keys()].toSorted()).toEqual([...parameters.keys()].toSorted());

    for (const [name, weights] of parameters) {
      const gradient = result.values.get(program.gradients.get(name)!)!;
      const largest = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
      expect(largest, name).toBeGreaterThan(0);
      for (let i = 0; i < NUDGED; i++) {
        const at = random.uint32() % weights.length;
        const before = weights[at];
        weights[at] = before + STEP;
        const above = loss();
        weights[at] = before - STEP;
        const below = loss();
        weights[at] = before;
        expect(Math.abs((above - below) / (2 * STEP) - gradient[at]), `${name}[${at}]`).toBeLessThan(TOLERANCE * largest);
      }
    }
  });
});
