// What a training run tells while it runs: the lines of `--json` and of log.jsonl. Fields are only
// ever added. Plain data; knows nothing of how it is shown.
import type { ModelConfiguration } from '../model/configuration.ts';
import type { EndReason, Verdict } from './verdict.ts';

export type { EndReason };

export interface StartEvent {
  readonly event: 'start';
  /** Steps made by earlier invocations of the run. */
  readonly step: number;
  readonly model: ModelConfiguration;
  /** How many weights are trained. */
  readonly parameters: number;
  /** One line: the device, its kernels and its thread count. */
  readonly device: string;
  readonly corpus: {
    readonly characters: number;
    readonly symbols: number;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
  };
  readonly options: Readonly<Record<string, unknown>>;
  /** Steps of the whole run, or null where only time ends it. */
  readonly totalSteps: number | null;
  /**
   * Of this process at its peak, in bytes, within 20 %; what a GPU holds in its own memory counts,
   * too.
   */
  readonly memoryBytes: number;
  /** Milliseconds of earlier invocations of the run. */
  readonly elapsedMs: number;
}

export interface ReportEvent {
  readonly event: 'report';
  readonly step: number;
  /** Passes over the training text, with the fraction of the one in hand. */
  readonly epoch: number;
  /** Mean training loss since the last report, nats per character. */
  readonly lossNats: number;
  readonly learningRate: number;
  /** Global norm of the gradient before clipping, of the last step. */
  readonly gradientNorm: number;
  /** Speed since the last report; only time spent in training steps counts. */
  readonly charactersPerSecond: number;
  readonly elapsedMs: number;
  /** Fraction of the whole run that is done, in [0, 1]. */
  readonly progress: number;
  /** Time spent in training steps alone, over all invocations of the run. */
  readonly trainingMs: number;
  /**
   * How long evaluations, samples and saves will still take until the end of the run, by how long
   * the last ones took.
   */
  readonly remainingPausesMs: number;
}

export interface EvaluationEvent {
  readonly event: 'evaluation';
  readonly step: number;
  readonly validationLossNats: number;
  /** The lowest validation loss so far, this one included. */
  readonly best: boolean;
  /**
   * Mean over the last twenty steps or so; null before the first step, and missing in logs of
   * earlier versions.
   */
  readonly trainingLossNats?: number | null;
  /** How many characters of the validation text were scored, if not all of them. */
  readonly characters?: number;
}

/**
 * A validation loss of another number of characters than those of evaluations: of fewer where a
 * slow run is looked at by the clock, and of all at the end of a run that validates on a sample. It
 * counts neither as the best loss nor for patience or the learning rate.
 */
export interface InterimEvent {
  readonly event: 'interim';
  readonly step: number;
  /** On so many `characters` of the validation text. */
  readonly validationLossNats: number;
  readonly characters: number;
}

export interface SampleEvent {
  readonly event: 'sample';
  readonly step: number;
  readonly text: string;
}

export interface CheckpointEvent {
  readonly event: 'checkpoint';
  readonly step: number;
  readonly path: string;
}

/**
 * Something that went wrong, such as a loss that is no number or a GPU that was lost, and what was
 * done about it.
 */
export interface RecoveryEvent {
  readonly event: 'recovery';
  readonly step: number;
  readonly reason: string;
}

export interface EndEvent {
  readonly event: 'end';
  readonly reason: EndReason;
  readonly step: number;
  readonly bestValidationLossNats: number | null;
  /** The file that holds the last state, or null if nothing could be saved. */
  readonly checkpoint: string | null;
  /** The peak of the learning rate as it is by now: halved by each recovery. */
  readonly peakLearningRate: number;
  readonly elapsedMs: number;
  /** Null where nothing was evaluated; missing in logs of earlier versions. */
  readonly verdict?: Verdict | null;
}

export type TrainingEvent =
  StartEvent | ReportEvent | EvaluationEvent | InterimEvent | SampleEvent | CheckpointEvent | RecoveryEvent | EndEvent;
