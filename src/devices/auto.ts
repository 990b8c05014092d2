// Which device `auto` opens for some work: the GPU if it answers, and if measured matrix products
// say that it finishes sooner.
import { RnnError } from '../errors.ts';
import { count } from '../count.ts';
import type { Device } from './device.ts';
import type { GpuSpeed, StepShape } from './speed.ts';

/** The amount of work that a device is opened for, in multiply-adds. */
export type ExpectedWork = TrainingWork | SamplingWork;

/** The work of sampling texts. */
export interface SamplingWork {
  readonly kind: 'sampling';
  /** Multiply-adds of the matrix products of all texts. */
  readonly multiplyAdds: number;
}

/** The work of a training run. */
export interface TrainingWork {
  readonly kind: 'training';
  /** Multiply-adds of the matrix products of one update step. */
  readonly multiplyAdds: number;
  /** N */
  readonly batchSize: number;
  /** T */
  readonly sequenceLength: number;
  /** L */
  readonly layers: number;
  /** Update steps of the whole run. Null if only its duration is known. */
  readonly steps: number | null;
  /** The run ends after this time. */
  readonly milliseconds: number;
}

/** Opens the devices among which `auto` chooses. */
export interface DeviceOpeners {
  cpu(): Promise<Device>;
  gpu(): Promise<Device>;
}

/** Time to find the GPU and to compile the kernels of a model. No GPU has been measured. */
const GPU_START_MS = 5000;
/**
 * The GPU must be this many times as fast, because an update step consists of more than the products
 * that are measured.
 */
const GPU_MARGIN = 2;
/** Weights are measured in square matrices of these widths. */
const WIDTHS = { multiple: 16, max: 1024 } as const;

/**
 * Opens the device on which the work is expected to finish first, with the reason. Nothing is
 * measured, and no code of the GPU is loaded, unless this machine may have a GPU and the work may be
 * worth it.
 *
 * @param work default: enough work to be worth any GPU
 */
export async function openBest(work: ExpectedWork | undefined, open: DeviceOpeners): Promise<Device> {
  const openCpu = async (why: string): Promise<Device> => withReason(await open.cpu(), `cpu: ${why}`);
  if (work?.kind === 'sampling') return openCpu('sampling one character at a time is faster there');
  if (work && work.milliseconds <= GPU_START_MS) return openCpu(tooShort);
  if (!(await import('./gpu/search.ts')).mayHaveGpu()) return openCpu('this system does not have a GPU');
  if (!work) {
    const gpu = await deviceOrReason(open.gpu);
    return typeof gpu === 'string' ? openCpu(gpu) : withReason(gpu, `${gpu.description} answered`);
  }
  const { measureCpu, measureGpu } = await import('./speed.ts');
  const cpu = await open.cpu();
  const shape = shapeOf(work);
  const cpuSpeed = await measureCpu(cpu, shape, PRODUCTS_PER_WEIGHT * work.sequenceLength * work.layers);
  if (isTooShort(work, work.multiplyAdds / cpuSpeed, 0)) return withReason(cpu, `cpu: ${tooShort}`);
  const gpu = await deviceOrReason(open.gpu);
  if (typeof gpu === 'string') return withReason(cpu, `cpu: ${gpu}`);
  const gpuSpeed = await deviceOrReason(() => measureGpu(gpu, shape));
  const { isGpu, why } =
    typeof gpuSpeed === 'string' ? { isGpu: false, why: gpuSpeed } : compare(work, cpuSpeed, gpuSpeed);
  await (isGpu ? cpu : gpu).close();
  return isGpu ? withReason(gpu, `${gpu.description}: ${why}`) : withReason(cpu, `cpu: ${why}`);
}

/** The result, or the message of an error that lies in the device and not in this program. */
async function deviceOrReason<Result>(open: () => Promise<Result>): Promise<Result | string> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return error.message;
  }
}

/**
 * Products of a time step: square matrices with as many weights as each layer has, if every weight
 * is used once per time step.
 */
function shapeOf({ multiplyAdds, batchSize, sequenceLength, layers }: TrainingWork): StepShape {
  const weights = multiplyAdds / (PRODUCTS_PER_WEIGHT * batchSize * sequenceLength * layers);
  const width = WIDTHS.multiple * Math.round(Math.sqrt(weights) / WIDTHS.multiple);
  return { rows: batchSize, width: Math.max(WIDTHS.multiple, Math.min(WIDTHS.max, width)), layers };
}

/** Each weight is in a product of the forward pass, and in two of the backward pass. */
const PRODUCTS_PER_WEIGHT = 3;

/**
 * Milliseconds of an update step on a GPU. Layers run side by side, one time step apart, forward and
 * backward, with a dispatch for each time step. The gradients of the weights are large products.
 */
function gpuStepMs(work: TrainingWork, { step, multiplyAddsPerMs }: GpuSpeed): number {
  const { sequenceLength: T, layers: L } = work;
  const ofOneProduct = work.multiplyAdds / PRODUCTS_PER_WEIGHT;
  const stepMs = step.milliseconds * Math.max(1, ofOneProduct / T / step.multiplyAdds);
  return 2 * (T + L - 1) * stepMs + ofOneProduct / multiplyAddsPerMs;
}

/** @param cpuSpeed in multiply-adds per millisecond */
function compare(
  work: TrainingWork,
  cpuSpeed: number,
  gpuSpeed: GpuSpeed,
): { readonly isGpu: boolean; readonly why: string } {
  const cpuMs = work.multiplyAdds / cpuSpeed;
  const gpuMs = gpuStepMs(work, gpuSpeed);
  const { milliseconds, multiplyAdds } = gpuSpeed.step;
  const gigaflops = [cpuSpeed, multiplyAdds / milliseconds].map(inGigaflops).join(' and ');
  const figures = `an update step takes about ${inTime(cpuMs)} on the cpu and ${inTime(gpuMs)} on the gpu (measured products: ${gigaflops} GFLOP/s)`;
  if (cpuMs < GPU_MARGIN * gpuMs) return { isGpu: false, why: `the gpu is not twice as fast: ${figures}` };
  if (isTooShort(work, cpuMs, gpuMs)) return { isGpu: false, why: `${tooShort}: ${figures}` };
  return { isGpu: true, why: figures };
}

const tooShort = `the run is too short for a GPU, which takes about ${GPU_START_MS / 1000} s to start`;

/** Whether a GPU would save less than the time that it takes to start. */
function isTooShort({ steps, milliseconds }: TrainingWork, cpuMs: number, gpuMs: number): boolean {
  return Math.min((steps ?? Infinity) * cpuMs, milliseconds) * (1 - gpuMs / cpuMs) < GPU_START_MS;
}

const withReason = (device: Device, reason: string): Device => Object.assign(device, { reason });
const inTwoDigits = (value: number): number => Number(value.toPrecision(2));
const inTime = (milliseconds: number): string =>
  milliseconds < 1000 ? `${inTwoDigits(milliseconds)} ms` : `${inTwoDigits(milliseconds / 1000)} s`;
/** @param speed in multiply-adds per millisecond, each of which is two operations */
const inGigaflops = (speed: number): string => {
  const gigaflops = inTwoDigits(2e-6 * speed);
  return gigaflops < 10 ? String(gigaflops) : count(gigaflops);
};
