// Requests to a trained model and their results: plain data.
import type { Tokens } from '../corpus/read.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import type { Part } from '../options/choices.ts';
import type { gradientsMeasured } from '../options/trained.ts';
import type { ValuesOf } from '../options/option.ts';
import type { ReadingOptions, machineOfCommands } from '../options/run.ts';
import type { UnitsReport } from '../reports/cells-page.ts';
import type { NetworkGradients } from '../reports/gradients.ts';
import type { SurprisalReport } from '../reports/surprisal-page.ts';
import type { AnswerClass } from '../evaluation/exact-match.ts';
import type { Score } from '../evaluation/score.ts';
import type { Surprisal } from '../evaluation/surprisal.ts';
import type { Corpus } from './corpus.ts';
import type { ListenerOption } from './run-request.ts';
import type { GivenScoring, ScoringPlan } from '../training/scored-part.ts';

/**
 * The machine options: a device (`auto`, the default, or one of `deviceNames`), its threads, and
 * its kernels.
 */
export interface MachineChoice extends Partial<ValuesOf<typeof machineOfCommands>> {}

/** A string, or a corpus that was read with the model's vocabulary. */
export type InputText = string | Corpus;

/** How `Model.evaluate` scores a text. */
export interface EvaluationOptions extends GivenScoring, ListenerOption {
  /**
   * The part of a corpus: `all` (the default) or a part. A warning says if the run's parts were
   * different.
   */
  readonly part?: Part;
  /** The number of characters, from the beginning, whose loss is kept. Default 0. */
  readonly surprisal?: number;
  /** Compare with compressors and n-gram models. By default the model is not compared. */
  readonly baselines?: BaselinesOptions;
}

/** Baselines to compare a model with. */
export interface BaselinesOptions {
  /**
   * The text whose n-grams are counted. If it is the run's own text, only its training part is
   * counted.
   */
  readonly against?: InputText | undefined;
  /**
   * Compress a text of any length, also with xz. By default, texts of up to 100,000 characters are
   * compressed, without xz.
   */
  readonly compressors?: boolean;
}

/**
 * Bits per character (bpc) of compressors and n-gram models. Null for baselines that were not
 * requested or not computed: compressors of a model with `learnAfter`, by default compressors of
 * more than 100,000 characters, and n-grams that would be counted on the scored text itself.
 */
export interface Baselines {
  readonly compressors: Readonly<Record<string, number>> | null;
  readonly ngrams: {
    /** The number of characters that were counted. */
    readonly characters: number;
    /** Bits per character for the orders 1, 2 …. */
    readonly bits: readonly number[];
    /** Whether the counted text is the run's training part. */
    readonly isTrainingPart: boolean;
  } | null;
}

/** How well a text was predicted, and how it was scored. */
export interface Evaluation extends Score, Omit<ScoringPlan, 'work' | 'startSymbol' | 'records'> {
  /** The number of records that were scored. Null for a text that is not divided into records. */
  readonly records: number | null;
  /**
   * The number of records whose question the model answered by greedy decoding: all, or 20,000 at
   * equal distances. Null, as the next three members, for a model that was not trained with
   * `learnAfter`.
   */
  readonly answered: number | null;
  /** The fraction of these records whose answer is exactly right, up to the end token. */
  readonly exactAccuracy: number | null;
  /**
   * The mean of the fractions of exact answers in each class. Null unless the answers are at most
   * 100 classes of three records on average.
   */
  readonly macroRecall: number | null;
  /** The distinct answers, most frequent first. Null if the answers are not classes. */
  readonly classes: readonly AnswerClass[] | null;
  /** Loss in bits per character (bpc): `nats` / ln 2. */
  readonly bits: number;
  readonly perplexity: number;
  /** The loss of each character. Null if it was not requested. */
  readonly surprisal: Surprisal | null;
  readonly baselines: Baselines;
}

/**
 * The loss of each character of a text. `surprisalPage` takes it with `run`, `text` and `others`
 * added.
 */
export interface TextSurprisal extends Omit<SurprisalReport, 'run' | 'text' | 'others'> {
  readonly model: ModelConfiguration;
  readonly ids: Tokens;
}

/** How `Model.activations` reads a text. */
export interface ActivationsOptions extends ListenerOption {
  /**
   * The number of characters to read. Null for as many as are needed to find cells, from 10,000 to
   * 80,000. Default: the whole text.
   */
  readonly length?: number | null;
}

/** A text, and the activations of all units at each of its characters. */
export type UnitActivations = Pick<UnitsReport, 'pieces' | 'activations'>;

/**
 * The activations of all units while a text was read, and the units that follow a property of the
 * text. `unitsPage` takes it with `name`, `summary` and `unit` added. A text of fewer than 400
 * characters is too short to find units.
 */
export interface Inspection extends UnitActivations, UnitFindings {}
/** Units that follow a property of the text, and the saturation of gates. */
export type UnitFindings = Pick<UnitsReport, 'findings' | 'saturation'>;

/**
 * The number of time steps back, of places in the text, and of steps whose singular values are
 * found.
 */
export interface GradientsOptions extends Partial<ValuesOf<typeof gradientsMeasured>> {}

/** How far back gradients of the loss flow. `gradientsPage` draws it. */
export interface Gradients extends NetworkGradients {
  readonly model: ModelConfiguration;
}

/** Reading options that replace the recorded options of the run. */
export interface ReadOptions
  extends Partial<Pick<ReadingOptions, 'include' | 'exclude' | 'encoding' | 'skipInvalid'>>, ListenerOption {
  /** The part to read. The text is split as the run's text was. Default `all`. */
  readonly part?: Part;
  /**
   * Stop reading when the text has at least this many characters. The rest is not read, checked or
   * counted. Default: the whole text.
   */
  readonly neededCharacters?: number;
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
}
