// Prepares a run from its options, text and device. loop.ts runs it.
import { haveSameNumbers } from '../devices/same-numbers.ts';
import type { Checkpoint, RunStore } from '../runs/store.ts';
import { createCheckpointWriter } from './checkpoint-writer.ts';
import type { TrainingEvent } from './events.ts';
import { Loop } from './loop.ts';
import { recordedLoop } from './record.ts';
import type { TrainingRun } from './run.ts';
import { type RestoredParts, Session } from './session.ts';

/**
 * A run that is ready to start: everything that can be refused has been checked, and nothing has
 * been written.
 */
export interface PreparedRun {
  /** Changes since the run was saved, for the user to read. */
  readonly notes: readonly string[];
  train(store: RunStore, signal?: AbortSignal): AsyncGenerator<TrainingEvent>;
  close(): Promise<void>;
}

/**
 * @throws RnnError `usage` if the model does not fit into memory, `checkpoint` if the earlier state
 * does not belong to this run
 */
export async function prepareTraining(run: TrainingRun): Promise<PreparedRun> {
  const session = await Session.open(run);
  try {
    const { resumedFrom, onActivity } = run;
    const restored = resumedFrom ? await session.restore(resumedFrom) : null;
    if (resumedFrom)
      recordedLoop(resumedFrom.training); // before anything is written
    else await session.begin();
    const { step } = session;
    return {
      notes: restored === null ? [] : differences(resumedFrom!, restored, session),
      train: (store, signal) => {
        const writer = createCheckpointWriter(store, restored === null ? null : step, onActivity);
        return new Loop(run, session, restored, writer, signal).events();
      },
      close: () => session.close(),
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

function differences(
  { training, optimizer }: Checkpoint,
  { sameTraining, samePlace, sameOptimizer }: RestoredParts,
  session: Session,
): string[] {
  const { device } = training;
  return [
    samePlace || !sameTraining
      ? ''
      : 'the text is cut into other windows, so the run continues at the same part of it, from a zero state',
    sameOptimizer
      ? ''
      : `the optimizer has changed, so it starts without the state of ${optimizer?.name ?? 'the earlier one'}`,
    typeof device === 'string' && haveSameNumbers(device, session.deviceDescription)
      ? ''
      : `the run used ${typeof device === 'string' ? device : 'another device'} until now, so its numbers differ slightly from here on`,
  ].filter(Boolean);
}
