// Writes programs. Each operation has a method that checks shapes, appends a value and returns it.
// A wrong shape is a bug in a cell, so the method throws a plain Error immediately, while the wrong
// line is on the stack.
import { coverExactly } from './region.ts';
import { type ElementwiseFunction, type Operation, type Position, type Program, type Value } from './value.ts';

/** One of the values that a join consists of, and its position in the join. */
export interface JoinPart extends Position {
  readonly value: Value;
}

/**
 * Appends operations to a program, one after another. Operations that were appended before are not
 * computed again.
 */
export class Builder {
  readonly #values: Value[] = [];
  readonly #known = new Map<string, Value>();
  #nextId: number;

  /** @param start values to continue from, as when gradients are appended to a forward pass */
  constructor(start: readonly Value[] = []) {
    this.#values.push(...start);
    this.#nextId = start.reduce((highest, value) => Math.max(highest, value.id + 1), 0);
    for (const value of start) this.#known.set(keyOf(value), value);
  }

  get values(): readonly Value[] {
    return this.#values;
  }

  /** The finished program, without values that nothing needs. */
  program(outputs: ReadonlyMap<string, Value>, gradients: ReadonlyMap<string, Value> = new Map()): Program {
    return withoutDeadCode({ values: this.#values, outputs, gradients });
  }

  /**
   * Appends an operation. Returns the known value instead if the same operation was appended
   * before.
   */
  append(operation: Operation, rows: number, columns: number, inputs: readonly Value[]): Value {
    const value = { ...operation, id: this.#nextId, rows, columns, inputs } as Value;
    const key = keyOf(value);
    const existing = this.#known.get(key);
    if (existing) return existing;
    this.#nextId++;
    this.#values.push(value);
    this.#known.set(key, value);
    return value;
  }

  parameter(name: string, rows: number, columns: number): Value {
    return this.append({ kind: 'parameter', name }, rows, columns, []);
  }

  /** Data of a call: by default integers in one column, one for each row. */
  input(name: string, rows: number, columns = 1): Value {
    return this.append({ kind: 'input', name }, rows, columns, []);
  }

  /** The state (rows, columns) that the previous call stored, or zeros after a reset. */
  loadState(name: string, rows: number, columns: number): Value {
    return this.append({ kind: 'loadState', name }, rows, columns, []);
  }

  storeState(name: string, value: Value): void {
    this.append({ kind: 'storeState', name }, value.rows, value.columns, [value]);
  }

  zeros(rows: number, columns: number): Value {
    return this.append({ kind: 'zeros' }, rows, columns, []);
  }

  /** @param stepRows batch rows of a time step, or 0 for the mask of a weight */
  dropoutMask(
    rows: number,
    columns: number,
    { rate, site, stepRows }: { rate: number; site: number; stepRows: number },
  ): Value {
    return this.append({ kind: 'dropoutMask', rate, site, stepRows }, rows, columns, []);
  }

  /** Rows of a table (V, columns) by ids (rows, 1), plus an optional bias (1, columns). */
  gather(table: Value, ids: Value, bias?: Value): Value {
    return this.append({ kind: 'gather' }, ids.rows, table.columns, bias ? [table, ids, bias] : [table, ids]);
  }

  /** The sums (rows, columns) of the rows of x with equal ids (x.rows, 1). */
  scatter(x: Value, ids: Value, rows: number): Value {
    check(x.rows === ids.rows, 'scatter', x, ids);
    return this.append({ kind: 'scatter' }, rows, x.columns, [x, ids]);
  }

  /** op(a)·op(b) + bias + plus, with bias (1, columns) and plus of the shape of the result. */
  matmul(
    a: Value,
    b: Value,
    options: { transposeA?: boolean; transposeB?: boolean; bias?: Value | undefined; plus?: Value } = {},
  ): Value {
    const { transposeA = false, transposeB = false, bias, plus } = options;
    const [rows, innerA] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns];
    const [innerB, columns] = transposeB ? [b.columns, b.rows] : [b.rows, b.columns];
    check(innerA === innerB, 'matmul', a, b);
    if (bias) check(bias.rows === 1 && bias.columns === columns, 'matmul bias', bias);
    if (plus) check(plus.rows === rows && plus.columns === columns, 'matmul plus', plus);
    const inputs = [a, b, bias, plus].filter((value) => value !== undefined);
    return this.append(
      { kind: 'matmul', transposeA, transposeB, bias: bias !== undefined, plus: plus !== undefined },
      rows,
      columns,
      inputs,
    );
  }

  /** x·W + b, the affine map of a layer: x (rows, D), W (D, columns), b (1, columns). */
  linear(x: Value, weight: Value, bias?: Value): Value {
    return this.matmul(x, weight, { bias });
  }

  /** Each input has the shape of the result, or is one row, column or element that is repeated. */
  elementwise(apply: ElementwiseFunction, inputs: readonly Value[], constant = 0): Value {
    const rows = Math.max(...inputs.map((input) => input.rows));
    const columns = Math.max(...inputs.map((input) => input.columns));
    const fits = (size: number, whole: number): boolean => size === whole || size === 1;
    for (const input of inputs) check(fits(input.rows, rows) && fits(input.columns, columns), apply, ...inputs);
    return this.append({ kind: 'elementwise', apply, constant }, rows, columns, inputs);
  }

  add(x: Value, y: Value): Value {
    return this.elementwise('add', [x, y]);
  }

  subtract(x: Value, y: Value): Value {
    return this.elementwise('subtract', [x, y]);
  }

  multiply(x: Value, y: Value): Value {
    return this.elementwise('multiply', [x, y]);
  }

  divide(x: Value, y: Value): Value {
    return this.elementwise('divide', [x, y]);
  }

  scale(x: Value, factor: number): Value {
    return this.elementwise('scale', [x], factor);
  }

  offset(x: Value, constant: number): Value {
    return this.elementwise('offset', [x], constant);
  }

  sigmoid(x: Value): Value {
    return this.elementwise('sigmoid', [x]);
  }

  tanh(x: Value): Value {
    return this.elementwise('tanh', [x]);
  }

  relu(x: Value): Value {
    return this.elementwise('relu', [x]);
  }

  sqrt(x: Value): Value {
    return this.elementwise('sqrt', [x]);
  }

  clip(x: Value, limit: number): Value {
    return this.elementwise('clip', [x], limit);
  }

  flush(x: Value, threshold: number): Value {
    return this.elementwise('flush', [x], threshold);
  }

  /** A view (count, x.columns) of consecutive rows, or x itself if it has no others. */
  rows(x: Value, first: number, count: number): Value {
    check(first >= 0 && first + count <= x.rows, `rows ${first}+${count}`, x);
    return count === x.rows ? x : this.append({ kind: 'rows', first }, count, x.columns, [x]);
  }

  /** A view (x.rows, count) of consecutive columns, or x itself if it has no others. */
  columns(x: Value, first: number, count: number): Value {
    check(first >= 0 && first + count <= x.columns, `columns ${first}+${count}`, x);
    return count === x.columns ? x : this.append({ kind: 'columns', first }, x.rows, count, [x]);
  }

  /** The part of x at a place, which combines `rows` and `columns`. */
  part(x: Value, position: Position, rows: number, columns: number): Value {
    return this.columns(this.rows(x, position.row, rows), position.column, columns);
  }

  /**
   * The matrix that the pieces tile, in any order. A single piece is returned unchanged, because a
   * copy would separate it from its users.
   */
  join(pieces: readonly JoinPart[]): Value {
    const rows = Math.max(...pieces.map((piece) => piece.row + piece.value.rows));
    const columns = Math.max(...pieces.map((piece) => piece.column + piece.value.columns));
    const regions = pieces.map(({ row, column, value }) => ({ row, column, rows: value.rows, columns: value.columns }));
    check(
      coverExactly(regions, rows, columns),
      'join of pieces that do not tile',
      ...pieces.map((piece) => piece.value),
    );
    if (pieces.length === 1) return pieces[0].value;
    const positions = pieces.map(({ row, column }) => ({ row, column }));
    return this.append(
      { kind: 'join', positions: positions },
      rows,
      columns,
      pieces.map((piece) => piece.value),
    );
  }

  /** Matrices of equal width, one below another, such as the time steps of a sequence. */
  concatenate(steps: readonly Value[]): Value {
    let row = 0;
    return this.join(
      steps.map((value) => {
        const piece = { value, row, column: 0 };
        row += value.rows;
        return piece;
      }),
    );
  }

  /** The sum of the rows of x, as one row. */
  columnSums(x: Value): Value {
    return x.rows === 1 ? x : this.append({ kind: 'columnSums' }, 1, x.columns, [x]);
  }

  /** The sum of the columns of x, as one column. */
  rowSums(x: Value): Value {
    return x.columns === 1 ? x : this.append({ kind: 'rowSums' }, x.rows, 1, [x]);
  }

  /** @param scale factor of the gradient, such as 1 / (N·T) */
  crossEntropy(logits: Value, targets: Value, scale: number, smoothing = 0): Value {
    check(logits.rows === targets.rows, 'crossEntropy', logits, targets);
    return this.append({ kind: 'crossEntropy', scale, smoothing }, logits.rows, logits.columns, [logits, targets]);
  }

  /** Adds weight/2·Σx² to the loss that is differentiated, but not to the reported loss. */
  penalty(x: Value, weight: number): void {
    this.append({ kind: 'penalty', weight }, x.rows, x.columns, [x]);
  }

  /** x, but elements of the gradient that flows back to x are clipped to ±limit. */
  clipGradient(x: Value, limit: number): Value {
    return this.append({ kind: 'clipGradient', limit }, x.rows, x.columns, [x]);
  }

  /**
   * Appends a value of another program with new inputs, and with as many rows as its new inputs
   * have if `rows` is given.
   */
  appendCopy(value: Value, inputs: readonly Value[], rows = value.rows, columns = value.columns): Value {
    if (value.kind === 'join' && inputs.length === 1) return inputs[0];
    const { id: _, rows: __, columns: ___, inputs: ____, ...operation } = value;
    return this.append(operation as Operation, rows, columns, inputs);
  }
}

const ignoredFields: ReadonlySet<string> = new Set(['id', 'rows', 'columns', 'inputs', 'positions']);

/**
 * Two values have the same key if the same operation makes them from the same inputs. Building a
 * long program spends most of its time here.
 */
function keyOf(value: Value): string {
  let key = `${value.rows} ${value.columns}`;
  for (const input of value.inputs) key += ` ${input.id}`;
  for (const field in value) if (!ignoredFields.has(field)) key += ` ${String(value[field as keyof Value])}`;
  return value.kind === 'join' ? key + value.positions.map(({ row, column }) => ` ${row},${column}`).join('') : key;
}

function check(holds: boolean, operation: string, ...values: readonly Value[]): void {
  if (holds) return;
  const shapes = values.map((value) => `${value.kind} ${value.rows}×${value.columns}`).join(', ');
  throw new Error(`cannot append ${operation}: shapes do not fit: ${shapes}`);
}

/**
 * The program without values that nothing needs. Losses, penalties and states stored for the next
 * call are always needed.
 */
function withoutDeadCode(program: Program): Program {
  const needed = new Set<Value>([...program.outputs.values(), ...program.gradients.values()]);
  for (const value of program.values.toReversed()) {
    if (value.kind === 'storeState' || value.kind === 'crossEntropy' || value.kind === 'penalty') needed.add(value);
    if (needed.has(value)) value.inputs.forEach((input) => needed.add(input));
  }
  return { ...program, values: program.values.filter((value) => needed.has(value)) };
}
