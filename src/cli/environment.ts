// Options from the environment: RNN_LR for --lr. Commander's own Option.env() reads the real process, takes any value
// of a switch for yes, and lengthens every line of the help. Knows nothing of files, and not what is stronger than
// what.
import type { Flag } from './flags.ts';
import type { Level } from './settings.ts';
import { badValue } from './values.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that are no options: of devices/cpu, devices/gpu and the tests. */
export const otherVariables: ReadonlySet<string> = new Set([
  'RNN_BLAS',
  'RNN_WASM',
  'RNN_GPU_PRODUCTS',
  'RNN_TEST',
  'RNN_SCREENSHOTS',
  'RNN_CHROMIUM',
]);
/** What the environment gives commands besides train: no other options mean the same wherever there are any. */
export const everywhere: readonly string[] = ['checkpoint', 'threads', 'temp', 'top-k', 'top-p', 'min-p', 'debug'];

const yes = ['1', 'true', 'yes', 'on'];
const no = ['0', 'false', 'no', 'off'];

/** `RNN_SEQ_LENGTH` of `--seq-length`. */
export const variableOf = ({ key }: Pick<Flag, 'key'>): string => `RNN_${key.toUpperCase().replaceAll('-', '_')}`;

/**
 * What the environment says of some options. An empty variable says nothing. RNN_BLAS is left to the device that
 * reads it: it is a wish for
 * wherever a BLAS can be used, and no error elsewhere.
 *
 * @throws RnnError `usage` for a switch that is neither on nor off
 */
export function fromEnvironment(flags: readonly Flag[], environment: Environment): Level {
  const given = flags.flatMap((flag) => {
    const name = variableOf(flag);
    const text = environment[name];
    if (text === undefined || text === '' || otherVariables.has(name)) return [];
    return [{ flag, name, origin: name, source: 'env' as const, texts: textsOf(flag, name, text) }];
  });
  return new Map(given.map((setting) => [setting.flag.attributeName(), setting]));
}

function textsOf({ takes }: Flag, name: string, text: string): readonly string[] | boolean {
  // Between braces, a comma is part of a glob.
  if (takes.kind === 'list') {
    const texts = text.split(/,(?![^{]*\})/).map((each) => each.trim());
    if (texts.includes('')) throw badValue(name, text, 'texts between commas, none of them empty');
    return texts;
  }
  if (takes.kind !== 'switch') return [text];
  if (yes.includes(text.toLowerCase())) return true;
  if (no.includes(text.toLowerCase())) return false;
  throw badValue(name, text, '1 or 0');
}

/**
 * Variables that look like a misspelt option, each with the one that was probably meant. Its first letter is taken to be right: variables of
 * other programs, such as RNN_HOME, are near to some option as well.
 */
export function misspelt(
  flags: readonly Flag[],
  environment: Environment,
  suggest: (key: string) => string | null,
): readonly { readonly name: string; readonly meant: string }[] {
  const known = new Set([...otherVariables, ...[...flags, ...everywhere.map((key) => ({ key }))].map(variableOf)]);
  const switches = flags.filter(({ takes }) => takes.kind === 'switch');
  return Object.keys(environment)
    .filter((name) => name.startsWith('RNN_') && !known.has(name))
    .flatMap((name) => {
      const undone = switches.find((flag) => name === `RNN_NO_${variableOf(flag).slice('RNN_'.length)}`);
      if (undone !== undefined) return [{ name, meant: `${variableOf(undone)}=0` }];
      const written = name.slice('RNN_'.length).toLowerCase();
      const key = suggest(written);
      const flag = flags.find((each) => each.key === key && key.startsWith(written.slice(0, 1)));
      // Windows knows RNN_Hidden by this name, too.
      return flag === undefined || environment[variableOf(flag)] !== undefined ? [] : [{ name, meant: variableOf(flag) }];
    });
}
