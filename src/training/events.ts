// The events of a training run: the lines of `--json` and of log.jsonl. Fields are only ever added.
// Plain data, independent of how it is shown.
import type { ModelConfiguration } from '../model/configuration.ts';
import type { Unit } from '../options/choices.ts';
import type { EndReason, Verdict } from './verdict.ts';

export type { EndReason };

/** A run begins or resumes: its model, text, options and device. */
export interface StartEvent {
  readonly event: 'start';
  /** Steps made by earlier invocations of the run. */
  readonly step: number;
  readonly model: ModelConfiguration;
  /** The number of trained parameters. */
  readonly parameters: number;
  /** One line: the device, its kernels and its thread count. */
  readonly device: string;
  readonly corpus: {
    /** Whether tokens are characters or bytes. */
    readonly level: Unit;
    readonly characters: number;
    readonly symbols: number;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
  };
  readonly options: Readonly<Record<string, unknown>>;
  /** Update steps of the whole run. Null if only time ends it. */
  readonly totalSteps: number | null;
  /** Peak memory of this process, in bytes, within 20 %. Includes the memory of a GPU. */
  readonly memoryBytes: number;
  /** Milliseconds of earlier invocations of the run. */
  readonly elapsedMs: number;
}

/** The state of training, about once per second. */
export interface ReportEvent {
  readonly event: 'report';
  readonly step: number;
  /** Epochs so far, with a fraction. */
  readonly epoch: number;
  /** Mean training loss since the last report, nats per character. */
  readonly lossNats: number;
  readonly learningRate: number;
  /** Global norm of the gradient of the last step, before clipping. */
  readonly gradientNorm: number;
  /** Speed since the last report. Only the time spent in training steps counts. */
  readonly charactersPerSecond: number;
  readonly elapsedMs: number;
  /** Fraction of the whole run that is done, in [0, 1]. */
  readonly progress: number;
  /** Time spent in training steps alone, over all invocations of the run. */
  readonly trainingMs: number;
  /**
   * How long evaluations, samples and saves will still take until the end of the run, estimated
   * from the last ones.
   */
  readonly remainingPausesMs: number;
}

/** A validation loss, in nats per token. */
export interface EvaluationEvent {
  readonly event: 'evaluation';
  readonly step: number;
  readonly validationLossNats: number;
  /** Whether this is the lowest validation loss so far. */
  readonly best: boolean;
  /**
   * Mean over about the last twenty steps. Null before the first step, and missing in logs of
   * earlier versions.
   */
  readonly trainingLossNats?: number | null;
  /** How many characters of the validation text were scored, if not all of them. */
  readonly characters?: number;
}

/**
 * A validation loss over another number of characters than evaluations have. It has fewer if it was
 * measured by the clock in a slow run, and all at the end of a run that validates on a sample. It
 * counts neither as the best loss nor for patience or the learning rate.
 */
export interface InterimEvent {
  readonly event: 'interim';
  readonly step: number;
  /** Over `characters` of the validation text. */
  readonly validationLossNats: number;
  readonly characters: number;
}

/** A text that the model generated during training. */
export interface SampleEvent {
  readonly event: 'sample';
  readonly step: number;
  readonly text: string;
}

/** A checkpoint was saved to `path`. */
export interface CheckpointEvent {
  readonly event: 'checkpoint';
  readonly step: number;
  readonly path: string;
}

/**
 * A problem, such as a loss that is not a number or a GPU that was lost, and the response to it.
 */
export interface RecoveryEvent {
  readonly event: 'recovery';
  readonly step: number;
  readonly reason: string;
}

/** A run ends or pauses, for `reason`. */
export interface EndEvent {
  readonly event: 'end';
  readonly reason: EndReason;
  readonly step: number;
  readonly bestValidationLossNats: number | null;
  /** The file of the last state. Null if nothing could be saved. */
  readonly checkpoint: string | null;
  /** The current peak of the learning rate: each recovery halves it. */
  readonly peakLearningRate: number;
  readonly elapsedMs: number;
  /** Null if nothing was evaluated, and missing in logs of earlier versions. */
  readonly verdict?: Verdict | null;
}

/** An event of a training run. `event` distinguishes them. */
export type TrainingEvent =
  StartEvent | ReportEvent | EvaluationEvent | InterimEvent | SampleEvent | CheckpointEvent | RecoveryEvent | EndEvent;
