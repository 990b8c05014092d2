// A checkpoint in memory, and the names and limits of its file format. docs/checkpoint-format.md
// describes the format for other programs.

import { Vocabulary, type VocabularyData } from '../corpus/vocabulary.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { Random, type RandomState } from '../random.ts';

/** The value of `format` in a checkpoint file. */
export const formatName = 'rnn-checkpoint';
/** The newest version that this program reads. */
export const formatVersion = 2;

/**
 * The oldest version whose readers understand the model: readers of version 1 would ignore how its
 * cells are connected.
 */
export function versionOf({
  skip = 'none',
  stacking = 'plain',
  timeSkip = 0,
  tied = false,
  layerNorm = false,
  learnedState = false,
}: ModelConfiguration): number {
  return skip !== 'none' || stacking !== 'plain' || timeSkip > 0 || tied || layerNorm || learnedState ? 2 : 1;
}

/** Named numbers in row-major order. `data.length` is the product of `shape`. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The number of elements of a tensor of a shape. */
export const numbersIn = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** All tensors of a checkpoint. */
export const allTensors = ({ tensors, state, optimizer }: Checkpoint): Tensor[] => [
  ...tensors,
  ...state,
  ...(optimizer?.tensors ?? []),
];

/**
 * The state of a run, as plain JSON. The members named here are checked. Other members may be
 * added, and are returned unchanged.
 */
export interface TrainingRecord {
  readonly options: Readonly<Record<string, unknown>>;
  /** Update steps since the run began. */
  readonly step: number;
  /** Epochs done, with a fraction. */
  readonly epoch: number;
  /** The next window. */
  readonly position: { readonly epoch: number; readonly window: number };
  readonly random: RandomState;
  /** Reports and evaluations, oldest first. */
  readonly history: readonly Readonly<Record<string, unknown>>[];
  readonly bestValidationLossNats: number | null;
  readonly [more: string]: unknown;
}

/** The state of an optimizer: its moments and counters. */
export interface OptimizerState {
  readonly name: string;
  readonly scalars: Readonly<Record<string, number>>;
  readonly tensors: readonly Tensor[];
}

/** Everything that is needed to sample from a model or to resume its training. */
export interface Checkpoint {
  readonly model: ModelConfiguration;
  readonly vocabulary: VocabularyData;
  readonly training: TrainingRecord;
  /** The parameters. */
  readonly tensors: readonly Tensor[];
  /**
   * The hidden state carried to the next window. Empty if the next window starts from a zero state.
   */
  readonly state: readonly Tensor[];
  /** Null in a checkpoint from which training cannot continue. */
  readonly optimizer: OptimizerState | null;
}

/** A checkpoint without the tensors that only training needs. */
export type TrainedModel = Omit<Checkpoint, 'state' | 'optimizer'> & {
  readonly optimizer: Omit<OptimizerState, 'tensors'> | null;
};

/** The record of a model that was not trained. */
export function freshRecord(options: TrainingRecord['options'] = {}, seed = 1): TrainingRecord {
  return {
    options,
    step: 0,
    epoch: 0,
    position: { epoch: 0, window: 0 },
    random: new Random(seed).state,
    history: [],
    bestValidationLossNats: null,
  };
}

/**
 * Id of the token that a zero state reads before a text, as in training. Null for models that were
 * not trained in this way.
 */
export function startSymbolOf({ training, vocabulary }: Pick<TrainedModel, 'training' | 'vocabulary'>): number | null {
  return training.options['textStarts'] === true ? new Vocabulary(vocabulary).startSymbol : null;
}

/** Maximum sizes that a file may demand from this program, far above any real checkpoint. */
export const checkpointLimits = {
  /** Bytes of everything except the data of tensors: a vocabulary of all of Unicode is 14 MB. */
  textBytes: 32 * 2 ** 20,
  /**
   * Values and keys in that part: all of Unicode is a million, and each may take a hundred bytes of
   * memory.
   */
  values: 2 ** 21,
  /** Nesting of braces and brackets. */
  depth: 64,
  /** Tensors in one list. */
  tensors: 65_536,
  /** Dimensions of a tensor. */
  rank: 8,
  /** Numbers in a tensor: 4 GB of them are all that a device can hold. */
  numbers: 2 ** 30,
  /** Characters of a name. */
  name: 256,
} as const;
