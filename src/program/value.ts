// The values that a program consists of: each has a known shape and is the result of one operation
// on earlier values. They are plain data. This file does not know cells (model/ writes programs),
// memory or devices (they run programs).
//
// Every value is a matrix of rows × columns. A sequence is concatenated along time: time step t of
// a batch of N rows is rows t·N … t·N+N−1 of a matrix of T·N rows.
import { appendTo } from '../group.ts';

/**
 * Functions that compute each element of the result from the elements at the same position.
 * Operands have the shape of the result, or one row (used for every row), or one column (used for
 * every column), or one element (used for every element). `k` is the operation's constant.
 *
 * | name | result |
 * |---|---|
 * | add subtract multiply divide | x + y, x − y, x·y, x / y |
 * | scale, offset | k·x, x + k |
 * | sigmoid tanh relu sqrt | of x |
 * | clip | min(max(x, −k), k); NaN stays NaN |
 * | flush | 0 where |x| < k, else x. Keeps denormal numbers, which make a CPU ten times slower, out of moving averages |
 * | sigmoidGradient tanhGradient reluGradient | dx from y = f(x) and dy, in this order |
 */
export type ElementwiseFunction =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'scale'
  | 'offset'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'sqrt'
  | 'clip'
  | 'flush'
  | 'sigmoidGradient'
  | 'tanhGradient'
  | 'reluGradient';

/** The position of a part of a `join` in the joined matrix. */
export interface Position {
  readonly row: number;
  readonly column: number;
}

/**
 * The operations of programs, by `kind`. Their inputs are values, whose order is given for each.
 */
export type Operation =
  /** A trained weight. Its value stays on the device between calls. */
  | { readonly kind: 'parameter'; readonly name: string }
  /**
   * Data of a call: token ids or targets as integers in one column, or the vectors and scalars of
   * an update.
   */
  | { readonly kind: 'input'; readonly name: string }
  /**
   * Carried over from the last call: the value that `storeState` stored under this name, or zero
   * after a reset.
   */
  | { readonly kind: 'loadState'; readonly name: string }
  /** Stores its input as the state for the next call. Has no value. */
  | { readonly kind: 'storeState'; readonly name: string }
  /**
   * Row r is row ids[r] of the table, plus the bias row if there is one. It equals the product of
   * one-hot vectors with the table. Inputs: table, ids, bias?.
   */
  | { readonly kind: 'gather' }
  /**
   * The gradient of a gather: row i is the sum of the rows r of x with ids[r] = i. Inputs: x, ids.
   */
  | { readonly kind: 'scatter' }
  /**
   * a·b, with either transposed, plus a bias row, plus a matrix of the result's shape (a running
   * sum). Inputs: a, b, bias?, plus?.
   */
  | {
      readonly kind: 'matmul';
      readonly transposeA: boolean;
      readonly transposeB: boolean;
      readonly bias: boolean;
      readonly plus: boolean;
    }
  | { readonly kind: 'elementwise'; readonly apply: ElementwiseFunction; readonly constant: number }
  /** A view: consecutive rows of the input, from `first`. */
  | { readonly kind: 'rows'; readonly first: number }
  /** A view: consecutive columns of the input, from `first`. */
  | { readonly kind: 'columns'; readonly first: number }
  /** One matrix that the inputs tile exactly. */
  | { readonly kind: 'join'; readonly positions: readonly Position[] }
  | { readonly kind: 'zeros' }
  /**
   * The factors of dropout: 0 with probability `rate`, else 1/(1 − rate). `dropoutKeeps` computes
   * them from the key of the call and from `site`, which differs for each mask of a program. Each
   * time step has `stepRows` rows. If `stepRows` is 0, the mask belongs to a weight instead of a
   * batch, so it is the same however a device divides the batch. No inputs.
   */
  | { readonly kind: 'dropoutMask'; readonly rate: number; readonly site: number; readonly stepRows: number }
  /** One row: the sum over the rows of the input. */
  | { readonly kind: 'columnSums' }
  /** One column: the sum over the columns of the input. */
  | { readonly kind: 'rowSums' }
  /**
   * The value is the gradient (softmax(logits) − onehot(targets))·scale. The operation also reports
   * the loss: the sum over rows of (log Σ exp(logits) − logit of the target) in nats. Rows with a
   * target below 0 do not count. Inputs: logits, targets.
   *
   * With `smoothing` ε, a target has 1 − ε of its token plus ε/V of every token. This adds
   * ε·(onehot − 1/V)·scale to the gradient. The loss is not smoothed.
   */
  | { readonly kind: 'crossEntropy'; readonly scale: number; readonly smoothing: number }
  /**
   * A mark for differentiation, which removes it: weight/2·Σx² is added to the loss that is
   * differentiated, but not to the loss that is reported.
   */
  | { readonly kind: 'penalty'; readonly weight: number }
  /**
   * A mark for differentiation, which removes it. The value is its input. The elements of the
   * gradient that flows back are clipped to ±limit.
   */
  | { readonly kind: 'clipGradient'; readonly limit: number };

export type OperationKind = Operation['kind'];

/**
 * A matrix of rows × columns elements, the result of an operation on `inputs`. The id is unique in
 * its program.
 */
export type Value<K extends OperationKind = OperationKind> = Extract<Operation, { kind: K }> & {
  readonly id: number;
  readonly rows: number;
  readonly columns: number;
  readonly inputs: readonly Value[];
};

/** A straight-line program: every value comes after its inputs. */
export interface Program {
  readonly values: readonly Value[];
  /** Values that a caller wants to read after a call, by name. */
  readonly outputs: ReadonlyMap<string, Value>;
  /**
   * The gradient of the loss with respect to each parameter, by the parameter's name. Empty for
   * programs that do not train.
   */
  readonly gradients: ReadonlyMap<string, Value>;
}

/** Whether a value is a part of its input, and lies in the memory of the input. */
export function isView(value: Value): value is Value<'rows'> | Value<'columns'> {
  return value.kind === 'rows' || value.kind === 'columns';
}

/** Where a view begins in its input. */
export function viewStart(view: Value<'rows'> | Value<'columns'>): Position {
  return view.kind === 'rows' ? { row: view.first, column: 0 } : { row: 0, column: view.first };
}

/** The size of a matrix. */
export interface Extent {
  readonly rows: number;
  readonly columns: number;
}

/** Whether two values have the same numbers of rows and columns. */
export function sameShape(a: Extent, b: Extent): boolean {
  return a.rows === b.rows && a.columns === b.columns;
}

/** Finds the values that read a value of a program. */
export class Uses {
  readonly #users = new Map<Value, Value[]>();
  readonly #readByCaller: Set<Value>;

  constructor(program: Program) {
    this.#readByCaller = new Set([...program.outputs.values(), ...program.gradients.values()]);
    for (const value of program.values) for (const input of value.inputs) appendTo(this.#users, input, value);
  }

  /** The values that read a value. The list has a value twice if it reads this value twice. */
  usersOf(value: Value): readonly Value[] {
    return this.#users.get(value) ?? [];
  }

  /** Whether the caller reads a value, as an output or a gradient. */
  isReadByCaller(value: Value): boolean {
    return this.#readByCaller.has(value);
  }
}

/**
 * The name and shape of a trained weight. In memory, all weights of a program form one vector, in
 * the order of the list of shapes, each row by row.
 */
export interface ParameterShape {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** P, the number of parameters. */
export function countParameters(shapes: readonly ParameterShape[]): number {
  return shapes.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
}
