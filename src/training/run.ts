// The parts of a training run: its options, text and device.
import type { Checkpoint, TrainedModel } from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import type { ActivityListener } from './activity.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { MachineOptions, ReadingOptions } from '../options/run.ts';

export interface TrainingRun {
  readonly options: TrainingOptions;
  readonly corpus: Corpus;
  readonly device: Device;
  /** Stored in checkpoints, so that the user need not repeat these options to resume the run. */
  readonly reading: ReadingOptions;
  readonly machine: MachineOptions;
  /** The checkpoint to resume from. Null or undefined for a new run. */
  readonly resumedFrom?: Checkpoint | null;
  /** The model to fine-tune: its parameters initialise a new run. */
  readonly initialModel?: TrainedModel | null;
  /** A clock in milliseconds with any origin. The clock may stop while the process is suspended. */
  readonly clock?: () => number;
  /** Is called when the run starts an activity between two events, such as compiling. */
  readonly onActivity?: ActivityListener;
}
