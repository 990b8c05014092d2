// What keeps the states of a run and its log: a contract, met by a run folder and by memory. Knows nothing of either.
import type { RnnError } from '../errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Newest } from './newest.ts';

export interface RunStore {
  readonly path: string;
  readonly latestPath: string;
  readonly bestPath: string;
  readonly logPath: string;
  /** The latest state is what `newest` found, or has been saved since. */
  readonly isLatestSound: boolean;
  /** Whether there is a state to go on from. */
  holdsRun(): Promise<boolean>;
  /** @throws RnnError `checkpoint` if there is none that can be read */
  newest(): Promise<Newest>;
  /**
   * @param keep how many of the newest states stay besides the last
   * @param isByClock a state that `dropClockSave` takes back
   * @returns why this one will not stay; null if it will, or need not
   */
  saveLatest(checkpoint: Checkpoint, keep?: number, isByClock?: boolean): Promise<RnnError | null>;
  /** If the latest state was saved by the clock, the last one that was not, if there is one, is the latest again. */
  dropClockSave(): Promise<void>;
  saveBest(checkpoint: Checkpoint): Promise<void>;
  /** Adds a line to the log; synchronous, so that lines are in the order of the calls. */
  appendLog(line: object): void;
  /** Takes back what was logged and kept after a step, and of that very step the `undone` events. */
  cutBack(step: number, undone?: readonly string[]): Promise<void>;
}
