// How much one step of a layer can stretch a gradient: the largest singular value of ∂state_t/∂state_{t−1}, of all that its cell carries. Where
// it stays below 1, gradients vanish; above 1 they can explode (Pascanu, Mikolov and Bengio, 2013).
import { setImmediate } from 'node:timers/promises';
import type { Tokens } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import { cellOf } from '../model/cells/registry.ts';
import { activationName } from '../model/network.ts';
import { BackwardSteps, type Vectors } from './backward-steps.ts';
import type { BareModel } from './reading.ts';

/** Symbols that are read before the first step that is looked at. */
const WARM_UP = 50;

/** @returns for each layer, the value at each of so many steps near the beginning of the text, or of fewer in a short one */
export async function largestSingularValues(trained: BareModel, tokens: Tokens, device: Device, steps: number): Promise<readonly number[][]> {
  const { model } = trained;
  const { states } = cellOf(model);
  const S = states.length * model.hidden;
  const last = Math.min(tokens.length, WARM_UP + steps);
  const carried = await statesAfter(trained, tokens.subarray(0, last - 1), device);
  const found: number[][] = Array.from({ length: model.layers }, () => []);
  const all = await BackwardSteps.open(trained, S, device);
  try {
    for (let t = Math.max(1, last - steps); t < last; t++) {
      const ids = new Int32Array(S).fill(tokens[t]);
      const before = Object.fromEntries(Object.entries(carried[t - 1]).map(([name, row]) => [name, repeated(row, S)]));
      for (const [layer, values] of found.entries()) {
        const names = states.map((state) => activationName(layer, state));
        const gradients = await all.backward(ids, before, identity(names, model.hidden));
        values.push(largestSingularValue(sideBySide(names.map((name) => gradients[name]), S)));
        await setImmediate();
      }
    }
  } finally {
    await all.close();
  }
  return found;
}

/** What is carried after each symbol. */
async function statesAfter(trained: BareModel, tokens: Tokens, device: Device): Promise<Vectors[]> {
  const walker = await BackwardSteps.open(trained, 1, device);
  try {
    const carried: Vectors[] = [];
    for (const symbol of tokens) carried.push(await walker.forward(Int32Array.of(symbol), carried.length === 0));
    return carried;
  } finally {
    await walker.close();
  }
}

/** Row r has a 1 at its r-th number, where the vectors of all names are one after another. */
function identity(names: readonly string[], H: number): Vectors {
  const S = names.length * H;
  return Object.fromEntries(names.map((name, block) => {
    const vectors = new Float32Array(S * H);
    for (let unit = 0; unit < H; unit++) vectors[(block * H + unit) * H + unit] = 1;
    return [name, vectors];
  }));
}

/** Matrices of `rows` rows as one. */
function sideBySide(blocks: readonly Float32Array[], rows: number): Float64Array {
  const columns = blocks.map((block) => block.length / rows);
  const width = columns.reduce((sum, each) => sum + each, 0);
  const all = new Float64Array(rows * width);
  let first = 0;
  for (const [index, block] of blocks.entries()) {
    for (let row = 0; row < rows; row++) all.set(block.subarray(row * columns[index], (row + 1) * columns[index]), row * width + first);
    first += columns[index];
  }
  return all;
}

function repeated(row: Float32Array, times: number): Float32Array {
  const all = new Float32Array(row.length * times);
  for (let at = 0; at < all.length; at += row.length) all.set(row, at);
  return all;
}

const MOST_ITERATIONS = 300;
const SETTLED = 1e-7;

/** Of a square matrix, row by row: by power iteration with AᵀA, from below. Where two values are nearly the same it may end between them. */
export function largestSingularValue(A: Float64Array): number {
  const S = Math.sqrt(A.length);
  let x = Float64Array.from({ length: S }, (_, at) => 1 + (at % 7) / 7); // across no vector that matters
  let value = 0;
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    const length = lengthOf(x);
    if (length === 0) return 0;
    const y = new Float64Array(S);
    const next = new Float64Array(S);
    for (let row = 0; row < S; row++) {
      let sum = 0;
      for (let column = 0; column < S; column++) sum += A[row * S + column] * x[column];
      y[row] = sum / length;
      for (let column = 0; column < S; column++) next[column] += A[row * S + column] * y[row];
    }
    const before = value;
    value = lengthOf(y);
    if (Math.abs(value - before) <= SETTLED * value) return value;
    x = next;
  }
  return value;
}

const lengthOf = (vector: Float64Array): number => Math.sqrt(vector.reduce((sum, element) => sum + element * element, 0));
