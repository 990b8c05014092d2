// How long each kernel of a call takes. gpu.js times nothing, so a pipeline is made that has one
// pass many times, on zeros, and another that has it less often: the difference between them is
// passes alone, without uploads, submission and reading back. Every pass of a pipeline writes to
// the same buffer, so a GPU makes them one after the other, as it does those of a call that read
// each other.
import { RnnError } from '../../errors.ts';
import type { PassTime } from '../device.ts';
import { type Pass, type PassList, byKernel } from './passes.ts';
import { type Handle, type Kernels, type Pipeline, inputOf, makePipeline, refuseTakenApart } from './plan.ts';
import type { Health } from './runner.ts';
import { type Reference, type Shape, elementsOf, isNumber } from './writer.ts';

/**
 * What the passes of the longer pipeline should take together: much beside how the time of a run
 * varies.
 */
const ENOUGH_MS = 20;
const MOST_PASSES = 1000;
/**
 * A pass is taken to last this part of a run of one, at least: times that vary can make it seem
 * nothing.
 */
const LEAST_PART = 1 / 50;
/** Of each pipeline, after one that compiles. */
const RUNS = 5;
/** For the runs of one kernel; after that each pipeline runs once. */
const PATIENCE_MS = 300;
/** Beside runs that take so long, compiling is nothing. */
const SLOW_MS = 2000;

/** The passes of a call, kernel by kernel, most time first. */
export async function profilePasses(
  { passes, arguments: given }: PassList,
  kernels: Kernels,
  health: Health,
): Promise<PassTime[]> {
  const shapes = new Map(given.map(({ name, shape }) => [name, shape]));
  const shapeOf = (reference: Reference): Shape | null => {
    if (reference.kind === 'pass') return passes[reference.index].shape;
    return reference.kind === 'number' || isNumber(reference.name) ? null : shapes.get(reference.name)!;
  };
  const times: PassTime[] = [];
  for (const alike of byKernel(passes)) {
    const [pass] = alike;
    const milliseconds = await timeOfKernel((count) => new Repeated(pass, count, kernels, shapeOf));
    const [error] = health.takeErrors();
    if (error) throw new RnnError('device', `the GPU could not run a ${pass.kind} by itself`, { hint: error.message });
    times.push({
      kind: pass.kind,
      shape: extent(pass.shape),
      passes: alike.length,
      microseconds: 1000 * milliseconds,
      multiplyAdds: pass.multiplyAdds,
    });
  }
  return times.toSorted((a, b) => b.passes * b.microseconds - a.passes * a.microseconds);
}

async function timeOfKernel(make: (passes: number) => Repeated): Promise<number> {
  let spent = 0;
  const hasTime = (): boolean => spent < PATIENCE_MS;
  const bestOf = async (passes: number): Promise<number> => {
    const repeated = make(passes);
    try {
      const compiling = await repeated.run();
      let best = Infinity;
      for (let run = 0; run === 0 || (run < RUNS && hasTime()); run++) {
        const time = run === 0 && compiling > SLOW_MS ? compiling : await repeated.run();
        spent += time;
        best = Math.min(best, time);
      }
      return best;
    } finally {
      await repeated.close();
    }
  };
  return timeOfPass(bestOf, hasTime);
}

/**
 * What one more pass costs, in milliseconds.
 * @param timeOf the time of a run of so many passes
 * @param hasTime whether there is time for a more exact answer
 */
export async function timeOfPass(timeOf: (passes: number) => Promise<number>, hasTime: () => boolean): Promise<number> {
  const one = await timeOf(1);
  const slope = async (passes: number): Promise<number> => Math.max(0, (await timeOf(passes)) - one) / (passes - 1);
  const few = passesFor(one);
  const first = await slope(few);
  // Where starting a run takes much longer than a pass, these were too few.
  const many = passesFor(Math.max(first, one * LEAST_PART));
  return many >= 2 * few && hasTime() ? slope(many) : first;
}

/** How many passes are enough, if each takes so many milliseconds. */
function passesFor(each: number): number {
  return Math.max(2, Math.min(MOST_PASSES, Math.floor(ENOUGH_MS / each)));
}

/** A pipeline that has one pass several times. */
class Repeated {
  readonly #pipeline: Pipeline;
  readonly #values: unknown[] = [];
  readonly #kernels: Kernels;

  constructor(pass: Pass, count: number, kernels: Kernels, shapeOf: (reference: Reference) => Shape | null) {
    this.#kernels = kernels;
    const operands = pass.operands.map((operand) => {
      const shape = shapeOf(operand);
      const value = shape
        ? inputOf(new Float32Array(elementsOf(shape)), shape)
        : operand.kind === 'number'
          ? operand.value
          : 0;
      // As in a plan: only where each value would make another kernel are numbers arguments.
      if (shape === null && kernels.mode !== 'webasm') return () => value as number;
      const index = this.#values.push(value) - 1;
      return (handles: readonly Handle[]) => handles[index];
    });
    this.#pipeline = makePipeline(kernels.gpu, this.#values.length, (handles) => {
      const kernel = kernels.of(pass);
      let last: Handle = {};
      for (let i = 0; i < count; i++) last = kernel(...operands.map((operand) => operand(handles)));
      return { last };
    });
  }

  /** @returns milliseconds */
  async run(): Promise<number> {
    const started = performance.now();
    await this.#pipeline(...this.#values);
    const time = performance.now() - started;
    refuseTakenApart(this.#pipeline, this.#kernels.mode);
    return time;
  }

  close(): Promise<void> {
    return this.#pipeline.destroy();
  }
}

function extent(shape: Shape): PassTime['shape'] {
  return shape.kind === 'vector'
    ? { rows: 1, columns: shape.length, planes: 1 }
    : { rows: shape.rows, columns: shape.columns, planes: shape.planes };
}
