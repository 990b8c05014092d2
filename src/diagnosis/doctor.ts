// What works on this machine and what does not: a list of checks, each reported as soon as it is
// done.
import { deviceNames, openDevice } from '../devices/open.ts';
import type { KernelChoice } from '../options/choices.ts';
import type { Check } from './check.ts';
import { allChecks, quickChecks } from './checks.ts';
import { checkAdapter, checkDevice } from './devices.ts';
import { checkKernels, checkMemory, checkNode, checkProcessor, checkThreads, checkWebAssembly } from './machine.ts';

export type { Check };

export interface Examination {
  /** Only this device; left out, those that a user may want. */
  readonly device?: string;
  /** As in chooseKernels. */
  readonly kernels?: KernelChoice;
  /** All comparisons with the reference device, not only the quick ones, and all devices. */
  readonly full: boolean;
}

export async function* examine({ device, kernels, full }: Examination): AsyncGenerator<Check> {
  // The others are compared with the reference device, and no user misses a GPU made of software.
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
