// Layer normalisation (Ba, Kiros and Hinton, 2016):  y = g∘(x − mean)/√(variance + ε)
// Mean and variance are over the elements of each row. Sums over a row are matrix products with a
// column of ones, and a product with a row of ones spreads a number over its row. So no device
// needs a special operation.
import type { Builder } from '../program/builder.ts';
import type { Value } from '../program/value.ts';

/** As in PyTorch. */
const EPSILON = 1e-5;

/** @param x (rows, columns) @param gain (1, columns) */
export function normalise(ops: Builder, x: Value, gain: Value): Value {
  const { columns } = x;
  const mean = (of: Value): Value => ops.scale(ops.matmul(of, ops.constant(columns, 1, 1)), 1 / columns); // (rows, 1)
  const everywhere = (of: Value): Value => ops.matmul(of, ops.constant(1, columns, 1)); // (rows, columns)
  const centred = ops.subtract(x, everywhere(mean(x)));
  const deviation = ops.sqrt(ops.offset(mean(ops.multiply(centred, centred)), EPSILON));
  return ops.multiply(ops.divide(centred, everywhere(deviation)), gain);
}
