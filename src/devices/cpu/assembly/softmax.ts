// The loss and its gradient, one row of logits at a time.
import { exponentialOfNonPositive, logarithm } from './math';

/**
 * The maximum of a row. If the row holds a NaN, the result may be any value, because the
 * exponential of the NaN reaches the sum.
 */
@inline
function rowMaximum(columns: usize, x: usize): f32 {
  let lanes = v128.load32_splat(x);
  let j: usize = 0;
  for (; j + 4 <= columns; j += 4, x += 16) lanes = f32x4.pmax(lanes, v128.load(x));
  for (; j < columns; ++j, x += 4) lanes = f32x4.pmax(lanes, v128.load32_splat(x));
  lanes = f32x4.pmax(lanes, v128.shuffle<f32>(lanes, lanes, 2, 3, 0, 1));
  lanes = f32x4.pmax(lanes, v128.shuffle<f32>(lanes, lanes, 1, 0, 3, 2));
  return f32x4.extract_lane(lanes, 0);
}

/**
 * The float64 sum of exp(x - maximum) over a row. Stores the exponentials at `out` if that is not 0
 * (it may be x).
 */
@inline
function rowExponentials(columns: usize, x: usize, maximum: f32, out: usize): f64 {
  const shift = f32x4.splat(maximum);
  let low = f64x2.splat(0), high = f64x2.splat(0);
  let j: usize = 0;
  // Because the loop is tested at its end, it dominates its exit, and V8 keeps the constants of the
  // exponential in registers and on the stack. If it were tested at its start, V8 would load them
  // again for each vector.
  if (columns >= 4) do {
    const e = exponentialOfNonPositive(f32x4.sub(v128.load(x), shift));
    low = f64x2.add(low, f64x2.promote_low_f32x4(e));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(e, e, 2, 3, 2, 3)));
    if (out) {
      v128.store(out, e);
      out += 16;
    }
    x += 16;
    j += 4;
  } while (j + 4 <= columns);
  low = f64x2.add(low, high);
  let sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  for (; j < columns; ++j, x += 4) {
    const e = f32x4.extract_lane(exponentialOfNonPositive(f32x4.sub(v128.load32_splat(x), shift)), 0);
    sum += <f64>e;
    if (out) {
      store<f32>(out, e);
      out += 4;
    }
  }
  return sum;
}

@inline
function scaleRow(columns: usize, x: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  let j: usize = 0;
  for (; j + 4 <= columns; j += 4, x += 16) v128.store(x, f32x4.mul(v128.load(x), factors));
  for (; j < columns; ++j, x += 4) store<f32>(x, load<f32>(x) * factor);
}

@inline
function lowerRow(columns: usize, x: usize, by: f32): void {
  for (let j: usize = 0; j < columns; ++j, x += 4) store<f32>(x, load<f32>(x) - by);
}

/**
 * The sum over rows of log(sum_j exp(logits[r, j])) - logits[r, targets[r]], in nats and float64.
 * If `gradient` is not 0, it also stores gradient = (softmax - (1 - smoothing)·onehot -
 * smoothing/columns)·scale there. `gradient` may be `logits`. A row with a negative target is
 * ignored: no loss, and a gradient of zeros. The logarithm is taken of the sum, which is at least
 * 1, and never of a probability, which may be 0.
 */
export function softmaxCrossEntropy(
  rows: usize, columns: usize, logits: usize, ldl: usize, targets: usize, gradient: usize, ldg: usize,
  scale: f32, smoothing: f32,
): f64 {
  let loss: f64 = 0;
  for (; rows; --rows, logits += ldl << 2, targets += 4) {
    const target = load<i32>(targets);
    if (target >= 0) {
      const offset = <usize>target << 2;
      const chosen = <f64>load<f32>(logits + offset);
      const maximum = rowMaximum(columns, logits);
      const sum = rowExponentials(columns, logits, maximum, gradient);
      loss += logarithm(sum) + (<f64>maximum - chosen);
      if (gradient) {
        scaleRow(columns, gradient, <f32>(<f64>scale / sum));
        if (smoothing > 0) lowerRow(columns, gradient, scale * smoothing / <f32>columns);
        store<f32>(gradient + offset, load<f32>(gradient + offset) - scale * (1 - smoothing));
      }
    } else if (gradient) {
      memory.fill(gradient, 0, columns << 2);
    }
    if (gradient) gradient += ldg << 2;
  }
  return loss;
}
