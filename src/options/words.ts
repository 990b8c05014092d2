// Options as words of a command line.
import { type Option, keyOf } from './option.ts';

/** A value as its flag takes it. A duration is in seconds. */
export const textOfValue = ({ kind }: Option, value: unknown): string =>
  kind.name === 'duration' ? `${Number(value) / 1000}s` : String(value);

/** `--batch-size`, `32` or `--no-tied`. A list has a flag for each item. */
export function wordsOf(name: string, row: Option, value: unknown): string[] {
  const key = keyOf(name, row);
  if (typeof value === 'boolean') return [value ? `--${key}` : `--no-${key}`];
  return [value].flat().flatMap((each) => [`--${key}`, textOfValue(row, each)]);
}
