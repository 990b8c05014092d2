// From a program to nodes: what is done in one pass over one matrix. Fuses: activations go into the
// product that feeds them, runs of elementwise operations become one node with a plane for each
// result, views and most joins are only other indices.
//
// A node has a level, one above all that it reads; passes.ts then puts nodes of one level and shape
// into one pass.
import type { Program, Value } from '../../program/value.ts';
import { chaining } from './chains.ts';
import { Graph, type GraphOptions } from './graph.ts';
import { COLUMN, type Node, ROW, type Spot, shapeOf } from './nodes.ts';
import { multiplying } from './products.ts';
import { readiness } from './stacks.ts';
import { lowerColumnSums, lowerCrossEntropy, lowerScatter } from './sums.ts';

interface Lowered {
  readonly graph: Graph;
  /** The sums of losses, in parts. */
  readonly losses: readonly Node[];
  /** Where a value that leaves the call stands, once every node has been put into a pass. */
  spotOf(value: Value): Spot;
}

export function lower(program: Program, options: GraphOptions): Lowered {
  const graph = new Graph(program, options);
  const { reader } = graph;
  const ready = readiness(graph);
  const losses: Node[] = [];
  const products = multiplying(graph, ready);
  const chain = chaining(graph, ready);
  /** Leaves that leave the call: what reads them within it does so in place. */
  const copies = new Map<Value, Node>();

  const copied = (value: Value, read: typeof reader.read): Node =>
    graph.add('copy', shapeOf(value), [(writer) => `return ${read.call(reader, writer, value, ROW, COLUMN)};`]);

  /** What leaves a call must stand in a buffer of its own making. */
  const keep = (value: Value): void => {
    ready(value);
    if (!reader.find(value)!.home && !copies.has(value)) copies.set(value, copied(value, reader.read));
  };

  for (const value of program.values) {
    switch (value.kind) {
      case 'matmul':
        products.lower(value);
        break;
      case 'elementwise':
        if (!products.hasDone(value)) chain(value);
        break;
      case 'gather':
        value.inputs.forEach(ready);
        if (!reader.readsInPlace(value)) reader.settle(value, copied(value, reader.lookUp));
        break;
      case 'scatter':
        value.inputs.forEach(ready);
        lowerScatter(graph, value);
        break;
      case 'columnSums':
        value.inputs.forEach(ready);
        lowerColumnSums(graph, value);
        break;
      case 'crossEntropy':
        value.inputs.forEach(ready);
        losses.push(lowerCrossEntropy(graph, value));
        break;
      case 'storeState':
        keep(value.inputs[0]);
        break;
      default:
    }
  }
  for (const value of program.outputs.values()) keep(value);
  for (const value of program.gradients.values()) ready(value);
  return {
    graph,
    losses,
    spotOf(value) {
      const copy = copies.get(value);
      return copy ? { ...reader.placeOf(copy), row: 0, column: 0 } : reader.spotOf(value);
    },
  };
}
