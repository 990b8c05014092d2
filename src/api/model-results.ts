// Requests to a trained model and its results: plain data.
import type { Tokens } from '../corpus/read.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import type { Part } from '../options/choices.ts';
import type { gradientsMeasured } from '../options/commands.ts';
import type { ValuesOf } from '../options/option.ts';
import type { ReadingOptions, machineOfCommands } from '../options/run.ts';
import type { CellsReport } from '../reports/cells-page.ts';
import type { NetworkGradients } from '../reports/gradients.ts';
import type { SurpriseReport } from '../reports/surprise-page.ts';
import type { Score } from '../evaluation/score.ts';
import type { Surprise } from '../evaluation/surprise.ts';
import type { Corpus } from './corpus.ts';
import type { Listening } from './run-request.ts';
import type { GivenScoring, ScoringPlan } from '../training/scored-part.ts';

/** One of `deviceNames`, or `auto`, which is the default; its threads, and its library for products. */
export interface MachineChoice extends Partial<ValuesOf<typeof machineOfCommands>> {}

/** The text itself, or one that was read with the model's symbols. */
export type TextToRead = string | Corpus;

export interface EvaluationOptions extends GivenScoring, Listening {
  /** Of a corpus, `all` (the default) or a part of it; a warning says if the run had another. */
  readonly part?: Part;
  /** The number of characters, from the first on, whose cost is kept. Default 0. */
  readonly surprise?: number;
  /** Compare with compressors and n-gram models. Default: neither. */
  readonly baselines?: BaselinesOptions;
}

export interface BaselinesOptions {
  /**
   * The text that n-grams count; of the run's own text, only the part that the run was trained on.
   */
  readonly against?: TextToRead | undefined;
  /** Compress a text of any length, and by xz, too. Default: by others, up to 100,000 characters. */
  readonly compressors?: boolean;
}

/** Bits per character of compressors and n-gram models; null where they were not asked for. */
export interface Baselines {
  readonly compressors: Readonly<Record<string, number>> | null;
  /** Of orders 1, 2 …, and how many characters were counted. */
  readonly ngrams: {
    readonly characters: number;
    readonly bits: readonly number[];
    /** The characters are the part of the run's text that the run was trained on. */
    readonly isTrainingPart: boolean;
  } | null;
}

/** How well a text was predicted, and how it was read. */
export interface Evaluation extends Score, Omit<ScoringPlan, 'work' | 'startSymbol'> {
  /** Per character, as `nats` is. */
  readonly bits: number;
  readonly perplexity: number;
  /** What each character cost; null if that was not asked for. */
  readonly surprise: Surprise | null;
  readonly baselines: Baselines;
}

/**
 * What each character of a text cost; with `run`, `text` and `others` it is what `surprisePage`
 * takes.
 */
export interface SurpriseOfText extends Omit<SurpriseReport, 'run' | 'text' | 'others'> {
  readonly model: ModelConfiguration;
  readonly ids: Tokens;
}

export interface ActivationsOptions extends Listening {
  /**
   * How many characters to read. Null for as many as it takes to find cells, from 10,000 to 80,000;
   * all of the text if left out.
   */
  readonly length?: number | null;
}

/** A text, and what the cells held at each of its characters. */
export type CellsRead = Pick<CellsReport, 'pieces' | 'activations'>;

/**
 * What cells held while a text was read; with `name`, `summary` and `cell` it is what `cellsPage`
 * takes. In a text of fewer than 400 characters no cell tells anything.
 */
export interface Inspection extends CellsRead, FoundCells {}
export type FoundCells = Pick<CellsReport, 'findings' | 'saturation'>;

/** How many steps back, at how many places of the text, and how many steps' singular values. */
export interface GradientsOptions extends Partial<ValuesOf<typeof gradientsMeasured>> {}

/** How far back a loss reaches: what `gradientsPage` takes. */
export interface Gradients extends NetworkGradients {
  readonly model: ModelConfiguration;
}

/** In the place of how the text of the run was read. */
export interface ReadOptions
  extends Partial<Pick<ReadingOptions, 'include' | 'exclude' | 'encoding' | 'skipInvalid'>>, Listening {
  /** Which part is to be looked at: then the text is cut as the run's was. Default `all`. */
  readonly part?: Part;
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
}
