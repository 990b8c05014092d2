// The ONNX nodes of each operation of a program. Knows the names of an operation's inputs and of
// its value, but neither the graph around them nor bytes. Operators follow onnx/docs/Operators.md,
// version 13.
import type { ElementwiseFunction, Position, Value } from '../../program/value.ts';
import type { OnnxConstant, OnnxNode } from './messages.ts';

type Attributes = OnnxNode['attributes'];

/** Operations that are one operator with the same inputs. */
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

/** The nodes of a graph and the numbers that they need. */
export class GraphNodes {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxConstant[] = [];
  /**
   * Whether a value has one row for each row of the batch, whose number the graph does not know.
   */
  readonly #isBatch: (value: Value) => boolean;

  constructor(isBatch: (value: Value) => boolean) {
    this.#isBatch = isBatch;
  }

  add(operator: string, inputs: readonly string[], output: string, attributes: Attributes = {}): void {
    this.nodes.push({ name: output, operator, inputs, output, attributes });
  }

  /**
   * Adds the nodes that compute a value from its inputs, which are given by name.
   * @throws Error naming an operation that cannot be exported. A one-step program that reads and
   * predicts has no such operation
   */
  addOperation(value: Value, inputs: readonly string[], output: string): void {
    switch (value.kind) {
      case 'gather': // row ids[r] of the table
        return this.#addWithSum('Gather', inputs.slice(0, 2), inputs[2], output, `${output}.read`, { axis: 0 });
      case 'matmul': {
        // Gemm adds one matrix, which may be one row for all rows. A running sum after a bias is a
        // separate node.
        const attributes = { ...(value.transposeA ? { transA: 1 } : {}), ...(value.transposeB ? { transB: 1 } : {}) };
        return this.#addWithSum('Gemm', inputs.slice(0, 3), inputs[3], output, `${output}.product`, attributes);
      }
      case 'elementwise':
        return this.#addElementwise(value, inputs, output);
      case 'rowSums':
        return this.add('ReduceSum', [...inputs, this.#integers(1)], output);
      case 'zeros':
        return this.#addZeros(value, output);
      case 'columns':
        return this.#addSlice(inputs, output, 1, value.first, value.columns);
      case 'rows':
        if (this.#isBatch(value.inputs[0])) throw notWritten('rows of a batch');
        return this.#addSlice(inputs, output, 0, value.first, value.rows);
      case 'join': {
        const axis = axisOf(value);
        const along = ({ row, column }: Position): number => (axis === 0 ? row : column);
        const order = [...inputs.keys()].toSorted((a, b) => along(value.positions[a]) - along(value.positions[b]));
        const pieces = order.map((index) => inputs[index]);
        return this.add('Concat', pieces, output, { axis });
      }
      default:
        throw notWritten(value.kind);
    }
  }

  /**
   * @param sum a value that is added to the result of the operator, if given
   * @param before the name of the operator's result in that case
   */
  #addWithSum(
    operator: string,
    inputs: readonly string[],
    sum: string | undefined,
    output: string,
    before: string,
    attributes: Attributes,
  ): void {
    this.add(operator, inputs, sum === undefined ? output : before, attributes);
    if (sum !== undefined) this.add('Add', [before, sum], output);
  }

  #addElementwise({ apply, constant: k }: Value<'elementwise'>, inputs: readonly string[], output: string): void {
    const operator = sameOperator[apply];
    if (operator !== undefined) return this.add(operator, inputs, output);
    const [x] = inputs;
    switch (apply) {
      case 'scale':
        return this.add('Mul', [x, this.#number(k)], output);
      case 'offset':
        return this.add('Add', [x, this.#number(k)], output);
      case 'clip':
        return this.add('Clip', [x, this.#number(-k), this.#number(k)], output);
      case 'flush':
        this.add('Abs', [x], `${output}.magnitude`);
        this.add('Less', [`${output}.magnitude`, this.#number(k)], `${output}.small`);
        return this.add('Where', [`${output}.small`, this.#number(0), x], output);
      default:
        throw notWritten(apply);
    }
  }

  /** Zeros with a row for each id, or with the number of rows that the program states. */
  #addZeros(value: Value<'zeros'>, output: string): void {
    const { rows, columns } = value;
    const isBatch = this.#isBatch(value);
    if (isBatch) {
      this.add('Shape', ['ids'], `${output}.rows`);
      this.add('Concat', [`${output}.rows`, this.#integers(columns)], `${output}.shape`, { axis: 0 });
    }
    const shape = isBatch ? `${output}.shape` : this.#integers(rows, columns);
    this.add('ConstantOfShape', [shape], output); // its default value is zero
  }

  #addSlice([x]: readonly string[], output: string, axis: 0 | 1, first: number, count: number): void {
    this.add('Slice', [x, this.#integers(first), this.#integers(first + count), this.#integers(axis)], output);
  }

  #number(value: number): string {
    return this.#constant({ name: `number.${value}`, shape: [], data: Float32Array.of(value) });
  }

  #integers(...values: readonly number[]): string {
    return this.#constant({
      name: `integers.${values.join('.')}`,
      shape: [values.length],
      data: BigInt64Array.from(values, BigInt),
    });
  }

  #constant(constant: OnnxConstant): string {
    if (!this.constants.some(({ name }) => name === constant.name)) this.constants.push(constant);
    return constant.name;
  }
}

/** The axis along which the pieces of a join lie. */
function axisOf({ rows, columns, inputs }: Value<'join'>): 0 | 1 {
  if (inputs.every((piece) => piece.columns === columns)) return 0;
  if (inputs.every((piece) => piece.rows === rows)) return 1;
  throw notWritten('join both ways');
}

function notWritten(operation: string): Error {
  return new Error(`cannot export the operation '${operation}' to ONNX: add its nodes to formats/onnx/operations.ts`);
}
