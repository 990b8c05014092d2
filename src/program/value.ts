// What a program is made of: values of known shape, each the result of one operation on earlier
// values. Plain data. Knows nothing of cells (model/ writes programs), nor of memory and devices
// (they run them).
//
// Every value is a matrix of rows × columns. A sequence is stacked time first: step t of a batch of
// N rows is rows t·N … t·N+N−1 of a matrix of T·N rows.
import { appendTo } from '../group.ts';

/**
 * Functions that act on each element alone. Operands have the shape of the result, or one row (used
 * for every row), or one element (used everywhere). `k` is the operation's constant.
 *
 * | name | result |
 * |---|---|
 * | add subtract multiply divide | x + y, x − y, x·y, x / y |
 * | scale, offset | k·x, x + k |
 * | sigmoid tanh relu sqrt | of x |
 * | clip | min(max(x, −k), k); NaN stays NaN |
 * | flush | 0 where |x| < k, else x: keeps denormal numbers, which slow a CPU down tenfold, out of running averages |
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

/** Where a piece of a `join` lies in the whole. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

export type Operation =
  /** A trained weight; its value lives on the device from call to call. */
  | { readonly kind: 'parameter'; readonly name: string }
  /**
   * What a call brings: symbol ids or targets as integers of one column, or the vectors and scalars
   * of an update.
   */
  | { readonly kind: 'input'; readonly name: string }
  /** Carried from the last call: what `keep` of the same name stored, zero after a reset. */
  | { readonly kind: 'state'; readonly name: string }
  /** Stores its input as the state for the next call. Has no value. */
  | { readonly kind: 'keep'; readonly name: string }
  /**
   * Row r is row ids[r] of the table, plus the bias row if there is one: what a product with
   * one-hot vectors is. Inputs: table, ids, bias?.
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
  /** The inputs laid side by side into one matrix that they tile exactly. */
  | { readonly kind: 'join'; readonly places: readonly Place[] }
  | { readonly kind: 'zeros' }
  /**
   * What a sequence of steps of `stepRows` rows is multiplied by in dropout: 0 with probability
   * `rate`, else 1/(1 − rate), by `dropoutKeeps` of the key that each call brings. `site` tells the
   * masks of one program apart. No inputs. With `stepRows` 0 its rows are no rows of a batch, but
   * of a weight: the same however a device splits the batch.
   */
  | { readonly kind: 'dropoutMask'; readonly rate: number; readonly site: number; readonly stepRows: number }
  /** One row: the sum over the rows of the input. */
  | { readonly kind: 'columnSums' }
  /**
   * Its value is the gradient (softmax(logits) − onehot(targets))·scale; its effect is to report
   * the loss: the sum over rows of (log Σ exp(logits) − logit of the target) in nats. Rows with a
   * target below 0 count nothing. Inputs: logits, targets. With `smoothing` ε the gradient, not the
   * loss, is that of targets that are 1 − ε of a symbol and ε/V of each: ε·(onehot − 1/V)·scale
   * more.
   */
  | { readonly kind: 'crossEntropy'; readonly scale: number; readonly smoothing: number }
  /**
   * A mark for differentiation, which takes it out: weight/2·Σx² is added to the loss that is
   * differentiated, and not to the one that is told.
   */
  | { readonly kind: 'penalty'; readonly weight: number }
  /**
   * A mark for differentiation, which takes it out: its input; each element of the gradient that
   * flows back is kept within ±limit.
   */
  | { readonly kind: 'clipGradient'; readonly limit: number };

export type Kind = Operation['kind'];

export type Value<K extends Kind = Kind> = Extract<Operation, { kind: K }> & {
  readonly id: number;
  readonly rows: number;
  readonly columns: number;
  readonly inputs: readonly Value[];
};

/** A straight-line program: every value stands after its inputs. */
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

/** True for values that are only another look at memory that an earlier operation fills. */
export function isView(value: Value): value is Value<'rows'> | Value<'columns'> {
  return value.kind === 'rows' || value.kind === 'columns';
}

/** Where a view begins in what it looks at. */
export function startOf(view: Value<'rows'> | Value<'columns'>): Place {
  return view.kind === 'rows' ? { row: view.first, column: 0 } : { row: 0, column: view.first };
}

export function sameShape(a: Value, b: Value): boolean {
  return a.rows === b.rows && a.columns === b.columns;
}

/** Who reads what in a program. */
export class Uses {
  readonly #users = new Map<Value, Value[]>();
  readonly #wanted: Set<Value>;

  constructor(program: Program) {
    this.#wanted = new Set([...program.outputs.values(), ...program.gradients.values()]);
    for (const value of program.values) for (const input of value.inputs) appendTo(this.#users, input, value);
  }

  /** The values that read a value, each as often as it does. */
  of(value: Value): readonly Value[] {
    return this.#users.get(value) ?? [];
  }

  /** Whether a value is read from outside the program: as an output or a gradient. */
  isWanted(value: Value): boolean {
    return this.#wanted.has(value);
  }
}

/**
 * A trained weight. In memory the weights of a program are one vector, row by row, in the order of
 * a list of these.
 */
export interface ParameterShape {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** P, the length of the vector. */
export function countParameters(shapes: readonly ParameterShape[]): number {
  return shapes.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
}
