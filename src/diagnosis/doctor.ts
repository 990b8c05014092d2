// What works on this machine and what does not: a list of checks, each reported as soon as it is
// done.
import { deviceNames, openDevice } from '../devices/open.ts';
import type { Check } from './check.ts';
import { allChecks, quickChecks } from './checks.ts';
import { checkAdapter, checkDevice } from './devices.ts';
import { checkBlas, checkMemory, checkNode, checkThreads, checkWebAssembly } from './machine.ts';

export type { Check };

export interface Examination {
  /** Only this device; left out, those that a user may want. */
  readonly device?: string;
  /** As in chooseBlas. */
  readonly blas?: string;
  /** All comparisons with the reference device, not only the quick ones, and all devices. */
  readonly full: boolean;
}

/**
 * No user misses a GPU made of software, and the reference device is what the others are compared
 * with.
 */
const usualDevices = deviceNames.filter((name) => name !== 'gpu:software' && name !== 'reference');

export async function* examine({ device, blas, full }: Examination): AsyncGenerator<Check> {
  const names =
    device === undefined ? (full ? deviceNames.filter((name) => name !== 'reference') : usualDevices) : [device];
  yield checkNode();
  yield await checkWebAssembly();
  yield await checkThreads();
  yield checkMemory();
  yield await checkBlas(blas);
  if (names.includes('gpu')) yield checkAdapter('hardware');
  if (names.includes('gpu:software')) yield checkAdapter('software');
  for (const name of names)
    yield checkDevice(name, full ? allChecks : quickChecks, (each) =>
      openDevice(each, blas === undefined ? {} : { blas }),
    );
}
