// Selects the part of a text that `rnn eval` scores, and how: split and evaluated as in the run of
// the model.
import { type TrainedModel, startSymbolOf } from '../runs/store.ts';
import { evaluationStreams } from '../corpus/evaluation-windows.ts';
import type { Corpus, Tokens } from '../corpus/read.ts';
import type { TrainingWork } from '../devices/auto.ts';
import { checkpointError, corpusError, usageError } from '../errors.ts';
import { type DynamicOptions, dynamicDefaults } from '../evaluation/dynamic.ts';
import { COST_OF_SCORING } from '../evaluation/evaluate.ts';
import type { TextToScore } from '../evaluation/score.ts';
import { trainingOptions } from '../options/training.ts';
import { legacyReading } from '../options/train.ts';
import type { Part } from '../options/choices.ts';
import { omitUndefined } from '../options/option.ts';
import type { ReadingOptions } from '../options/run.ts';
import { type RunTexts, recordedCorpus, recordedReadingOrNull, sameParts } from './record.ts';
import { workOfModel } from './work.ts';
import { flagOf } from '../options/flags.ts';

type Training = TrainedModel['training'];

/** For checkpoints that do not record how their run was evaluated. */
const otherwise = { sequenceLength: 32, evaluationStreams: 16 } as const;

/**
 * How to read a text of which a part is scored.
 *
 * @throws RnnError `checkpoint` if the checkpoint does not record how the run's text was split,
 * `corpus` if the run held out no such part
 */
export function readingOfPart(training: Training, part: Part): Omit<ReadingOptions, 'unit' | 'minCount'> {
  const recorded = recordedReadingOrNull(training);
  const { include = [], exclude = [], validationFraction = 0, validationFile = null } = recorded ?? {};
  const { encoding, keepLineEnds, skipInvalid, testFraction, testFile, ...more } = recorded ?? legacyReading;
  const { records, column, learnAfter, weights, lowercase } = more;
  const division = { records, column, learnAfter, weights, lowercase };
  const files = { include, exclude, encoding, keepLineEnds, skipInvalid, ...division };
  if (part === 'all') return { ...files, validationFraction: 0, validationFile: null, testFraction: 0, testFile: null };
  if (recorded === null)
    throw checkpointError(
      `cannot score ${flagOf('part')} ${part}: the checkpoint does not say how its run split the text`,
      `use ${flagOf('part')} all to score a whole text`,
    );
  const heldOut = { train: true, validation: validationFile ?? validationFraction, test: testFile ?? testFraction };
  if (heldOut[part] === 0)
    throw corpusError(
      `cannot score ${flagOf('part')} ${part}: this run has no ${part} part`,
      `train a run with ${flagOf(part === 'test' ? 'testFraction' : 'validationFraction')} 0.1 to hold out such a part, or use ${flagOf('part')} all to score another text as a whole`,
    );
  return {
    ...files,
    validationFraction,
    validationFile: part === 'validation' ? validationFile : null,
    testFraction,
    testFile: part === 'test' ? testFile : null,
  };
}

/** The options of scoring that the caller gave. */
export interface GivenScoring {
  readonly streams?: number;
  readonly sequenceLength?: number;
  readonly dynamic?: Partial<DynamicOptions>;
}

/** What to score and how, with facts for the user. */
export interface ScoringPlan extends TextToScore {
  /** For the choice of a device. */
  readonly work: TrainingWork;
  /** A message for the user if the part is not the part of the run. Null if it is. */
  readonly warning: string | null;
  /**
   * The fraction of `tokens` that the run was trained on, from 0 to 1. Null if the checkpoint records
   * no text, or another text.
   */
  readonly trainedShare: number | null;
}

/**
 * Options that are not given are as in the run's evaluations. A short text is scored as one chunk,
 * unless the run was evaluated on it in several. Dynamic evaluation reads the text in one row, so
 * that nothing is learned from later parts of the text.
 *
 * @throws RnnError `corpus` if the text is too short
 */
export function planScoring(
  { model, training, vocabulary }: Pick<TrainedModel, 'model' | 'training' | 'vocabulary'>,
  corpus: RunTexts,
  part: Part,
  given: GivenScoring,
): ScoringPlan {
  const tokens = part === 'all' ? corpus.train : corpus[part];
  if (tokens.length < 2) {
    throw corpusError(
      tokens.length === 0
        ? 'cannot score the text: it is empty'
        : 'cannot score a text of one character: the model only reads the first character',
      'use a text of at least two characters',
    );
  }
  const dynamic = given.dynamic === undefined ? null : { ...dynamicDefaults, ...omitUndefined(given.dynamic) };
  if (dynamic !== null && corpus.records !== null)
    throw usageError(
      `cannot use ${flagOf('dynamic')} on records: each record is scored alone, from a zero state`,
      `omit ${flagOf('dynamic')}`,
    );
  const recorded = recordedOption(training, 'evaluationStreams');
  const fitting = part === 'validation' ? recorded : evaluationStreams(tokens.length, recorded);
  const streams = given.streams ?? (dynamic === null ? fitting : 1);
  const options = {
    streams: Math.min(streams, tokens.length - 1), // each row has something to read
    sequenceLength: given.sequenceLength ?? recordedOption(training, 'sequenceLength'),
    dynamic,
    startSymbol: startSymbolOf({ training, vocabulary }),
    // A score counts each record once, whatever its weight in training.
    records: corpus.records && { ...corpus.records, weights: [] },
  };
  const warning = differenceFromRun(training, corpus, part);
  const isHeldOut = part === 'validation' || part === 'test';
  const trained = isHeldOut ? 0 : trainedLength(training, corpus);
  const trainedShare = warning !== null || trained === null ? null : trained / corpus.train.length;
  const { sequenceLength } = options;
  const once = {
    batchSize: options.streams,
    sequenceLength,
    epochs: 1,
    maxSteps: null,
    budgetMs: null,
    maxTimeMs: null,
  };
  const work = workOfModel(model, once, tokens.length);
  // Dynamic evaluation trains as well.
  const multiplyAdds = dynamic === null ? COST_OF_SCORING * work.multiplyAdds : work.multiplyAdds;
  return { ...options, tokens, work: { ...work, multiplyAdds }, warning, trainedShare };
}

/** An option with which the run was evaluated, from its checkpoint. */
function recordedOption({ options }: Training, option: keyof typeof otherwise): number {
  const value = Object.hasOwn(options, option) ? options[option] : undefined;
  return trainingOptions[option].kind.holds(value) ? (value as number) : otherwise[option];
}

function differenceFromRun(training: Training, corpus: RunTexts, part: Part): string | null {
  if (part === 'all' || sameParts(training, corpus)[part]) return null;
  const use = { train: 'was trained on', validation: 'validated on', test: 'held out for testing' }[part];
  return `the text is not the text of the run, so this is not the part that the run ${use}`;
}

/**
 * The number of tokens of a text that the run was trained on. Null if the checkpoint records no
 * text, or another text.
 */
function trainedLength(training: Training, { sourcesDigest }: Pick<Corpus, 'sourcesDigest'>): number | null {
  if (training.corpus === undefined) return null;
  const recorded = recordedCorpus(training);
  return recorded.sourcesDigest === sourcesDigest ? recorded.train : null;
}

/**
 * The part of a text that the run was trained on. Null if the checkpoint records no text, or
 * another text.
 *
 * @param corpus records that are split as in the run, or a text of which nothing is held out
 */
export function trainedPart(
  training: Training,
  { train, records, sourcesDigest }: Pick<Corpus, 'train' | 'records' | 'sourcesDigest'>,
): Tokens | null {
  const length = trainedLength(training, { sourcesDigest });
  if (length === null) return null;
  // The training part of records is not the beginning of their text.
  if (records !== null) return train.length === length ? train : null;
  return train.subarray(0, length);
}
