// Layer normalisation (Ba, Kiros and Hinton, 2016):  y = g∘(x − mean)/√(variance + ε)
// Mean and variance are over the elements of each row.
import type { Builder } from '../program/builder.ts';
import type { Value } from '../program/value.ts';

/** As in PyTorch. */
const EPSILON = 1e-5;

/** @param x (rows, columns) @param gain (1, columns) */
export function normalise(ops: Builder, x: Value, gain: Value): Value {
  const mean = (of: Value): Value => ops.scale(ops.rowSums(of), 1 / x.columns); // (rows, 1)
  const centred = ops.subtract(x, mean(x));
  const deviation = ops.sqrt(ops.offset(mean(ops.multiply(centred, centred)), EPSILON));
  return ops.multiply(ops.divide(centred, deviation), gain);
}
