// How long each kernel of a call takes. gpu.js times nothing, so a pipeline is made that has one
// pass many times, on zeros, and another that has it less often: the difference between them is
// passes alone, without uploads, submission and reading back. Every pass of a pipeline writes to
// the same buffer, so a GPU makes them one after the other, as it does those of a call that read
// each other.
import { deviceError } from '../../errors.ts';
import type { PassTime } from '../device.ts';
import { type Pass, type PassList, byKernel } from './passes.ts';
import { type Handle, type Kernels, inputOf, makePipeline, refuseTakenApart } from './plan.ts';
import type { Health } from './runner.ts';
import { type Reference, type Shape, elementsOf, isNumber } from './writer.ts';

/**
 * How much longer the longer pipeline should take: much beside how the time of a run varies.
 */
const ENOUGH_MS = 20;
const MAX_PASSES = 1000;
/** Each pipeline that was tried has so many times the passes of the last. */
const GROWTH = 8;
/** Of each pipeline, after one that compiles. */
const RUNS = 5;
/** For the runs of a pipeline, of which there is at least one. */
const PATIENCE_MS = 100;

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
  const operandOf = (reference: Reference): unknown => {
    const shape = shapeOf(reference);
    if (shape) return inputOf(new Float32Array(elementsOf(shape)), shape);
    return reference.kind === 'number' ? reference.value : 0;
  };
  const times: PassTime[] = [];
  for (const alike of byKernel(passes)) {
    const [pass] = alike;
    const operands = pass.operands.map(operandOf);
    const milliseconds = await timeOfPass((count) => bestTime(pass, operands, count, kernels));
    const [error] = health.takeErrors();
    if (error) throw deviceError(`the GPU could not run a ${pass.kind} by itself`, error.message);
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

/**
 * What one more pass costs, in milliseconds.
 * @param timeOf the time of a run of so many passes
 */
export async function timeOfPass(timeOf: (passes: number) => Promise<number>): Promise<number> {
  const one = await timeOf(1);
  for (let passes = 2; ; passes *= GROWTH) {
    const more = (await timeOf(passes)) - one;
    if (more >= ENOUGH_MS || passes >= MAX_PASSES) return Math.max(0, more) / (passes - 1);
  }
}

/** The milliseconds of the quickest run of a pipeline that has one pass several times. */
async function bestTime(pass: Pass, operands: readonly unknown[], count: number, kernels: Kernels): Promise<number> {
  const pipeline = makePipeline(kernels.gpu, operands.length, (handles) => {
    let last: Handle = {};
    for (let i = 0; i < count; i++) last = kernels.of(pass)(...handles);
    return { last };
  });
  const timeOfRun = async (): Promise<number> => {
    const started = performance.now();
    await pipeline(...operands);
    return performance.now() - started;
  };
  try {
    await timeOfRun();
    refuseTakenApart(pipeline, kernels.mode);
    let best = Infinity;
    for (let run = 0, spent = 0; run === 0 || (run < RUNS && spent < PATIENCE_MS); run++) {
      const time = await timeOfRun();
      spent += time;
      best = Math.min(best, time);
    }
    return best;
  } finally {
    await pipeline.destroy();
  }
}

function extent(shape: Shape): PassTime['shape'] {
  return shape.kind === 'vector'
    ? { rows: 1, columns: shape.length, planes: 1 }
    : { rows: shape.rows, columns: shape.columns, planes: shape.planes };
}
