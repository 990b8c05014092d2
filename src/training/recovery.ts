// A run that has come apart goes back: to the last state that was saved, or to the beginning, with half the learning rate. And the words
// for it. Knows nothing of how it is noticed.
import type { Keeper } from './keeper.ts';
import type { Session } from './session.ts';
import type { Standing } from './standing.ts';

interface WayBack {
  readonly standing: Standing;
  /** The state that it went back to is in latest.json. */
  readonly isSaved: boolean;
  /** Where it went, for the user to read. */
  readonly what: string;
}

/**
 * Brings session and log to where the run goes on.
 *
 * @param where what has come apart and at which step, in words
 * @throws RnnError `checkpoint` if there should be a state to go back to, and none can be read
 */
export async function goBack(session: Session, keeper: Keeper, standing: Standing, where: string): Promise<WayBack> {
  const newest = await keeper.newest(where);
  const restored = newest === null ? null : await session.restore(newest.checkpoint);
  if (newest === null) await session.begin();
  const next = standing.recoveredFrom(newest?.checkpoint.training ?? null, restored ?? { sameTraining: true, sameValidation: true });
  await keeper.cutBack(session.step, next.undoneAt(session.step));
  const from = newest?.instead ? ` of ${newest.path}, since ${newest.instead}` : '';
  return {
    standing: next,
    isSaved: newest !== null && keeper.isLatestSound,
    what: `back to step ${session.step.toLocaleString('en')}${from}`,
  };
}

/** Why a run that has come apart is not tried again. */
export function whyGivenUp(recoveries: number, maxRecoveries: number): string {
  return maxRecoveries === 0 ? 'and --max-recoveries is 0' : `after ${recoveries} times going back`;
}

/** What follows a way back. @param learningRate at its peak, from here on @param recoveries this one counted */
export function howItGoesOn(learningRate: number, recoveries: number, maxRecoveries: number): string {
  const peak = Number(learningRate.toPrecision(2));
  return `and on with half the learning rate, ${peak} at its peak (${recoveries} of at most ${maxRecoveries} times)`;
}

/** Told where a device failed in the middle of a step. */
export const stateIsLost =
  'the hidden state was lost with the step in hand: a run that goes on from here begins with zeros, so that its numbers are slightly others';
