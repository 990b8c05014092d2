// Where a run keeps its states and its log: in a run folder, or in memory.
import type { RnnError } from '../errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Newest } from './newest.ts';

export interface RunStore {
  readonly path: string;
  readonly latestPath: string;
  readonly bestPath: string;
  readonly logPath: string;
  /** Whether the latest state is what `newest` found, or has been saved since. */
  readonly isLatestSound: boolean;
  /** Whether there is a state from which the run can continue. */
  holdsRun(): Promise<boolean>;
  /**
   * The state from which the run continues.
   * @throws RnnError `checkpoint` if none can be read, `machine` if one does not fit into memory
   */
  newest(): Promise<Newest>;
  /**
   * @param keep how many of the newest states also stay as snapshots
   * @param isByClock whether `dropClockSave` takes this state back
   * @returns why there is no snapshot of this state; null if there is one, or `keep` is 0
   */
  saveLatest(checkpoint: Checkpoint, keep?: number, isByClock?: boolean): Promise<RnnError | null>;
  /**
   * If the latest state was saved by the clock, makes the last state that was not the latest again.
   */
  dropClockSave(): Promise<void>;
  saveBest(checkpoint: Checkpoint): Promise<void>;
  /** Adds a line to the log; synchronous, so that lines are in the order of the calls. */
  appendLog(line: object): void;
  /**
   * Removes lines of the log and snapshots that are of later steps, and the lines of that very step
   * with an `undone` event.
   */
  cutBack(step: number, undone?: readonly string[]): Promise<void>;
}
