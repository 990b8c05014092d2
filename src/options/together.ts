// Options that contradict each other, or need another one.
import { RnnError } from '../errors.ts';
import { type Exclusive, type Options, keyOf } from './option.ts';

/**
 * @param given null, and a switch that is off, count as not given
 * @param flagOf how the error calls an option
 * @throws RnnError `usage` for two options of which one can be given, or one without another that
 * it requires
 */
export function refuseContradictions(
  table: Options,
  exclusive: readonly Exclusive[],
  given: Readonly<Record<string, unknown>>,
  flagOf = (name: string): string => `--${keyOf(name, table[name])}`,
): void {
  const isGiven = (name: string): boolean => given[name] != null && given[name] !== false;
  for (const { options, hint } of exclusive) {
    const flags = options.filter(isGiven).map(flagOf);
    if (flags.length > 1)
      throw new RnnError('usage', `${flags.join(' and ')} exclude each other`, { hint, options: flags });
  }
  for (const [name, { requires }] of Object.entries(table)) {
    if (requires === undefined || !isGiven(name) || isGiven(requires.option)) continue;
    const flags = [flagOf(name), flagOf(requires.option)];
    throw new RnnError('usage', flags.join(' is for '), { hint: requires.hint, options: flags });
  }
}
