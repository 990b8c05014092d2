// Options that contradict each other, or need another option.
import { usageError } from '../errors.ts';
import { flagOf } from './flags.ts';
import { type Condition, type ExclusiveOptions, type Option, type Options, keyOf } from './option.ts';
import { type TrainingOption, type TrainingOptions, trainingNames, trainingOptions } from './training.ts';

/**
 * @param given null, and a switch that is off, count as not given
 * @param nameOf the name of an option in errors
 * @throws RnnError `usage` for two options that exclude each other, or an option without another
 * option that it requires
 */
export function refuseContradictions(
  table: Options,
  exclusive: readonly ExclusiveOptions[],
  given: Readonly<Record<string, unknown>>,
  nameOf = (name: string): string => `--${keyOf(name, table[name])}`,
): void {
  const isGiven = (name: string): boolean => given[name] != null && given[name] !== false;
  for (const { options, hint } of exclusive) {
    const flags = options.filter(isGiven).map(nameOf);
    if (flags.length > 1)
      throw usageError(`cannot use ${flags.slice(0, -1).join(', ')} and ${flags.at(-1)} together`, hint, {
        options: flags,
      });
  }
  for (const [name, { requires }] of Object.entries(table)) {
    if (requires === undefined || !isGiven(name) || isGiven(requires.option)) continue;
    const flags = [nameOf(name), nameOf(requires.option)];
    throw usageError(`cannot use ${flags.join(' without ')}`, requires.hint, { options: flags });
  }
}

/** The first unmet need of an option, given all options. Undefined if the option is off. */
function findUnmetCondition(
  name: TrainingOption,
  options: TrainingOptions,
): { readonly need: Condition; readonly is: string } | undefined {
  const { needs = [] }: Option = trainingOptions[name];
  const valueOf = ({ option }: Condition): unknown => options[option as TrainingOption];
  const need = isOff(name, options) ? undefined : needs.find((each) => !each.holds(valueOf(each) as never));
  return need && { need, is: `${flagOf(need.option as TrainingOption)} is ${String(valueOf(need))}` };
}

/** A note for each given option that has no effect with the other options. */
export function notesOnNoEffect(given: Partial<TrainingOptions>, options: TrainingOptions): string[] {
  return trainingNames.flatMap((name) => {
    const lack = given[name] === undefined ? undefined : findUnmetCondition(name, options);
    return lack === undefined ? [] : [`${flagOf(name)} has no effect because ${lack.need.noEffectReason ?? lack.is}`];
  });
}

/** @throws RnnError `usage` for an option that is an error in combination with the other options */
export function refuseUnmetConditions(options: TrainingOptions): void {
  for (const name of trainingNames) {
    const { need, is } = findUnmetCondition(name, options) ?? {};
    if (need?.errorHint === undefined) continue;
    const flags = [name, need.option as TrainingOption].map(flagOf);
    throw usageError(`cannot use ${flags[0]}: ${is}`, need.errorHint, { options: flags });
  }
}

/**
 * Whether the option is off: it has the value of checkpoints that are older than the option. Only
 * switches, choices and options whose unmet need is an error can be off.
 */
function isOff(name: TrainingOption, options: TrainingOptions): boolean {
  const { kind, legacyValue, needs = [] }: Option = trainingOptions[name];
  const isError = needs.some(({ errorHint }) => errorHint !== undefined);
  return (isError || kind.name === 'switch' || kind.name === 'choice') && options[name] === legacyValue;
}
