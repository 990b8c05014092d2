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
import type { Listener } from './run-request.ts';
import type { GivenScoring } from '../training/scored-part.ts';

/** Who hears what a task does while it runs. */
export interface Listening {
  readonly listener?: Partial<Listener> | undefined;
}

/** One of `deviceNames`, or `auto`, which is the default; its threads, and its library for products. */
export interface MachineChoice extends Partial<ValuesOf<typeof machineOfCommands>> {}

export interface EvaluationOptions extends GivenScoring {
  /** Of a corpus, `all` (the default) or a part of it; a warning says if the run had another. */
  readonly part?: Part;
}

/** How well a text was predicted. */
export interface Evaluation extends Score {
  /** Per character, as `nats` is. */
  readonly bits: number;
  readonly perplexity: number;
  /** Why a part is not the one that the run had; null if it is. */
  readonly warning: string | null;
}

/**
 * What each character of a text cost; with `run`, `text` and `others` it is what `surprisePage`
 * takes.
 */
export interface SurpriseOfText extends Omit<SurpriseReport, 'run' | 'text' | 'others'> {
  readonly model: ModelConfiguration;
  readonly ids: Tokens;
}

/**
 * What cells held while a text was read; with `name`, `summary` and `cell` it is what `cellsPage`
 * takes. In a text of fewer than 400 characters no cell tells anything.
 */
export interface Inspection extends Omit<CellsReport, 'name' | 'summary' | 'cell'> {}
export type FoundCells = Pick<Inspection, 'findings' | 'saturation'>;

/** How many steps back, at how many places of the text, and how many steps' singular values. */
export interface GradientsOptions extends Partial<ValuesOf<typeof gradientsMeasured>> {}

/** How far back a loss reaches: what `gradientsPage` takes. */
export interface Gradients extends NetworkGradients {
  readonly model: ModelConfiguration;
}

/** In the place of how the text of the run was read. */
export interface ReadOptions extends Partial<Pick<ReadingOptions, 'include' | 'exclude' | 'encoding' | 'skipInvalid'>> {
  /** Which part is to be looked at: then the text is cut as the run's was. Default `all`. */
  readonly part?: Part;
  readonly stdin?: AsyncIterable<Uint8Array | string>;
}
