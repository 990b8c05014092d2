// Defines the result of every operation: plain loops in float64, one operation after another, without
// optimising the program. Tests compare the other devices with it. It is simple rather than fast.
import { dropoutKeeps } from '../../random.ts';
import { type ElementwiseFunction, type Program, type Value, viewStart } from '../../program/value.ts';

/** A matrix in float64, row by row. Integers for ids and targets. */
export type Matrix = Float64Array;

interface Environment {
  readonly parameters: ReadonlyMap<string, Matrix>;
  readonly inputs: ReadonlyMap<string, Matrix>;
  /** Carried state by name: read by `loadState`, replaced by `storeState`. A missing state is zero. */
  readonly state: Map<string, Matrix>;
  readonly dropoutKey?: number;
}

interface ProgramEvaluation {
  readonly values: ReadonlyMap<Value, Matrix>;
  /** Sum of the losses in nats, before any scale. */
  readonly lossNats: number;
  /** The sum of all penalties, which is added to the differentiated loss but not to `lossNats`. */
  readonly penalty: number;
}

/**
 * Evaluates a program: the value of every operation, the loss and the penalties. Updates
 * `environment.state`. Unchanged values, such as a stored state, share the array of their input.
 */
export function evaluateProgram(program: Program, environment: Environment): ProgramEvaluation {
  const values = new Map<Value, Matrix>();
  const stored = new Map<string, Matrix>();
  let lossNats = 0;
  let penalty = 0;
  for (const value of program.values) {
    const inputs = value.inputs.map((input) => values.get(input)!);
    if (value.kind === 'storeState') stored.set(value.name, inputs[0]);
    else if (value.kind === 'penalty') penalty += (value.weight / 2) * inputs[0].reduce((sum, x) => sum + x * x, 0);
    else if (value.kind === 'crossEntropy') {
      const result = crossEntropy(value, inputs[0], inputs[1]);
      lossNats += result.lossNats;
      values.set(value, result.gradient);
    } else values.set(value, computeValue(value, inputs, environment));
  }
  for (const [name, matrix] of stored) environment.state.set(name, matrix);
  return { values, lossNats, penalty };
}

/**
 * The value of one operation, computed from the values of its inputs. Not for `storeState`, `penalty` and
 * `crossEntropy`, which have side effects.
 */
export function computeValue(value: Value, inputs: readonly Matrix[], environment: Environment): Matrix {
  const { rows, columns } = value;
  const out = new Float64Array(rows * columns);
  const fill = (element: (row: number, column: number) => number): Matrix => {
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) out[row * columns + column] = element(row, column);
    return out;
  };
  switch (value.kind) {
    case 'parameter':
      return environment.parameters.get(value.name)!;
    case 'input':
      return environment.inputs.get(value.name)!;
    case 'loadState':
      return environment.state.get(value.name) ?? out;
    case 'zeros':
      return out;
    case 'dropoutMask':
      return out.map((_, index) =>
        dropoutKeeps(environment.dropoutKey ?? 0, value.site, index, value.rate) ? 1 / (1 - value.rate) : 0,
      );
    case 'gather': {
      const [table, ids, bias] = inputs;
      return fill((row, column) => table[ids[row] * columns + column] + (bias ? bias[column] : 0));
    }
    case 'scatter': {
      const [x, ids] = inputs;
      ids.forEach((id, row) => {
        for (let column = 0; column < columns; column++) out[id * columns + column] += x[row * columns + column];
      });
      return out;
    }
    case 'matmul':
      return matmul(value, inputs, out);
    case 'elementwise': {
      const f = functions[value.apply];
      const [read, readSecond] = inputs.map((matrix, index) => broadcast(matrix, value.inputs[index]));
      return fill((row, column) => f(read(row, column), readSecond ? readSecond(row, column) : 0, value.constant));
    }
    case 'rows':
    case 'columns': {
      const start = viewStart(value);
      const width = value.inputs[0].columns;
      return fill((row, column) => inputs[0][(start.row + row) * width + start.column + column]);
    }
    case 'join':
      inputs.forEach((piece, index) => {
        const place = value.positions[index];
        const width = value.inputs[index].columns;
        piece.forEach((x, at) => {
          out[(place.row + Math.floor(at / width)) * columns + place.column + (at % width)] = x;
        });
      });
      return out;
    case 'clipGradient':
      return inputs[0];
    case 'columnSums': {
      inputs[0].forEach((x, at) => {
        out[at % columns] += x;
      });
      return out;
    }
    case 'rowSums': {
      const width = value.inputs[0].columns;
      inputs[0].forEach((x, at) => {
        out[Math.floor(at / width)] += x;
      });
      return out;
    }
    default:
      throw new Error(`${value.kind} does not have a value`);
  }
}

/** Each element is a sum over k in order. */
function matmul(value: Value<'matmul'>, inputs: readonly Matrix[], out: Matrix): Matrix {
  const { rows, columns } = value;
  const [a, b] = inputs;
  const inner = value.transposeA ? value.inputs[0].rows : value.inputs[0].columns;
  const [aRow, aInner] = value.transposeA ? [1, rows] : [inner, 1];
  const [bInner, bColumn] = value.transposeB ? [1, inner] : [columns, 1];
  for (let k = 0; k < inner; k++) {
    for (let row = 0; row < rows; row++) {
      const factor = a[row * aRow + k * aInner];
      for (let column = 0; column < columns; column++)
        out[row * columns + column] += factor * b[k * bInner + column * bColumn];
    }
  }
  const bias = value.bias ? inputs[2] : null;
  const addend = value.plus ? inputs[inputs.length - 1] : null;
  if (bias) for (let at = 0; at < out.length; at++) out[at] += bias[at % columns];
  if (addend) for (let at = 0; at < out.length; at++) out[at] += addend[at];
  return out;
}

function broadcast(matrix: Matrix, { rows, columns }: Value): (row: number, column: number) => number {
  return (row, column) => matrix[(rows === 1 ? 0 : row * columns) + (columns === 1 ? 0 : column)];
}

const functions: Record<ElementwiseFunction, (x: number, y: number, k: number) => number> = {
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  scale: (x, _, k) => k * x,
  offset: (x, _, k) => x + k,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: (x) => Math.tanh(x),
  relu: (x) => (x <= 0 ? 0 : x), // NaN stays NaN
  sqrt: (x) => Math.sqrt(x),
  clip: (x, _, k) => (x > k ? k : x < -k ? -k : x),
  flush: (x, _, k) => (Math.abs(x) < k ? 0 : x),
  sigmoidGradient: (y, dy) => dy * y * (1 - y),
  tanhGradient: (y, dy) => dy * (1 - y * y),
  reluGradient: (y, dy) => (y > 0 ? dy : 0),
};

/** Loss and gradient of a `crossEntropy`. */
export function crossEntropy(
  value: Value<'crossEntropy'>,
  logits: Matrix,
  targets: Matrix,
): { lossNats: number; gradient: Matrix } {
  const { rows, columns, scale, smoothing } = value;
  const gradient = new Float64Array(rows * columns);
  let lossNats = 0;
  for (let row = 0; row < rows; row++) {
    const target = targets[row];
    if (target < 0) continue;
    const x = logits.subarray(row * columns, (row + 1) * columns);
    const highest = x.reduce((most, logit) => Math.max(most, logit), -Infinity);
    const sum = x.reduce((total, logit) => total + Math.exp(logit - highest), 0);
    lossNats += Math.log(sum) + highest - x[target];
    for (let column = 0; column < columns; column++) {
      gradient[row * columns + column] =
        (Math.exp(x[column] - highest) / sum - (column === target ? 1 - smoothing : 0) - smoothing / columns) * scale;
    }
  }
  return { lossNats, gradient };
}
