// What commands have to do with devices: the option, its place in the help, and RNN_DEVICE. Opening
// one is devices/'s.
import type { Command } from 'commander';
import { usageError } from '../errors.ts';
import { devices } from '../options/run.ts';
import type { MachineChoice } from '../api/model-results.ts';
import type { Context } from './context.ts';

/** Of a device that was given, or of none. */
export const mayBeCpu = (name: unknown): boolean => name == null || name === 'cpu' || name === 'auto';

/**
 * @throws RnnError `usage` if kernels are chosen and no device is the cpu: no option is ignored in
 * silence
 */
export function refuseKernelsWithout(
  kernels: string | null | undefined,
  names: readonly (string | null | undefined)[],
): void {
  if (kernels == null || names.some((name) => mayBeCpu(name))) return;
  throw usageError(`--kernels is the cpu's, and --device is ${names.join(', ')}`, 'leave one of them out', {
    options: ['--kernels', '--device'],
  });
}

/** Lists the devices below a command's options. */
export function listDevices(command: Command): void {
  const rows = Object.entries({ auto: 'gpu if one answers and pays, else cpu; RNN_DEVICE sets another', ...devices });
  command.addHelpText(
    'after',
    `\nDevices ('rnn doctor' shows which of them work here):\n${rows.map(([name, what]) => `  ${name.padEnd(14)}${what}`).join('\n')}`,
  );
}

/** Whether RNN_DEVICE names the device, and no option does. */
export const isByEnvironment = ({ origins }: Context): boolean => origins.get('--device') === 'RNN_DEVICE';

/**
 * The machine that a command asks for, as the functions of api/ take it, and a word for a line on
 * what it ran on.
 *
 * @throws RnnError `usage` as `refuseKernelsWithout` does
 */
export function machineFrom(
  { device, threads, kernels }: MachineChoice & { readonly device: string },
  context: Context,
): { readonly machine: MachineChoice; readonly by: string } {
  refuseKernelsWithout(kernels, [device]);
  return { machine: { device, threads, kernels }, by: isByEnvironment(context) ? ', by RNN_DEVICE' : '' };
}
