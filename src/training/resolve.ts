// Completes the given options: chooses the network, its regularisation and the length of the run
// from the length of the corpus, and gives every other option its default.
import type { Corpus } from '../corpus/read.ts';
import { fitSizes } from '../corpus/batches.ts';
import { evaluationStreams } from '../corpus/evaluation-windows.ts';
import { count } from '../count.ts';
import { RnnError, inQuotes, unexpected, usageError } from '../errors.ts';
import { mapValues } from '../group.ts';
import type { Cell } from '../model/cells/cell.ts';
import { cellNamed } from '../model/cells/registry.ts';
import { type Intervals, chooseIntervals } from './intervals.ts';
import { type TextKind, lengthOptionNames } from '../options/choices.ts';
import { notesOnNoEffect, refuseUnmetConditions } from '../options/contradictions.ts';
import { defaultValues } from '../options/option.ts';
import { wrongValue } from '../options/train.ts';
import { type OptimizerName, type TrainingOption, type TrainingOptions, trainingOptions } from '../options/training.ts';
import { MIN_STEPS, charactersToTrain, chooseOptions } from './defaults.ts';
import { withPreset } from '../options/presets.ts';
import { stepsOf, windowsPerEpoch } from './work.ts';
import { type CorpusRecords, recordsIn } from '../corpus/corpus-records.ts';
import { fitRecords, windowsOfRecords } from '../corpus/record-batches.ts';
import type { StoredRecords } from '../corpus/records.ts';
import type { Tokens } from '../corpus/store.ts';
import { flagOf } from '../options/flags.ts';

/** Bounds of the default probability that a batch row starts a window with a zero state. */
const STATE_RESET = { min: 0.05, max: 0.3 };
/** Lines of text between two resets of a batch row, within these bounds. */
const LINES_PER_RESET = 24;
/** Tokens at the beginning of a text in which lines are counted. */
const MAX_TOKENS_FOR_LINES = 1_000_000;

/**
 * Adagrad has the rate of min-char-rnn: 0.01, 0.03 and 0.1 gave a loss of 2.97, 2.41 and 2.14 nats
 * after 400 steps of 128 units on a megabyte of plays.
 */
const learningRates: Readonly<Partial<Record<OptimizerName, number>>> = { sgd: 0.5, adagrad: 0.1 };

/**
 * A text, or only its length if the text is not read yet. Without the text, its lines cannot be
 * counted.
 */
interface TextOrLength {
  readonly length: number;
  readonly [at: number]: number;
}

export interface ResolvedOptions {
  readonly options: TrainingOptions;
  /** Messages for the user about the choices that rnn made. */
  readonly notes: readonly string[];
}

/** The source of a value. `text`: chosen from the text, from other options, or from both. */
export type OptionSource = 'given' | 'preset' | 'text' | 'default';

export interface NewRunOptions extends ResolvedOptions {
  readonly sources: Readonly<Record<keyof TrainingOptions, OptionSource>>;
  /** A note for each given option that has no effect. */
  readonly noEffectNotes: readonly string[];
}

/** The text of a run. `records` is omitted if the text is not read yet. */
interface TextOfRun extends Pick<Corpus, 'vocabulary'> {
  readonly train: TextOrLength;
  readonly validation: TextOrLength;
  readonly records?: CorpusRecords | null;
}

/** @throws RnnError `usage` for invalid values, `corpus` if the text is too short */
export function resolveOptions(userOptions: Partial<TrainingOptions>, corpus: TextOfRun): NewRunOptions {
  const { length } = corpus.train;
  const stored = storedRecords(corpus);
  const kind = stored === null ? 'text' : stored.learnAfter.length === 0 ? 'list' : 'pairs';
  const givenOrPreset = withPreset(userOptions.preset ?? null, userOptions, { length, kind });
  const chosenOptions = chooseOptions(givenOrPreset, { length, kind, symbols: corpus.vocabulary.size });
  const sizes = { ...chosenOptions, ...withoutNulls(givenOrPreset) };
  const isGiven = {
    batchSize: userOptions.batchSize !== undefined,
    sequenceLength: userOptions.sequenceLength !== undefined,
  };
  const { batchSize, sequenceLength } =
    stored === null ? fitSizes(length, sizes, isGiven) : fitRecords(stored, sizes, isGiven);
  const windows =
    stored === null
      ? windowsPerEpoch(length, { batchSize, sequenceLength })
      : windowsOfRecords(stored, { batchSize, sequenceLength });
  const cell = cellNamed(sizes.cell);

  const sized: Omit<TrainingOptions, keyof Intervals> = {
    ...(defaultValues(trainingOptions) as TrainingOptions),
    ...sizes,
    cell: cell.name,
    sequenceLength,
    batchSize,
    learningRate:
      givenOrPreset.learningRate ??
      learningRates[givenOrPreset.optimizer ?? 'adam'] ??
      defaultLearningRate(cell, { hidden: sizes.hidden, batchSize, kind }),
    decay: givenOrPreset.decay ?? (givenOrPreset.schedule === 'plateau' ? 0.5 : trainingOptions.decay.default),
    stateReset:
      givenOrPreset.stateReset ??
      (givenOrPreset.textStarts === false ? STATE_RESET.min : defaultStateReset(corpus, sequenceLength)),
    ...runLength(givenOrPreset, { length, kind }, windows),
    evaluationStreams: evaluationRows(
      corpus,
      givenOrPreset.evaluationStreams ??
        // Each row of a batch reads one record, so more rows do not change the measure.
        (stored === null ? evaluationStreams(corpus.validation.length, 16) : batchSize),
    ),
  };
  const run =
    stored === null
      ? { steps: stepsOf(sized, windowsPerEpoch(length, sized)), charactersPerStep: batchSize * sequenceLength }
      : { steps: stepsOf(sized, windows), charactersPerStep: length / windows };
  const options: TrainingOptions = { ...sized, ...chooseIntervals(givenOrPreset, run, corpus.validation.length) };
  refuseUnfit(options, corpus);
  return {
    options,
    notes: [...describeChoices(givenOrPreset, options, length), ...describeSample(options, corpus.validation.length)],
    noEffectNotes: notesOnNoEffect(userOptions, options),
    sources: sourcesOf(options, userOptions, givenOrPreset),
  };
}

/** The records to train on. Null for a text that is not divided, or not read yet. */
function storedRecords({ records = null, train }: TextOfRun): StoredRecords | null {
  return records === null ? null : recordsIn(records, train as Tokens, true);
}

function sourcesOf(
  options: TrainingOptions,
  userOptions: Partial<TrainingOptions>,
  given: Partial<TrainingOptions>,
): NewRunOptions['sources'] {
  const sourceOf = (name: TrainingOption): OptionSource => {
    if (userOptions[name] !== undefined) return 'given';
    if (given[name] !== undefined && given[name] === options[name]) return 'preset';
    return 'defaultInWords' in trainingOptions[name] && options[name] !== null ? 'text' : 'default';
  };
  return mapValues(trainingOptions, (_, name) => sourceOf(name));
}

/** The options that are neither undefined nor null. */
const withoutNulls = (given: Partial<TrainingOptions>): Partial<TrainingOptions> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null));

/** The number of rows in which a validation text is evaluated: each row has something to read. */
function evaluationRows({ validation }: { readonly validation: TextOrLength }, max: number): number {
  return Math.min(max, Math.max(1, validation.length - 1));
}

/**
 * The options of a run that continues, fitted to the current text.
 *
 * @throws RnnError `usage` for invalid values
 */
export function refitOptions(options: TrainingOptions, corpus: { readonly validation: TextOrLength }): ResolvedOptions {
  refuseUnfit(options, corpus);
  const evaluationStreams = evaluationRows(corpus, options.evaluationStreams);
  const notes =
    evaluationStreams === options.evaluationStreams
      ? []
      : [
          `${flagOf('evaluationStreams')} is now ${evaluationStreams}: the text to validate on is too short for ${options.evaluationStreams}`,
        ];
  return { options: { ...options, evaluationStreams }, notes };
}

/** @throws RnnError `usage` for values that are invalid or do not fit the text */
function refuseUnfit(options: TrainingOptions, { validation }: { readonly validation: TextOrLength }): void {
  const wrong = wrongValue(trainingOptions, { ...options });
  if (wrong !== null) {
    const flag = flagOf(wrong.name);
    throw new RnnError('usage', unexpected(flag, inQuotes(wrong.value), wrong.expected), { options: [flag] });
  }
  refuseUnmetConditions(options);
  if (validation.length >= 2 && options.evaluateEvery !== 0) return;
  const remedy =
    options.evaluateEvery === 0
      ? `omit ${flagOf('evaluateEvery')} 0`
      : `validate on a longer text with ${flagOf('validationFraction')} or ${flagOf('validationFile')}`;
  if (options.patience > 0) throw noEvaluationsError(flagOf('patience'), options.patience, remedy);
  if (options.schedule === 'plateau') throw noEvaluationsError(flagOf('schedule'), 'plateau', remedy);
}

function noEvaluationsError(flag: string, value: number | string, remedy: string): RnnError {
  return usageError(`cannot use ${flag} ${value}: the run has no evaluations`, `${remedy}, or omit ${flag}`, {
    options: [flag],
  });
}

/**
 * The highest default peak of the learning rate. Answers that follow from a rule make a network very
 * sure, and then one update step can do much damage: two layers of 192 units diverged at 0.01 on
 * surnames and languages. An mLSTM of 2 × 160 units diverged at 0.02 on a list of names.
 */
const MAX_LEARNING_RATE: Readonly<Record<TextKind, number>> = { text: 0.02, list: 0.015, pairs: 0.004 };

/**
 * The default peak of Adam's learning rate: lower for larger layers and smaller batches, and at
 * most 0.02. For an LSTM of 256 units and batches of 32 × 32 it is 0.016. With the peaks 0.004,
 * 0.008, 0.015 and 0.03, such an LSTM had a training loss of 1.83, 1.75, 1.61 and 1.59 nats after
 * 750 update steps on a megabyte of plays. Rounded, so that the note shows all digits.
 */
function defaultLearningRate(
  { learningRateTimesHidden }: Cell,
  { hidden, batchSize, kind }: { readonly hidden: number; readonly batchSize: number; readonly kind: TextKind },
): number {
  const peak = (learningRateTimesHidden / hidden) * Math.sqrt(batchSize / 32);
  return Number(Math.min(MAX_LEARNING_RATE[kind], peak).toPrecision(2));
}

/**
 * A list of short lines is sampled and scored line by line, so a model must often see starts. In
 * prose, a reset loses the context before it. On tinyshakespeare, 0.15 costs 0.012 nats. An mLSTM
 * of 256 units, trained on 29,494 names for 2,500 update steps, has these losses on held-out names:
 *
 * | probability | each name from a zero state, nats |
 * |---|---|
 * | 0.05 | 2.047 |
 * | 0.15 | 2.013 |
 * | 0.3 | 2.001 |
 *
 * In running text, the losses are 2.002 to 2.006 nats.
 */
function defaultStateReset(
  { train, vocabulary }: { readonly train: TextOrLength } & Pick<Corpus, 'vocabulary'>,
  sequenceLength: number,
): number {
  const { startSymbol } = vocabulary;
  if (startSymbol === null || vocabulary.decode([startSymbol]) !== '\n') return STATE_RESET.min;
  const length = Math.min(train.length, MAX_TOKENS_FOR_LINES);
  let lines = 0;
  for (let at = 0; at < length; at++) if (train[at] === startSymbol) lines++;
  const reset = ((lines / length) * sequenceLength) / LINES_PER_RESET;
  return Number(Math.min(STATE_RESET.max, Math.max(STATE_RESET.min, reset)).toPrecision(2));
}

function runLength(
  given: Partial<TrainingOptions>,
  text: { readonly length: number; readonly kind: TextKind },
  windows: number,
): Pick<TrainingOptions, 'epochs' | 'maxSteps' | 'budgetMs'> {
  const { epochs = null, maxSteps = null, budgetMs = null } = given;
  const givenLengths = lengthOptionNames.filter((name) => given[name] != null);
  if (givenLengths.length === 1) return { epochs, maxSteps, budgetMs };
  const epochsToTrain = charactersToTrain(text) / text.length;
  return windows * epochsToTrain < MIN_STEPS
    ? { epochs, maxSteps: MIN_STEPS, budgetMs }
    : { epochs: Number(epochsToTrain.toPrecision(2)), maxSteps, budgetMs };
}

function describeSample({ validationCharacters }: TrainingOptions, validation: number): string[] {
  if (validationCharacters === 0 || validationCharacters >= validation - 1) return [];
  return [
    `the run validates on ${count(validationCharacters)} of ${count(validation)} held-out characters (rnn eval with the text and ${flagOf('part')} validation scores all of them)`,
  ];
}

/** The choices that a note lists. */
const optionsInNote = [
  'cell',
  'layers',
  'hidden',
  'embedding',
  'dropout',
  'weightDecay',
  'batchSize',
  'sequenceLength',
  'learningRate',
  ...lengthOptionNames,
] as const satisfies readonly TrainingOption[];

function describeChoices(given: Partial<TrainingOptions>, options: TrainingOptions, characters: number): string[] {
  const chosen = optionsInNote
    .filter((name) => given[name] == null && options[name] !== null && (name !== 'embedding' || options.embedding > 0))
    .map((name) => `${flagOf(name)} ${options[name]}`);
  return chosen.length === 0 ? [] : [`chosen for ${count(characters)} characters of text: ${chosen.join(' ')}`];
}
