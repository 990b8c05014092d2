// Converts a one-step program to an ONNX graph: its inputs, outputs and constants, and names for
// all of its values. Knows programs and the nodes that operations.ts makes of each operation, and
// nothing of cells, checkpoints or bytes.
import type { Program, Value } from '../../program/value.ts';
import type { OnnxGraph, OnnxPort } from './messages.ts';
import { GraphNodes } from './operations.ts';

/** The name of the size that each call chooses: the rows of the batch. */
const BATCH = 'N';

/**
 * The graph of a program. It reads `ids` (N) and each state as `state.NAME` (N, columns). It
 * returns the program's outputs and each stored state as `next.NAME`.
 *
 * @param program one step of `rows` rows
 * @param rows more rows than any weight has rows or columns, so that the batch is recognised by its
 * size
 * @param weights the weights by name
 * @throws Error naming an operation that cannot be written, or a value of several steps
 */
export function graphOf(program: Program, rows: number, weights: ReadonlyMap<string, Float32Array>): OnnxGraph {
  const names = namesOf(program);
  const nameOf = (value: Value): string => names.get(value)!;
  const isBatch = (value: Value): boolean => isRowOfBatch(value, rows);
  const port = (name: string, value: Value): OnnxPort => ({
    name,
    type: 'float',
    shape: [isBatch(value) ? BATCH : value.rows, value.columns],
  });
  const graph = new GraphNodes(isBatch);
  const inputs: OnnxPort[] = [];
  const outputs: OnnxPort[] = [...program.outputs].map(([name, value]) => port(name, value));
  /** An input, a weight or a value with two names needs an extra node to become an output. */
  const giveAs = (name: string, value: Value): void => {
    if (nameOf(value) !== name) graph.add('Identity', [nameOf(value)], name);
  };
  for (const value of program.values) {
    switch (value.kind) {
      case 'parameter':
        graph.constants.push({ name: value.name, shape: [value.rows, value.columns], data: weights.get(value.name)! });
        break;
      case 'input':
        inputs.push({ name: value.name, type: 'int64', shape: [BATCH] });
        break;
      case 'loadState':
        inputs.push(port(nameOf(value), value));
        break;
      case 'storeState':
        outputs.push(port(nextName(value), value));
        giveAs(nextName(value), value.inputs[0]);
        break;
      default:
        graph.addOperation(value, value.inputs.map(nameOf), nameOf(value));
    }
  }
  for (const [name, value] of program.outputs) giveAs(name, value);
  return { name: 'rnn', nodes: graph.nodes, constants: graph.constants, inputs, outputs };
}

function isRowOfBatch(value: Value, rows: number): boolean {
  if (value.rows > rows)
    throw new Error(`cannot export to ONNX: one step has ${rows} rows, but ${value.kind} has ${value.rows}`);
  return value.rows === rows;
}

function nextName({ name }: Value<'storeState'>): string {
  return `next.${name}`;
}

/**
 * Names for all values. Weights, inputs, stored states and outputs have their own names. Any other
 * value is named after its operation and the layer of the highest weight or state that it depends
 * on: `layer1.sigmoid.2` is the second sigmoid of layer 1.
 */
function namesOf(program: Program): ReadonlyMap<Value, string> {
  const names = new Map<Value, string>();
  const claim = (name: string, value: Value): void => {
    const isComputed = value.kind !== 'parameter' && value.kind !== 'input' && value.kind !== 'loadState';
    if (isComputed && !names.has(value)) names.set(value, name);
  };
  for (const [name, value] of program.outputs) claim(name, value);
  for (const value of program.values) if (value.kind === 'storeState') claim(nextName(value), value.inputs[0]);

  const counts = new Map<string, number>();
  /** Layers in the order in which they first appear, which is their order in the network. */
  const places: string[] = [];
  const placeOf = new Map<Value, number>();
  for (const value of program.values) {
    if (value.kind === 'input') names.set(value, value.name);
    else if (value.kind === 'parameter' || value.kind === 'loadState') {
      names.set(value, value.kind === 'loadState' ? `state.${value.name}` : value.name);
      const [place, own] = value.name.split('.');
      if (own === undefined) continue;
      if (!places.includes(place)) places.push(place);
      placeOf.set(value, places.indexOf(place));
    } else {
      const place = Math.max(-1, ...value.inputs.map((input) => placeOf.get(input) ?? -1));
      if (place >= 0) placeOf.set(value, place);
      if (names.has(value)) continue;
      const kind = `${place < 0 ? '' : `${places[place]}.`}${value.kind === 'elementwise' ? value.apply : value.kind}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      names.set(value, `${kind}.${counts.get(kind)}`);
    }
  }
  return names;
}
