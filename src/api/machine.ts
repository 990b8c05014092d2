// What this machine can do, for other programs: its devices, and how fast they are. The checks are
// loaded when they are asked for: few programs do.
import { machineNames } from '../options/run.ts';
import type { BenchResult, BenchSetup } from '../diagnosis/bench.ts';
import type { Check, Examination } from '../diagnosis/doctor.ts';
import type { MachineChoice } from './model-results.ts';
import { given } from './run-request.ts';
import { withDevice } from './trained.ts';
import { refuseUnknown, refuseUnlessSwitches, refuseUnlessWhole, refuseWrong, refuseWrongOptions } from './checks.ts';

/**
 * What works here and what does not, check by check: `full` runs all comparisons with the reference
 * device, on all devices.
 */
export async function* doctor(examination: Partial<Examination> = {}): AsyncGenerator<Check, void, undefined> {
  refuseUnknown(examination, ['device', 'blas', 'full'] satisfies (keyof Examination)[]);
  const { device, blas, full = false } = examination;
  refuseUnlessSwitches({ full });
  refuseWrong({ device, blas });
  const { examine } = await import('../diagnosis/doctor.ts');
  yield* examine({ ...examination, full });
}

export interface BenchRequest extends Partial<BenchSetup>, MachineChoice {}

const defaults: BenchSetup = {
  cell: 'lstm',
  layers: 2,
  hidden: 128,
  batchSize: 50,
  sequenceLength: 50,
  milliseconds: 3000,
};

/**
 * How fast a device trains and samples a model, on symbols drawn at random; `cpu` unless another is
 * named.
 *
 * @throws RnnError `device` if it is not available or does not compute numbers, `usage` for a model
 * too large or an option that is none
 */
export async function bench(request: BenchRequest = {}): Promise<BenchResult> {
  refuseUnknown(request, [...machineNames, ...Object.keys(defaults), 'profile']);
  const { device: name = 'cpu', threads, blas, ...setup } = request;
  refuseUnlessSwitches({ profile: setup.profile });
  const { cell, layers, hidden, batchSize, sequenceLength, milliseconds } = setup;
  refuseWrong({ device: name, threads, blas });
  refuseUnlessWhole({ layers, hidden, batchSize, sequenceLength });
  refuseWrongOptions({ cell, layers, hidden, batchSize, sequenceLength });
  if (milliseconds !== null) refuseUnlessWhole({ milliseconds });
  const { bench: benchDevice } = await import('../diagnosis/bench.ts');
  const whole = { ...defaults, ...given(setup, Object.keys(setup) as (keyof typeof setup)[]) };
  return withDevice({ device: name, threads, blas }, undefined, (device) => benchDevice(device, whole));
}
