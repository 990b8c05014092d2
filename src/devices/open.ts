// The devices by name: which names a user may choose, and how each device is opened.
import { RnnError, deviceError, inQuotes, unexpected } from '../errors.ts';
import type { KernelChoice } from '../options/choices.ts';
import { type ExpectedWork, openBest } from './auto.ts';
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

/**
 * From this number of multiply-adds on, machine code saves more time than its detection takes: 0.03
 * s.
 */
const WORTH_KERNELS = 5e8;

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
  if (name === 'auto')
    return openBest(options.work, { cpu: () => devices.cpu(options), gpu: () => devices.gpu(options) });
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
