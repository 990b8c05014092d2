// The nodes of one program as they are made, and what everything that makes them needs.
import { type ParameterShape, type Program, Uses } from '../../program/value.ts';
import type { Body, Node, Product } from './nodes.ts';
import { Reader } from './reader.ts';
import type { Shape } from './writer.ts';

export interface GraphOptions {
  readonly parameters: readonly ParameterShape[];
  /**
   * Vectors as long as the weights that stand in one buffer: the weights and the optimizer's slots.
   */
  readonly vectors: number;
  /** Buffers that one kernel may read. */
  readonly mostInputs: number;
}

export class Graph {
  readonly nodes: Node[] = [];
  readonly program: Program;
  readonly uses: Uses;
  readonly reader: Reader;
  readonly mostInputs: number;

  constructor(program: Program, { parameters, vectors, mostInputs }: GraphOptions) {
    this.program = program;
    this.uses = new Uses(program);
    this.reader = new Reader(this.uses, parameters, vectors);
    this.mostInputs = mostInputs;
  }

  /** Adds a node, at the lowest level that what it reads allows. */
  readonly add = (
    kind: Node['kind'],
    shape: Shape,
    bodies: readonly Body[],
    multiplyAdds = 0,
    product?: Product,
  ): Node => {
    const level = this.reader.levelOf(bodies);
    const node: Node = { id: this.nodes.length, kind, shape, level, bodies: () => bodies, multiplyAdds, product };
    this.nodes.push(node);
    return node;
  };
}
