// Orthogonal matrices, row by row in float64.
import type { SlicedWork } from '../sliced-work.ts';
import type { Random } from '../random.ts';

/**
 * A uniformly distributed n×n orthogonal matrix: Gram–Schmidt on normal rows, twice, for accuracy
 * to the last bits.
 */
export function* orthogonalMatrix(n: number, random: Random): SlicedWork<Float64Array> {
  const q = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < n; i++) q[row * n + i] = random.normal();
    yield;
  }
  for (let row = 0; row < n; row++) {
    const current = q.subarray(row * n, (row + 1) * n);
    for (let pass = 0; pass < 2; pass++) {
      for (let earlierRow = 0; earlierRow < row; earlierRow++) {
        const earlier = q.subarray(earlierRow * n, (earlierRow + 1) * n);
        let dot = 0;
        for (let i = 0; i < n; i++) dot += earlier[i] * current[i];
        for (let i = 0; i < n; i++) current[i] -= dot * earlier[i];
      }
    }
    const norm = Math.sqrt(current.reduce((sum, x) => sum + x * x, 0));
    for (let i = 0; i < n; i++) current[i] /= norm;
    yield;
  }
  return q;
}
