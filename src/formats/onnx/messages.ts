// The messages of an ONNX file (onnx/onnx.proto of github.com/onnx/onnx) that hold a graph of
// matrices, and their bytes. Takes plain data. Knows nothing of programs and models: graph.ts makes
// a graph of a program.
import { bytesOfNumbers } from '../floats.ts';
import { type EncodedField, bytesField, concatenate, integerField, messageField, textField } from './protobuf.ts';

/** The version of the messages, from ONNX 1.8 (2020). All later versions read it. */
const IR_VERSION = 7;
/**
 * The version of the operators, also from ONNX 1.8. The operators used here have the same meaning
 * in later versions.
 */
const OPERATOR_SET_VERSION = 13;

/** Of TensorProto.DataType. */
const FLOAT = 1;
const INT64 = 7;
/** Of AttributeProto.AttributeType. */
const INT_ATTRIBUTE = 2;

/** One node: an operator with its inputs and output. */
export interface OnnxNode {
  readonly name: string;
  /** An operator of ONNX: `Gemm`, `Sigmoid` … */
  readonly operator: string;
  /** Names of values: earlier outputs, inputs of the graph or constants. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, number>>;
}

/** Numbers in the file: weights, and parameters of operators. */
export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** An input or output of the graph. */
export interface OnnxPort {
  readonly name: string;
  readonly type: 'float' | 'int64';
  /** Sizes. A size that each call chooses has a name instead. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  /** In an order in which each node follows the nodes that it reads. */
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
}

/**
 * The file. ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8, metadata_props 14.
 * @param metadata text by key, for programs that read the file
 */
export function onnxFile(graph: OnnxGraph, metadata: Readonly<Record<string, string>>): Uint8Array {
  return concatenate(
    [
      integerField(1, IR_VERSION),
      textField(2, 'rnn'),
      messageField(8, [textField(1, ''), integerField(2, OPERATOR_SET_VERSION)]), // the empty domain is ONNX itself
      ...Object.entries(metadata).map(([key, value]) => messageField(14, [textField(1, key), textField(2, value)])),
      messageField(7, graphFields(graph)),
    ].flat(),
  );
}

/** GraphProto: node 1, name 2, initializer 5, input 11, output 12. */
function graphFields({ name, nodes, constants, inputs, outputs }: OnnxGraph): EncodedField[] {
  return [
    ...nodes.map((node) => messageField(1, nodeFields(node))),
    textField(2, name),
    ...constants.map((constant) => messageField(5, tensorFields(constant))),
    ...inputs.map((port) => messageField(11, portFields(port))),
    ...outputs.map((port) => messageField(12, portFields(port))),
  ];
}

/** NodeProto: input 1, output 2, name 3, op_type 4, attribute 5. */
function nodeFields({ name, operator, inputs, output, attributes }: OnnxNode): EncodedField[] {
  return [
    ...inputs.map((input) => textField(1, input)),
    textField(2, output),
    textField(3, name),
    textField(4, operator),
    ...Object.entries(attributes).map(([key, value]) => messageField(5, attributeFields(key, value))),
  ];
}

/** AttributeProto: name 1, i 3, type 20. */
function attributeFields(name: string, value: number): EncodedField[] {
  return [textField(1, name), integerField(3, value), integerField(20, INT_ATTRIBUTE)];
}

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9. */
function tensorFields({ name, shape, data }: OnnxConstant): EncodedField[] {
  const type = data instanceof Float32Array ? FLOAT : INT64;
  const sizes = shape.map((size) => integerField(1, size));
  return [...sizes, integerField(2, type), textField(8, name), bytesField(9, bytesOfNumbers(data))];
}

/**
 * ValueInfoProto: name 1, type 2. The type has tensor_type 1, which has elem_type 1 and shape 2.
 * TensorShapeProto: dim 1, which has dim_value 1 or dim_param 2.
 */
function portFields({ name, type, shape }: OnnxPort): EncodedField[] {
  const sizes = shape.map((size) => (typeof size === 'number' ? integerField(1, size) : textField(2, size)));
  const shapeFields = sizes.map((size) => messageField(1, [size]));
  const tensor = [integerField(1, type === 'float' ? FLOAT : INT64), messageField(2, shapeFields)];
  return [textField(1, name), messageField(2, [messageField(1, tensor)])];
}
