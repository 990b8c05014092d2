// The trials of a search over options: a whole grid, or some sampled at random. Options are names
// and texts, as on a command line. This module does not know their meaning.
import { createHash } from 'node:crypto';
import { count } from '../count.ts';
import { usageError } from '../errors.ts';
import { Random } from '../random.ts';
import { flagOf } from '../options/flags.ts';

/** An option and its value in a trial. */
export interface TrialSetting {
  readonly option: string;
  readonly value: string;
}

export interface Trial {
  /**
   * A folder name. Different settings have different names, and the same settings always have the
   * same name.
   */
  readonly name: string;
  readonly settings: readonly TrialSetting[];
}

/**
 * Values to sample from: uniformly from `low` to `high`, or uniformly in the logarithm, for options
 * that work by factors (a learning rate).
 */
export interface SearchRange {
  readonly low: number;
  readonly high: number;
  readonly logarithmic: boolean;
  readonly whole: boolean;
}

/** An option to search over, and its possible values. */
export interface Axis<Values = readonly string[] | SearchRange> {
  readonly option: string;
  readonly values: Values;
}

/** More trials are a mistake: at a minute each, this many take a week. */
const MAX_TRIALS = 10_000;
/**
 * Significant digits of a sampled number: more digits make names hard to read, and no option needs
 * them.
 */
const DIGITS = 3;
/** Draws for each trial, because the same trial may be drawn again. */
const MAX_DRAWS = 100;
const MAX_NAME_LENGTH = 150;

const byOption = (a: { readonly option: string }, b: { readonly option: string }): number =>
  a.option < b.option ? -1 : 1;

/**
 * Every combination. The last axis varies fastest.
 *
 * @throws RnnError `usage` if there are too many
 */
export function gridOf(axes: readonly Axis<readonly string[]>[]): Trial[] {
  refuseTooMany(axes.reduce((product, { values }) => product * values.length, 1));
  let trials: TrialSetting[][] = [[]];
  for (const { option, values } of axes)
    trials = trials.flatMap((settings) => values.map((value) => [...settings, { option, value }]));
  return trials.map(trialOf);
}

/**
 * Different trials, sampled at random: fewer than `max` if there are not enough. With the same seed
 * the first trials are the same, whatever `max` is.
 *
 * @throws RnnError `usage` if `max` is too large
 */
export function drawTrials(axes: readonly Axis[], max: number, seed: number): Trial[] {
  refuseTooMany(max);
  const random = new Random(seed);
  const trials = new Map<string, Trial>();
  // The order in which the user names options must not change the search.
  const sorted = axes.toSorted(byOption);
  for (let draws = 0; draws < max * MAX_DRAWS && trials.size < max; draws++) {
    const trial = trialOf(sorted.map(({ option, values }) => ({ option, value: valueFrom(values, random.uniform()) })));
    if (!trials.has(trial.name)) trials.set(trial.name, trial);
  }
  return [...trials.values()];
}

function refuseTooMany(trials: number): void {
  if (trials <= MAX_TRIALS) return;
  throw usageError(
    `the sweep has ${count(trials)} trials: expected at most ${count(MAX_TRIALS)}`,
    `use ${flagOf('random')} for a few dozen of them: more trials seldom find a much better model`,
  );
}

/** @param u a number from 0 to 1 */
function valueFrom(values: Axis['values'], u: number): string {
  if (!('low' in values)) return values[Math.floor(u * values.length)];
  const { low, high, logarithmic, whole } = values;
  if (whole && !logarithmic) return String(low + Math.floor(u * (high - low + 1)));
  const x = logarithmic ? low * (high / low) ** u : low + u * (high - low);
  return String(Math.min(high, Math.max(low, roundValue(x, whole))));
}

/** Rounds a number as names of trials show it. */
export const roundValue = (value: number, isWhole: boolean): number =>
  isWhole ? Math.round(value) : Number(value.toPrecision(DIGITS));

/**
 * The name is `hidden=256,lr=0.005`, sorted by option. Characters that a folder name should not
 * have are encoded as %2F. A long name ends in a hash.
 */
function trialOf(settings: readonly TrialSetting[]): Trial {
  const parts = settings.toSorted(byOption).map(({ option, value }) => `${option}=${encodeValue(value)}`);
  const name = parts.join();
  if (name.length <= MAX_NAME_LENGTH) return { name, settings };
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return { name: `${name.slice(0, MAX_NAME_LENGTH - digest.length - 1)}+${digest}`, settings };
}

function encodeValue(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
