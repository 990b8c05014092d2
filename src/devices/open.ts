// The devices by name: what a user may ask for, how each is opened, and which is taken where the
// choice is left to the program.
import { availableParallelism } from 'node:os';
import { RnnError, deviceError } from '../errors.ts';
import type { KernelChoice } from '../options/choices.ts';
import type { Device } from './device.ts';
import type { GpuMode } from './gpu/gpu.ts';

export interface OpenOptions {
  /** At most this many threads of the cpu; left out, one per core. */
  readonly threads?: number;
  /** What the cpu computes with; left out, RNN_KERNELS says, and without it `auto`. */
  readonly kernels?: KernelChoice;
  /** What the device is for; `auto` asks. Left out, it is enough to be worth a GPU. */
  readonly work?: Work;
}

export type Work = TrainingWork | SamplingWork;

export interface SamplingWork {
  readonly kind: 'sampling';
  /** Of the products of all texts. */
  readonly multiplyAdds: number;
}

/** From so many on machine code saves more time than finding out what there is takes: 0.03 s. */
const WORTH_KERNELS = 5e8;

export interface TrainingWork {
  readonly kind: 'training';
  /** Of the products of one training step. */
  readonly multiplyAdds: number;
  /** Cells in a step that wait for each other: T·L. */
  readonly sequence: number;
  /** Of the whole run; null where only its time is known. */
  readonly steps: number | null;
  /** The run ends after so long. */
  readonly milliseconds: number;
}

const devices: Readonly<Record<string, (options: OpenOptions) => Promise<Device>>> = {
  cpu: async (options) =>
    (await import('./cpu/cpu.ts')).openCpu({ ...options, kernels: options.kernels ?? kernelsFor(options) }),
  gpu: () => openGpu('webgpu'),
  'gpu:software': () => openGpu('software'),
  'gpu:webasm': () => openGpu('webasm'),
  'gpu:cpu': () => openGpu('cpu'),
  reference: async () => (await import('./reference/reference.ts')).openReference(),
};

async function openGpu(mode: GpuMode): Promise<Device> {
  return (await import('./gpu/gpu.ts')).openGpu(mode);
}

/** Where the user chooses none; undefined leaves the choice to the cpu. */
function kernelsFor({ work }: OpenOptions): KernelChoice | undefined {
  const isShort = work?.kind === 'sampling' && work.multiplyAdds < WORTH_KERNELS;
  return isShort && !process.env['RNN_KERNELS'] ? 'wasm' : undefined;
}

/** All but `auto`. */
export const deviceNames: readonly string[] = Object.keys(devices);

/**
 * Opens a device by name, and no other; `auto` takes a GPU where one answers and is worth it, else
 * the cpu, and says why.
 * @throws RnnError `device` if there is no such device, or it does not work here
 */
export async function openDevice(name: string, options: OpenOptions = {}): Promise<Device> {
  if (name === 'auto') return openBest(options);
  const open = Object.hasOwn(devices, name) ? devices[name] : undefined;
  if (open === undefined) throw deviceError(`there is no device '${name}'`, `one of auto, ${deviceNames.join(', ')}`);
  try {
    return await open(options);
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind !== 'device') throw error;
    const { hint, message } = error;
    const doctor = "'rnn doctor' shows which devices work here";
    throw deviceError(
      `device '${name}' is not available: ${message}`,
      hint === undefined ? doctor : hint.includes('rnn doctor') ? hint : `${hint}; ${doctor}`,
      { cause: error },
    );
  }
}

/** Nothing of a GPU is loaded where it cannot be had or would not pay. */
async function openBest(options: OpenOptions): Promise<Device> {
  const openCpu = async (why: string): Promise<Device> =>
    Object.assign(await devices.cpu(options), { reason: `cpu: ${why}` });
  const expected = expectGpu(options);
  if (!expected.pays) return openCpu(expected.why);
  if (!(await import('./gpu/search.ts')).mayHaveGpu()) return openCpu('the system knows of no GPU');
  try {
    const gpu = await devices.gpu(options);
    return Object.assign(gpu, { reason: `${gpu.description} answered${expected.why}` });
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind !== 'device') throw error;
    return openCpu(error.message);
  }
}

/** Of one thread with AVX2 or a BLAS, measured on LSTMs of 128 to 512 units. */
const CPU_MULTIPLY_ADDS_PER_MS = 5e7;
/** More threads would each have so few rows of a usual batch that they hardly gain. */
const MAX_CPU_THREADS = 16;
// No GPU has been measured. These are estimates for a discrete graphics card: integrated ones are
// slower, data-centre cards faster.
const GPU_MULTIPLY_ADDS_PER_MS = 3e9;
/** Two kernels forward and two backward for each cell. */
const GPU_MS_PER_CELL = 4 * 0.01;
/** Finding it, compiling its kernels, and the first submission. */
const GPU_START_MS = 5000;
/** So many times as fast a GPU must be by these estimates, because they may be wrong. */
const GPU_MARGIN = 2;

/** Whether a GPU is expected to end the work sooner, and in words why. */
function expectGpu({ work, threads = availableParallelism() }: OpenOptions): {
  readonly pays: boolean;
  readonly why: string;
} {
  if (work === undefined) return { pays: true, why: '' };
  if (work.kind === 'sampling') return { pays: false, why: 'one character at a time is faster there' };
  const cpuStep = work.multiplyAdds / (CPU_MULTIPLY_ADDS_PER_MS * Math.min(threads, MAX_CPU_THREADS));
  const gpuStep = work.multiplyAdds / GPU_MULTIPLY_ADDS_PER_MS + GPU_MS_PER_CELL * work.sequence;
  const estimates = `by estimate ${inMs(cpuStep)} a step on the cpu, ${inMs(gpuStep)} on a GPU`;
  if (cpuStep < GPU_MARGIN * gpuStep)
    return { pays: false, why: `a GPU is not clearly faster at this model: ${estimates}` };
  const cpuRun = Math.min((work.steps ?? Infinity) * cpuStep, work.milliseconds);
  const isShort = cpuRun * (1 - gpuStep / cpuStep) < GPU_START_MS;
  return {
    pays: !isShort,
    why: isShort ? `the run is too short for a GPU, which takes ${GPU_START_MS / 1000} s to start` : `; ${estimates}`,
  };
}

const inMs = (milliseconds: number): string => `${Number(milliseconds.toPrecision(2))} ms`;
