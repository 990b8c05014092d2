// Checks the arguments of JavaScript programs, which can pass any value because their types are not
// checked. The command line has already checked its options.
import { type TrainedModel, checkTrained } from '../runs/store.ts';
import { type RnnError, unexpected, usageError, checkpointError } from '../errors.ts';
import type { Unit } from '../corpus/vocabulary.ts';
import { mapValues } from '../group.ts';
import { type Rule, onOff, rule } from '../options/kind.ts';
import { type Options, kindsOf, keyOf } from '../options/option.ts';
import { retiredOptions, warningAbout } from '../options/retired.ts';
import { suggestWords } from '../options/suggest.ts';
import { shorten } from '../options/values.ts';
import { trainOptions } from '../options/train.ts';
import { trainingOptions } from '../options/training.ts';

/** The rules of a request's members, by name. */
type Members = Readonly<Record<string, Rule>>;

/** No system allows names with a NUL character. */
const isName = (given: unknown): given is string => typeof given === 'string' && !given.includes('\0');
const areNames = (given: unknown): boolean => [given].flat().every(isName);
/** Whether a value is a string or bytes, as prompts and stops may be. */
export const isTextOrBytes = (given: unknown): given is string | Uint8Array =>
  typeof given === 'string' || given instanceof Uint8Array;
const isModel = (given: unknown): given is TrainedModel =>
  typeof given === 'object' &&
  given !== null &&
  ['model', 'tensors', 'vocabulary', 'training'].every((member) => member in given);

/** A path of a file, relative to the current folder or absolute. */
export const fileName = rule('the name of a file', isName);
/** A path of a folder, relative to the current folder or absolute. */
export const folderName = rule('the name of a folder', isName);
/** A path that leads to a checkpoint: a run folder or a file. */
export const runName = rule('a run folder or a file', isName);
/** Text that a caller passes instead of the name of a file. */
export const textOrBytes = rule('a string or bytes', isTextOrBytes);
/** The names that `rnn train` accepts as its corpus, one or a list. */
export const sourceNames = rule('a file, a folder, a pattern, - or a list of them', areNames);
/** The names that `rnn plot` accepts as runs, one or a list. */
export const runNames = rule('a run folder, a folder of runs, a file in a run, or a list of them', areNames);
/** A run folder, a file, or a result of `loadCheckpoint`. */
export const modelOrName = rule(
  'a run folder, a file or a result of loadCheckpoint',
  (given) => isName(given) || isModel(given),
);
/** The input that `-` stands for: pieces of text or bytes, as they arrive or all at once. */
export const stream = rule(
  'an async iterable of texts or bytes',
  (given) => typeof given === 'object' && given !== null && (Symbol.asyncIterator in given || Symbol.iterator in given),
);
/** Any of its functions may be omitted. */
export const listenerMember = rule('an object of functions', (given) => typeof given === 'object' && given !== null);
/** A signal with which the caller cancels long work. */
export const abortSignal = rule('an AbortSignal', (given) => given instanceof AbortSignal);

/** The rules of training options. Null counts as omitted. */
export const trainingMembers: Members = mapValues(kindsOf(trainingOptions as Options), (kind) => ({
  ...kind,
  holds: (value) => value === null || kind.holds(value),
}));

/** @throws RnnError `usage` that names the value and the expected values, unless `holds` */
export function refuseUnless(holds: boolean, name: string, value: unknown, words: string): asserts holds {
  if (!holds) throw usageError(unexpected(name, inWords(value), words));
}

/** @throws RnnError `usage` for a value that is not as expected */
export function refuseOther(name: string, value: unknown, kind: Rule): void {
  refuseUnless(kind.holds(value), name, value, kind.expected(value));
}

/**
 * @param known the rules of the members. A member that is undefined counts as omitted
 * @throws RnnError `usage` for a value that is not an object, an unknown name, or a wrong value: no
 * option is ignored silently
 */
export function refuseWrong(request: object, known: Members): void {
  refuseOther('the request', request, requestObject);
  for (const [name, value] of Object.entries(request)) {
    if (retiredOptions.includes(name)) {
      if (value !== undefined) warnOnce(warningAbout(`the option ${name}`, 'kernels'));
      continue;
    }
    if (!Object.hasOwn(known, name)) throw unknownName(name, Object.keys(known));
    if (value !== undefined) refuseOther(name, value, known[name]);
  }
}

const warned = new Set<string>();

/** Warns once in a process. */
function warnOnce(warning: string): void {
  if (!warned.has(warning)) process.emitWarning(warning, 'DeprecationWarning');
  warned.add(warning);
}

/**
 * The request with `level`, which checkpoints call `unit`, under that name.
 *
 * @throws RnnError `usage` for a request with both names
 */
export function withUnit<Request extends Leveled>({ level, ...others }: Request): Omit<Request, 'level'> {
  if (level === undefined) return others;
  if (others.unit !== undefined) throw usageError('level and unit are the same option', 'omit unit');
  return { ...others, unit: level };
}

interface Leveled {
  readonly level?: Unit;
  readonly unit?: Unit;
}

const requestObject = rule(
  'an object with options by their names',
  (given) => typeof given === 'object' && given !== null,
);

/** The member `force`: whether to replace an existing file or run. */
export const forceMember = { force: onOff };

/**
 * A value as in source code, shortened to fit a line. An object is shown by its member names only,
 * because it may be a model.
 */
function inWords(value: unknown): string {
  if (typeof value === 'string') return shorten(JSON.stringify(value));
  if (typeof value === 'bigint') return shorten(`${value}n`);
  if (typeof value !== 'object' || value === null) return shorten(String(value));
  if (Array.isArray(value)) return `[${value.length > 3 ? `${value.length} items` : value.map(inWords).join(', ')}]`;
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return shorten(`{ ${Object.keys(value).join(', ')} }`);
}

/**
 * @throws RnnError `usage` for a value that is not a model, `checkpoint` for a model with wrong
 * parts
 */
export function refuseUnlessModel(name: string, value: unknown): asserts value is TrainedModel {
  refuseUnless(isModel(value), name, value, 'a result of loadCheckpoint');
  checkTrained(value, (detail) => {
    throw checkpointError(
      `cannot use ${name}: ${detail}`,
      'use a result of loadCheckpoint, and change only its numbers',
    );
  });
}

function unknownName(unknown: string, known: readonly string[]): RnnError {
  const flags = Object.entries(trainOptions).map(([option, row]) => [
    option,
    keyOf(option, row),
    ...(row.aliases ?? []),
  ]);
  const suggestions = suggestWords(unknown, known, flags);
  const similar = known.filter((name) => name.toLowerCase().startsWith(unknown.slice(0, 2).toLowerCase()));
  const hint =
    suggestions.length > 0
      ? `did you mean ${suggestions.join(' or ')}?`
      : `use one of ${(similar.length > 0 ? similar : known).join(', ')}`;
  return usageError(`option not found: ${unknown}`, hint);
}
