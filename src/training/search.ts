// The trials of a search over options: a whole grid, or some drawn at random. Options are names and
// texts, as on a command line. What they mean is not known here.
import { createHash } from 'node:crypto';
import { count } from '../count.ts';
import { usageError } from '../errors.ts';
import { Random } from '../random.ts';
import { flagOf } from '../options/flags.ts';

/** An option and its value in a trial. */
export interface Setting {
  readonly option: string;
  readonly value: string;
}

export interface Trial {
  /**
   * A name for a folder: different settings have different names, and the same settings always the
   * same.
   */
  readonly name: string;
  readonly settings: readonly Setting[];
}

/**
 * Values to draw from: uniformly from `low` to `high`, or uniformly in the logarithm, for options
 * that work by factors (a learning rate).
 */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly logarithmic: boolean;
  readonly whole: boolean;
}

/** An option to search over, and the values that it can take. */
export interface Axis<Values = readonly string[] | Range> {
  readonly option: string;
  readonly values: Values;
}

/** More are a mistake: at a minute each, they take a week. */
const MAX_TRIALS = 10_000;
/**
 * Significant digits of a number that is drawn: more would make names hard to read, and no option
 * is as fine.
 */
const DIGITS = 3;
/** Draws for each trial, since the same trial may be drawn again. */
const MAX_DRAWS = 100;
const MAX_NAME_LENGTH = 150;

const byOption = (a: { readonly option: string }, b: { readonly option: string }): number =>
  a.option < b.option ? -1 : 1;

/**
 * Every combination; the last axis varies fastest. @throws RnnError `usage` if there are too many
 */
export function gridOf(axes: readonly Axis<readonly string[]>[]): Trial[] {
  refuseTooMany(axes.reduce((product, { values }) => product * values.length, 1));
  let trials: Setting[][] = [[]];
  for (const { option, values } of axes)
    trials = trials.flatMap((settings) => values.map((value) => [...settings, { option, value }]));
  return trials.map(trialOf);
}

/**
 * Different trials, drawn at random: fewer than `max` if there are no more. With the same seed
 * the first ones are the same, however many are drawn.
 *
 * @throws RnnError `usage` if too many are asked for
 */
export function drawTrials(axes: readonly Axis[], max: number, seed: number): Trial[] {
  refuseTooMany(max);
  const random = new Random(seed);
  const trials = new Map<string, Trial>();
  // The order in which the user names options is not part of the search.
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
    `that is a sweep of ${count(trials)} trials, expected at most ${count(MAX_TRIALS)}`,
    `use ${flagOf('random')} for a few dozen of them: more seldom find a much better one`,
  );
}

/** @param u from 0 to 1 */
function valueFrom(values: Axis['values'], u: number): string {
  if (!('low' in values)) return values[Math.floor(u * values.length)];
  const { low, high, logarithmic, whole } = values;
  if (whole && !logarithmic) return String(low + Math.floor(u * (high - low + 1)));
  const x = logarithmic ? low * (high / low) ** u : low + u * (high - low);
  return String(Math.min(high, Math.max(low, rounded(x, whole))));
}

/** As a search writes its numbers: no finer than a name should be. */
export const rounded = (value: number, isWhole: boolean): number =>
  isWhole ? Math.round(value) : Number(value.toPrecision(DIGITS));

/**
 * The name is `hidden=256,lr=0.005`, by option, with all that a folder's name should not have as
 * %2F; a long one ends in a hash.
 */
function trialOf(settings: readonly Setting[]): Trial {
  const parts = settings.toSorted(byOption).map(({ option, value }) => `${option}=${encoded(value)}`);
  const name = parts.join();
  if (name.length <= MAX_NAME_LENGTH) return { name, settings };
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return { name: `${name.slice(0, MAX_NAME_LENGTH - digest.length - 1)}+${digest}`, settings };
}

function encoded(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
