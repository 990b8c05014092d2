// Continues a run: replaces recorded settings by settings that the user gives, and refuses settings
// that cannot change. The session and the loop restore the state itself.
import { isDeepStrictEqual } from 'node:util';
import type { Checkpoint } from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import { count } from '../count.ts';
import { corpusError, usageError } from '../errors.ts';
import type { EndReason } from './events.ts';
import {
  type MachineOptions,
  type ReadingOptions,
  machineNames,
  readingNames,
  readingOptions,
} from '../options/run.ts';
import { legacyOptions, namesWith, trainOptions } from '../options/train.ts';
import { textOfValue } from '../options/words.ts';
import { lengthOptionNames } from '../options/choices.ts';
import { type TrainingOptions, trainingNames, trainingOptions } from '../options/training.ts';
import {
  MAX_COUNTED,
  corpusRecordOf,
  recordedCorpus,
  recordedLoop,
  recordedMachine,
  recordedOptions,
  recordedReading,
  unfitError,
} from './record.ts';
import { type Verdict, evaluationsIn, verdictOf } from './verdict.ts';
import { type OptionName, flagOf } from '../options/flags.ts';

export interface RunSettings {
  readonly options: TrainingOptions;
  readonly reading: ReadingOptions;
  readonly machine: MachineOptions;
}

/** The settings that the user or the caller gave, and no others. */
export type GivenSettings = { readonly [Part in keyof RunSettings]: Partial<RunSettings[Part]> };

export interface Continuation extends RunSettings {
  /**
   * The flags whose values change. `notes` describes the same changes to the
   * user.
   */
  readonly changed: readonly string[];
  readonly notes: readonly string[];
}

/**
 * The settings of the run, replaced where others are given now.
 *
 * @throws RnnError `usage` for a setting that cannot change in a run, `checkpoint` if settings are
 * missing from the checkpoint
 */
export function continueRun({ model, training }: Checkpoint, given: GivenSettings): Continuation {
  const recordedSettings = {
    options: recordedOptions(training),
    reading: recordedReading(training),
    machine: recordedMachine(training),
  };
  const { step, epoch, position } = training;
  for (const [name, counted] of Object.entries({ step, epoch, 'position.epoch': position.epoch }))
    if (counted > MAX_COUNTED)
      throw unfitError(`training.${name} is ${counted}: expected at most ${count(MAX_COUNTED)}`);
  const recorded: Partial<TrainingOptions> = { ...legacyOptions, ...model };
  for (const option of namesWith(({ fixedFor }) => fixedFor === 'weights' || fixedFor === 'start')) {
    const modelValue = recorded[option];
    if (recordedSettings.options[option] !== modelValue)
      throw unfitError(
        `training.options.${option} is ${recordedSettings.options[option]}: expected ${modelValue} as in its model`,
      );
  }
  const recordedValues: Readonly<Record<string, unknown>> = {
    ...recordedSettings.options,
    ...recordedSettings.reading,
    ...recordedSettings.machine,
  };
  const givenValues: Readonly<Record<string, unknown>> = { ...given.options, ...given.reading };
  for (const [option, row] of Object.entries({ ...trainingOptions, ...readingOptions }))
    if ('fixedFor' in row) refuseChange(option as OptionName, givenValues[option], recordedValues[option]);

  const length = lengthOptionNames.some((option) => given.options[option] !== undefined)
    ? { epochs: null, maxSteps: null, budgetMs: null }
    : {};
  const options = { ...recordedSettings.options, ...length, maxTimeMs: null, ...given.options };
  // A file to validate or test on replaces the part of the text held out for it, and vice versa.
  const { validationFile, validationFraction, testFile, testFraction } = given.reading;
  const heldOut = {
    ...(validationFile !== undefined && { validationFraction: 0 }),
    ...(validationFraction !== undefined && { validationFile: null }),
    ...(testFile !== undefined && { testFraction: 0 }),
    ...(testFraction !== undefined && { testFile: null }),
  };
  const reading = { ...recordedSettings.reading, ...heldOut, ...given.reading };
  // Otherwise the run would train on text that it is tested on.
  if (testFile != null && recordedSettings.reading.testFraction > 0)
    throw usageError(
      `cannot use ${flagOf('testFile')} in this run: its ${flagOf('testFraction')} is ${recordedSettings.reading.testFraction}`,
      `omit ${flagOf('testFile')} to resume, or score the file with rnn eval`,
      { options: [flagOf('testFile')] },
    );
  refuseChange('testFraction', reading.testFraction, recordedValues['testFraction']);
  const machine = { ...recordedSettings.machine, ...given.machine };
  const newValues: Readonly<Record<string, unknown>> = { ...options, ...reading, ...machine };
  const changed = [
    ...trainingNames.filter((name) => name !== 'maxTimeMs' && given.options[name] !== undefined),
    ...readingNames,
    ...machineNames,
  ].filter((name) => !isDeepStrictEqual(newValues[name], recordedValues[name]));
  return {
    options,
    reading,
    machine,
    changed: changed.map(flagOf),
    notes: changed.map(
      (name) =>
        `${flagOf(name)} is now ${textOfSetting(name, newValues[name])} (it was ${textOfSetting(name, recordedValues[name])})`,
    ),
  };
}

/** Why the run was over when it was saved. Null if it was not, or is not with these options. */
export function endReasonOf({ training }: Checkpoint, options: TrainingOptions): EndReason | null {
  const { finished } = recordedLoop(training);
  const before = recordedOptions(training);
  return [...lengthOptionNames, 'patience' as const].every((option) => options[option] === before[option])
    ? finished
    : null;
}

/** The verdict on a run that is over. */
export function verdictOn(
  { training: { history, step, epoch } }: Checkpoint,
  options: TrainingOptions,
): Verdict | null {
  return verdictOf({ evaluations: evaluationsIn(history), options, step, epoch, reason: 'finished' });
}

/**
 * A note for the user on flags that have no effect on a run that is over, and how to continue it.
 * Null if there are no such flags.
 */
export function unusedNote(flags: readonly string[], end: EndReason): string | null {
  if (flags.length === 0) return null;
  // The reasons have the names of the flags.
  return `the run is over, so these flags have no effect: ${flags.join(', ')} (a higher --${end} continues it)`;
}

/** The texts of a run, each with the digest that shows whether it has changed. */
const texts = [
  {
    digest: 'sourcesDigest',
    characters: 'characters',
    isOther: 'the text is not the text that this run was trained on',
    consequence:
      'the run continues at the same part of it, from a zero state, and looks for the best validation loss again',
  },
  {
    digest: 'digest',
    characters: 'validation',
    isOther: 'the text to validate on is not the text that this run had',
    consequence: 'the run looks for the best validation loss again',
  },
  {
    digest: 'testDigest',
    characters: 'test',
    isOther: 'the text to test on is not the text that this run had',
    consequence: `rnn eval ${flagOf('part')} test scores it`,
  },
] as const;

/**
 * Notes for the user on how the text differs from the text of the run.
 *
 * @throws RnnError `corpus` if it is another text, and the user did not accept that
 */
export function compareCorpus(
  { training }: Checkpoint,
  corpus: Corpus,
  { accepted }: { readonly accepted: boolean },
): readonly string[] {
  const recordedText = recordedCorpus(training);
  const newText = corpusRecordOf(corpus);
  const [sources, ...heldOut] = texts;
  const isOther = ({ digest }: (typeof texts)[number]): boolean => recordedText[digest] !== newText[digest];
  const notes = (isOther(sources) ? [sources] : heldOut.filter(isOther)).map(
    ({ characters, isOther: message, consequence }) => {
      const change = `${message}: ${difference(newText[characters], recordedText[characters])}`;
      if (accepted) return `${change}, so ${consequence}`;
      throw corpusError(
        change,
        `use the same text, start a new run with ${flagOf('initFrom')} and ${flagOf('out')}, or use ${flagOf('acceptNewCorpus')}: then ${consequence}`,
      );
    },
  );
  return isOther(sources) || recordedText.train === newText.train
    ? notes
    : [`the run now trains on ${count(newText.train)} characters (it was ${count(recordedText.train)})`, ...notes];
}

function difference(newCharacters: number, recordedCharacters: number): string {
  return newCharacters === recordedCharacters
    ? `its ${count(newCharacters)} characters are different`
    : `it has ${count(newCharacters)} characters instead of ${count(recordedCharacters)}`;
}

function refuseChange(option: OptionName, given: unknown, recordedValue: unknown): void {
  if (given === undefined || isDeepStrictEqual(given, recordedValue)) return;
  const flag = flagOf(option);
  throw usageError(
    `cannot change ${flag} in a run: it is ${textOfRefused(recordedValue)}, and you gave ${textOfRefused(given)}`,
    `omit ${flag} to resume, use ${flagOf('initFrom')} to fine-tune this model, or train a new model`,
    { options: [flag] },
  );
}

const textOfRefused = (value: unknown): string =>
  value === null ? 'not given' : [value].flat().join(' ') || 'not given';

function textOfSetting(name: string, value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'not given';
  if (Array.isArray(value)) return value.join(' ');
  return textOfValue(trainOptions[name as keyof typeof trainOptions], value);
}
