// Checks the devices of this machine and measures their speed, for other programs. The code of the
// checks is loaded when it is needed, because few programs need it.
import { benchModel, benchOptions, doctorOptions } from '../options/commands.ts';
import { orNull } from '../options/kind.ts';
import { columnOf, omitUndefined, kindsOf, tableOf } from '../options/option.ts';
import { machineOfCommands } from '../options/run.ts';
import type { BenchResult, BenchSetup } from '../diagnosis/bench.ts';
import type { Check, Examination } from '../diagnosis/doctor.ts';
import type { MachineChoice } from './model-results.ts';
import type { ListenerOption } from './run-request.ts';
import { withDevice } from './trained.ts';
import { listenerMember, refuseWrong } from './checks.ts';

/**
 * Checks the devices of this machine and yields the result of each check. `full` runs all
 * comparisons with the reference device on all devices.
 *
 * @throws RnnError `usage` for an unknown option or a wrong value. A device that fails is a result
 */
export async function* doctor(examination: Partial<Examination> = {}): AsyncGenerator<Check, void, undefined> {
  const { json: _, ...members } = kindsOf(tableOf(doctorOptions));
  refuseWrong(examination, members);
  const { full = false } = examination;
  const { examine } = await import('../diagnosis/doctor.ts');
  yield* examine({ ...examination, full });
}

/** The request of `bench`: the model to measure, the duration in milliseconds and the machine. */
export interface BenchRequest extends Partial<BenchSetup>, MachineChoice, ListenerOption {}

const { profile, milliseconds } = tableOf(benchOptions);
const defaults: BenchSetup = { ...columnOf(benchModel, 'default'), milliseconds: milliseconds.default };
const members = {
  ...kindsOf({ ...benchModel, ...machineOfCommands, profile }),
  milliseconds: orNull(milliseconds.kind),
  listener: listenerMember,
};

/**
 * Measures how fast a device trains and samples a model, on tokens sampled at random. The default
 * device is `cpu`. With `milliseconds: null` it runs nothing, and `gpu` works without a GPU.
 *
 * @throws RnnError `device` if the device is not available or does not compute numbers, `usage` for
 * a model that is too large or an unknown option
 */
export async function bench(request: BenchRequest = {}): Promise<BenchResult> {
  refuseWrong(request, members);
  const { device: name = 'cpu', threads, kernels, listener, ...setup } = request;
  const complete = { ...defaults, ...omitUndefined(setup) };
  if (name === 'gpu' && complete.milliseconds === null)
    return (await import('../diagnosis/gpu-plan.ts')).planForGpu(complete);
  const { bench: benchDevice } = await import('../diagnosis/bench.ts');
  return withDevice({ device: name, threads, kernels }, undefined, (device) => {
    listener?.activity?.({ kind: 'measuring', done: 0, total: 1 });
    return benchDevice(device, complete);
  });
}
