// Writes the checkpoints and the log of a training run, to a folder or to memory. A disk that fails
// does not end a run: the writer reports it, and tries again at the next checkpoint. Knows nothing
// of when something is saved.
import { setTimeout } from 'node:timers/promises';
import type { Checkpoint, Newest, RunStore } from '../runs/store.ts';
import { count } from '../count.ts';
import { RnnError, machineError } from '../errors.ts';
import { type ActivityListener, reporting } from './activity.ts';
import type { TrainingEvent } from './events.ts';

/**
 * Waits before each further try to save the last state; together less than a run may take to end
 * after a signal.
 */
const WAITS_MS = [300, 700, 1500];

/**
 * Why a checkpoint is not saved: `checkpoint` if a number in it is not finite, `machine` if the
 * disk failed; null if it is saved.
 */
type SaveError = RnnError | null;

export class CheckpointWriter {
  readonly #store: RunStore;
  readonly #onActivity: ActivityListener | undefined;
  readonly #failing = new Set<string>();
  #news: string[] = [];
  #hasSaved: boolean;
  #savedStep: number | null;
  #savedStepNotByClock: number | null;

  /** @param step of the state in the store that the run continues; null for a new run */
  constructor(store: RunStore, step: number | null, onActivity?: ActivityListener) {
    this.#store = store;
    this.#onActivity = onActivity;
    this.#hasSaved = step !== null;
    this.#savedStep = this.#savedStepNotByClock = step;
  }

  /** The file of the last state; null if none was saved. */
  get savedPath(): string | null {
    return this.#savedStep === null ? null : this.#store.latestPath;
  }

  /** Not so where the run continues another checkpoint, until the next one is saved. */
  get isLatestSound(): boolean {
    return this.#store.isLatestSound;
  }

  /**
   * @param isByClock a state to resume from after a crash, and not to return to after a divergence
   */
  saveLatest(checkpoint: Checkpoint, keep: number, isByClock = false): Promise<SaveError> {
    const { latestPath, path } = this.#store;
    return this.#save(latestPath, async () => {
      const error = await this.#store.saveLatest(checkpoint, isByClock ? 0 : keep, isByClock);
      this.#savedStep = checkpoint.training.step;
      if (isByClock) return;
      this.#savedStepNotByClock = this.#savedStep;
      this.#hasSaved = true;
      this.#note(`snapshots in ${path}`, error && `${error.message}; ${latestPath} is saved, and training goes on`);
    });
  }

  saveBest(checkpoint: Checkpoint): Promise<SaveError> {
    return this.#save(this.#store.bestPath, async () => {
      await this.#store.saveBest(checkpoint);
      this.#hasSaved = true;
    });
  }

  async #save(path: string, save: () => Promise<void>): Promise<SaveError> {
    const error = await reporting(this.#onActivity, 'saving', () => attempt(save));
    if (error?.kind !== 'checkpoint')
      this.#note(path, error && `${error.message}; training goes on, and it is tried again whenever it is due`);
    return error;
  }

  /**
   * @throws RnnError `machine` if the disk does not take it after several tries, `checkpoint` if a number in it is not
   * finite
   */
  async saveLast(checkpoint: Checkpoint, keep: number): Promise<void> {
    let error = await this.saveLatest(checkpoint, keep);
    for (const wait of WAITS_MS) {
      if (error?.kind !== 'machine') break;
      await setTimeout(wait);
      error = await this.saveLatest(checkpoint, keep);
    }
    if (error === null) return;
    if (error.kind === 'checkpoint') throw error;
    const saved = this.#savedStep === null ? 'nothing was saved' : `what is saved is step ${count(this.#savedStep)}`;
    throw machineError(
      `the last state, of step ${count(checkpoint.training.step)}, could not be saved: ${error.message}; ${saved}`,
      error.hint,
      { cause: error },
    );
  }

  /**
   * A run that diverges does not return to a clock save: it may be diverging already, and the
   * result must not depend on speed.
   */
  async dropClockSave(): Promise<void> {
    await attempt(() => this.#store.dropClockSave()); // if the disk fails, the run returns to the clock save
    this.#savedStep = this.#savedStepNotByClock;
  }

  /**
   * The newest saved state; null if none was ever saved.
   *
   * @param why it is needed, in words
   * @throws RnnError `checkpoint` if none can be read, or none is left
   */
  async newest(why: string): Promise<Newest | null> {
    try {
      return this.#hasSaved || (await this.#store.holdsRun()) ? await this.#store.newest() : null;
    } catch (error) {
      if (!(error instanceof RnnError)) throw error;
      throw new RnnError(error.kind, `${why}, and ${error.message}`, { hint: error.hint, cause: error });
    }
  }

  /**
   * Removes later lines from the log. @param undone events that had not come yet at that very step
   */
  async cutBack(step: number, undone: readonly TrainingEvent['event'][]): Promise<void> {
    const error = await attempt(() => this.#store.cutBack(step, undone));
    this.#note(this.#store.logPath, error && `${error.message}; training goes on`);
  }

  /** Adds a line to the log; a line that the disk does not take is lost. */
  log<Event extends TrainingEvent>(event: Event): Event {
    let failure: string | null = null;
    try {
      this.#store.appendLog(event);
    } catch (error) {
      if (!(error instanceof RnnError) || error.kind !== 'machine') throw error;
      failure = `${error.message}; training goes on`;
    }
    this.#note(this.#store.logPath, failure);
    return event;
  }

  /**
   * A failure is reported once when it begins and once when it is over, because a disk may stay
   * full for thousands of steps.
   */
  #note(path: string, failure: string | null): void {
    if (failure !== null && !this.#failing.has(path)) this.#news.push(failure);
    if (failure !== null) this.#failing.add(path);
    else if (this.#failing.delete(path)) this.#news.push(`${path} can be written again`);
  }

  /**
   * Logs and returns what cannot be written any more, and what can again, since the last call.
   * @param step the current one
   */
  takeNews(step: number): readonly TrainingEvent[] {
    return this.#news.splice(0).map((reason) => this.log({ event: 'recovery', step, reason }));
  }
}

/**
 * @throws errors of neither the disk nor the numbers: the folder is no longer this process's, or a
 * bug
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
