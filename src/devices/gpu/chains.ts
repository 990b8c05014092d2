// Elementwise operations as nodes: those of one shape share one, a chain, with a plane for each
// result that is read outside it. An operation joins a chain only where that leaves its level as it
// is.
import { appendTo } from '../../group.ts';
import type { Value } from '../../program/value.ts';
import type { Graph } from './graph.ts';
import type { Ready } from './stacks.ts';
import { type Body, COLUMN, type Node, ROW, shapeOf } from './nodes.ts';
import { returnResult } from './statements.ts';
import { KernelWriter, type Shape } from './writer.ts';

interface Chain extends Node {
  readonly values: Value<'elementwise'>[];
}

/** A function that makes an operation part of a chain. */
export function chaining(
  { nodes, uses, reader, mostInputs }: Graph,
  ready: Ready,
): (value: Value<'elementwise'>) => void {
  const chainOf = new Map<Value, Chain>();
  const readersOf = new Map<Node, Chain[]>();

  const hasRoom = (chain: Chain, value: Value<'elementwise'>): boolean => {
    const writer = new KernelWriter();
    for (const each of [...chain.values, value]) {
      for (const input of each.inputs) if (chainOf.get(input) !== chain) reader.read(writer, input, 0, 0);
    }
    return writer.buffers.length <= mostInputs;
  };

  /** The values of a chain that anything outside it reads. */
  const resultsOf = (chain: Chain): Value[] =>
    chain.values.filter(
      (value) => uses.isReadByCaller(value) || uses.usersOf(value).some((user) => chainOf.get(user) !== chain),
    );

  const open = (value: Value, level: number): Chain => {
    const chain: Chain = {
      id: nodes.length,
      kind: 'chain',
      shape: shapeOf(value),
      level,
      values: [],
      bodies: () =>
        resultsOf(chain).map(
          (result): Body =>
            (writer) =>
              returnResult(writer, chain.values, result, (operand) =>
                reader.read(writer, operand, operand.rows === 1 ? 0 : ROW, operand.columns === 1 ? 0 : COLUMN),
              ),
        ),
      multiplyAdds: 0,
    };
    nodes.push(chain);
    return chain;
  };

  return (value) => {
    value.inputs.forEach(ready);
    const sources = value.inputs.map((input) => ({ input, nodes: reader.nodesOf(input)! }));
    const reads = sources.flatMap((source) => source.nodes);
    const lowest = 1 + Math.max(0, ...reads.map(({ level }) => level));
    const fits = (chain: Chain): boolean =>
      chain.level <= lowest &&
      sameSize(chain.shape, value) &&
      sources.every(
        (source) => chainOf.get(source.input) === chain || source.nodes.every((node) => node.level < chain.level),
      );
    const candidates = [
      ...value.inputs.map((input) => chainOf.get(input)),
      // Chains that read what this reads.
      ...reads.flatMap((node) => readersOf.get(node)),
    ].filter((chain) => chain !== undefined);
    const chain = candidates.find((each) => fits(each) && hasRoom(each, value)) ?? open(value, lowest);
    chain.values.push(value);
    chainOf.set(value, chain);
    for (const node of reads) if (node !== chain) appendTo(readersOf, node, chain);
    reader.settle(value, chain, { plane: () => resultsOf(chain).indexOf(value) });
  };
}

function sameSize(shape: Shape, { rows, columns }: Value): boolean {
  return shape.kind === 'planes' && shape.rows === rows && shape.columns === columns;
}
