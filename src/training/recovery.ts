// The way back of a run that has diverged: to the last state that was saved, or to the beginning.
// Knows nothing of how a divergence is noticed.
import type { CheckpointWriter } from './checkpoint-writer.ts';
import { type RunState, returnTo, undoneAt } from './run-state.ts';
import type { Session } from './session.ts';

/** Reported where a device fails within a step. */
export const STATE_IS_LOST =
  'the hidden state was lost with the step in hand: a run that goes on from here begins with zeros, so that its numbers are slightly others';

/**
 * Brings session, state and log to where the run continues.
 *
 * @param where what has diverged and at which step, in words
 * @returns whether the state is in latest.json, and what was done, in words
 * @throws RnnError `checkpoint` if there should be a saved state, and none can be read
 */
export async function goBack(
  session: Session,
  writer: CheckpointWriter,
  state: RunState,
  where: string,
): Promise<{ readonly isSaved: boolean; readonly what: string }> {
  const newest = await writer.newest(where);
  const restored = newest === null ? null : await session.restore(newest.checkpoint);
  if (newest === null) await session.begin();
  returnTo(state, newest?.checkpoint.training ?? null, restored ?? { sameTraining: true, sameValidation: true });
  await writer.cutBack(session.step, undoneAt(state, session.step));
  const from = newest?.instead ? ` of ${newest.path}, since ${newest.instead}` : '';
  return {
    isSaved: newest !== null && writer.isLatestSound,
    what: `${where}: back to step ${session.step.toLocaleString('en')}${from}`,
  };
}
