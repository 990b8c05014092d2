// What each operation of a program is in ONNX. Knows the names of an operation's inputs and of its value, and neither
// the graph around them nor bytes. Operators as in onnx/docs/Operators.md, version 13.
import type { ElementwiseFunction, Place, Value } from '../../program/value.ts';

/** Collects the nodes of a graph and the numbers that they need. */
export interface Notes {
  node(operator: string, inputs: readonly string[], output: string, attributes?: Readonly<Record<string, number>>): void;
  /** The name of a number. */
  number(value: number): string;
  /** The name of a list of integers. */
  integers(values: readonly number[]): string;
}

/** An operation of a program, with the names of its inputs and of its value. */
export interface Named<V extends Value = Value> {
  readonly value: V;
  readonly inputs: readonly string[];
  readonly output: string;
}

/** The operation is one operator with the same inputs. */
const sameOperator: Partial<Record<ElementwiseFunction, string>> = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  relu: 'Relu',
  sqrt: 'Sqrt',
};

/**
 * Notes the nodes that compute a value.
 * @param isBatch whether a value has a row for each row of the batch, of which a graph does not know how many there are
 * @throws Error naming an operation that has no nodes here: a one-step program that reads and predicts has none such
 */
export function noteOperation(notes: Notes, named: Named, isBatch: (value: Value) => boolean): void {
  const { value, inputs, output } = named;
  switch (value.kind) {
    case 'gather':
      return noteGather(notes, named);
    case 'matmul':
      return noteProduct(notes, { ...named, value });
    case 'elementwise':
      return noteElementwise(notes, { ...named, value });
    case 'zeros':
      return noteZeros(notes, named, isBatch(value));
    case 'columns':
      return noteSlice(notes, named, 1, value.first, value.columns);
    case 'rows':
      if (isBatch(value.inputs[0])) throw notWritten('rows of a batch');
      return noteSlice(notes, named, 0, value.first, value.rows);
    case 'join': {
      const axis = axisOf(value);
      const along = ({ row, column }: Place): number => (axis === 0 ? row : column);
      const order = [...inputs.keys()].toSorted((a, b) => along(value.places[a]) - along(value.places[b]));
      return notes.node(
        'Concat',
        order.map((index) => inputs[index]),
        output,
        { axis },
      );
    }
    default:
      throw notWritten(value.kind);
  }
}

/** Row ids[r] of the table. */
function noteGather(notes: Notes, { inputs: [table, ids, bias], output }: Named): void {
  const read = bias === undefined ? output : `${output}.read`;
  notes.node('Gather', [table, ids], read, { axis: 0 });
  if (bias !== undefined) notes.node('Add', [read, bias], output);
}

/** Gemm adds one matrix, which may be a row for all rows: a running sum after a bias is a node of its own. */
function noteProduct(notes: Notes, { value, inputs, output }: Named<Value<'matmul'>>): void {
  const addsTwo = value.bias && value.plus;
  const product = addsTwo ? `${output}.product` : output;
  const attributes = { ...(value.transposeA ? { transA: 1 } : {}), ...(value.transposeB ? { transB: 1 } : {}) };
  notes.node('Gemm', inputs.slice(0, 3), product, attributes);
  if (addsTwo) notes.node('Add', [product, inputs[3]], output);
}

function noteElementwise(notes: Notes, { value, inputs, output }: Named<Value<'elementwise'>>): void {
  const { apply, constant: k } = value;
  const operator = sameOperator[apply];
  if (operator !== undefined) return notes.node(operator, inputs, output);
  const [x] = inputs;
  switch (apply) {
    case 'scale':
      return notes.node('Mul', [x, notes.number(k)], output);
    case 'offset':
      return notes.node('Add', [x, notes.number(k)], output);
    case 'clip':
      return notes.node('Clip', [x, notes.number(-k), notes.number(k)], output);
    case 'flush':
      notes.node('Abs', [x], `${output}.magnitude`);
      notes.node('Less', [`${output}.magnitude`, notes.number(k)], `${output}.small`);
      return notes.node('Where', [`${output}.small`, notes.number(0), x], output);
    default:
      throw notWritten(apply);
  }
}

/** As many rows as there are ids, or as many as the program says. */
function noteZeros(notes: Notes, { value: { rows, columns }, output }: Named, isBatch: boolean): void {
  if (isBatch) {
    notes.node('Shape', ['ids'], `${output}.rows`);
    notes.node('Concat', [`${output}.rows`, notes.integers([columns])], `${output}.shape`, { axis: 0 });
  }
  const shape = isBatch ? `${output}.shape` : notes.integers([rows, columns]);
  notes.node('ConstantOfShape', [shape], output); // of zeros, if nothing else is said
}

function noteSlice(notes: Notes, { inputs: [x], output }: Named, axis: 0 | 1, first: number, count: number): void {
  notes.node('Slice', [x, notes.integers([first]), notes.integers([first + count]), notes.integers([axis])], output);
}

/** Along which the pieces of a join lie. */
function axisOf({ rows, columns, inputs }: Value<'join'>): 0 | 1 {
  if (inputs.every((piece) => piece.columns === columns)) return 0;
  if (inputs.every((piece) => piece.rows === rows)) return 1;
  throw notWritten('join both ways');
}

function notWritten(operation: string): Error {
  return new Error(`ONNX export knows no nodes for the operation '${operation}': they belong into formats/onnx/operations.ts`);
}
