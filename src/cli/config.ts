// Options from a JSON file, named by flags without their dashes or by their names in code:
// {"hidden": 256, "budget": "30m", "batchSize": 32, "include": ["*.c"]}. Knows nothing of the
// environment or of priorities.
import { type RnnError, inQuotes, usageError } from '../errors.ts';
import { appendTo } from '../group.ts';
import { retiredOptions } from '../options/retired.ts';
import { badValue, shorten } from '../options/values.ts';
import { shellWord } from '../shell-word.ts';
import { type Flag, camelCase, suggestedKeys } from './flags.ts';
import { readWhole } from './input/whole-file.ts';

/** An option from a file or the environment. */
export interface FlagSetting {
  readonly flag: Flag;
  /** The name in errors: `RNN_HIDDEN`, `rnn.json:3: hidden`. */
  readonly name: string;
  /** `RNN_HIDDEN`, `rnn.json`. */
  readonly origin: string;
  /** The source, as Commander names it. */
  readonly source: 'env' | 'config';
  /**
   * The value, as the command line would give it.
   *
   * @throws RnnError `usage` for a value that the option cannot have
   */
  readonly value: () => unknown;
}

/** The settings of one source, by the names of options. */
export type Level = ReadonlyMap<string, FlagSetting>;

/** The maximum size of a configuration file, in bytes. */
const MAX_BYTES = 32e6;

/** The member with which editors find the schema. */
const schemaKey = '$schema';

/** The options that a configuration file may have. */
export const flagsInFiles = (flags: readonly Flag[]): Flag[] =>
  flags.filter(({ row, negate }) => !negate && row.isExcludedFromConfig === undefined);

/**
 * The options in a configuration file.
 *
 * @param by the option that names the file: `--config` or `RNN_CONFIG`
 * @param onRetired a function that is called with each option of an earlier version, which is then
 * ignored
 * @throws RnnError `usage` if the file cannot be read, is not a JSON object, has a member that is
 * not an option, or the same member twice
 */
export async function fromFile(
  by: string,
  path: string,
  flags: readonly Flag[],
  onRetired: (name: string) => void,
): Promise<Level> {
  const text = decodeFile(
    path,
    await readWhole(path, MAX_BYTES).catch((cause: unknown) => {
      throw usageError(`cannot read ${by} ${path}: ${(cause as Error).message}`, remedy(by, path, cause), { cause });
    }),
  );
  const inFiles = flagsInFiles(flags);
  const known = new Map(inFiles.flatMap((flag) => namesInFiles(flag).map((name) => [name, flag])));
  const object = objectIn(path, text);
  const lines = linesOf(text);
  const given = Object.entries(object)
    .filter(([key]) => key !== schemaKey)
    .flatMap(([key, value]): FlagSetting[] => {
      const [line, again] = lines.get(key)!;
      const name = `${path}:${line}: ${key === '' ? '""' : shorten(key)}`;
      if (again !== undefined)
        throw usageError(`${name} is also on line ${again}: expected it once`, 'remove one of the lines');
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

/** @throws RnnError `usage` for an option under two names */
export function levelOf(settings: readonly FlagSetting[]): Level {
  const level = new Map<string, FlagSetting>();
  for (const setting of settings) {
    const other = level.get(setting.flag.option);
    if (other !== undefined)
      throw usageError(
        `cannot use ${other.name} and ${setting.name} together: they are the same option`,
        'omit one of them',
      );
    level.set(setting.flag.option, setting);
  }
  return level;
}

/** A hint for a file that cannot be read. */
function remedy(by: string, path: string, cause: unknown): string {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
    return 'name a JSON file such as {"hidden": 256, "cell": "gru"}';
  if (by !== '--config') return `correct ${by}, or remove it: unset ${by}`;
  return `write a file with rnn train <corpus...> --dry-run --json | jq .config >${shellWord(path)}`;
}

/**
 * The text without the byte order mark that editors on Windows write. In Windows PowerShell, >
 * writes UTF-16.
 */
function decodeFile(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8', { fatal: true }).decode(
      bytes,
    );
  } catch (cause) {
    throw usageError(`${path} is not UTF-8`, 'save it as UTF-8, because another encoding would change file names', {
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
      `${path} is not valid JSON: ${(cause as Error).message}`,
      'put names and texts between double quotes, without a comma after the last member and without comments: {"hidden": 256}',
      { cause },
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw usageError(
    `${path} is ${quotedValue(value)}: expected an object`,
    'write an object such as {"hidden": 256, "cell": "gru"}',
  );
}

/** The names of an option in a file: `batch-size`, `batchSize`. */
export const namesInFiles = ({ key }: Flag): string[] => [...new Set([key, camelCase(key)])];

function unknownKey(name: string, key: string, flags: readonly Flag[]): RnnError {
  const [near] = suggestedKeys(flagsInFiles(flags), key);
  const suggestion = near === undefined ? 'run rnn train --help to list its options' : `did you mean ${near}?`;
  const positiveKey = key.replace(/^no-/, '');
  if (
    positiveKey !== key &&
    flagsInFiles(flags).some((flag) => flag.key === positiveKey && flag.kind.name === 'switch')
  )
    return usageError(`${name} is not an option that a configuration file can have`, `write "${positiveKey}": false`);
  const hint = flags.some((flag) => flag.key === key) ? `use --${key} on the command line` : suggestion;
  return usageError(`${name} is not an option that a configuration file can have`, hint);
}

/** @throws RnnError `usage` for a value that the option cannot have */
function valueOf({ kind }: Flag, name: string, value: unknown): unknown {
  switch (kind.name) {
    case 'switch':
      if (!kind.holds(value)) throw badValue(name, quotedValue(value), kind.expected());
      return value;
    case 'list':
      if (!kind.holds(value)) throw badValue(name, quotedValue(value), 'a list of texts, such as ["*.txt"]');
      return (value as readonly string[]).reduce<unknown>((earlier, each) => kind.parse(name, each, earlier), []);
    case 'text':
      if (typeof value !== 'string') throw badValue(name, quotedValue(value), 'a text between double quotes');
      return kind.parse(name, value);
    case 'choice':
    case 'duration':
      return kind.parse(name, typeof value === 'string' ? value : quotedValue(value));
    case 'number':
      if (kind.holds(value)) return value;
      // JSON.stringify turns 1e400 into null.
      return kind.parse(name, typeof value === 'number' ? String(value) : quotedValue(value));
  }
}

/**
 * The lines on which the members of a valid JSON object begin, by name. A repeated member has
 * several lines. A text before a colon is a name.
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

/** A value as a message quotes it. An object or a list is only named, because it can be large. */
function quotedValue(value: unknown): string {
  return typeof value === 'object' && value !== null ? inQuotes(value) : shorten(JSON.stringify(value));
}
