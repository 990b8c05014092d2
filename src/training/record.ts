// Defines the record of a run in a checkpoint, apart from its tensors and its position in the text,
// and reads it back. The file was already checked for damage. This module checks that each member
// has a value that the loop can use.
import { type Checkpoint, firstWrong, isObject } from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import { RnnError, checkpointError, unexpected } from '../errors.ts';
import type { LossTrendState } from './divergence.ts';
import type { EndReason } from './events.ts';
import { type Rule, anyText, choice, number, orNull, wholeNumber } from '../options/kind.ts';
import { pick, kindsOf } from '../options/option.ts';
import { type MachineOptions, type ReadingOptions, machineOptions, readingOptions } from '../options/run.ts';
import { legacyOptions, legacyReading } from '../options/train.ts';
import { lengthOptionNames } from '../options/choices.ts';
import { type TrainingOptions, trainingOptions } from '../options/training.ts';
import { flagOf } from '../options/flags.ts';

type Training = Checkpoint['training'];

/**
 * Maximum of steps, epochs and other counters: far beyond any run, and far below the numbers to
 * which adding 1 has no effect.
 */
export const MAX_COUNTED = 2 ** 48;

type Rules<Members> = { readonly [Key in keyof Members]: Rule };
/** The values that rules allow. */
type Allowed<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends { holds(value: unknown): value is infer Value } ? Value : never;
};

const count = wholeNumber(0, MAX_COUNTED);
const milliseconds = number({ min: 0 });
const trendRules: Rules<LossTrendState> = { steps: count, average: number(), lowest: orNull(number()) };
const loopRules = {
  /** Steps of the whole run. Null if only time ends it. */
  totalSteps: orNull(wholeNumber(0)),
  /** Spent in training steps only, over all invocations. */
  trainingMs: milliseconds,
  elapsedMs: milliseconds,
  /** Evaluations since the best one. */
  sinceBest: count,
  /**
   * Evaluations since the best one or since the last drop of the learning rate, and the number of
   * drops.
   */
  sinceDrop: count,
  drops: count,
  /** The steps of the last evaluation and of the last sample. */
  evaluatedAt: number(),
  sampledAt: number(),
  /** Milliseconds that steps had taken by then. */
  evaluatedMs: milliseconds,
  sampledMs: milliseconds,
  recoveries: count,
  /** The product of all changes that recoveries made to the learning rate. */
  learningRateFactor: number({ above: 0, max: 1 }),
  /** Why the run is over. Null while it is not. */
  finished: orNull(choice<EndReason>(['epochs', 'max-steps', 'budget', 'patience'])),
  trend: {
    expected: () => 'the trend of the loss',
    holds: (value: unknown): value is LossTrendState => isObject(value) && firstWrong(value, trendRules) === null,
  },
};
/** The state of the loop, without its session. */
export interface LoopState extends Allowed<typeof loopRules> {}

const corpusRules = {
  /** The name of the text. Null in checkpoints without one. */
  name: orNull(anyText),
  digest: anyText,
  /** Digest of the text without a validation file. */
  sourcesDigest: anyText,
  /** Digest of the text with the test file and without a validation file. */
  testDigest: anyText,
  characters: count,
  train: count,
  validation: count,
  test: count,
  /** Characters of the longest record. Null for a text without records, and in earlier checkpoints. */
  longestRecord: orNull(count),
};
/** The text that a run was trained on. */
export interface CorpusRecord extends Allowed<typeof corpusRules> {}

/**
 * Returns the members with rules, and no others, because unknown members must not become options.
 *
 * @param earlier values of members that older checkpoints do not have
 * @throws RnnError `checkpoint` if a member is missing or breaks its rule
 */
function part<Members>(
  training: Training,
  name: string,
  rules: Rules<Members>,
  earlier: Partial<Members> = {},
): Members {
  const recorded = training[name];
  if (typeof recorded !== 'object' || recorded === null) throw unfitError(`training.${name} is missing`);
  const value: Record<string, unknown> = { ...recorded, ...earlier, ...recorded }; // the recorded members first, to keep their order when a checkpoint is written again
  const wrong = firstWrong(value, rules) as (keyof Members & string) | null;
  if (wrong === null)
    return pick(
      value,
      Object.keys(value).filter((member) => Object.hasOwn(rules, member)),
    ) as Members;
  throw unfitError(
    unexpected(
      `training.${name}.${wrong}`,
      JSON.stringify(value[wrong])?.slice(0, 60) ?? 'missing',
      rules[wrong].expected(value[wrong]),
    ),
  );
}

/** The error for an undamaged checkpoint of a run that this program cannot continue. */
export function unfitError(reason: string): RnnError {
  return checkpointError(
    `cannot continue a run from this checkpoint: ${reason}`,
    `it was edited, imported or written by another program: use ${flagOf('initFrom')} to start a new run from its weights`,
  );
}

/** @throws RnnError `checkpoint` if options are missing or have invalid values */
export function recordedOptions(training: Training): TrainingOptions {
  const options = part<TrainingOptions>(training, 'options', kindsOf(trainingOptions), legacyOptions);
  if (lengthOptionNames.filter((option) => options[option] !== null).length !== 1)
    throw unfitError(`exactly one of training.options.${lengthOptionNames.join(', ')} must not be null`);
  return options;
}

export const recordedReading = (training: Training): ReadingOptions =>
  part<ReadingOptions>(training, 'reading', kindsOf(readingOptions), legacyReading);
/** @param record the record of a run: from its checkpoint, or the first line of its log */
export const recordedOptionsOrNull = (record: Readonly<Record<string, unknown>>): TrainingOptions | null =>
  orNullIfUnfit(recordedOptions, record as Training);
/** Null for models of other programs. */
export const recordedReadingOrNull = (training: Training): ReadingOptions | null =>
  orNullIfUnfit(recordedReading, training);
export const recordedLoopOrNull = (training: Training): LoopState | null => orNullIfUnfit(recordedLoop, training);
export const recordedCorpusOrNull = (training: Training): CorpusRecord | null =>
  orNullIfUnfit(recordedCorpus, training);

function orNullIfUnfit<Recorded>(read: (training: Training) => Recorded, training: Training): Recorded | null {
  try {
    return read(training);
  } catch (error) {
    if (error instanceof RnnError && error.kind === 'checkpoint') return null;
    throw error;
  }
}

export const recordedMachine = (training: Training): MachineOptions =>
  part<MachineOptions>(training, 'machine', kindsOf(machineOptions), { kernels: null });
export const recordedLoop = (training: Training): LoopState =>
  part<LoopState>(training, 'loop', loopRules, { sinceDrop: 0, drops: 0, evaluatedMs: 0, sampledMs: 0 });

/** The facts about the text that a checkpoint records. */
export function corpusRecordOf(corpus: Corpus): CorpusRecord {
  const { train, validation, test } = corpus;
  const lengths = { train: train.length, validation: validation.length, test: test.length };
  const known = { ...corpus, ...lengths, longestRecord: corpus.records?.facts.maxLength };
  return pick(known, Object.keys(corpusRules) as (keyof CorpusRecord)[]) as CorpusRecord;
}

/** Earlier checkpoints have one digest, of the whole text, or two. */
export function recordedCorpus(training: Training): CorpusRecord {
  const { digest, sourcesDigest = digest } = (training.corpus ?? {}) as Partial<CorpusRecord>;
  return part<CorpusRecord>(training, 'corpus', corpusRules, {
    name: null,
    sourcesDigest: digest,
    testDigest: sourcesDigest,
    test: 0,
    longestRecord: null,
  } as Partial<CorpusRecord>);
}

export type RunTexts = Pick<
  Corpus,
  'records' | 'train' | 'validation' | 'test' | 'digest' | 'sourcesDigest' | 'testDigest'
>;

/** Which parts of a text are the same as in the run. */
export function sameParts(training: Training, corpus: RunTexts): Record<'train' | 'validation' | 'test', boolean> {
  const recorded = recordedCorpus(training);
  const isSame = (name: 'train' | 'validation' | 'test', digest: 'sourcesDigest' | 'digest' | 'testDigest'): boolean =>
    recorded.sourcesDigest === corpus.sourcesDigest &&
    recorded[digest] === corpus[digest] &&
    recorded[name] === corpus[name].length;
  const train = isSame('train', 'sourcesDigest');
  return { train, validation: train && isSame('validation', 'digest'), test: isSame('test', 'testDigest') };
}
