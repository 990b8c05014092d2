// Products as nodes. One product may be the sum of several; the bias, the running sum and the
// activations that alone read its result are done before it is stored.
import type { Value } from '../../program/value.ts';
import type { Graph } from './graph.ts';
import { type Body, COLUMN, type ProductTerm, ROW, columnPieces, shapeOf } from './nodes.ts';
import { inputsOf } from './reader.ts';
import type { Ready } from './stacks.ts';
import { piecewise, returnResult } from './statements.ts';
import { type Index, type KernelWriter, plus } from './writer.ts';

/** Operations on the columns of a product's result that are done before it is stored. */
interface Epilogue {
  readonly first: number;
  readonly columns: number;
  /** What the first of them reads as the result. */
  readonly start: Value;
  readonly values: readonly Value<'elementwise'>[];
}

/** What a product adds up: products, and matrices or rows. */
interface Sum {
  readonly terms: ProductTerm[];
  readonly addends: Value[];
}

/**
 * What a product does without, to read fewer buffers: operands in pieces; also, adding up with
 * another product.
 */
type Economy = 'none' | 'whole operands' | 'one product';

/**
 * Loops over the inner dimension of a product do so many terms at a time: 1.3 times as fast as one
 * by one.
 */
const UNROLL = 4;

interface Products {
  lower(value: Value<'matmul'>): void;
  /** Whether an operation is done along with a product. */
  hasDone(value: Value): boolean;
}

/** What makes products nodes, and what does other operations along with them. */
export function multiplying(graph: Graph, ready: Ready): Products {
  const { program, uses, reader, mostInputs } = graph;
  /** Products that another product adds to its own. */
  const absorbed = new Set<Value>();
  /** Operations that are done before a product is stored. */
  const finished = new Set<Value>();
  for (const value of program.values) {
    if (value.kind !== 'matmul' || !value.plus) continue;
    const running = value.inputs[value.inputs.length - 1];
    // One over a whole sequence has large operands of its own, which should not have to be there at
    // the same time.
    if (
      running.kind === 'matmul' &&
      !running.transposeA &&
      uses.usersOf(running).length === 1 &&
      !uses.isReadByCaller(running)
    )
      absorbed.add(running);
  }

  const lower = (value: Value<'matmul'>): void => {
    if (absorbed.has(value)) return;
    const { rows, columns } = value;
    const sum = sumOf(value);
    const finishBy =
      (epilogues: readonly Epilogue[]): Body =>
      (writer) => {
        const stored = piecewise(
          writer.dialect.column,
          epilogues.map((epilogue) => ({ size: epilogue.columns, text: () => finishText(writer, epilogue) })),
        );
        return [addText(writer, sum), stored].filter((text) => text !== '').join('\n');
      };
    const bodyOf =
      (finish: Body): Body =>
      (writer) =>
        `${sumText(writer, sum.terms)}\n${finish(writer)}`;
    const all = epiloguesOf(value, reader.levelOf([bodyOf(finishBy([]))]));
    const epilogues = mayRead(bodyOf(finishBy(all))) ? all : plainly(value);
    const finish = finishBy(epilogues);
    const multiplyAdds = rows * columns * sum.terms.reduce((total, { inner }) => total + inner, 0);
    const node = graph.add('product', shapeOf(value), [bodyOf(finish)], multiplyAdds, {
      rows,
      columns,
      terms: sum.terms,
      finish,
    });
    reader.settle(value, node);
    for (const { first, values } of epilogues) {
      for (const each of values) finished.add(each);
      if (values.length > 0) reader.settle(values[values.length - 1], node, { column: first });
    }
  };

  const mayRead = (body: Body): boolean => inputsOf([body]) <= mostInputs;

  /**
   * All that is added up, with as little economy as the number of buffers that a kernel may read
   * allows. One product never reads too many.
   */
  const sumOf = (value: Value<'matmul'>): Sum => {
    let sum: Sum = { terms: [], addends: [] };
    for (const economy of ['none', 'whole operands', 'one product'] as const) {
      sum = { terms: [], addends: [] };
      collect(value, economy, sum);
      const collected = sum;
      if (mayRead((writer) => sumText(writer, collected.terms) + addText(writer, collected))) break;
    }
    return sum;
  };

  const collect = (value: Value<'matmul'>, economy: Economy, sum: Sum): void => {
    const [a, b] = value.inputs;
    ready(b);
    const pieces = economy === 'none' && !value.transposeA && reader.find(a) === null ? columnPieces(a) : null;
    if (pieces?.every(({ value: piece }) => reader.find(piece) !== null)) {
      for (const { value: piece, column } of pieces) sum.terms.push(termOf(value, piece, column));
    } else {
      ready(a);
      sum.terms.push(termOf(value, a, 0));
    }
    if (value.bias) add(value.inputs[2], sum);
    if (!value.plus) return;
    const running = value.inputs[value.inputs.length - 1];
    if (running.kind === 'matmul' && absorbed.has(running)) {
      if (economy !== 'one product') return collect(running, economy, sum);
      absorbed.delete(running);
      lower(running);
    }
    add(running, sum);
  };

  const add = (value: Value, { addends }: Sum): void => {
    ready(value);
    addends.push(value);
  };

  const addText = (writer: KernelWriter, { addends }: Sum): string => {
    const { row, column } = writer.dialect;
    return addends
      .map((addend) => `sum += ${reader.read(writer, addend, addend.rows === 1 ? 0 : row, column)};`)
      .join('\n');
  };

  /** @param first where in the inner dimension of b this term begins */
  const termOf = ({ inputs: [, b], transposeA, transposeB }: Value<'matmul'>, a: Value, first: number): ProductTerm => {
    return {
      inner: transposeA ? a.rows : a.columns,
      transposeA,
      transposeB,
      left: (writer, row, k) => (transposeA ? reader.read(writer, a, k, row) : reader.read(writer, a, row, k)),
      right: (writer, k, column) =>
        transposeB ? reader.read(writer, b, column, plus(k, first)) : reader.read(writer, b, plus(k, first), column),
    };
  };

  const finishText = (writer: KernelWriter, { first, start, values }: Epilogue): string => {
    const { row, column } = writer.dialect;
    const read = (operand: Value): string =>
      reader.read(writer, operand, operand.rows === 1 ? 0 : row, operand.columns === 1 ? 0 : plus(column, -first));
    return returnResult(writer, values, values.at(-1) ?? start, read, new Map([[start, 'sum']]));
  };

  /**
   * For each run of columns of a product, the elementwise operations that alone read it, one after
   * another, as long as their other operands are there at a lower level than the product's own.
   */
  const epiloguesOf = (product: Value<'matmul'>, level: number): Epilogue[] => {
    const plain = plainly(product);
    const regions = regionsRead(product);
    if (regions === null) return plain;
    const epilogues: Epilogue[] = [];
    const passOver = (to: number): void => {
      if (reached < to) epilogues.push({ first: reached, columns: to - reached, start: product, values: [] });
    };
    let reached = 0;
    for (const { first, value } of regions) {
      if (first < reached) return plain; // regions overlap
      passOver(first);
      epilogues.push({ first, columns: value.columns, start: value, values: follow(value, level) });
      reached = first + value.columns;
    }
    passOver(product.columns);
    return epilogues;
  };

  /**
   * The columns of a product as its readers see them, from the left; null if it is read whole by
   * several, or from outside.
   */
  const regionsRead = (product: Value<'matmul'>): { first: number; value: Value }[] | null => {
    const users = uses.usersOf(product);
    if (uses.isReadByCaller(product) || users.length === 0) return null;
    const views = users.filter((user) => user.kind === 'columns');
    if (views.length === users.length)
      return views.map((view) => ({ first: view.first, value: view })).toSorted((a, b) => a.first - b.first);
    return users.length === 1 ? [{ first: 0, value: product }] : null;
  };

  const follow = (start: Value, level: number): Value<'elementwise'>[] => {
    const values: Value<'elementwise'>[] = [];
    for (let current = start; ;) {
      const users = uses.usersOf(current);
      const [user] = users;
      if (
        users.length !== 1 ||
        uses.isReadByCaller(current) ||
        user.kind !== 'elementwise' ||
        user.rows !== start.rows ||
        user.columns !== start.columns
      )
        return values;
      const others = user.inputs.filter((input) => input !== current);
      if (others.length !== user.inputs.length - 1) return values;
      if (!others.every((other) => reader.nodesOf(other)?.every((node) => node.level < level))) return values;
      values.push(user);
      current = user;
    }
  };

  return { lower, hasDone: (value) => finished.has(value) };
}

/** A product that is stored as it is. */
function plainly(product: Value): Epilogue[] {
  return [{ first: 0, columns: product.columns, start: product, values: [] }];
}

/** The sum of all terms by the thread of one element, some of each at a time. */
function sumText(writer: KernelWriter, terms: readonly ProductTerm[]): string {
  const texts = terms.flatMap(({ inner, left, right }) => {
    const factors = (k: Index): string => `${left(writer, ROW, k)} * ${right(writer, k, COLUMN)}`;
    const rounds = Math.floor(inner / UNROLL);
    const together = Array.from({ length: UNROLL }, (_, i) => factors(plus(`${UNROLL} * k`, i))).join(' + ');
    const rest = Array.from({ length: inner % UNROLL }, (_, i) => factors(rounds * UNROLL + i)).join(' + ');
    return [
      ...(rounds > 0 ? [`for (let k = 0; k < ${rounds}; k++) { sum += ${together}; }`] : []),
      ...(rest ? [`sum += ${rest};`] : []),
    ];
  });
  return ['let sum = 0;', ...texts].join('\n');
}
