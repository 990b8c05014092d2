// The devices of commands: the option, its help, and RNN_DEVICE. The module devices/ opens them.
import { usageError } from '../errors.ts';
import type { DeviceText } from '../options/run.ts';
import type { MachineChoice } from '../api/model-results.ts';
import type { Context } from './context.ts';

/** Whether a device is or can be the cpu. Undefined and null mean that no device was given. */
export const mayBeCpu = (name: unknown): boolean => name == null || name === 'cpu' || name === 'auto';

/**
 * @throws RnnError `usage` if kernels are chosen and no device is the cpu, because no option is
 * ignored silently
 */
export function refuseKernelsWithout(
  kernels: string | null | undefined,
  names: readonly (string | null | undefined)[],
): void {
  if (kernels == null || names.some((name) => mayBeCpu(name))) return;
  throw usageError(
    `cannot use --kernels with --device ${names.join(', ')}: only the cpu has kernels`,
    'omit --kernels, or use --device cpu',
    {
      options: ['--kernels', '--device'],
    },
  );
}

/** The device that rnn chooses. */
export const autoDevice: DeviceText = {
  summary: 'The gpu if training is at least twice as fast on it, by a short measurement, else the cpu',
  use: 'To let rnn choose (the default)',
};

/** Whether RNN_DEVICE names the device, and not an option. */
export const isByEnvironment = ({ origins }: Context): boolean => origins.get('--device') === 'RNN_DEVICE';

/**
 * The machine of a command, as the functions of api/ take it, and its origin for messages.
 *
 * @throws RnnError `usage` as `refuseKernelsWithout` does
 */
export function machineFrom(
  { device, threads, kernels }: MachineChoice & { readonly device: string },
  context: Context,
): { readonly machine: MachineChoice; readonly deviceOriginText: string } {
  refuseKernelsWithout(kernels, [device]);
  return { machine: { device, threads, kernels }, deviceOriginText: isByEnvironment(context) ? ', by RNN_DEVICE' : '' };
}
