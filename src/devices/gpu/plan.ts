// K calls of a program traced into one gpu.js pipeline. Weights, slots and carried state go in and
// come out, since nothing can stay on the GPU between two runs of a pipeline; within it they do.
import { deviceError } from '../../errors.ts';
import { WEIGHTS } from './reader.ts';
import { hashFunctions } from './dialect.ts';
import { GPU, type Gpu, Input } from './gpu-js.ts';
import { type Pass, type PassList, carryName } from './passes.ts';
import { installTiles } from './splice.ts';
import type { ProductStyle } from './tiles.ts';
import { type Reference, type Shape, dimensionsOf, elementsOf, keyOfReference } from './writer.ts';

export type Mode = 'webgpu' | 'webasm' | 'cpu';
/**
 * How each mode runs a plan as one; anything else is a plan that gpu.js has silently taken apart.
 */
const executors: Readonly<Record<Mode, readonly string[]>> = {
  webgpu: ['fused-encoder'],
  webasm: ['fused-threaded', 'fused-sync'],
  cpu: ['generic'],
};
/** More than any loop has: gpu.js cuts longer ones short without a word. */
const MAX_ITERATIONS = 2 ** 30;

/** What gpu.js stands in for a value while it traces. */
export type Handle = object;
/** gpu.js's own types leave most of it open. */
export type Pipeline = ((...values: unknown[]) => Promise<Record<string, unknown>>) & {
  executorKind: string;
  fallbackReason: string | null;
  destroy(): Promise<void>;
};
type Kernel = (...operands: (Handle | number)[]) => Handle;

/** A pipeline of so many arguments. */
export function makePipeline(
  gpu: Gpu,
  count: number,
  trace: (handles: readonly Handle[]) => Record<string, Handle>,
): Pipeline {
  const traced = (...handles: Handle[]): Record<string, Handle> => trace(handles);
  Object.defineProperty(traced, 'length', { value: count }); // a pipeline's arity is that of its function
  return gpu.createPipeline(traced) as unknown as Pipeline;
}

/** A buffer as an argument of a pipeline. */
export function inputOf(values: Float32Array, shape: Shape): unknown {
  return new Input(values as unknown as number[], dimensionsOf(shape) as [number]);
}

/** @throws RnnError if a pipeline that has run was not run as one */
export function refuseTakenApart({ executorKind, fallbackReason }: Pipeline, mode: Mode): void {
  if (executors[mode].includes(executorKind)) return;
  throw deviceError(
    `gpu.js would run this model step by step on ${mode}, many times slower`,
    fallbackReason ?? 'it gives no reason',
  );
}

/** Kernels by source and shape, made once and shared by all plans of a device. */
export class Kernels {
  readonly gpu: Gpu;
  readonly mode: Mode;
  /** How products are done: plain but on WebGPU. What is compiled must follow it. */
  readonly products: ProductStyle;
  readonly #known = new Map<string, Kernel>();

  constructor(mode: Mode, products: ProductStyle = 'plain', gpu = new GPU({ mode })) {
    this.gpu = gpu;
    this.mode = mode;
    this.products = mode === 'webgpu' ? products : 'plain';
    if (this.products !== 'plain') installTiles();
  }

  of({ source, shape }: Pass): Kernel {
    const output = dimensionsOf(shape);
    const key = `${output.join('×')} ${source}`;
    const known = this.#known.get(key);
    if (known) return known;
    const kernel = this.gpu.createKernel(source, {
      output,
      loopMaxIterations: MAX_ITERATIONS,
      functions: hashFunctions(source, this.mode === 'cpu'),
    } as object) as unknown as Kernel;
    this.#known.set(key, kernel);
    return kernel;
  }
}

/** What a plan brings back. */
export interface PlanResults {
  /** By argument name: the weights and slots if they are updated, and what is carried. */
  readonly carried: ReadonlyMap<string, Float32Array>;
  /** Of the last call. */
  readonly gradients: Float32Array | null;
  readonly calls: readonly {
    readonly lossNats: number;
    readonly gradientNorm: number;
    /** Buffers of passes that hold outputs. */
    readonly outputs: ReadonlyMap<number, Float32Array>;
  }[];
}

export type ArgumentValue = Float32Array | number;

export class Plan {
  readonly calls: number;
  readonly #list: PassList;
  readonly #kernels: Kernels;
  /** Arguments of every call, then those of each: `name k`. */
  readonly #shared: readonly string[];
  readonly #perCall: readonly string[];
  /** Numbers that kernels of one source differ in, where they must be arguments. */
  readonly #numbers: readonly number[];
  readonly #shapes = new Map<string, Shape>();
  readonly #pipeline: Pipeline;

  constructor(list: PassList, kernels: Kernels, calls: number) {
    this.#list = list;
    this.#kernels = kernels;
    this.calls = calls;
    const shared = new Set([WEIGHTS, ...[...list.states.values()].map(({ pass }) => carryName(pass))]);
    const operands = list.passes.flatMap((pass) => pass.operands);
    const names = new Set(operands.flatMap((operand) => (operand.kind === 'argument' ? operand.name : [])));
    const numbers = new Set(operands.flatMap((operand) => (operand.kind === 'number' ? operand.value : [])));
    this.#shared = [...names].filter((name) => shared.has(name));
    this.#perCall = [...names].filter((name) => !shared.has(name));
    // A literal number makes a WebAssembly module of its own for each value; on a GPU it is written
    // once instead of at each run.
    this.#numbers = kernels.mode === 'webasm' ? [...numbers] : [];
    for (const { name, shape } of list.arguments) this.#shapes.set(name, shape);
    const handed = this.#argumentNames();
    this.#pipeline = makePipeline(kernels.gpu, handed.length, (handles) =>
      this.#trace(new Map(handed.map((name, index) => [name, handles[index]]))),
    );
  }

  /** @param perCall the arguments of each call: `ids`, `targets`, numbers, masks */
  async run(
    carried: ReadonlyMap<string, Float32Array>,
    perCall: readonly ReadonlyMap<string, ArgumentValue>[],
  ): Promise<PlanResults> {
    const values = [
      ...this.#shared.map((name) => this.#argument(name, carried.get(name)!)),
      ...perCall.flatMap((given) => this.#perCall.map((name) => this.#argument(name, given.get(name)!))),
      ...this.#numbers,
    ];
    const results = await this.#pipeline(...values);
    refuseTakenApart(this.#pipeline, this.#kernels.mode);
    return this.#resultsOf(results);
  }

  close(): Promise<void> {
    return this.#pipeline.destroy();
  }

  #argumentNames(): string[] {
    return [
      ...this.#shared,
      ...Array.from({ length: this.calls }, (_, k) => this.#perCall.map((name) => `${name} of ${k}`)).flat(),
      ...this.#numbers.map((value) => keyOfReference({ kind: 'number', value })),
    ];
  }

  #argument(name: string, value: ArgumentValue): unknown {
    return typeof value === 'number' ? value : inputOf(value, this.#shapes.get(name)!);
  }

  #trace(given: ReadonlyMap<string, Handle>): Record<string, Handle> {
    const { passes, training, states, outputs, losses } = this.#list;
    const carried = new Map(this.#shared.map((name) => [name, given.get(name)!]));
    const results: Record<string, Handle> = {};
    for (let k = 0; k < this.calls; k++) {
      const handles: Handle[] = [];
      const operandOf = (operand: Reference): Handle | number => {
        if (operand.kind === 'pass') return handles[operand.index];
        if (operand.kind === 'number') return given.get(keyOfReference(operand)) ?? operand.value;
        return carried.get(operand.name) ?? given.get(`${operand.name} of ${k}`)!;
      };
      for (const pass of passes) handles.push(this.#kernels.of(pass)(...pass.operands.map(operandOf)));

      for (const { pass } of states.values()) carried.set(carryName(pass), handles[pass]);
      if (training && training.weights !== training.gradients) carried.set(WEIGHTS, handles[training.weights]);
      for (const pass of losses) results[`loss ${pass} of ${k}`] = handles[pass];
      if (training) results[`norm of ${k}`] = handles[training.norm];
      for (const { pass } of outputs.values()) results[`output ${pass} of ${k}`] = handles[pass];
      if (k < this.calls - 1) continue;
      if (training) results['gradients'] = handles[training.gradients];
      if (training && training.weights !== training.gradients) results[WEIGHTS] = handles[training.weights];
      for (const { pass } of states.values()) results[carryName(pass)] = handles[pass];
    }
    return results;
  }

  #resultsOf(results: Readonly<Record<string, unknown>>): PlanResults {
    const { passes, losses, outputs, training, states } = this.#list;
    const flat = (key: string, pass: number): Float32Array => flatten(results[key], passes[pass].shape);
    const carried = new Map(
      [...states.values()].map(({ pass }): [string, Float32Array] => [carryName(pass), flat(carryName(pass), pass)]),
    );
    if (training && WEIGHTS in results) carried.set(WEIGHTS, flat(WEIGHTS, training.weights));
    return {
      carried,
      gradients: training && flat('gradients', training.gradients),
      calls: Array.from({ length: this.calls }, (_, k) => ({
        lossNats: losses.reduce(
          (sum, pass) => flat(`loss ${pass} of ${k}`, pass).reduce((total, x) => total + x, sum),
          0,
        ),
        gradientNorm: training ? flat(`norm of ${k}`, training.norm)[0] : NaN,
        outputs: new Map([...outputs.values()].map(({ pass }) => [pass, flat(`output ${pass} of ${k}`, pass)])),
      })),
    };
  }
}

/** What gpu.js gives is rows, of a vector one. */
function flatten(result: unknown, shape: Shape): Float32Array {
  if (shape.kind === 'vector') return result as Float32Array;
  const rows = (shape.planes > 1 ? (result as Float32Array[][]).flat() : result) as Float32Array[];
  const whole = new Float32Array(elementsOf(shape));
  rows.forEach((row, index) => whole.set(row, index * shape.columns));
  return whole;
}
