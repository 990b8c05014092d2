// Measures how fast a device computes matrix products of the shapes of a model, for `auto`. The
// device computes a recurrent network of one product per layer and time step, on zeros.
import { Builder } from '../program/builder.ts';
import type { ParameterShape, Program } from '../program/value.ts';
import type { Device, Job } from './device.ts';

/** The matrix products of a time step: (N, K)·(K, K) for each layer. */
export interface StepShape {
  /** N */
  readonly rows: number;
  /** K */
  readonly width: number;
  /** L */
  readonly layers: number;
}

/** Speed of a GPU. */
export interface GpuSpeed {
  /** The products of a time step, of all layers in one dispatch. */
  readonly step: { readonly milliseconds: number; readonly multiplyAdds: number };
  /** Multiply-adds per millisecond in a large product. */
  readonly multiplyAddsPerMs: number;
}

/** How long the cpu is measured, after a first call. */
const MEASURING_MS = 50;
/** Limits of the time steps of a call: enough multiply-adds for some milliseconds. */
const CALL = { multiplyAdds: 1e8, steps: 256 } as const;
const LARGE: StepShape = { rows: 1024, width: 1024, layers: 1 };

/**
 * Multiply-adds per millisecond of the cpu, in products of a time step, with all of its threads.
 *
 * @param products the maximum number of products of a call, because starting a call takes time
 */
export async function measureCpu(device: Device, shape: StepShape, products: number): Promise<number> {
  const one = { ...shape, layers: 1 };
  const steps = Math.min(products, CALL.steps, Math.ceil(CALL.multiplyAdds / multiplyAddsOf(one)));
  const job = recurrenceJob('time steps', one, steps);
  const executable = await device.compile({ parameters: weightsOf([one]), jobs: [job], update: null });
  try {
    const call = { ids: new Int32Array(job.steps * job.batch) };
    await executable.run(job.name, [call]);
    const started = performance.now();
    let calls = 0;
    let elapsedMs = 0;
    while (elapsedMs < MEASURING_MS) {
      await executable.run(job.name, [call]);
      calls++;
      elapsedMs = performance.now() - started;
    }
    return (calls * job.steps * multiplyAddsOf(one)) / elapsedMs;
  } finally {
    await executable.close();
  }
}

/**
 * @param device one whose executables have profiles
 * @param largeShape a product that keeps all of a GPU busy
 */
export async function measureGpu(device: Device, shape: StepShape, largeShape = LARGE): Promise<GpuSpeed> {
  const [step, large] = [recurrenceJob('time step', shape, 1), recurrenceJob('large', largeShape, 1)];
  const executable = await device.compile({
    parameters: weightsOf([shape, largeShape]),
    jobs: [step, large],
    update: null,
  });
  try {
    const times = [await executable.profile!(step.name), await executable.profile!(large.name)];
    const [milliseconds, largeMs] = times.map((each) =>
      each.reduce((sum, time) => sum + (time.multiplyAdds > 0 ? time.count * time.microseconds : 0) / 1000, 0),
    );
    return {
      step: { milliseconds, multiplyAdds: multiplyAddsOf(shape) },
      multiplyAddsPerMs: multiplyAddsOf(largeShape) / largeMs,
    };
  } finally {
    await executable.close();
  }
}

/** Multiply-adds of a time step. */
function multiplyAddsOf({ rows, width, layers }: StepShape): number {
  return layers * rows * width * width;
}

function recurrenceJob(name: string, shape: StepShape, steps: number): Job {
  return { name, steps, batch: shape.rows, build: (rows) => recurrence({ ...shape, rows }, steps) };
}

/** h = tanh(h·W) in each layer, for a number of time steps. */
function recurrence({ rows, width, layers }: StepShape, steps: number): Program {
  const builder = new Builder();
  for (let layer = 0; layer < layers; layer++) {
    const weight = builder.parameter(weightName(width, layer), width, width);
    let h = builder.loadState(`h${layer}`, rows, width);
    for (let step = 0; step < steps; step++) h = builder.tanh(builder.matmul(h, weight));
    builder.storeState(`h${layer}`, h);
  }
  return builder.program(new Map());
}

const weightName = (width: number, layer: number): string => `W${width}.${layer}`;

function weightsOf(shapes: readonly StepShape[]): ParameterShape[] {
  const weights = shapes.flatMap(({ width, layers }) =>
    Array.from({ length: layers }, (_, layer) => ({ name: weightName(width, layer), rows: width, columns: width })),
  );
  return [...new Map(weights.map((weight) => [weight.name, weight])).values()];
}
