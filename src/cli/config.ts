// Options from a JSON file, by the names of the flags without their dashes, or by their names in
// code: {"hidden": 256, "budget": "30m", "batchSize": 32, "include": ["*.c"]}. Knows nothing of the
// environment, and not what is stronger than what.
import { type RnnError, inQuotes, usageError } from '../errors.ts';
import { appendTo } from '../group.ts';
import { retiredOptions } from '../options/retired.ts';
import { badValue, shortened } from '../options/values.ts';
import { shellWord } from '../shell-word.ts';
import { type Flag, camelCase, suggestedKeys } from './flags.ts';
import { readWhole } from './input/whole-file.ts';

/** An option that something other than the command line gives. */
export interface Setting {
  readonly flag: Flag;
  /** As errors call it: `RNN_HIDDEN`, `rnn.json:3: hidden`. */
  readonly name: string;
  /** `RNN_HIDDEN`, `rnn.json`. */
  readonly origin: string;
  /** By Commander's names. */
  readonly source: 'env' | 'config';
  /**
   * What the command line would give. @throws RnnError `usage` for a value that the option cannot
   * have
   */
  readonly value: () => unknown;
}

/** By the names of options. */
export type Level = ReadonlyMap<string, Setting>;

/** Of a configuration file. */
const MAX_BYTES = 32e6;

/** Where editors look for the schema. */
const schemaKey = '$schema';

/** The options that a configuration file may have. */
export const flagsInFiles = (flags: readonly Flag[]): Flag[] =>
  flags.filter(({ row, negate }) => !negate && row.isNotInFiles === undefined);

/**
 * What a configuration file says of options.
 *
 * @param by what names the file: `--config` or `RNN_CONFIG`
 * @param onRetired is told of each option of an earlier version, which is then ignored
 * @throws RnnError `usage` if it cannot be read, is no JSON object, has a member that is no option,
 * or twice the same
 */
export async function fromFile(
  by: string,
  path: string,
  flags: readonly Flag[],
  onRetired: (name: string) => void,
): Promise<Level> {
  const text = decoded(
    path,
    await readWhole(path, MAX_BYTES).catch((cause: unknown) => {
      throw usageError(`${by} ${path} cannot be read: ${(cause as Error).message}`, remedy(by, path, cause), { cause });
    }),
  );
  const inFiles = flagsInFiles(flags);
  const known = new Map(inFiles.flatMap((flag) => namesInFiles(flag).map((name) => [name, flag])));
  const object = objectIn(path, text);
  const lines = linesOf(text);
  const given = Object.entries(object)
    .filter(([key]) => key !== schemaKey)
    .flatMap(([key, value]): Setting[] => {
      const [line, again] = lines.get(key)!;
      const name = `${path}:${line}: ${key === '' ? '""' : shortened(key)}`;
      if (again !== undefined) throw usageError(`${name} stands on line ${again}, too`, 'leave one of them out');
      if (retiredOptions.includes(key)) {
        onRetired(name);
        return [];
      }
      const flag = known.get(key);
      if (flag === undefined) throw unknownKey(name, key, flags);
      return [{ flag, name, origin: path, source: 'config', value: () => valueOf(flag, name, value) }];
    });
  return levelOf(given);
}

/** @throws RnnError `usage` for an option by two names */
export function levelOf(settings: readonly Setting[]): Level {
  const level = new Map<string, Setting>();
  for (const setting of settings) {
    const other = level.get(setting.flag.option);
    if (other !== undefined)
      throw usageError(`${other.name} and ${setting.name} are one option`, 'leave one of them out');
    level.set(setting.flag.option, setting);
  }
  return level;
}

/** What may be done about a file that cannot be read. */
function remedy(by: string, path: string, cause: unknown): string {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') return 'it is a file such as {"hidden": 256, "cell": "gru"}';
  if (by !== '--config') return `correct ${by}, or do without it: unset ${by}`;
  return `rnn train <corpus...> --dry-run --json | jq .config >${shellWord(path)} writes one`;
}

/**
 * Without the mark that editors of Windows begin a file with; its PowerShell writes UTF-16, where >
 * does.
 */
function decoded(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8', { fatal: true }).decode(
      bytes,
    );
  } catch (cause) {
    throw usageError(`${path} is not UTF-8`, 'save it as UTF-8: another encoding would change names of files', {
      cause,
    });
  }
}

function objectIn(path: string, text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw usageError(
      `${path} is no JSON: ${(cause as Error).message}`,
      'names and texts stand between double quotes, no comma follows the last member, and there are no comments: {"hidden": 256}',
      { cause },
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw usageError(`${path} holds ${shown(value)}, expected an object`, 'such as {"hidden": 256, "cell": "gru"}');
}

/** `batch-size`, `batchSize`. */
export const namesInFiles = ({ key }: Flag): string[] => [...new Set([key, camelCase(key)])];

function unknownKey(name: string, key: string, flags: readonly Flag[]): RnnError {
  const [near] = suggestedKeys(flagsInFiles(flags), key);
  const meant = near === undefined ? 'rnn train --help lists its options' : `did you mean ${near}?`;
  const hint = flags.some((flag) => flag.key === key) ? `--${key} is for the command line` : meant;
  return usageError(`${name} is no option of rnn train that a file can have`, hint);
}

/** @throws RnnError `usage` for a value that the option cannot have */
function valueOf({ kind }: Flag, name: string, value: unknown): unknown {
  switch (kind.name) {
    case 'switch':
      if (!kind.holds(value)) throw badValue(name, shown(value), kind.expected());
      return value;
    case 'list':
      if (!kind.holds(value)) throw badValue(name, shown(value), 'a list of texts, such as ["*.txt"]');
      return (value as readonly string[]).reduce<unknown>((earlier, each) => kind.parse(name, each, earlier), []);
    case 'text':
      if (typeof value !== 'string') throw badValue(name, shown(value), 'a text between double quotes');
      return kind.parse(name, value);
    case 'choice':
    case 'duration':
      return kind.parse(name, typeof value === 'string' ? value : shown(value));
    case 'number':
      // JSON makes null of 1e400.
      return kind.parse(name, typeof value === 'number' ? String(value) : shown(value));
  }
}

/**
 * The lines on which each member of an object that JSON.parse takes begins, by its name: two for
 * one that is there twice. A text before a colon is a name.
 */
function linesOf(text: string): ReadonlyMap<string, readonly number[]> {
  const lines = new Map<string, number[]>();
  let [line, depth] = [1, 0];
  for (const [token, name] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[\n{}[\]]/g)) {
    if (name !== undefined && depth === 1) appendTo(lines, JSON.parse(name) as string, line);
    if (token === '{' || token === '[') depth++;
    if (token === '}' || token === ']') depth--;
    line += token.split('\n').length - 1;
  }
  return lines;
}

/** A value as a message quotes it. One that may be of any depth or length is only named. */
function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? inQuotes(value) : shortened(JSON.stringify(value));
}
