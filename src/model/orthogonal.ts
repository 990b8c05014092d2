// Orthogonal matrices, row by row in float64.
import type { SlicedWork } from '../sliced-work.ts';
import type { Random } from '../random.ts';

/** A row that keeps a smaller part of its length is made orthogonal again, for accuracy. */
const MIN_REMAINDER = 0.1;

/**
 * A uniformly distributed n×n orthogonal matrix: Gram–Schmidt on normal rows. A row that is nearly
 * a combination of earlier rows loses digits, so it is made orthogonal twice (Daniel, Gragg,
 * Kaufman and Stewart, 1976).
 */
export function* orthogonalMatrix(n: number, random: Random): SlicedWork<Float64Array> {
  const q = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < n; i++) q[row * n + i] = random.normal();
    yield;
  }
  for (let row = 0; row < n; row++) {
    const current = q.subarray(row * n, (row + 1) * n);
    const length = norm(current);
    subtractProjections(q, row, n);
    if (norm(current) < MIN_REMAINDER * length) subtractProjections(q, row, n);
    const remainder = norm(current);
    for (let i = 0; i < n; i++) current[i] /= remainder;
    yield;
  }
  return q;
}

/**
 * Subtracts from a row of q (n, n) its projections onto the rows before it. It takes four of these
 * rows at a time, because a processor adds four independent sums in the time of one.
 */
function subtractProjections(q: Float64Array, row: number, n: number): void {
  const current = row * n;
  let earlier = 0;
  for (; earlier + 4 <= row; earlier += 4) {
    const [a, b, c, d] = [earlier * n, (earlier + 1) * n, (earlier + 2) * n, (earlier + 3) * n];
    let [ofA, ofB, ofC, ofD] = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const x = q[current + i];
      ofA += q[a + i] * x;
      ofB += q[b + i] * x;
      ofC += q[c + i] * x;
      ofD += q[d + i] * x;
    }
    for (let i = 0; i < n; i++) q[current + i] -= ofA * q[a + i] + ofB * q[b + i] + ofC * q[c + i] + ofD * q[d + i];
  }
  for (; earlier < row; earlier++) {
    const a = earlier * n;
    let ofA = 0;
    for (let i = 0; i < n; i++) ofA += q[a + i] * q[current + i];
    for (let i = 0; i < n; i++) q[current + i] -= ofA * q[a + i];
  }
}

function norm(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
}
