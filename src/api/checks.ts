// Checks of the arguments of a JavaScript program, which may pass anything where types are not
// checked. A command line has checked its words already.
import { type TrainedModel, checkTrained } from '../runs/store.ts';
import { type RnnError, usageError, checkpointError } from '../errors.ts';
import { mapValues } from '../group.ts';
import { type Rule, onOff, rule } from '../options/kind.ts';
import { type Options, kindsOf, keyOf } from '../options/option.ts';
import { retiredOptions, warningAbout } from '../options/retired.ts';
import { suggestions } from '../options/suggest.ts';
import { shortened } from '../options/values.ts';
import { trainOptions } from '../options/train.ts';
import { trainingOptions } from '../options/training.ts';

/** By the names of the members of a request. */
type Members = Readonly<Record<string, Rule>>;

/** No system has names with a NUL character. */
const isName = (given: unknown): given is string => typeof given === 'string' && !given.includes('\0');
const areNames = (given: unknown): boolean => [given].flat().every(isName);
export const isText = (given: unknown): given is string | Uint8Array =>
  typeof given === 'string' || given instanceof Uint8Array;
const isModel = (given: unknown): given is TrainedModel =>
  typeof given === 'object' &&
  given !== null &&
  ['model', 'tensors', 'vocabulary', 'training'].every((member) => member in given);

export const fileName = rule('the name of a file', isName);
export const folderName = rule('the name of a folder', isName);
export const runName = rule('a run folder or a file', isName);
export const textOrBytes = rule('a string or bytes', isText);
export const sourceNames = rule('a file, a folder, a pattern, - or a list of them', areNames);
export const runNames = rule('a run folder, a folder of them, a file in one, or a list of them', areNames);
/** A run folder, a file, or what `loadCheckpoint` gives. */
export const modelOrName = rule(
  'a run folder, a file or what loadCheckpoint gives',
  (given) => isName(given) || isModel(given),
);
/** What `-` stands for: pieces of text or bytes, as they come or all at once. */
export const stream = rule(
  'an async iterable of texts or bytes',
  (given) => typeof given === 'object' && given !== null && (Symbol.asyncIterator in given || Symbol.iterator in given),
);
/** Functions of it may be omitted. */
export const listenerMember = rule('an object of functions', (given) => typeof given === 'object' && given !== null);
export const abortSignal = rule('an AbortSignal', (given) => given instanceof AbortSignal);

/** Of training options: null counts as omitted. */
export const trainingMembers: Members = mapValues(kindsOf(trainingOptions as Options), (kind) => ({
  ...kind,
  holds: (value) => value === null || kind.holds(value),
}));

/** @throws RnnError `usage` that says what the value is, and what it may be, unless `holds` */
export function refuseUnless(holds: boolean, name: string, value: unknown, words: string): asserts holds {
  if (!holds) throw usageError(`${name} is ${inWords(value)}, expected ${words}`);
}

/** @throws RnnError `usage` for a value that is not as expected */
export function refuseOther(name: string, value: unknown, kind: Rule): void {
  refuseUnless(kind.holds(value), name, value, kind.expected(value));
}

/**
 * @param known what the members of the request may be; undefined ones count as omitted
 * @throws RnnError `usage` for a value that is not an object, an unknown name, or a wrong value: no
 * option is ignored in silence
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

/** Once in a process. */
function warnOnce(warning: string): void {
  if (!warned.has(warning)) process.emitWarning(warning, 'DeprecationWarning');
  warned.add(warning);
}

const requestObject = rule(
  'an object with options by their names',
  (given) => typeof given === 'object' && given !== null,
);

/** Whether to replace what is there. */
export const force = { force: onOff };

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

/**
 * @throws RnnError `usage` for a value that is not a model, `checkpoint` for a model with wrong
 * parts
 */
export function refuseUnlessModel(name: string, value: unknown): asserts value is TrainedModel {
  refuseUnless(isModel(value), name, value, 'what loadCheckpoint gives');
  checkTrained(value, (detail) => {
    throw checkpointError(`cannot use ${name}: ${detail}`, 'change what loadCheckpoint gives, and only its numbers');
  });
}

function unknownName(unknown: string, known: readonly string[]): RnnError {
  const flags = Object.entries(trainOptions).map(([option, row]) => [
    option,
    keyOf(option, row),
    ...(row.aliases ?? []),
  ]);
  const meant = suggestions(unknown, known, flags);
  const alike = known.filter((name) => name.toLowerCase().startsWith(unknown.slice(0, 2).toLowerCase()));
  const hint =
    meant.length > 0
      ? `did you mean ${meant.join(' or ')}?`
      : `one of ${(alike.length > 0 ? alike : known).join(', ')}`;
  return usageError(`there is no option '${unknown}'`, hint);
}
