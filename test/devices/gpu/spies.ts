// The device of WebGPU that a test's GPU device uses, to disturb it or to look at its calls.
import { vi } from 'vitest';
import { Adapter } from '../../../src/devices/gpu/adapter.ts';

export const devices = vi.spyOn(Adapter.prototype, 'device');

/** The device of WebGPU that is in use. */
export async function lastDevice(): Promise<GPUDevice> {
  return (await devices.mock.results.at(-1)!.value) as GPUDevice;
}

/** The methods that all objects of this class share. */
export const prototypeOf = <Instance extends object>(instance: Instance): Instance =>
  Object.getPrototypeOf(instance) as Instance;
