// From a program to nodes: what is done in one pass over one matrix. Fuses: activations go into the
// product that feeds them, runs of elementwise operations become one node with a plane for each
// result, views and most joins are only other indices.
//
// A node has a level, one above all that it reads; passes.ts then puts nodes of one level and shape
// into one pass.
import type { Program, Value } from '../../program/value.ts';
import { Chains } from './chains.ts';
import { Graph, type GraphOptions } from './graph.ts';
import { COLUMN, type Node, ROW, type Spot, shapeOf } from './nodes.ts';
import { Products } from './products.ts';
import { Stacks } from './stacks.ts';
import { lowerColumnSums, lowerCrossEntropy, lowerScatter } from './sums.ts';

export class Lowering {
  readonly graph: Graph;
  /** The sums of losses, in parts. */
  readonly losses: Node[] = [];
  readonly #stacks: Stacks;
  readonly #products: Products;
  readonly #chains: Chains;
  /** Leaves that leave the call: what reads them within it does so in place. */
  readonly #copies = new Map<Value, Node>();

  constructor(program: Program, options: GraphOptions) {
    this.graph = new Graph(program, options);
    this.#stacks = new Stacks(this.graph);
    this.#products = new Products(this.graph, this.#stacks);
    this.#chains = new Chains(this.graph, this.#stacks);
    for (const value of program.values) this.#lower(value);
    for (const value of program.outputs.values()) this.#keep(value);
    for (const value of program.gradients.values()) this.#stacks.ready(value);
  }

  /** Where a value that leaves the call stands, once every node has been put into a pass. */
  spotOf(value: Value): Spot {
    const copy = this.#copies.get(value);
    return copy ? { ...this.graph.reader.placeOf(copy), row: 0, column: 0 } : this.graph.reader.spotOf(value);
  }

  #lower(value: Value): void {
    switch (value.kind) {
      case 'matmul':
        return this.#products.lower(value);
      case 'elementwise':
        if (!this.#products.hasDone(value)) this.#chains.lower(value);
        return;
      case 'gather':
      case 'scatter':
      case 'columnSums':
      case 'crossEntropy':
        value.inputs.forEach((input) => this.#stacks.ready(input));
        return this.#lowerWhole(value);
      case 'keep':
        return this.#keep(value.inputs[0]);
      default:
    }
  }

  #lowerWhole(value: Value<'gather' | 'scatter' | 'columnSums' | 'crossEntropy'>): void {
    switch (value.kind) {
      case 'gather':
        return this.#gather(value);
      case 'scatter':
        return lowerScatter(this.graph, value);
      case 'columnSums':
        return lowerColumnSums(this.graph, value);
      default:
        this.losses.push(lowerCrossEntropy(this.graph, value));
    }
  }

  #gather(value: Value<'gather'>): void {
    const { reader } = this.graph;
    if (!reader.readsInPlace(value))
      reader.settle(
        value,
        this.graph.add('copy', shapeOf(value), [(writer) => `return ${reader.lookUp(writer, value, ROW, COLUMN)};`]),
      );
  }

  /** What leaves a call must stand in a buffer of its own making. */
  #keep(value: Value): void {
    const { reader } = this.graph;
    this.#stacks.ready(value);
    if (reader.find(value)!.home || this.#copies.has(value)) return;
    this.#copies.set(
      value,
      this.graph.add('copy', shapeOf(value), [(writer) => `return ${reader.read(writer, value, ROW, COLUMN)};`]),
    );
  }
}
