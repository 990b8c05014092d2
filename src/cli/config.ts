// Options from a JSON file, by the names of the flags without their dashes: {"hidden": 256, "budget": "30m", "tied":
// true, "include": ["*.c"]}. Knows nothing of the environment, and not what is stronger than what.
import { readFile } from 'node:fs/promises';
import { RnnError } from '../errors.ts';
import type { Flag } from './flags.ts';
import { shellWord } from './format.ts';
import type { Level } from './settings.ts';
import { badValue } from './values.ts';

/** Options of the invocation, which a file cannot give. */
const notInFiles: readonly string[] = ['config', 'debug', 'no-color'];
/** Where editors look for the schema. */
const schemaKey = '$schema';

/** The options that a configuration file may have. */
export const flagsInFiles = (flags: readonly Flag[]): Flag[] => flags.filter(({ key, negate }) => !negate && !notInFiles.includes(key));

/**
 * What a configuration file says of options. Values are handed on as the texts that the command line would have,
 * for the parsers of the flags.
 *
 * @param suggest the option that is probably meant by a name, without dashes
 * @throws RnnError `usage` if it cannot be read, is no JSON object, has a member that is no option, or one of the
 * wrong type
 */
export async function fromFile(path: string, flags: readonly Flag[], suggest: (key: string) => string | null): Promise<Level> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new RnnError('usage', `--config ${path} cannot be read: ${(cause as Error).message}`, {
      hint: `rnn train <corpus...> --dry-run --json | jq .config >${shellWord(path)} writes one`,
      cause,
    });
  });
  const known = new Map(flagsInFiles(flags).map((flag) => [flag.key, flag]));
  const given = Object.entries(objectIn(path, text))
    .filter(([key]) => key !== schemaKey)
    .map(([key, value]) => {
      const name = `${path}:${lineOf(text, key)}: ${key}`;
      const flag = known.get(key);
      if (flag === undefined) throw unknownKey(name, key, suggest(key));
      return { flag, name, origin: path, source: 'config' as const, texts: textsOf(flag, name, value) };
    });
  return new Map(given.map((setting) => [setting.flag.attributeName(), setting]));
}

function objectIn(path: string, text: string): object {
  let value: unknown;
  try {
    // Editors of Windows begin a file with a mark that JSON does not know.
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new RnnError('usage', `${path} is no JSON: ${(cause as Error).message}`, {
      hint: 'names and texts stand between double quotes, and nothing follows the last member: {"hidden": 256, "cell": "gru"}',
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new RnnError(
    'usage',
    `${path} holds ${value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}, expected an object`,
    { hint: 'such as {"hidden": 256, "cell": "gru"}' },
  );
}

function unknownKey(name: string, key: string, near: string | null): RnnError {
  const without = key.replace(/^--/, '');
  const hint =
    without !== key
      ? `write it without dashes: ${without}`
      : notInFiles.includes(key)
        ? `--${key} is for the command line`
        : near === null
          ? 'rnn train --help lists its options'
          : `did you mean ${near}?`;
  return new RnnError('usage', `${name} is no option of rnn train that a file can have`, { hint });
}

/**
 * A value as the command line has it; what cannot be one is left in the notation of JSON, which the flag's parser
 * refuses by name.
 */
function textsOf({ takes }: Flag, name: string, value: unknown): readonly string[] | boolean {
  switch (takes.kind) {
    case 'switch':
      if (typeof value !== 'boolean') throw badValue(name, JSON.stringify(value), 'true or false');
      return value;
    case 'list':
      if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
        throw badValue(name, JSON.stringify(value), 'a list of texts, such as ["*.txt"]');
      return value;
    case 'text':
      if (typeof value !== 'string') throw badValue(name, JSON.stringify(value), 'a text between double quotes');
      return [value];
    case 'number':
      return [JSON.stringify(value)];
    case 'choice':
    case 'duration':
      return [typeof value === 'string' ? value : JSON.stringify(value)];
  }
}

/** Of the member: the first line on which its name stands before a colon. */
function lineOf(text: string, key: string): number {
  const at = text.search(new RegExp(`${JSON.stringify(key).replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}\\s*:`));
  return text.slice(0, Math.max(0, at)).split('\n').length;
}
