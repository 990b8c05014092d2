// The kernels of the cpu in tests. Tests of kernels that this machine lacks are skipped visibly.
import { kernelAvailability } from '../../../src/devices/cpu/choose.ts';
import { loadKernels } from '../../../src/devices/cpu/kernels.ts';
import type { KernelName } from '../../../src/options/choices.ts';

export const kernels = await loadKernels();

/** Why kernels cannot be used on this machine, for the name of skipped tests. Empty if they can. */
export function missing(name: KernelName): string {
  const { problem } = kernelAvailability().find((trial) => trial.name === name)!;
  return problem === null ? '' : ` (skipped: ${problem})`;
}

/** The kernels that give the same bits, with the reason if one is missing. */
export const alikeKernels = (['avx512', 'avx2', 'wasm'] as const).map((name) => [name, missing(name)] as const);
