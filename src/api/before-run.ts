// The checks before the text of a run is read, and the device that it opens: for a real run and for a dry run.
import type { Device } from '../devices/device.ts';
import type { OpenOptions } from '../devices/open.ts';
import type { RunSettings } from '../training/continue.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { MachineOptions, ReadingOptions } from '../options/run.ts';
import { validatesBy } from './plan-run.ts';
import type { RunRequest, Way } from './run-request.ts';
import { wasRead } from './run-text.ts';

/** @throws RnnError as RunFolder.refuseSources and RunFolder.refuseIfTaken do; writes nothing */
export async function refuseTaken(way: Way, folder: string): Promise<void> {
  const { RunFolder } = await way.rooms.checkpoints();
  await RunFolder.refuseSources(folder, await filesRead(way, { isNew: true }));
  await RunFolder.refuseIfTaken(folder, { force: way.request.force });
}

/** The files that a run is made from, as far as they are named: nothing in its own folder is found by a pattern. */
export async function filesRead({ request, rooms }: Way, { isNew }: { isNew: boolean }): Promise<string[]> {
  const { text, reading, initFrom, alsoReads = [] } = request;
  const named = [...(wasRead(text) ? [] : text), reading.validationFile, reading.testFile].filter((source) => typeof source === 'string');
  if (!isNew || typeof initFrom !== 'string') return [...named, ...alsoReads];
  const { findCheckpoint } = await rooms.checkpoints();
  const initial = await findCheckpoint(initFrom).then(
    (path) => [path],
    () => [], // reading it says why
  );
  return [...named, ...alsoReads, ...initial];
}

/**
 * Refuses options that no run can have, and sizes that no device has room for, whatever the text.
 *
 * @throws RnnError `usage`
 */
export async function refuseHopelessRun({ rooms }: Way, options: Partial<TrainingOptions>, reading: ReadingOptions): Promise<void> {
  const { refuseImpossible, refuseHopelessSizes } = await rooms.possible();
  const validates = validatesBy(reading);
  refuseImpossible(options, { validates });
  refuseHopelessSizes(options, { validates });
}

/** The machine that a new run asks for. */
export const machineOf = ({ machine: { device = null, threads = null, blas = null } }: RunRequest): MachineOptions => ({
  device,
  threads,
  blas,
});

export const ofMachine = ({ threads, blas }: MachineOptions): OpenOptions => ({
  ...(threads === null ? {} : { threads }),
  ...(blas === null ? {} : { blas }),
});

/** The device of a run, with a note on why it was chosen. */
export async function openDeviceFor(
  { request: { deviceBy }, rooms, tell }: Way,
  { options, machine }: Pick<RunSettings, 'options' | 'machine'>,
  text: { readonly length: number; readonly symbols: number },
): Promise<Device> {
  const { openDevice } = await rooms.devices();
  const work = (await rooms.work()).workOf(options, text);
  const name = machine.device ?? 'auto';
  const device = await openDevice(name, { work, ...ofMachine(machine) });
  const why = device.reason ?? (deviceBy === undefined ? null : `${name}: ${deviceBy}`);
  if (why !== null) tell.note(`device ${why}`);
  return device;
}
