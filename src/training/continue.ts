// A run that goes on: what it was, what was asked for now, and whether the two go together. The
// state itself is restored by the session and the loop.
import { isDeepStrictEqual } from 'node:util';
import type { Checkpoint } from '../runs/store.ts';
import type { Corpus } from '../corpus/read.ts';
import { RnnError } from '../errors.ts';
import type { EndReason } from './events.ts';
import {
  type MachineOptions,
  type ReadingOptions,
  machineNames,
  readingNames,
  readingOptions,
} from '../options/run.ts';
import { earlierOptions, flagOf, namesWith } from '../options/train.ts';
import { type TrainingOptions, lengths, trainingNames } from '../options/training.ts';
import {
  MOST_COUNTED,
  recordedCorpus,
  recordedLoop,
  recordedMachine,
  recordedOptions,
  recordedReading,
  unfit,
} from './record.ts';
import { type Verdict, evaluationsIn, verdictOf } from './verdict.ts';

export interface RunSettings {
  readonly options: TrainingOptions;
  readonly reading: ReadingOptions;
  readonly machine: MachineOptions;
}

/** What was given on the command line, and nothing else. */
export interface GivenSettings {
  readonly options: Partial<TrainingOptions>;
  readonly reading: Partial<ReadingOptions>;
  readonly machine: Partial<MachineOptions>;
}

export interface Continuation extends RunSettings {
  /** What is different from now on: flags, and the same for the user to read. */
  readonly changed: readonly string[];
  readonly notes: readonly string[];
}

/**
 * The settings of the run, with what was given now in their place.
 *
 * @throws RnnError `usage` if something was given that cannot change, `checkpoint` if the settings
 * are not all there
 */
export function continueRun({ model, training, optimizer }: Checkpoint, given: GivenSettings): Continuation {
  if (optimizer === null && !Object.hasOwn(training, 'loop')) {
    throw new RnnError(
      'checkpoint',
      'a run cannot be continued from this checkpoint: it was imported, and has weights alone',
      {
        hint: '--init-from starts a new run from them, in another folder',
      },
    );
  }
  const earlier = {
    options: recordedOptions(training),
    reading: recordedReading(training),
    machine: recordedMachine(training),
  };
  const { step, epoch, position } = training;
  for (const [name, count] of Object.entries({ step, epoch, 'position.epoch': position.epoch }))
    if (count > MOST_COUNTED) throw unfit(`training.${name} is ${count}, expected at most ${MOST_COUNTED}`);
  const recorded: Partial<TrainingOptions> = { ...earlierOptions, ...model };
  for (const option of namesWith(({ isFixed }) => isFixed === 'weights' || isFixed === 'start')) {
    const own = recorded[option];
    if (earlier.options[option] !== own)
      throw unfit(`training.options.${option} is ${earlier.options[option]}, and its model has ${own}`);
  }
  refuseNamedLibrary(given.machine.blas, earlier.machine.blas);
  for (const option of namesWith(({ isFixed }) => isFixed !== undefined))
    refuseChange(option, given.options[option], earlier.options[option]);
  for (const option of readingNames)
    if ('isFixed' in readingOptions[option]) refuseChange(option, given.reading[option], earlier.reading[option]);

  const length = lengths.some((option) => given.options[option] !== undefined)
    ? { epochs: null, maxSteps: null, budgetMs: null }
    : {};
  const options = { ...earlier.options, ...length, maxTimeMs: null, ...given.options };
  const reading = { ...earlier.reading, ...otherHeldOut(given.reading), ...given.reading };
  // Otherwise a run would be tested on text that it was trained on.
  refuseChange('testFraction', reading.testFraction, earlier.reading.testFraction);
  const machine = { ...earlier.machine, ...given.machine };
  const givenNames = trainingNames.filter((option) => option !== 'maxTimeMs' && given.options[option] !== undefined);
  const changes = [
    ...changesIn(givenNames, options, earlier.options),
    ...changesIn(readingNames, reading, earlier.reading),
    ...changesIn(machineNames, machine, earlier.machine),
  ];
  const notes = changes.map(
    ({ name, now, before }) => `${flagOf(name)} is ${shown(name, now)} from here on; it was ${shown(name, before)}`,
  );
  return { options, reading, machine, changed: changes.map(({ name }) => flagOf(name)), notes };
}

/**
 * A file to validate or to test on takes the place of a part of the text, and a part replaces a
 * file.
 */
function otherHeldOut({
  validationFile,
  validationFraction,
  testFile,
  testFraction,
}: Partial<ReadingOptions>): Partial<ReadingOptions> {
  return {
    ...(validationFile === undefined ? {} : { validationFraction: 0 }),
    ...(validationFraction === undefined ? {} : { validationFile: null }),
    ...(testFile === undefined ? {} : { testFraction: 0 }),
    ...(testFraction === undefined ? {} : { testFile: null }),
  };
}

/** Why the run was over when it was saved, if it is with these options, too; else null. */
export function endOf({ training }: Checkpoint, options: TrainingOptions): EndReason | null {
  const { finished } = recordedLoop(training);
  const before = recordedOptions(training);
  return [...lengths, 'patience' as const].every((option) => options[option] === before[option]) ? finished : null;
}

/** How a run that is over went. */
export function verdictOn(
  { training: { history, step, epoch } }: Checkpoint,
  options: TrainingOptions,
): Verdict | null {
  return verdictOf({ evaluations: evaluationsIn(history), options, step, epoch, reason: 'finished' });
}

/**
 * What has no effect on a run that is over, and how it would have one, for the user to read; null
 * for no such flags.
 */
export function unusedNote(flags: readonly string[], end: EndReason): string | null {
  if (flags.length === 0) return null;
  // The reasons are called as the flags are.
  return `not used, because the run is over: ${flags.join(', ')}; with a higher --${end} it goes on`;
}

/**
 * What is different about the text, for the user to read.
 *
 * @throws RnnError `corpus` if it is another text, and that was not accepted
 */
export function compareCorpus(
  { training }: Checkpoint,
  corpus: Corpus,
  { accepted }: { readonly accepted: boolean },
): readonly string[] {
  const { digest, sourcesDigest, testDigest, characters, train, validation, test } = recordedCorpus(training);
  const sameSources = sourcesDigest === corpus.sourcesDigest;
  const notes: string[] =
    sameSources && train !== corpus.train.length
      ? [`${count(corpus.train.length)} characters are trained on from here on; it was ${count(train)}`]
      : [];
  if (sameSources) {
    if (digest !== corpus.digest) {
      const other = difference(corpus.validation.length, validation);
      refuseOther('validate', other, 'then the best validation loss is looked for anew', accepted);
      notes.push(`the text to validate on is another one: ${other}; the best validation loss is looked for anew`);
    }
    if (testDigest !== corpus.testDigest) {
      const other = difference(corpus.test.length, test);
      refuseOther('test', other, 'rnn eval --part test scores it', accepted);
      notes.push(`the text to test on is another one: ${other}`);
    }
    return notes;
  }
  const what = difference(corpus.characters, characters);
  if (!accepted) {
    throw new RnnError('corpus', `the text is not the one that this run was trained on: ${what}`, {
      hint: 'give the same text, go on with this one by --accept-new-corpus, or start a new run with --init-from and --out',
    });
  }
  return [
    `the text is another one: ${what}; the run goes on at the same part of it, from a zero state, and the best validation loss is looked for anew`,
  ];
}

/** @throws RnnError `corpus` unless another text to do this on was accepted */
function refuseOther(verb: string, difference: string, consequence: string, accepted: boolean): void {
  if (accepted) return;
  throw new RnnError('corpus', `the text to ${verb} on is not the one that this run had: ${difference}`, {
    hint: `give the same one, or go on with this one by --accept-new-corpus: ${consequence}`,
  });
}

function difference(now: number, before: number): string {
  return now === before
    ? `its ${count(now)} characters are not the same`
    : `it has ${count(now)} characters, and had ${count(before)}`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

/**
 * Loading a library runs what is in it: only the user may say which, and a checkpoint may come from
 * anywhere.
 */
function refuseNamedLibrary(given: string | null | undefined, before: string | null): void {
  if (given !== undefined || before === null || before === 'auto' || before === 'off') return;
  throw new RnnError(
    'usage',
    `this run was trained with the BLAS ${before}, and no library is loaded because a checkpoint names it`,
    {
      hint: 'name it again by --blas if you trust it; --blas auto looks for one, with which the last digits may be others',
    },
  );
}

function refuseChange(option: string, given: unknown, before: unknown): void {
  if (given === undefined || given === before) return;
  const flag = flagOf(option);
  throw new RnnError(
    'usage',
    `${flag} cannot change in a run: it is ${String(before)}, and ${String(given)} was given`,
    {
      options: [flag],
      hint: 'leave it out to continue; --init-from starts a new run from these weights, on any text, and a run from nothing may have any sizes',
    },
  );
}

interface Change {
  readonly name: string;
  readonly now: unknown;
  readonly before: unknown;
}

function changesIn<Values>(names: readonly (keyof Values & string)[], now: Values, before: Values): Change[] {
  return names
    .map((name) => ({ name, now: now[name], before: before[name] }))
    .filter((change) => !isDeepStrictEqual(change.now, change.before));
}

function shown(name: string, value: unknown): string {
  if (value === null) return 'not given';
  if (Array.isArray(value)) return value.length === 0 ? 'not given' : value.join(' ');
  return name === 'budgetMs' ? `${Number(value) / 1000}s` : String(value);
}
