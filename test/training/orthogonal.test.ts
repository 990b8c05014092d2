// Recurrent matrices that are made orthogonal: --orthogonal-every.
import { describe, expect, test } from 'vitest';
import { parameterVector, readCheckpoint } from '../../src/runs/store.ts';
import { layerWeights, parameterShapes } from '../../src/model/parameters.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { Random } from '../../src/random.ts';
import { runUninterrupted } from '../../src/sliced-work.ts';
import { nearestOrthogonal as nearestInPieces } from '../../src/training/orthogonal.ts';
import { train, verses } from './fixture.ts';

const nearestOrthogonal = (a: Float64Array, n: number): Float64Array => runUninterrupted(nearestInPieces(a, n));
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);

/**
 * The singular values of a matrix given by its rows: turns pairs of rows until all are
 * perpendicular (Jacobi). Then their lengths are the singular values.
 */
function singularValues(matrix: readonly (readonly number[])[]): number[] {
  const rows = matrix.map((row) => [...row]);
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < rows.length; p++) {
      for (let q = p + 1; q < rows.length; q++) {
        const angle = 0.5 * Math.atan2(2 * dot(rows[p], rows[q]), dot(rows[p], rows[p]) - dot(rows[q], rows[q]));
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        [rows[p], rows[q]] = [
          rows[p].map((x, i) => cos * x + sin * rows[q][i]),
          rows[q].map((x, i) => cos * x - sin * rows[p][i]),
        ];
      }
    }
  }
  return rows.map((row) => Math.sqrt(dot(row, row)));
}

const rowsOf = (matrix: ArrayLike<number>, n: number): number[][] =>
  Array.from({ length: n }, (_, row) => Array.from({ length: n }, (__, column) => matrix[row * n + column]));
const farthestFromOne = (values: readonly number[]): number => Math.max(...values.map((value) => Math.abs(value - 1)));

describe('the nearest orthogonal matrix', () => {
  const random = new Random(3);
  const normal = (n: number): Float64Array => Float64Array.from({ length: n * n }, () => random.normal());

  test.each([1, 2, 7, 24])(
    'of %i×%i has singular values of 1, and the other polar factor is symmetric and positive',
    (n) => {
      for (const scale of [1e-6, 1, 1e6]) {
        const a = normal(n).map((x) => x * scale);
        const q = nearestOrthogonal(a, n);
        expect(farthestFromOne(singularValues(rowsOf(q, n)))).toBeLessThan(1e-12);
        // A = Q·P: P = QᵀA
        const [rows, ofA] = [rowsOf(q, n), rowsOf(a, n)];
        const p = rows.map((_, i) =>
          rows.map(
            (__, j) =>
              dot(
                rows.map((row) => row[i]),
                ofA.map((row) => row[j]),
              ) / scale,
          ),
        );
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) expect(Math.abs(p[i][j] - p[j][i])).toBeLessThan(1e-9);
        // A symmetric matrix has no negative eigenvalue if its trace is the sum of its singular
        // values.
        expect(p.reduce((sum, row, i) => sum + row[i], 0)).toBeCloseTo(
          singularValues(p).reduce((sum, x) => sum + x, 0),
          8,
        );
      }
    },
  );

  test('of an orthogonal matrix is itself', () => {
    const q = nearestOrthogonal(normal(9), 9);
    expect(Math.max(...nearestOrthogonal(q, 9).map((x, i) => Math.abs(x - q[i])))).toBeLessThan(1e-14);
  });

  test('of a matrix of zeros is itself', () => {
    expect(nearestOrthogonal(new Float64Array(36), 6)).toEqual(new Float64Array(36));
  });

  test('of a matrix with numbers that are not finite is that matrix', () => {
    const a = Float64Array.of(1, NaN, 0, 1);
    expect(nearestOrthogonal(a, 2)).toEqual(a);
  });
});

/** Each gate's block of each recurrent matrix, by its rows. */
function blocksOf(model: ModelConfiguration, vector: Float32Array): number[][][] {
  const blocks: number[][][] = [];
  let offset = 0;
  for (const { name, rows, columns } of parameterShapes(model)) {
    const weight = vector.subarray(offset, (offset += rows * columns));
    if (
      !Array.from({ length: model.layers }, (_, layer) =>
        layerWeights(model, layer).some((each) => each.role === 'recurrent' && name === `layer${layer}.${each.name}`),
      ).includes(true)
    )
      continue;
    for (let first = 0; first < columns; first += rows)
      blocks.push(
        Array.from({ length: rows }, (_, row) => [
          ...weight.subarray(row * columns + first, row * columns + first + rows),
        ]),
      );
  }
  return blocks;
}

test.each([
  ['lstm', 8],
  ['gru', 6],
  ['rnn', 2],
] as const)(
  'a trained %s of two layers has orthogonal recurrent matrices after every third step, and others between',
  async (cell, blocks) => {
    const given = { cell, layers: 2, orthogonalEvery: 3, schedule: 'constant' } as const;
    const farthest = async (maxSteps: number): Promise<number[]> => {
      const checkpoint = await readCheckpoint((await train(verses, { ...given, maxSteps })).folder.latestPath);
      return blocksOf(checkpoint.model, parameterVector(checkpoint)).map((block) =>
        farthestFromOne(singularValues(block)),
      );
    };
    const [between, at] = [await farthest(8), await farthest(9)];
    expect(at).toHaveLength(blocks);
    expect(Math.max(...at)).toBeLessThan(1e-6);
    expect(Math.min(...between)).toBeGreaterThan(1e-4);
  },
);
