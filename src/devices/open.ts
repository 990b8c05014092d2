// The devices by name: which names a user may choose, how each device is opened, and which device
// `auto` chooses.
import { availableParallelism } from 'node:os';
import { RnnError, deviceError, inQuotes, unexpected } from '../errors.ts';
import type { KernelChoice } from '../options/choices.ts';
import type { Device } from './device.ts';
import type { GpuMode } from './gpu/gpu.ts';

/** How to open a device. Omitted options are chosen by the device. */
export interface OpenOptions {
  /** The maximum number of threads of the cpu device. Default: one per core. */
  readonly threads?: number;
  /** The kernels of the cpu device. Default: RNN_KERNELS, or `auto` if it is not set. */
  readonly kernels?: KernelChoice;
  /** The work, from which `auto` chooses. Default: enough work to be worth a GPU. */
  readonly work?: ExpectedWork;
}

/** The amount of work that a device is opened for, in multiply-adds. */
export type ExpectedWork = TrainingWork | SamplingWork;

/** The work of sampling texts. */
export interface SamplingWork {
  readonly kind: 'sampling';
  /** Multiply-adds of the matrix products of all texts. */
  readonly multiplyAdds: number;
}

/**
 * From this number of multiply-adds on, machine code saves more time than its detection takes: 0.03
 * s.
 */
const WORTH_KERNELS = 5e8;

/** The work of a training run. */
export interface TrainingWork {
  readonly kind: 'training';
  /** Multiply-adds of the matrix products of one update step. */
  readonly multiplyAdds: number;
  /** Cells that wait for each other in an update step: T·L. */
  readonly sequence: number;
  /** Update steps of the whole run. Null if only its duration is known. */
  readonly steps: number | null;
  /** The run ends after this time. */
  readonly milliseconds: number;
}

const devices: Readonly<Record<string, (options: OpenOptions) => Promise<Device>>> = {
  cpu: async (options) =>
    (await import('./cpu/cpu.ts')).openCpu({ ...options, kernels: options.kernels ?? kernelsFor(options) }),
  gpu: () => openGpu('webgpu'),
  'gpu:software': () => openGpu('software'),
  'gpu:cpu': () => openGpu('cpu'),
  reference: async () => (await import('./reference/reference.ts')).openReference(),
};

async function openGpu(mode: GpuMode): Promise<Device> {
  return (await import('./gpu/gpu.ts')).openGpu(mode);
}

/** The kernels if the user did not choose any. Undefined leaves the choice to the cpu device. */
function kernelsFor({ work }: OpenOptions): KernelChoice | undefined {
  const isShort = work?.kind === 'sampling' && work.multiplyAdds < WORTH_KERNELS;
  return isShort && !process.env['RNN_KERNELS'] ? 'wasm' : undefined;
}

/** The names of all devices. `auto` is not one of them. */
export const deviceNames: readonly string[] = Object.keys(devices);

const seeDevices = 'run rnn doctor to see which devices work here';

/**
 * Opens the device with this name, and never another one. `auto` opens a GPU if there is one and it
 * is worth it. Otherwise it opens the cpu device with a reason.
 * @throws RnnError `device` if the device does not exist or does not work here
 */
export async function openDevice(name: string, options: OpenOptions = {}): Promise<Device> {
  if (name === 'auto') return openBest(options);
  const open = Object.hasOwn(devices, name) ? devices[name] : undefined;
  if (open === undefined)
    throw deviceError(unexpected('device', inQuotes(name), `one of auto, ${deviceNames.join(', ')}`), seeDevices);
  try {
    return await open(options);
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind !== 'device') throw error;
    const { hint, message } = error;
    throw deviceError(
      message.startsWith('cannot ') ? message : `cannot use device ${name}: ${message}`,
      hint === undefined ? seeDevices : hint.includes('rnn doctor') ? hint : `${hint}, or ${seeDevices}`,
      { cause: error },
    );
  }
}

/** Loads the code of the GPU device only if this machine has a GPU that is worth using. */
async function openBest(options: OpenOptions): Promise<Device> {
  const openCpu = async (why: string): Promise<Device> =>
    Object.assign(await devices.cpu(options), { reason: `cpu: ${why}` });
  const expected = expectGpu(options);
  if (!expected.pays) return openCpu(expected.why);
  if (!(await import('./gpu/search.ts')).mayHaveGpu()) return openCpu('this system does not have a GPU');
  try {
    const gpu = await devices.gpu(options);
    return Object.assign(gpu, { reason: `${gpu.description} answered${expected.why}` });
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind !== 'device') throw error;
    return openCpu(error.message);
  }
}

/** Speed of one thread with AVX2 or a BLAS, measured on LSTMs of 128 to 512 units. */
const CPU_MULTIPLY_ADDS_PER_MS = 5e7;
/** With more threads, each has too few rows of a usual batch to gain much. */
const MAX_CPU_THREADS = 16;
// No GPU has been measured. These are estimates for a discrete graphics card: integrated ones are
// slower, data-centre cards faster.
const GPU_MULTIPLY_ADDS_PER_MS = 3e9;
/** Two kernels forward and two backward for each cell. */
const GPU_MS_PER_CELL = 4 * 0.01;
/** Time to find the GPU, compile its kernels and submit the first work. */
const GPU_START_MS = 5000;
/** A GPU must be this many times as fast by these estimates, because they may be wrong. */
const GPU_MARGIN = 2;

/** Whether a GPU is expected to finish the work sooner, and why. */
function expectGpu({ work, threads = availableParallelism() }: OpenOptions): {
  readonly pays: boolean;
  readonly why: string;
} {
  if (work === undefined) return { pays: true, why: '' };
  if (work.kind === 'sampling') return { pays: false, why: 'sampling one character at a time is faster there' };
  const cpuStep = work.multiplyAdds / (CPU_MULTIPLY_ADDS_PER_MS * Math.min(threads, MAX_CPU_THREADS));
  const gpuStep = work.multiplyAdds / GPU_MULTIPLY_ADDS_PER_MS + GPU_MS_PER_CELL * work.sequence;
  const estimates = `an update step takes about ${inMs(cpuStep)} on the cpu and ${inMs(gpuStep)} on a GPU (estimated)`;
  if (cpuStep < GPU_MARGIN * gpuStep)
    return { pays: false, why: `a GPU is not clearly faster for this model: ${estimates}` };
  const cpuRun = Math.min((work.steps ?? Infinity) * cpuStep, work.milliseconds);
  const isShort = cpuRun * (1 - gpuStep / cpuStep) < GPU_START_MS;
  return {
    pays: !isShort,
    why: isShort
      ? `the run is too short for a GPU, which takes ${GPU_START_MS / 1000} s to start`
      : `, and ${estimates}`,
  };
}

const inMs = (milliseconds: number): string => `${Number(milliseconds.toPrecision(2))} ms`;
