// The software GPU in tests: SwiftShader, which Debian's chromium brings (apt-get install
// libvulkan1 chromium).
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Device } from '../../../src/devices/device.ts';
import { type OpenOptions, openDevice } from '../../../src/devices/open.ts';
import { RnnError } from '../../../src/errors.ts';

export const root = resolve(import.meta.dirname, '../../..');

const ofChromium = '/usr/lib/chromium/vk_swiftshader_icd.json';
// Applies to this process and its children, unless the user has chosen a driver.
if (process.env.VK_ICD_FILENAMES === undefined && existsSync(ofChromium)) process.env.VK_ICD_FILENAMES = ofChromium;

/** The file that names the driver. */
export const icd = process.env.VK_ICD_FILENAMES ?? ofChromium;

export interface Opened {
  /** Null if it does not open. */
  readonly device: Device | null;
  /** The reason why the tests are skipped, for their names. Empty if the device opens. */
  readonly missing: string;
}

/** The device of this name, if it opens here. */
export async function openHere(name: string, options?: OpenOptions): Promise<Opened> {
  try {
    return { device: await openDevice(name, options), missing: '' };
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind !== 'device') throw error;
    return { device: null, missing: ` (skipped: ${error.message})` };
  }
}
