// Writes the checkpoints and the log of a training run, to a folder or to memory. A disk failure
// does not end a run: the writer reports it and tries again at the next checkpoint. The caller
// decides when to save.
import { setTimeout } from 'node:timers/promises';
import type { Checkpoint, Newest, RunStore } from '../runs/store.ts';
import { count } from '../count.ts';
import { RnnError, machineError } from '../errors.ts';
import { type ActivityListener, withActivity } from './activity.ts';
import type { TrainingEvent } from './events.ts';

/**
 * Waits before each retry to save the last state. Their sum is less than the time in which a run
 * must end after a signal.
 */
const WAITS_MS = [300, 700, 1500];

/**
 * Why a checkpoint was not saved: `checkpoint` if it has a number that is not finite, `machine` if
 * the disk failed. Null if it was saved.
 */
type SaveError = RnnError | null;

/** @param step the step of the state in the store from which the run continues. Null for a new run */
export function createCheckpointWriter(store: RunStore, step: number | null, onActivity?: ActivityListener) {
  const { path, latestPath, bestPath, logPath } = store;
  const failing = new Set<string>();
  const news: string[] = [];
  let hasSaved = step !== null;
  let savedStep = step;
  let regularlySavedStep = step;

  /**
   * Reports a failure once when it begins and once when it is over, because a disk may stay full
   * for thousands of update steps.
   */
  const noteFailure = (file: string, failure: string | null): void => {
    if (failure !== null && !failing.has(file)) news.push(failure);
    if (failure !== null) failing.add(file);
    else if (failing.delete(file)) news.push(`${file} can be written again`);
  };

  const save = async (file: string, work: () => Promise<void>): Promise<SaveError> => {
    const error = await withActivity(onActivity, 'saving', () => attempt(work));
    if (error?.kind !== 'checkpoint')
      noteFailure(file, error && `${error.message}. Training continues, and rnn tries again at the next checkpoint`);
    return error;
  };

  /**
   * @param isTimedSave the state is for resuming after a crash, not for recovering from a
   * divergence
   */
  const saveLatest = (checkpoint: Checkpoint, keep: number, isTimedSave = false): Promise<SaveError> =>
    save(latestPath, async () => {
      const error = await store.saveLatest(checkpoint, isTimedSave ? 0 : keep, isTimedSave);
      savedStep = checkpoint.training.step;
      if (isTimedSave) return;
      regularlySavedStep = savedStep;
      hasSaved = true;
      noteFailure(`snapshots in ${path}`, error && `${error.message}. ${latestPath} is saved, and training continues`);
    });

  /** Adds a line to the log. A line that cannot be written is lost. */
  const log = <Event extends TrainingEvent>(event: Event): Event => {
    let failure: string | null = null;
    try {
      store.appendLog(event);
    } catch (error) {
      if (!(error instanceof RnnError) || error.kind !== 'machine') throw error;
      failure = `${error.message}. Training continues`;
    }
    noteFailure(logPath, failure);
    return event;
  };

  return {
    saveLatest,
    log,

    /** The file of the last state. Null if no state was saved. */
    get savedPath(): string | null {
      return savedStep === null ? null : latestPath;
    },

    /**
     * False while the run continues another checkpoint than the latest, until it saves its next
     * one.
     */
    get isLatestReadable(): boolean {
      return store.isLatestReadable;
    },

    saveBest: (checkpoint: Checkpoint): Promise<SaveError> =>
      save(bestPath, async () => {
        await store.saveBest(checkpoint);
        hasSaved = true;
      }),

    /**
     * @throws RnnError `machine` if the disk fails at each of several tries, `checkpoint` if a
     * number in the checkpoint is not finite
     */
    async saveLast(checkpoint: Checkpoint, keep: number): Promise<void> {
      let error = await saveLatest(checkpoint, keep);
      for (const wait of WAITS_MS) {
        if (error?.kind !== 'machine') break;
        await setTimeout(wait);
        error = await saveLatest(checkpoint, keep);
      }
      if (error === null) return;
      if (error.kind === 'checkpoint') throw error;
      const saved = savedStep === null ? 'nothing was saved' : `the newest saved state is of step ${count(savedStep)}`;
      throw machineError(
        `cannot save the last state, of step ${count(checkpoint.training.step)}: ${error.message} (${saved})`,
        error.hint,
        { cause: error },
      );
    },

    /**
     * A run that diverges does not return to a timed save, because that state may be diverging
     * already, and the result must not depend on speed.
     */
    async undoTimedSave(): Promise<void> {
      await attempt(() => store.undoTimedSave()); // if the disk fails, the run returns to the timed save
      savedStep = regularlySavedStep;
    },

    /**
     * The newest saved state. Null if none was ever saved.
     *
     * @param reason the state is needed, in words
     * @throws RnnError `checkpoint` if no saved state is left, or none can be read
     */
    async newest(reason: string): Promise<Newest | null> {
      try {
        return hasSaved || (await store.holdsRun()) ? await store.readNewestState() : null;
      } catch (error) {
        if (!(error instanceof RnnError)) throw error;
        throw new RnnError(error.kind, `cannot recover (${reason}): ${error.message}`, {
          hint: error.hint,
          cause: error,
        });
      }
    },

    /**
     * Removes later lines from the log.
     *
     * @param undone events that had not happened yet at step `last`
     */
    async truncateLog(last: number, undone: readonly TrainingEvent['event'][]): Promise<void> {
      const error = await attempt(() => store.truncateLog(last, undone));
      noteFailure(logPath, error && `${error.message}. Training continues`);
    },

    /**
     * Logs and returns which files cannot be written any more, and which can be written again,
     * since the last call.
     *
     * @param now the current step
     */
    drainFileEvents: (now: number): readonly TrainingEvent[] =>
      news.splice(0).map((reason) => log({ event: 'recovery', step: now, reason })),
  };
}
export type CheckpointWriter = ReturnType<typeof createCheckpointWriter>;

/**
 * @throws errors that come neither from the disk nor from the numbers: another process took the
 * folder over, or a bug
 */
async function attempt(save: () => Promise<void>): Promise<SaveError> {
  try {
    await save();
    return null;
  } catch (error) {
    if (error instanceof RnnError && (error.kind === 'machine' || error.kind === 'checkpoint')) return error;
    throw error;
  }
}
