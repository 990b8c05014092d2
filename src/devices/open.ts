// The devices by name: what a user may ask for, and how each is opened.
import { RnnError } from '../errors.ts';
import type { Device } from './device.ts';

export interface OpenOptions {
  /** At most this many threads; left out, one per core. */
  readonly threads?: number;
}

const devices: Readonly<Record<string, (options: OpenOptions) => Promise<Device>>> = {
  cpu: async (options) => (await import('./cpu/cpu.ts')).openCpu(options),
  reference: async () => (await import('./reference/reference.ts')).openReference(),
};

/**
 * Opens a device by name; `auto` takes the best that works here.
 * @throws RnnError `device` if there is no such device, or it does not work here
 */
export async function openDevice(name: string, options: OpenOptions = {}): Promise<Device> {
  const wanted = name === 'auto' ? 'cpu' : name;
  const open = Object.hasOwn(devices, wanted) ? devices[wanted] : undefined;
  if (open === undefined) throw new RnnError('device', `device '${name}' is not available`, { hint: `one of auto, ${Object.keys(devices).join(', ')}` });
  return open(options);
}
