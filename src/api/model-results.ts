// Requests to a trained model and its results: plain data.
import type { Tokens } from '../corpus/read.ts';
import type { Activations } from '../insight/activations.ts';
import type { Finding } from '../insight/finding.ts';
import type { Flow } from '../insight/gradient-flow.ts';
import type { Piece } from '../evaluation/pieces.ts';
import type { Saturation } from '../insight/saturation.ts';
import type { Surprise } from '../evaluation/surprise.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import type { Score } from '../evaluation/score.ts';
import type { Part } from '../options/choices.ts';
import type { GivenScoring } from '../training/scored-part.ts';

export interface MachineChoice {
  /** One of `deviceNames`, or `auto`, which is the default. */
  readonly device?: string;
  /** Of the cpu; all cores unless given. */
  readonly threads?: number;
  /** The cpu's library for products: `auto`, `off` or a file. */
  readonly blas?: string;
}

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
export interface SurpriseOfText {
  readonly model: ModelConfiguration;
  readonly unit: 'character' | 'byte';
  readonly characters: number;
  readonly bits: number;
  readonly accuracy: number;
  /** The text, piece by piece, with what each cost in nats. */
  readonly pieces: readonly Piece[];
  /** By symbol: its cost, its rank, and the likeliest in its place. */
  readonly surprise: Surprise;
  readonly ids: Tokens;
  /** How each symbol is written. */
  readonly symbols: readonly string[];
}

/**
 * What cells held while a text was read; with `name`, `summary` and `cell` it is what `cellsPage`
 * takes.
 */
export interface Inspection {
  readonly pieces: readonly string[];
  readonly activations: Activations;
  /** Cells that tell something of the text; none in one of fewer than 400 characters. */
  readonly findings: readonly Finding[];
  readonly saturation: readonly Saturation[];
}

export interface GradientsOptions {
  /** How far back. Default 200. */
  readonly steps?: number;
  /** Places in the text, over which the norms are averaged. Default 4. */
  readonly positions?: number;
  /** Steps whose largest singular value is found. Default 3. */
  readonly jacobians?: number;
}

/** How far back a loss reaches: what `gradientsPage` takes. */
export interface Gradients {
  readonly name: string;
  readonly model: ModelConfiguration;
  readonly flows: readonly Flow[];
  /** By layer, at one step after another. */
  readonly singularValues: readonly (readonly number[])[];
}

export interface ReadOptions {
  /** Which part is to be looked at: then the text is cut as the run's was. Default `all`. */
  readonly part?: Part;
  /** In the place of those that the run had. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly encoding?: string;
  readonly stdin?: AsyncIterable<Uint8Array | string>;
}
