// Elementwise operations as nodes: those of one shape share one, a chain, with a plane for each
// result that is read outside it. An operation joins a chain only where that leaves its level as it
// is.
import type { Value } from '../../program/value.ts';
import type { Graph } from './graph.ts';
import { type Body, COLUMN, type Node, ROW, shapeOf } from './nodes.ts';
import type { Reader } from './reader.ts';
import type { Stacks } from './stacks.ts';
import { returnResult } from './statements.ts';
import { KernelWriter, type Shape } from './writer.ts';

interface Chain extends Node {
  readonly values: Value<'elementwise'>[];
}

export class Chains {
  readonly #graph: Graph;
  readonly #reader: Reader;
  readonly #stacks: Stacks;
  readonly #chainOf = new Map<Value, Chain>();
  readonly #readersOf = new Map<Node, Set<Chain>>();

  constructor(graph: Graph, stacks: Stacks) {
    this.#graph = graph;
    this.#reader = graph.reader;
    this.#stacks = stacks;
  }

  lower(value: Value<'elementwise'>): void {
    for (const input of value.inputs) this.#stacks.ready(input);
    const sources = value.inputs.map((input) => ({ input, nodes: this.#reader.nodesOf(input)! }));
    const reads = sources.flatMap(({ nodes }) => nodes);
    const lowest = 1 + Math.max(0, ...reads.map(({ level }) => level));
    const fits = (chain: Chain): boolean =>
      chain.level <= lowest &&
      sameSize(chain.shape, value) &&
      sources.every(
        ({ input, nodes }) => this.#chainOf.get(input) === chain || nodes.every((node) => node.level < chain.level),
      );
    const candidates = [
      ...value.inputs.map((input) => this.#chainOf.get(input)),
      // Chains that read what this reads.
      ...reads.flatMap((node) => [...(this.#readersOf.get(node) ?? [])]),
    ].filter((chain) => chain !== undefined);
    this.#join(
      candidates.find((chain) => fits(chain) && this.#hasRoom(chain, value)) ?? this.#open(value, lowest),
      value,
      reads,
    );
  }

  #join(chain: Chain, value: Value<'elementwise'>, reads: readonly Node[]): void {
    chain.values.push(value);
    this.#chainOf.set(value, chain);
    for (const node of reads) {
      if (node === chain) continue;
      const readers = this.#readersOf.get(node) ?? new Set();
      readers.add(chain);
      this.#readersOf.set(node, readers);
    }
    this.#reader.settle(value, chain, { plane: () => this.#resultsOf(chain).indexOf(value) });
  }

  #hasRoom(chain: Chain, value: Value<'elementwise'>): boolean {
    const writer = new KernelWriter();
    for (const each of [...chain.values, value]) {
      for (const input of each.inputs) if (this.#chainOf.get(input) !== chain) this.#reader.read(writer, input, 0, 0);
    }
    return writer.buffers.length <= this.#graph.mostInputs;
  }

  #open(value: Value, level: number): Chain {
    const chain: Chain = {
      id: this.#graph.nodes.length,
      kind: 'chain',
      shape: shapeOf(value),
      level,
      values: [],
      bodies: () => this.#resultsOf(chain).map((result) => this.#body(chain, result)),
      multiplyAdds: 0,
    };
    this.#graph.nodes.push(chain);
    return chain;
  }

  /** The values of a chain that anything outside it reads. */
  #resultsOf(chain: Chain): Value[] {
    const { uses } = this.#graph;
    return chain.values.filter(
      (value) => uses.isWanted(value) || uses.of(value).some((user) => this.#chainOf.get(user) !== chain),
    );
  }

  #body(chain: Chain, result: Value): Body {
    return (writer) =>
      returnResult(writer, chain.values, result, (operand) =>
        this.#reader.read(writer, operand, operand.rows === 1 ? 0 : ROW, operand.columns === 1 ? 0 : COLUMN),
      );
  }
}

function sameSize(shape: Shape, { rows, columns }: Value): boolean {
  return shape.kind === 'planes' && shape.rows === rows && shape.columns === columns;
}
