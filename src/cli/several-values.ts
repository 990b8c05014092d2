// Several values for an option of `rnn train` that takes one, `0.002,0.005`: the user means a
// sweep.
import type { Flag } from './flags.ts';
import { shellWord } from '../shell-word.ts';
import { RnnError, usageError } from '../errors.ts';

/** Makes the error for several values name the command that tries them. */
export function suggestGrid(flag: Flag): void {
  const { kind, longName } = flag;
  if (kind.name === 'switch' || kind.name === 'list') return;
  flag.argParser((text, earlier) => {
    try {
      return kind.parse(longName, text, earlier);
    } catch (error) {
      if (!(error instanceof RnnError) || !isListFor(flag, text)) throw error;
      const decimal = text.replace(',', '.');
      const either = /^\d+,\d+$/.test(text) && isValueOf(flag, decimal) ? `write ${decimal}, or ` : '';
      throw usageError(error.message, `${either}use rnn sweep to try several values: ${gridOption(flag, text)}`);
    }
  });
}

/** Whether a text is several values of an option, between commas. */
export function isListFor(flag: Flag, text: string): boolean {
  const values = text.split(',');
  if (values.length < 2 || !['number', 'duration', 'choice'].includes(flag.kind.name)) return false;
  return values.every((value) => isValueOf(flag, value));
}

export function isValueOf({ kind, longName }: Flag, text: string): boolean {
  try {
    kind.parse(longName, text);
    return true;
  } catch {
    return false;
  }
}

/** `--grid lr=0.002,0.005` */
export const gridOption = ({ key }: Flag, text: string): string => `--grid ${key}=${shellWord(text)}`;
