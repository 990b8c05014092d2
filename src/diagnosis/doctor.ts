// The checks of rnn doctor: which parts of the program work on this machine. Each result is
// reported immediately.
import { deviceNames, openDevice } from '../devices/open.ts';
import { choiceFrom } from '../devices/environment.ts';
import { type KernelChoice, kernelChoices } from '../options/choices.ts';
import type { Check } from './check.ts';
import { allChecks, quickChecks } from './checks.ts';
import { checkAdapter, checkDevice } from './devices.ts';
import { checkKernels, checkMemory, checkNode, checkProcessor, checkThreads, checkWebAssembly } from './machine.ts';

export type { Check };

export interface Examination {
  /** Only this device. Default: all devices that a user may want. */
  readonly device?: string;
  /** The kernels of the cpu device. Default: as in chooseKernels. */
  readonly kernels?: KernelChoice;
  /**
   * Whether to run all comparisons with the reference device on all devices, instead of the quick
   * comparisons on usual devices.
   */
  readonly full: boolean;
}

/**
 * Yields the result of each check.
 *
 * @throws RnnError `usage` before the first check if RNN_KERNELS is not the name of kernels
 */
export async function* examine({ device, kernels, full }: Examination): AsyncGenerator<Check> {
  if (kernels === undefined) choiceFrom('RNN_KERNELS', kernelChoices);
  // The reference device is the standard of comparison, and users do not miss a software GPU.
  const usual = deviceNames.filter((name) => name !== 'reference' && (full || name !== 'gpu:software'));
  const names = device === undefined ? usual : [device];
  yield checkNode();
  yield checkProcessor();
  yield await checkWebAssembly();
  yield await checkThreads();
  yield checkMemory();
  yield await checkKernels(kernels);
  if (names.includes('gpu')) yield checkAdapter('hardware');
  if (names.includes('gpu:software')) yield checkAdapter('software');
  for (const name of names)
    yield checkDevice(name, full ? allChecks : quickChecks, (each) => openDevice(each, { kernels }));
}
