// A run in memory instead of on disk: its last state and its best state. There is no log, because
// the caller gets each event.
import { checkpointError } from '../errors.ts';
import type { Checkpoint, Tensor } from './checkpoint.ts';
import type { NewestState } from './newest.ts';
import type { RunFolder } from './run-folder.ts';
import { refuseNonFinite } from './write.ts';

/** Where a run stores its states and its log: in a run folder or in memory. */
export type RunStore = Omit<RunFolder, 'previousPath' | 'close'>;

/**
 * Takes the memory of two checkpoints. Each has the weights and, with Adam, twice as many numbers
 * of the optimizer.
 */
export class MemoryStore implements RunStore {
  readonly path = 'memory';
  readonly latestPath = 'memory:latest';
  readonly bestPath = 'memory:best';
  readonly logPath = 'memory:log';
  readonly isLatestReadable = true;
  latest: Checkpoint | null = null;
  /** The state with the lowest validation loss. Null if there was no validation. */
  best: Checkpoint | null = null;
  /** The last regular save, if the latest state is a timed save. */
  #beforeTimedSaves: { readonly latest: Checkpoint | null } | null = null;

  async holdsRun(): Promise<boolean> {
    return this.latest !== null || this.best !== null;
  }

  /** As in a folder, the best state is the newest if there is no other. */
  async readNewestState(): Promise<NewestState> {
    const checkpoint = this.latest ?? this.best;
    if (checkpoint === null) throw checkpointError('checkpoint not found in memory: this run has not saved one');
    return { checkpoint, path: this.latest === null ? this.bestPath : this.latestPath, reason: null };
  }

  /** Saves no snapshots. */
  async saveLatest(checkpoint: Checkpoint, _keep = 0, isTimedSave = false): Promise<null> {
    refuseNonFinite(this.latestPath, checkpoint);
    this.#beforeTimedSaves = isTimedSave ? (this.#beforeTimedSaves ?? { latest: this.latest }) : null;
    this.latest = copyOf(checkpoint);
    return null;
  }

  async undoTimedSave(): Promise<void> {
    if (this.#beforeTimedSaves !== null) this.latest = this.#beforeTimedSaves.latest;
    this.#beforeTimedSaves = null;
  }

  async saveBest(checkpoint: Checkpoint): Promise<void> {
    refuseNonFinite(this.bestPath, checkpoint);
    this.best = copyOf(checkpoint);
  }

  appendLog(): void {}

  async truncateLog(): Promise<void> {}
}

/** A copy, because the next checkpoint overwrites the tensors. */
function copyOf(checkpoint: Checkpoint): Checkpoint {
  const copied = (tensors: readonly Tensor[]): Tensor[] =>
    tensors.map((tensor) => ({ ...tensor, data: tensor.data.slice() }));
  const { tensors, state, optimizer } = checkpoint;
  return {
    ...checkpoint,
    tensors: copied(tensors),
    state: copied(state),
    optimizer: optimizer === null ? null : { ...optimizer, tensors: copied(optimizer.tensors) },
  };
}
