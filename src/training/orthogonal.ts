// Keeps recurrent matrices orthogonal: replaces each at intervals by the nearest orthogonal matrix,
// with which activations and gradients neither grow nor vanish through time (Saxe et al., 2014, at
// initialisation; Vorontsov et al., 2017, in training). Pure.
import type { ModelConfiguration } from '../model/configuration.ts';
import { modelWeights } from '../model/parameters.ts';
import type { SlicedWork } from '../sliced-work.ts';

/** An n×n matrix row by row, in float64. */
type Square = Float64Array;

/**
 * Each iteration makes a small singular value larger by half, so 1e-16 of the largest becomes 1.
 */
const MAX_ITERATIONS = 100;
/** Each iteration squares the error, so the next error is below the precision of float64. */
const TOLERANCE = 1e-8;

/** Bytes in addition to the weights: five matrices of float64. */
export function orthogonalBytes({ hidden }: Pick<ModelConfiguration, 'hidden'>): number {
  return 5 * 8 * hidden * hidden;
}

/**
 * Replaces each H×H block of each recurrent matrix, one per gate, by the nearest orthogonal matrix.
 *
 * @param parameters (P), changed in place
 */
export function* makeOrthogonal(parameters: Float32Array, model: ModelConfiguration): SlicedWork<void> {
  const { hidden: H } = model;
  let offset = 0;
  for (const { role, rows, columns } of modelWeights(model)) {
    const weight = parameters.subarray(offset, (offset += rows * columns));
    if (role !== 'recurrent') continue;
    for (let first = 0; first < columns; first += H) {
      const block = new Float64Array(H * H);
      for (let row = 0; row < H; row++)
        block.set(weight.subarray(row * columns + first, row * columns + first + H), row * H);
      const nearest = yield* nearestOrthogonal(block, H);
      for (let row = 0; row < H; row++) weight.set(nearest.subarray(row * H, (row + 1) * H), row * columns + first);
    }
  }
}

/**
 * The orthogonal matrix Q that minimises ‖A − Q‖: the polar factor U·Vᵀ of A = U·S·Vᵀ, by the
 * Newton–Schulz iteration
 * X' = X·(3I − XᵀX)/2  (Björck and Bowie, 1971)
 * It moves each singular value below √3 to 1 and leaves U and V unchanged. ‖QᵀQ − I‖ is about
 * 1e-15·n. Singular values of 0 stay 0. A matrix with a number that is not finite is returned
 * unchanged.
 *
 * An iteration takes 1.5·n³ multiply-adds. A nearly orthogonal matrix takes 3 to 6 iterations,
 * another one 10 to 25.
 */
export function* nearestOrthogonal(a: Square, n: number): SlicedWork<Square> {
  const start = yield* scaleDown(a, n);
  let x = start;
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const step = yield* gramOf(x, n);
    let error = 0;
    for (let i = 0; i < step.length; i++) {
      const identity = i % (n + 1) === 0 ? 1 : 0;
      error += (step[i] - identity) ** 2;
      step[i] = 1.5 * identity - 0.5 * step[i];
    }
    if (!Number.isFinite(error)) return start;
    x = yield* product(x, step, n);
    if (error < TOLERANCE ** 2) break;
  }
  return x;
}

/**
 * Divides A by an upper bound of its largest singular value, if the iteration might not converge on
 * A itself.
 */
function* scaleDown(a: Square, n: number): SlicedWork<Square> {
  const gram = yield* gramOf(a, n);
  let [distance, squares, maxRowSum] = [0, 0, 0];
  for (let row = 0; row < n; row++) {
    let sum = 0;
    for (let column = 0; column < n; column++) {
      const g = gram[row * n + column];
      distance += (g - (row === column ? 1 : 0)) ** 2;
      squares += g * g;
      sum += Math.abs(g);
    }
    maxRowSum = Math.max(maxRowSum, sum);
  }
  if (distance < 1) return a; // every singular value is below √2
  const largest = Math.sqrt(Math.min(Math.sqrt(squares), maxRowSum));
  return largest > 0 ? a.map((x) => x / largest) : a;
}

/** XᵀX */
function gramOf(x: Square, n: number): SlicedWork<Square> {
  return product(
    x.map((_, i) => x[(i % n) * n + Math.floor(i / n)]),
    x,
    n,
  );
}

function* product(a: Square, b: Square, n: number): SlicedWork<Square> {
  const out = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    addRow(out.subarray(row * n, (row + 1) * n), a.subarray(row * n, (row + 1) * n), b, n);
    yield;
  }
  return out;
}

/** A row of a matrix product: `row` · b. */
function addRow(out: Square, row: Square, b: Square, n: number): void {
  for (let k = 0; k < n; k++) {
    const left = row[k];
    for (let column = 0; column < n; column++) out[column] += left * b[k * n + column];
  }
}
