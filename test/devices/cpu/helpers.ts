// The BLAS of the system in tests: left out, visibly, where there is none (apt-get install
// libopenblas0-pthread).
import { chooseBlas } from '../../../src/devices/cpu/blas/choose.ts';
import { loadKernels } from '../../../src/devices/cpu/kernels.ts';
import type { OpenOptions } from '../../../src/devices/open.ts';
import { type Opened, openHere } from '../gpu/helpers.ts';

export const kernels = await loadKernels();
export const { library, trials } = chooseBlas(kernels, 'auto');

/** Why there is none, for the name of the tests that are left out; empty if there is one. */
export const missingBlas =
  library === null ? ` (skipped: ${trials.map(({ path, reason }) => `${path}: ${reason}`).join('; ')})` : '';

export function openWithBlas(options: OpenOptions): Promise<Opened> {
  return missingBlas === ''
    ? openHere('cpu', { ...options, blas: 'auto' })
    : Promise.resolve({ device: null, missing: missingBlas });
}
