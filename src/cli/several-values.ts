// Several values, such as `0.002,0.005`, for an option of `rnn train` that takes one. The user
// probably wants a sweep.
import type { Flag } from './flags.ts';
import { shellWord } from '../shell-word.ts';
import { RnnError, usageError } from '../errors.ts';

/** Adds a sweep over the values to the hint of the error for several values. */
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

/** Whether a text is a list of values of an option, separated by commas. */
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

/** The option of a sweep: `--grid learning-rate=0.002,0.005`. */
export const gridOption = ({ mainKey }: Flag, text: string): string => `--grid ${mainKey}=${shellWord(text)}`;
