// What commands have to do with devices: the option, its place in the help, and RNN_DEVICE. Opening
// one is devices/'s.
import type { Command } from 'commander';
import { RnnError } from '../errors.ts';
import { devices, machineOptions } from '../options/run.ts';
import { parseChoice } from '../options/values.ts';
import { Flag } from './flags.ts';
import type { Io } from './process/io.ts';

const { device, threads, blas } = machineOptions;

export const deviceFlag = (help: string): Flag =>
  new Flag('device', { kind: device.kind, placeholder: device.placeholder, help });
export const threadsFlag = (help: string = threads.help): Flag => new Flag('threads', { ...threads, help });
export const blasFlag = (): Flag => new Flag('blas', blas);

/** Of a device that was given, or of none. */
export const mayHaveBlas = (name: unknown): boolean => name === undefined || name === 'cpu' || name === 'auto';

/**
 * @throws RnnError `usage` if a BLAS was asked for and no device has one: what was asked for is
 * never passed over in silence
 */
export function refuseBlasWithout(blas: string | null | undefined, names: readonly string[]): void {
  if (blas == null || names.some((name) => mayHaveBlas(name))) return;
  throw new RnnError('usage', `--blas is the cpu's, and --device is ${names.join(', ')}`, {
    hint: 'leave one of them out',
    options: ['--blas', '--device'],
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

export interface DeviceChoice {
  readonly name: string;
  /**
   * What RNN_DEVICE says, which may have arrived as the option of `rnn train` that it stands for.
   */
  readonly fromEnvironment: boolean;
}

/** @throws RnnError `usage` if RNN_DEVICE counts and is no device's name */
export function chosenDevice(flag: string | null | undefined, { env }: Io): DeviceChoice {
  const fromEnvironment = Boolean(env.RNN_DEVICE) && (flag == null || flag === env.RNN_DEVICE);
  return {
    name: flag ?? (env.RNN_DEVICE ? parseChoice('RNN_DEVICE', env.RNN_DEVICE, device.kind.choices) : 'auto'),
    fromEnvironment,
  };
}

export interface MachineFlags {
  readonly device?: string;
  readonly threads?: number;
  readonly blas?: string;
}

/**
 * The machine that a command asks for, as the functions of api/ take it, and a word for a line on
 * what it ran on.
 *
 * @throws RnnError `usage` as `chosenDevice` and `refuseBlasWithout` do
 */
export function machineFrom(
  { device, threads, blas }: MachineFlags,
  io: Io,
): { readonly machine: Required<Pick<MachineFlags, 'device'>> & MachineFlags; readonly by: string } {
  const { name, fromEnvironment } = chosenDevice(device, io);
  refuseBlasWithout(blas, [name]);
  return { machine: { device: name, threads, blas }, by: fromEnvironment ? ', by RNN_DEVICE' : '' };
}
