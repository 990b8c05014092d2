// Differentiation: walks a forward program backwards and appends the operations that compute the
// gradient of its loss with respect to every parameter (reverse mode; Linnainmaa, 1970). It knows
// only the derivative of each operation.
import { appendTo, groupBy } from '../group.ts';
import { Builder, type JoinPart } from './builder.ts';
import { rewrite } from './rewrite.ts';
import { type Position, type Program, type Value, sameShape, viewStart } from './value.ts';

/** A gradient that reaches a part of a value. */
interface Contribution extends Position {
  readonly gradient: Value;
}

/**
 * The part of a weight's gradient that comes from one use of the weight. Terms of one kind are
 * concatenated over time into a single operation.
 */
type WeightTerm =
  | { readonly kind: 'product'; readonly left: Value; readonly right: Value }
  | { readonly kind: 'scatter'; readonly left: Value; readonly right: Value }
  | { readonly kind: 'columnSums'; readonly right: Value }
  | { readonly kind: 'elementwise'; readonly right: Value };

/** Options for gradients other than the gradients of parameters. */
interface GradientRequest {
  /**
   * Seed gradients by value. A seed is an input or a state with the shape of its value. It adds the
   * term Σ seed∘value to the loss.
   */
  readonly seeds?: ReadonlyMap<Value, Value>;
  /**
   * Values whose gradients become outputs, by the name of the output. A gradient is zero if nothing
   * contributes to it. Gradients of parameters are then not computed.
   */
  readonly watched?: ReadonlyMap<string, Value>;
}

/**
 * Extends a program with the gradient of its loss with respect to each parameter that it uses. The
 * loss is the sum of all cross-entropies, each times its scale, and all penalties.
 *
 * The gradient of a weight that is used at every time step is one product over the concatenated
 * sequence, Σ_t x_tᵀ·dy_t = Xᵀ·dY. It is appended as soon as the backward walk has passed the first
 * use of the weight, so that dY need not be kept until the end of the update step.
 *
 * @throws an Error for operations without a derivative, for a view of a parameter, and for views that
 * overlap in part or cross each other
 */
export function differentiate(
  program: Program,
  { seeds = new Map(), watched = new Map() }: GradientRequest = {},
): Program {
  const builder = new Builder([...new Set([...program.values, ...seeds.values()])]);
  const watchedValues = new Set(watched.values());
  const dependent = dependentOn(
    (value) => (watched.size === 0 ? value.kind === 'parameter' : watchedValues.has(value)),
    program.values,
  );
  const watchedGradients = new Map<Value, Value>();
  const contributions = new Map<Value, Contribution[]>(
    [...seeds].map(([to, gradient]) => [to, [{ gradient, row: 0, column: 0 }]]),
  );
  const terms = new Map<Value, WeightTerm[]>();
  const gradients = new Map<string, Value>();

  const contribute = (to: Value, gradient: Value, position: Position = { row: 0, column: 0 }): void => {
    if (!dependent.has(to)) return;
    if (to.kind === 'parameter')
      throw new Error(
        `cannot differentiate a view of parameter ${to.name}: expected the whole parameter as an operand`,
      );
    appendTo(contributions, to, { gradient, ...position });
  };
  const addTerm = (to: Value, term: WeightTerm): void => {
    if (dependent.has(to)) appendTo(terms, to, term);
  };
  /** Adds the gradient of an operand, summed over the columns and rows for which it was repeated. */
  const contributeOperand = (to: Value, gradient: Value): void => {
    if (!dependent.has(to)) return;
    const right = to.columns === gradient.columns ? gradient : builder.rowSums(gradient);
    if (to.kind === 'parameter') addTerm(to, { kind: to.rows === 1 ? 'columnSums' : 'elementwise', right });
    else contribute(to, to.rows === right.rows ? right : builder.columnSums(right));
  };

  const backward = (value: Value, dy: Value): void => {
    switch (value.kind) {
      case 'matmul': {
        const [a, b] = value.inputs;
        if (value.transposeA)
          throw new Error('cannot differentiate matmul: a transposed left operand is not supported');
        if (dependent.has(a)) contribute(a, builder.matmul(dy, b, { transposeB: !value.transposeB }));
        const [left, right] = value.transposeB ? [dy, a] : [a, dy];
        addTerm(b, { kind: 'product', left, right });
        if (value.bias) contributeOperand(value.inputs[2], dy);
        if (value.plus) contribute(value.inputs[value.inputs.length - 1], dy);
        return;
      }
      case 'gather': {
        const [table, ids, bias] = value.inputs;
        if (table.kind === 'parameter') addTerm(table, { kind: 'scatter', left: dy, right: ids });
        else if (dependent.has(table)) contribute(table, builder.scatter(dy, ids, table.rows));
        if (bias) contributeOperand(bias, dy);
        return;
      }
      case 'elementwise':
        elementwiseOperandGradients(builder, value, dy).forEach((gradient, index) => {
          const operand = value.inputs[index];
          if (dependent.has(operand)) contributeOperand(operand, gradient());
        });
        return;
      case 'rowSums':
        contributeOperand(value.inputs[0], builder.add(dy, builder.zeros(1, value.inputs[0].columns)));
        return;
      case 'clipGradient':
        contribute(value.inputs[0], builder.elementwise('clip', [dy], value.limit));
        return;
      case 'rows':
      case 'columns':
        contribute(value.inputs[0], dy, viewStart(value));
        return;
      case 'join':
        value.inputs.forEach((piece, index) => {
          if (dependent.has(piece))
            contribute(piece, builder.part(dy, value.positions[index], piece.rows, piece.columns));
        });
        return;
      default:
        throw new Error(`cannot differentiate ${value.kind}: not supported`);
    }
  };

  for (const value of program.values.toReversed()) {
    if (value.kind === 'storeState') continue;
    const ownTerms = terms.get(value);
    const weightGradient = ownTerms === undefined ? null : concatenatedGradient(builder, value, ownTerms.toReversed());
    if (value.kind === 'parameter') {
      if (weightGradient) gradients.set(value.name, weightGradient);
    } else if (value.kind === 'crossEntropy') {
      contribute(value.inputs[0], value);
    } else if (value.kind === 'penalty') {
      contribute(value.inputs[0], builder.scale(value.inputs[0], value.weight));
    } else if (dependent.has(value)) {
      if (weightGradient) contribute(value, weightGradient);
      const dy = sumContributions(builder, value, contributions.get(value) ?? []);
      contributions.delete(value);
      if (!dy) continue;
      if (watchedValues.has(value)) watchedGradients.set(value, dy);
      if (value.inputs.length > 0) backward(value, dy);
    }
  }
  const outputs = [...watched].map(
    ([name, value]) => [name, watchedGradients.get(value) ?? builder.zeros(value.rows, value.columns)] as const,
  );
  return withoutGradientMarks(builder.program(new Map([...program.outputs, ...outputs]), gradients));
}

/** The program without operations that only differentiation needs. */
function withoutGradientMarks(program: Program): Program {
  return rewrite(program, (value, inputs) =>
    value.kind === 'clipGradient' || value.kind === 'penalty' ? inputs[0] : undefined,
  );
}

function dependentOn(isSource: (value: Value) => boolean, values: readonly Value[]): Set<Value> {
  const dependent = new Set<Value>();
  for (const value of values) {
    if (isSource(value) || value.inputs.some((input) => dependent.has(input))) dependent.add(value);
  }
  return dependent;
}

/**
 * For each operand of an elementwise y = f(a, b): a function that appends its gradient, computed
 * from dy.
 */
function elementwiseOperandGradients(builder: Builder, value: Value<'elementwise'>, dy: Value): (() => Value)[] {
  const [a, b] = value.inputs;
  switch (value.apply) {
    case 'add':
      return [() => dy, () => dy];
    case 'subtract':
      return [() => dy, () => builder.scale(dy, -1)];
    case 'multiply':
      return [() => builder.multiply(dy, b), () => builder.multiply(dy, a)];
    // y = a/b: da = dy/b, db = −dy·y/b
    case 'divide':
      return [() => builder.divide(dy, b), () => builder.scale(builder.divide(builder.multiply(dy, value), b), -1)];
    case 'scale':
      return [() => builder.scale(dy, value.constant)];
    case 'offset':
      return [() => dy];
    case 'sigmoid':
      return [() => builder.elementwise('sigmoidGradient', [value, dy])];
    case 'tanh':
      return [() => builder.elementwise('tanhGradient', [value, dy])];
    case 'relu':
      return [() => builder.elementwise('reluGradient', [value, dy])];
    // y = √a: da = dy/(2y), infinite at 0 like the slope
    case 'sqrt':
      return [() => builder.divide(builder.scale(dy, 0.5), value)];
    default:
      throw new Error(`cannot differentiate ${value.apply}: not supported`);
  }
}

/**
 * The sum of all contributions to the gradient of a value, or null without contributions. Parts
 * that tile the value exactly need neither zeros nor additions.
 */
function sumContributions(builder: Builder, value: Value, contributions: readonly Contribution[]): Value | null {
  if (contributions.length === 0) return null;
  const wholes = contributions.filter(({ gradient }) => sameShape(gradient, value)).map(({ gradient }) => gradient);
  const parts = contributions.filter(({ gradient }) => !sameShape(gradient, value));
  const pieces = [...groupBy(parts, placeKey).values()]
    .map((same) => ({
      row: same[0].row,
      column: same[0].column,
      value: same.map(({ gradient }) => gradient).reduce((sum, gradient) => builder.add(sum, gradient)),
    }))
    .toSorted(byPosition);
  if (pieces.length > 0)
    wholes.push(builder.join([...pieces, ...fillGaps(builder, value, pieces)].toSorted(byPosition)));
  return wholes.reduce((sum, gradient) => builder.add(sum, gradient));
}

function placeKey({ row, column, gradient }: Contribution): string {
  return `${row},${column},${gradient.rows},${gradient.columns}`;
}

function byPosition(a: Position, b: Position): number {
  return a.row - b.row || a.column - b.column;
}

/**
 * Zeros for the parts of a value that no piece covers. Expects sorted pieces that are either all
 * views of rows or all views of columns. A mixture is refused, because a view of rows overlaps
 * every view of columns.
 */
function fillGaps(builder: Builder, value: Value, pieces: readonly JoinPart[]): JoinPart[] {
  const byRows = pieces.every((piece) => piece.value.columns === value.columns);
  const byColumns = pieces.every((piece) => piece.value.rows === value.rows);
  if (!byRows && !byColumns)
    throw new Error(
      `cannot differentiate ${value.kind} ${value.rows}×${value.columns}: views of its rows cross views of its columns`,
    );
  const gaps: JoinPart[] = [];
  let coveredUntil = 0;
  const fill = (until: number): void => {
    const count = until - coveredUntil;
    if (count < 0) throw new Error(`cannot differentiate ${value.kind}: views of it overlap in part`);
    if (count === 0) return;
    gaps.push(
      byRows
        ? { row: coveredUntil, column: 0, value: builder.zeros(count, value.columns) }
        : { row: 0, column: coveredUntil, value: builder.zeros(value.rows, count) },
    );
  };
  for (const piece of pieces) {
    fill(byRows ? piece.row : piece.column);
    coveredUntil = byRows ? piece.row + piece.value.rows : piece.column + piece.value.columns;
  }
  fill(byRows ? value.rows : value.columns);
  return gaps;
}

/**
 * The gradient of a weight from its terms. The terms are concatenated in the order of time, so two
 * weights that read the same sequence share one concatenated matrix.
 */
function concatenatedGradient(builder: Builder, weight: Value, terms: readonly WeightTerm[]): Value {
  const gradients = [...groupBy(terms, ({ kind }) => kind)].map(([kind, same]) => {
    if (kind === 'elementwise')
      return same.map((term) => term.right).reduce((sum, gradient) => builder.add(sum, gradient));
    const right = builder.concatenate(same.map((term) => term.right));
    if (kind === 'columnSums') return builder.columnSums(right);
    const left = builder.concatenate(same.map((term) => (term as Extract<WeightTerm, { left: Value }>).left));
    return kind === 'product'
      ? builder.matmul(left, right, { transposeA: true })
      : builder.scatter(left, right, weight.rows);
  });
  return gradients.reduce((sum, gradient) => builder.add(sum, gradient));
}
