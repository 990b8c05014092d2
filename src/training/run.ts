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
  /** Also stored in checkpoints, so that a run can be continued without these options. */
  readonly reading: ReadingOptions;
  readonly machine: MachineOptions;
  /** The state that this run continues. Null or undefined for a new run. */
  readonly earlier?: Checkpoint | null;
  /** The model whose weights a new run begins with. */
  readonly initial?: TrainedModel | null;
  /** Milliseconds from any moment on. It may stop while the process is suspended. */
  readonly clock?: () => number;
  /** Is called with the work between two events. */
  readonly onActivity?: ActivityListener;
}
