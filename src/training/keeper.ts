// What keeps a run, as a training run uses it, be it a folder or memory: a disk that fails is no reason to stop training, but one to say so
// and to try again. Knows nothing of when something is saved.
import type { Checkpoint, Newest, RunStore } from '../runs/store.ts';
import { RnnError } from '../errors.ts';
import type { TrainingEvent } from './events.ts';
import { Troubles } from './troubles.ts';

/** How long to wait before each further try to save the last state; together less than it may take to end after a signal. */
const WAITS_MS = [300, 700, 1500];

/** What came of saving: stored, or why not. `unfit` is a checkpoint with numbers that are not finite, `disk` any trouble of the machine. */
export type Stored = { readonly kind: 'stored' } | { readonly kind: 'unfit' | 'disk'; readonly error: RnnError };

export class Keeper {
  readonly #folder: RunStore;
  readonly #troubles = new Troubles();
  #hasSaved: boolean;

  /** @param isOld whether the run goes on from a state in the folder */
  constructor(folder: RunStore, isOld: boolean) {
    this.#folder = folder;
    this.#hasSaved = isOld;
  }

  get latestPath(): string {
    return this.#folder.latestPath;
  }

  /** Not so where the run goes on from another checkpoint, until the next is saved. */
  get isLatestSound(): boolean {
    return this.#folder.isLatestSound;
  }

  saveLatest(checkpoint: Checkpoint, keep: number): Promise<Stored> {
    return this.#save(this.latestPath, async () => {
      const trouble = await this.#folder.saveLatest(checkpoint, keep);
      const snapshots = `snapshots in ${this.#folder.path}`;
      if (trouble === null) this.#troubles.worked(snapshots);
      else this.#troubles.failed(snapshots, `${trouble.message}; ${this.latestPath} is saved, and training goes on`);
    });
  }

  /** A state to resume from after a crash, and not to go back to. */
  saveByClock(checkpoint: Checkpoint): Promise<Stored> {
    return this.#save(this.latestPath, async () => void (await this.#folder.saveLatest(checkpoint, 0, true)), true);
  }

  /** A run that diverges does not return to a clock save: it may be diverging already, and the result must not depend on speed. */
  async dropClockSave(): Promise<void> {
    await attempt(() => this.#folder.dropClockSave()); // if the disk fails, the run returns to the clock save
  }

  saveBest(checkpoint: Checkpoint): Promise<Stored> {
    return this.#save(this.#folder.bestPath, () => this.#folder.saveBest(checkpoint));
  }

  async #save(path: string, save: () => Promise<void>, isByClock = false): Promise<Stored> {
    const stored = await attempt(save);
    if (stored.kind === 'disk')
      this.#troubles.failed(path, `${stored.error.message}; training goes on, and it is tried again whenever it is due`);
    if (stored.kind !== 'stored') return stored;
    this.#hasSaved ||= !isByClock;
    this.#troubles.worked(path);
    return stored;
  }

  /**
   * @param savedStep the step of what was saved before; null if nothing was
   * @throws RnnError `machine` if the disk does not take it after several tries
   */
  async saveLast(checkpoint: Checkpoint, keep: number, savedStep: number | null): Promise<void> {
    for (const wait of [...WAITS_MS, null]) {
      const stored = await this.saveLatest(checkpoint, keep);
      if (stored.kind === 'stored') return;
      const { kind, error } = stored;
      if (kind === 'unfit') throw error;
      if (wait === null) {
        const newest = savedStep === null ? 'nothing was saved' : `what is saved is step ${savedStep.toLocaleString('en')}`;
        throw new RnnError(
          'machine',
          `the last state, of step ${checkpoint.training.step.toLocaleString('en')}, could not be saved: ${error.message}; ${newest}`,
          { hint: error.hint, cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /**
   * The newest state on disk; null if none was ever saved.
   *
   * @param why it is asked for, in words
   * @throws RnnError `checkpoint` if none can be read, or none is left
   */
  async newest(why: string): Promise<Newest | null> {
    try {
      return this.#hasSaved || (await this.#folder.holdsRun()) ? await this.#folder.newest() : null;
    } catch (error) {
      throw error instanceof RnnError
        ? new RnnError(error.kind, `${why}, and ${error.message}`, { hint: error.hint, cause: error })
        : error;
    }
  }

  /** @param undone events that had not come yet at that very step */
  async cutBack(step: number, undone: readonly TrainingEvent['event'][]): Promise<void> {
    const cut = await attempt(() => this.#folder.cutBack(step, undone));
    if (cut.kind === 'stored') this.#troubles.worked(this.#folder.logPath);
    else this.#troubles.failed(this.#folder.logPath, `${cut.error.message}; training goes on`);
  }

  /** Adds a line to the log; a line that the disk does not take is lost. */
  log(event: TrainingEvent): void {
    try {
      this.#folder.appendLog(event);
      this.#troubles.worked(this.#folder.logPath);
    } catch (error) {
      if (!(error instanceof RnnError) || error.kind !== 'machine') throw error;
      this.#troubles.failed(this.#folder.logPath, `${error.message}; training goes on`);
    }
  }

  /** What cannot be written any more, and what can again, if that has not been told yet. */
  takeNews(): readonly string[] {
    return this.#troubles.take();
  }
}

/** @throws whatever is neither the disk's doing nor the numbers': that the folder is no longer this process's, or a bug */
async function attempt(save: () => Promise<void>): Promise<Stored> {
  try {
    await save();
    return { kind: 'stored' };
  } catch (error) {
    if (error instanceof RnnError && error.kind === 'machine') return { kind: 'disk', error };
    if (error instanceof RnnError && error.kind === 'checkpoint') return { kind: 'unfit', error };
    throw error;
  }
}
