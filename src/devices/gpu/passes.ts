// From a workload's programs to the list of passes that a plan is made of: nodes of one level and
// shape share a pass, as far as the buffers that they read allow. Plain data: knows neither gpu.js
// nor memory.
import { groupBy } from '../../group.ts';
import type { Region } from '../../program/region.ts';
import type { ParameterShape, Program, Value } from '../../program/value.ts';
import type { CallCost, UpdateRule } from '../device.ts';
import { sumInStretches } from './stretches.ts';
import { lower } from './lower.ts';
import type { Node, Spot } from './nodes.ts';
import { inputsOf } from './reader.ts';
import { type ProductStyle, tiledPart } from './tiles.ts';
import { type Finish, finishTraining } from './update.ts';
import { unstack } from './unstack.ts';
import { type Buffer, KernelWriter, type Reference, type Shape, elementsOf } from './writer.ts';

export interface Pass {
  readonly source: string;
  readonly shape: Shape;
  readonly operands: readonly Reference[];
  /** Of the nodes that it makes. */
  readonly kind: Node['kind'];
  readonly multiplyAdds: number;
}

/** Where a matrix is that leaves the plan, or comes into it again. */
export interface Place extends Region {
  readonly pass: number;
  readonly plane: number;
}

/** One call of a program as passes. */
export interface PassList {
  readonly passes: readonly Pass[];
  /**
   * By name: what a call keeps for the next. The next reads the whole buffer of the pass as the
   * argument `carry <pass>`.
   */
  readonly states: ReadonlyMap<string, Place>;
  readonly outputs: ReadonlyMap<string, Place>;
  /** Passes whose elements add up to the loss in nats. */
  readonly losses: readonly number[];
  /**
   * Of a program that trains: the passes that make the gradient's vector, its norm, and the weights
   * and slots after the update.
   */
  readonly training: { readonly gradients: number; readonly norm: number; readonly weights: number } | null;
  readonly masks: readonly Value<'dropoutMask'>[];
  /** Buffers that come from outside. */
  readonly arguments: readonly { readonly name: string; readonly shape: Shape }[];
  readonly cost: CallCost;
}

interface PassOptions {
  readonly parameters: readonly ParameterShape[];
  readonly update: UpdateRule | null;
  /** Buffers that one kernel may read. */
  readonly mostInputs: number;
  /** Plain unless given. */
  readonly products?: ProductStyle;
  /**
   * Elements that the stack of a sequence may have which a gradient is summed over; LARGE_STACK
   * unless given.
   */
  readonly mostStacked?: number;
}

/** Passes of more elements than this fill a GPU: two of them gain nothing by sharing one. */
const LARGE = 2 ** 21;

/** 64 MiB: sums over less would leave a GPU idle more often; more would not be worth its memory. */
const LARGE_STACK = 2 ** 24;

export function carryName(pass: number): string {
  return `carry ${pass}`;
}

/** The passes of each distinct kernel. */
export function byKernel(passes: readonly Pass[]): Pass[][] {
  return [...groupBy(passes, ({ shape, source }) => `${JSON.stringify(shape)} ${source}`).values()];
}

export function compilePasses(
  program: Program,
  { parameters, update, mostInputs, products = 'plain', mostStacked = LARGE_STACK }: PassOptions,
): PassList {
  const vectors = 1 + (update?.slots.length ?? 0);
  const steps = sumInStretches(unstack(program), mostStacked);
  const lowered = lower(steps, { parameters, vectors, mostInputs });
  const finish = program.gradients.size > 0 ? finishTraining(lowered.graph, { parameters, update }) : null;
  return arrange(lowered, steps, finish, { mostInputs, products });
}

function arrange(
  { graph, losses, spotOf }: ReturnType<typeof lower>,
  program: Program,
  finish: Finish | null,
  { mostInputs, products }: { mostInputs: number; products: ProductStyle },
): PassList {
  const groups: Node[][] = [];
  const passOf = new Map<Node, number>();
  for (const level of byLevel(graph.nodes)) {
    for (const nodes of share(level, mostInputs)) {
      const buffer: Buffer = { reference: { kind: 'pass', index: groups.length }, shape: shapeOfGroup(nodes) };
      let plane = 0;
      for (const node of nodes) {
        graph.reader.put(node, { buffer, plane });
        passOf.set(node, groups.length);
        plane += node.bodies().length;
      }
      groups.push(nodes);
    }
  }
  const states = new Map<string, Place>();
  for (const value of program.values) {
    if (value.kind !== 'storeState') continue;
    const spot = spotOf(value.inputs[0]);
    const place = placeOf(spot, value);
    states.set(value.name, place);
    graph.reader.carry(value.name, {
      ...spot,
      buffer: { reference: { kind: 'argument', name: carryName(place.pass) }, shape: spot.buffer.shape },
    });
  }
  // Of what it can reach, a pass gets each element from memory once, and from caches as often as it
  // reads it.
  let bytes = 0;
  const given = new Map<string, Shape>();
  const passes = groups.map((nodes) => {
    const writer = new KernelWriter();
    const body = bodyOf(nodes, writer);
    const source = writer.source(tiledPart(nodes, products, writer) + body);
    const shape = shapeOfGroup(nodes);
    for (const buffer of writer.buffers)
      if (buffer.reference.kind === 'argument') given.set(buffer.reference.name, buffer.shape);
    bytes += 4 * (elementsOf(shape) + writer.elementsRead());
    return { source, shape, operands: writer.operands, kind: nodes[0].kind, multiplyAdds: multiplyAddsOf(nodes) };
  });
  return {
    passes,
    states,
    outputs: new Map([...program.outputs].map(([name, value]) => [name, placeOf(spotOf(value), value)])),
    losses: losses.map((node) => passOf.get(node)!),
    training: finish && {
      gradients: passOf.get(finish.gradients)!,
      norm: passOf.get(finish.norm)!,
      weights: passOf.get(finish.weights)!,
    },
    arguments: [...given].map(([name, shape]) => ({ name, shape })),
    masks: program.values.filter((value) => value.kind === 'dropoutMask'),
    cost: {
      passes: passes.length,
      kernels: byKernel(passes).length,
      multiplyAdds: multiplyAddsOf(graph.nodes),
      bytes,
    },
  };
}

function multiplyAddsOf(nodes: readonly Node[]): number {
  return nodes.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
}

function placeOf({ buffer, plane, row, column }: Spot, { rows, columns }: Value): Place {
  if (buffer.reference.kind !== 'pass') throw new Error('what leaves a call must be the result of a pass');
  return { pass: buffer.reference.index, plane, row, column, rows, columns };
}

function byLevel(nodes: readonly Node[]): Node[][] {
  const levels: Node[][] = [];
  for (const node of nodes) (levels[node.level] ??= []).push(node);
  return levels.filter((level) => level !== undefined);
}

/**
 * Puts nodes of one level together: those of one shape, as many as may read their buffers in one
 * pass.
 */
function share(nodes: readonly Node[], mostInputs: number): Node[][] {
  const groups: Node[][] = [];
  for (const node of nodes) {
    const group = groups.find(
      (candidate) =>
        mayShare(candidate, node) && inputsOf([...candidate, node].flatMap((each) => each.bodies())) <= mostInputs,
    );
    if (group) group.push(node);
    else groups.push([node]);
  }
  return groups;
}

function mayShare([first]: readonly Node[], node: Node): boolean {
  const [a, b] = [first.shape, node.shape];
  return (
    a.kind === 'planes' &&
    b.kind === 'planes' &&
    a.rows === b.rows &&
    a.columns === b.columns &&
    elementsOf(a) < LARGE &&
    first.kind === node.kind &&
    (node.kind === 'product' || node.kind === 'chain')
  );
}

function shapeOfGroup(nodes: readonly Node[]): Shape {
  const [{ shape }] = nodes;
  return shape.kind === 'vector'
    ? shape
    : { ...shape, planes: nodes.reduce((sum, node) => sum + node.bodies().length, 0) };
}

function bodyOf(nodes: readonly Node[], writer: KernelWriter): string {
  const bodies = nodes.flatMap((node) => node.bodies());
  return bodies
    .map((body, plane) => {
      const text = body(writer);
      return plane < bodies.length - 1 ? `if (this.thread.z === ${plane}) {\n${text}\n}` : text;
    })
    .join('\n');
}
