// Checks of the arguments of a JavaScript program, which may pass anything where types are not
// checked. A command line has checked its words already.
import { type TrainedModel, checkTrained } from '../runs/store.ts';
import { RnnError, inQuotes } from '../errors.ts';
import { keyOf } from '../options/option.ts';
import { type MachineOptions, type ReadingOptions, machineOptions, readingOptions } from '../options/run.ts';
import { suggestions } from '../options/suggest.ts';
import { flagOf, trainOptions } from '../options/train.ts';
import { type TrainingOptions, trainingNames, trainingOptions } from '../options/training.ts';

export const isText = (given: unknown): given is string | Uint8Array =>
  typeof given === 'string' || given instanceof Uint8Array;

/** No system has names with a NUL character. */
export const isName = (given: unknown): given is string => typeof given === 'string' && !given.includes('\0');

/** A file, a folder, a pattern or `-`, or a list of them. */
export const areSources = (given: unknown): given is string | readonly string[] => [given].flat().every(isName);

/** A run folder, a file, or what `loadCheckpoint` gives. */
export const isModelOrName = (given: unknown): given is string | TrainedModel => isName(given) || isModel(given);

/** What `-` stands for: pieces of text or bytes, as they come or all at once. */
export const isStream = (given: unknown): given is AsyncIterable<Uint8Array | string> =>
  typeof given === 'object' && given !== null && (Symbol.asyncIterator in given || Symbol.iterator in given);

export const isModel = (given: unknown): given is TrainedModel =>
  typeof given === 'object' &&
  given !== null &&
  ['model', 'tensors', 'vocabulary', 'training'].every((member) => member in given);

/**
 * @param numbers by name; those that are left out are not looked at
 * @throws RnnError `usage` for the first that is no whole number, or less than `least`
 */
export function refuseUnlessWhole(numbers: Readonly<Record<string, number | undefined>>, least = 1): void {
  for (const [name, value] of Object.entries(numbers))
    refuseUnless(
      value === undefined || (Number.isSafeInteger(value) && value >= least),
      name,
      value,
      `a whole number from ${least} ${Number.isInteger(value) && value! > Number.MAX_SAFE_INTEGER ? 'to 2^53 − 1' : 'up'}`,
    );
}

/** @throws RnnError `usage` that says what the value is, and what it may be, unless `holds` */
export function refuseUnless(holds: boolean, name: string, value: unknown, expectation: string): asserts holds {
  if (!holds) throw new RnnError('usage', `${name} is ${inWords(value)}, expected ${expectation}`);
}

/**
 * As a program would write it, as far as a line has room. Of an object only the names, for it may
 * be a model.
 */
function inWords(value: unknown): string {
  if (typeof value === 'string') return shortened(JSON.stringify(value));
  if (typeof value === 'bigint') return shortened(`${value}n`);
  if (typeof value !== 'object' || value === null) return shortened(String(value));
  if (Array.isArray(value)) return `[${value.length > 3 ? `${value.length} items` : value.map(inWords).join(', ')}]`;
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return shortened(`{ ${Object.keys(value).join(', ')} }`);
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);

/**
 * Before anything is computed with them. An option that is null counts as left out.
 *
 * @throws RnnError `usage` for the first option of training that has a wrong value
 */
export function refuseWrongOptions(given: Partial<TrainingOptions>): void {
  for (const name of trainingNames) {
    const value = given[name] ?? null;
    const { kind } = trainingOptions[name];
    const flag = flagOf(name);
    if (value !== null && !kind.holds(value))
      throw new RnnError('usage', `${flag} is ${inQuotes(value)}, expected ${kind.expected(value)}`, {
        options: [flag],
      });
  }
}

/** @throws RnnError `usage` unless it may be the name of a file or a folder */
export function refuseUnlessName(name: string, value: unknown, expectation: string): void {
  refuseUnless(isName(value), name, value, expectation);
}

/**
 * @throws RnnError `usage` for the first that is neither left out nor true or false: 'false' would
 * be taken for true
 */
export function refuseUnlessSwitches(switches: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(switches))
    refuseUnless(value === undefined || typeof value === 'boolean', name, value, 'true or false');
}

/**
 * @throws RnnError `usage` for a value that cannot be read like standard input, unless it is
 * omitted
 */
export function refuseUnlessStream(stdin: unknown): void {
  refuseUnless(stdin === undefined || isStream(stdin), 'stdin', stdin, 'an async iterable of texts or bytes');
}

/** @throws RnnError `usage` for a value that is not an AbortSignal, unless it is omitted */
export function refuseUnlessSignal(signal: unknown): void {
  refuseUnless(signal === undefined || signal instanceof AbortSignal, 'signal', signal, 'an AbortSignal');
}

/**
 * @throws RnnError `usage` for a value that is not a model, `checkpoint` for a model with wrong
 * parts
 */
export function refuseUnlessModel(name: string, value: unknown, expectation: string): asserts value is TrainedModel {
  refuseUnless(isModel(value), name, value, expectation);
  checkTrained(value, (detail) => {
    throw new RnnError('checkpoint', `cannot use ${name}: ${detail}`, {
      hint: 'change what loadCheckpoint gives, and only its numbers',
    });
  });
}

/** @throws RnnError `usage` for the first of these settings that is not what it may be */
export function refuseWrong(given: Partial<ReadingOptions & MachineOptions>): void {
  const values: Readonly<Record<string, unknown>> = { ...given };
  for (const [name, { kind }] of Object.entries({ ...readingOptions, ...machineOptions }))
    refuseUnless(
      values[name] === undefined || kind.holds(values[name]),
      name,
      values[name],
      kind.expected(values[name]),
    );
}

/**
 * @throws RnnError `usage` for a value that is not an object, or an unknown name: an option is
 * never ignored in silence
 */
export function refuseUnknown(given: object, known: readonly string[]): void {
  refuseUnless(
    typeof given === 'object' && given !== null,
    'the request',
    given,
    'an object with options by their names',
  );
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const flags = Object.entries(trainOptions).map(([option, row]) => [
    option,
    keyOf(option, row),
    ...(row.aliases ?? []),
  ]);
  const meant = suggestions(unknown, known, flags);
  const alike = known.filter((name) => name.toLowerCase().startsWith(unknown.slice(0, 2).toLowerCase()));
  throw new RnnError('usage', `there is no option '${unknown}'`, {
    hint:
      meant.length > 0
        ? `did you mean ${meant.join(' or ')}?`
        : `one of ${(alike.length > 0 ? alike : known).join(', ')}`,
  });
}
