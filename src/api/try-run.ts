// A dry run: the options of a new run, how long it would take, and the checks that could refuse it. Writes nothing.
import { RnnError } from '../errors.ts';
import { type RunEstimate, estimateRun } from '../training/estimate.ts';
import { machineOf, openDeviceFor, refuseHopelessRun, refuseTaken } from './before-run.ts';
import { type PlannedRun, planRun } from './plan-run.ts';
import type { RunRequest, Surroundings, Way } from './run-request.ts';

export interface TriedRun extends PlannedRun {
  /** Null where the device cannot be used: `unmeasured` says why. */
  readonly estimate: RunEstimate | null;
  readonly unmeasured: string | null;
}

/** @throws RnnError as `openRun` does, except for a device that cannot be used: the result has the reason instead */
export async function tryRun(request: RunRequest, { tell, clock }: Surroundings): Promise<TriedRun> {
  const way = { request, tell };
  if (request.folder !== null) await refuseTaken(way, request.folder);
  const planned = await planRun(request, { ...way, beforeReading: refuseHopelessRun });
  try {
    return { ...planned, estimate: await estimated(way, planned, clock), unmeasured: null };
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind !== 'device') throw error;
    return { ...planned, estimate: null, unmeasured: error.message };
  }
}

async function estimated(way: Way, planned: PlannedRun, clock: (() => number) | undefined): Promise<RunEstimate> {
  const { options, corpus, reading, initial } = planned;
  const machine = machineOf(way.request);
  // The estimate has the device.
  const silent = { ...way, tell: { ...way.tell, note: () => {} } };
  const device = await openDeviceFor(silent, { options, machine }, { length: corpus.train.length, symbols: corpus.vocabulary.size });
  try {
    return await estimateRun({
      options,
      corpus,
      device,
      reading,
      machine,
      initial,
      ...(clock === undefined ? {} : { clock }),
      ...(way.tell.activity === undefined ? {} : { onActivity: way.tell.activity }),
    });
  } finally {
    await device.close();
  }
}
