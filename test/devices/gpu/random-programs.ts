// Writes random programs for fuzz.test.ts, which combine operations in ways that networks do not.
// Knows nothing of devices.
import { Builder } from '../../../src/program/builder.ts';
import { differentiate } from '../../../src/program/differentiate.ts';
import { foldRunningSums } from '../../../src/program/rewrite.ts';
import type {
  Position as Corner,
  ElementwiseFunction,
  ParameterShape,
  Program,
  Value,
} from '../../../src/program/value.ts';
import type { Random } from '../../../src/random.ts';

/** Symbols. */
export const V = 4;

export interface Written {
  readonly program: Program;
  readonly parameters: readonly ParameterShape[];
  /** The arguments `ids` and `targets`. */
  readonly rows: number;
}

const unary: readonly ElementwiseFunction[] = ['scale', 'offset', 'sigmoid', 'tanh', 'relu'];
const binary: readonly ElementwiseFunction[] = ['add', 'subtract', 'multiply'];
const withoutDerivative: readonly ElementwiseFunction[] = ['tanhGradient', 'sigmoidGradient', 'reluGradient'];

/** Writes one program, operation by operation. */
export class Author {
  readonly #random: Random;
  /** Only operations with a derivative. */
  readonly #trains: boolean;
  readonly #ops = new Builder();
  readonly #parameters: ParameterShape[] = [];
  readonly #values: Value[] = [];
  readonly #rows: number;
  readonly #states = new Map<string, Value>();

  constructor(random: Random, trains: boolean) {
    this.#random = random;
    this.#trains = trains;
    this.#rows = this.#below(6) + 1;
  }

  write(): Written {
    for (let i = 0; i < 3; i++) this.#values.push(this.#leaf());
    for (let i = 4 + this.#below(30); i > 0; i--) this.#values.push(this.#operation());
    for (const [name, { rows, columns }] of this.#states) this.#ops.storeState(name, this.#of(rows, columns));
    const outputs = this.#some();
    // Other values are the gradients of weights that no operation reads.
    const gradients = this.#some().map((value, i) => [`g${i}`, value] as const);
    const parameters = [
      ...this.#parameters,
      ...gradients.map(([name, { rows, columns }]) => ({ name, rows, columns })),
    ];
    return {
      program: this.#ops.program(new Map(outputs.map((value, i) => [`out${i}`, value])), new Map(gradients)),
      parameters,
      rows: this.#rows,
    };
  }

  /**
   * The same with a loss, and the gradients of its weights. null if a derivative of it is not
   * defined.
   */
  train(): Written | null {
    const { program, rows } = this.write();
    const ends = [...program.outputs.values()].map((value) =>
      this.#ops.matmul(value, this.#parameter(value.columns, V)),
    );
    const logits = this.#ops.matmul(this.#ops.concatenate([...ends, this.#ops.zeros(rows, V)]), this.#parameter(V, V));
    const loss = this.#ops.crossEntropy(this.#ops.rows(logits, 0, rows), this.#ops.input('targets', rows), 0.5);
    const forward = this.#ops.program(new Map([...program.outputs, ['gradient of logits', loss]]));
    try {
      const program = foldRunningSums(differentiate(forward));
      return program.values.some(overlaps) ? null : { program, parameters: this.#parameters, rows };
    } catch {
      return null;
    }
  }

  /** The pieces may come in any order. */
  #join(pieces: readonly (Corner & { readonly value: Value })[]): Value {
    return this.#ops.join(this.#below(4) === 0 ? pieces.toReversed() : pieces);
  }

  #stack(values: readonly Value[]): Value {
    let row = 0;
    return this.#join(values.map((value) => ({ value, row: (row += value.rows) - value.rows, column: 0 })));
  }

  #below(limit: number): number {
    return this.#random.uint32() % limit;
  }

  #one<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.#below(choices.length)];
  }

  #some(): Value[] {
    return Array.from({ length: 1 + this.#below(3) }, () => this.#latest());
  }

  /** A value, more often a late one, so that programs become deep. */
  #latest(): Value {
    return this.#values[Math.max(this.#below(this.#values.length), this.#below(this.#values.length))];
  }

  #leaf(rows = 1 + this.#below(6), columns = 1 + this.#below(6)): Value {
    switch (this.#below(6)) {
      case 0:
        return this.#ops.zeros(rows, columns);
      case 1:
        return this.#ops.dropoutMask(rows, columns, { rate: 0.25, site: this.#below(3), stepRows: rows });
      case 2:
        return this.#state(rows, columns);
      // Weights have a gradient only as operands of matrix products.
      default:
        return this.#trains ? this.#state(rows, columns) : this.#parameter(rows, columns);
    }
  }

  #state(rows: number, columns: number): Value {
    const name = `s${this.#states.size}`;
    const state = this.#ops.loadState(name, rows, columns);
    this.#states.set(name, state);
    return state;
  }

  #parameter(rows: number, columns: number): Value {
    const name = `w${this.#parameters.length}`;
    this.#parameters.push({ name, rows, columns });
    return this.#ops.parameter(name, rows, columns);
  }

  /** A value of this shape: an existing value, a part of one, or a new one. */
  #of(rows: number, columns: number): Value {
    const fitting = this.#values.filter((value) => value.rows >= rows && value.columns >= columns);
    const exact = fitting.filter((value) => value.rows === rows && value.columns === columns);
    const choice = this.#below(8);
    if (exact.length > 0 && choice < 5) return this.#one(exact);
    if (fitting.length > 0 && choice < 7) return this.#part(this.#one(fitting), rows, columns);
    return this.#leaf(rows, columns);
  }

  #part(x: Value, rows: number, columns: number): Value {
    return this.#ops.part(
      x,
      { row: this.#below(x.rows - rows + 1), column: this.#below(x.columns - columns + 1) },
      rows,
      columns,
    );
  }

  #operation(): Value {
    const x = this.#latest();
    switch (this.#below(18)) {
      case 0:
      case 1:
      case 2:
        return this.#ops.elementwise(this.#one(this.#trains ? unary : [...unary, 'flush', 'clip']), [x], 0.5);
      case 3:
      case 4:
        return this.#binary(x);
      case 5:
      case 6:
      case 7:
        return this.#product(x);
      case 8:
      case 9:
        return this.#part(x, 1 + this.#below(x.rows), 1 + this.#below(x.columns));
      case 10:
        return this.#steps(x);
      case 11:
        return this.#beside(x);
      case 12:
        return this.#again();
      case 13:
        return this.#blocks(x);
      case 14:
        return this.#trains ? this.#product(x) : this.#ops.columnSums(x);
      case 15:
        return this.#rowSums(x);
      case 16:
        return this.#ops.subtract(x, this.#rowSums(x));
      default:
        return this.#symbols();
    }
  }

  #binary(x: Value): Value {
    const other = this.#one([
      () => this.#of(x.rows, x.columns),
      () => this.#of(1, x.columns),
      () => this.#of(x.rows, 1),
      () => this.#of(1, 1),
      () => this.#rowSums(x),
    ])();
    const pair = this.#below(2) === 0 ? [x, other] : [other, x];
    return this.#ops.elementwise(this.#one(this.#trains ? binary : [...binary, ...withoutDerivative]), pair);
  }

  /** Sums of rows, or a mean of the squares in each row. */
  #rowSums(x: Value): Value {
    if (this.#below(2) === 0) return this.#ops.rowSums(x);
    return this.#ops.scale(this.#ops.rowSums(this.#ops.multiply(x, x)), 1 / x.columns);
  }

  #product(x: Value): Value {
    // Operations that are rewritten to a product of a whole sequence, and have a derivative, have
    // neither of these.
    const [transposeA, adds] = this.#trains ? [false, false] : [this.#below(3) === 0, this.#below(2) === 0];
    const transposeB = this.#below(3) === 0;
    const [rows, inner] = transposeA ? [x.columns, x.rows] : [x.rows, x.columns];
    const columns = 1 + this.#below(6);
    const [height, width] = transposeB ? [columns, inner] : [inner, columns];
    const b = this.#below(2) === 0 ? this.#parameter(height, width) : this.#of(height, width);
    const bias =
      this.#below(2) === 0 ? { bias: this.#trains ? this.#parameter(1, columns) : this.#of(1, columns) } : {};
    return this.#ops.matmul(x, b, {
      transposeA,
      transposeB,
      ...bias,
      ...(adds ? { plus: this.#of(rows, columns) } : {}),
    });
  }

  /** Some values concatenated vertically. */
  #steps(x: Value): Value {
    return this.#stack(
      Array.from({ length: 2 + this.#below(3) }, (_, i) =>
        i === 0 ? x : this.#of(this.#below(3) === 0 ? 1 + this.#below(3) : x.rows, x.columns),
      ),
    );
  }

  #beside(x: Value): Value {
    let column = 0;
    return this.#join(
      Array.from({ length: 2 + this.#below(2) }, (_, i) => {
        const piece = { value: i === 0 ? x : this.#of(x.rows, 1 + this.#below(4)), row: 0, column };
        column += piece.value.columns;
        return piece;
      }),
    );
  }

  /** An existing stack, some steps later. */
  #again(): Value {
    const stacks = this.#values.filter(
      (value) => value.kind === 'join' && value.inputs.every((piece) => piece.columns === value.columns),
    );
    if (stacks.length === 0) return this.#steps(this.#latest());
    const { inputs } = this.#one(stacks);
    const next = this.#of(inputs[0].rows, inputs[0].columns);
    return this.#stack(this.#below(2) === 0 ? [...inputs.slice(1), next] : [next, ...inputs.slice(0, -1)]);
  }

  #blocks(x: Value): Value {
    const [rows, columns] = [1 + this.#below(3), 1 + this.#below(3)];
    const corners: readonly [Corner, number, number][] = [
      [{ row: 0, column: x.columns }, x.rows, columns],
      [{ row: x.rows, column: 0 }, rows, x.columns],
      [{ row: x.rows, column: x.columns }, rows, columns],
    ];
    return this.#join([
      { value: x, row: 0, column: 0 },
      ...corners.map(([corner, height, width]) => ({ ...corner, value: this.#of(height, width) })),
    ]);
  }

  #symbols(): Value {
    const ids = this.#ops.input('ids', this.#rows);
    const columns = 1 + this.#below(5);
    if (this.#trains) return this.#ops.gather(this.#parameter(V, columns), ids);
    switch (this.#below(4)) {
      case 0:
        return this.#ops.scatter(this.#of(this.#rows, columns), ids, V);
      case 1:
        return this.#ops.crossEntropy(this.#of(this.#rows, V), this.#ops.input('targets', this.#rows), 0.5);
      default:
        return this.#ops.gather(this.#of(V, columns), ids, ...(this.#below(2) === 0 ? [this.#of(1, columns)] : []));
    }
  }
}

/**
 * Whether pieces of a join overlap although their areas add up, as gradients of partly overlapping
 * views may.
 */
function overlaps(value: Value): boolean {
  if (value.kind !== 'join') return false;
  const taken = new Set(
    value.inputs.flatMap(({ rows, columns }, i) =>
      Array.from({ length: rows * columns }, (_, at) => {
        const { row, column } = value.positions[i];
        return (row + Math.floor(at / columns)) * value.columns + column + (at % columns);
      }),
    ),
  );
  return taken.size < value.rows * value.columns;
}
