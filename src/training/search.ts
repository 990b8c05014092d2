// The points of a search over options: all of a grid, or some drawn at random. Options are names and texts, as on a command line; what they
// mean is not known here.
import { createHash } from 'node:crypto';
import { RnnError } from '../errors.ts';
import { Random } from '../random.ts';

/** An option, and what it is at a point. */
export interface Setting {
  readonly option: string;
  readonly value: string;
}

export interface Point {
  /** Different for each point, and the same whenever it has the same settings: a name for a folder. */
  readonly name: string;
  readonly settings: readonly Setting[];
}

/** What the values of an option are drawn from. */
export type Distribution =
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  /** Uniform from `low` to `high`, or uniform in the logarithm: for what works by factors, as a learning rate does. */
  | { readonly kind: 'range'; readonly low: number; readonly high: number; readonly logarithmic: boolean; readonly whole: boolean };

export interface Axis<Values> {
  readonly option: string;
  readonly values: Values;
}

/** More are a mistake: at a minute each, they take a week. */
const MOST_POINTS = 10_000;
/** Digits that count of a number drawn: nobody wants to read more in a name, and no option is as fine. */
const DIGITS = 3;
/** Draws for each point, where those before it are drawn again. */
const TRIES = 100;
const LONGEST_NAME = 150;

const byOption = (a: { readonly option: string }, b: { readonly option: string }): number => (a.option < b.option ? -1 : 1);

/** Every combination, the last axis fastest. @throws RnnError `usage` if there are too many */
export function gridOf(axes: readonly Axis<readonly string[]>[]): Point[] {
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > MOST_POINTS) throw tooMany(count, '--random tries some of them');
  let points: Setting[][] = [[]];
  for (const { option, values } of axes) points = points.flatMap((settings) => values.map((value) => [...settings, { option, value }]));
  return points.map(pointOf);
}

/**
 * Points drawn at random, all different: fewer than `count` where there are no more. With the same seed the first ones are the same,
 * however many are drawn.
 *
 * @throws RnnError `usage` if too many are wanted
 */
export function drawPoints(axes: readonly Axis<Distribution>[], count: number, seed: number): Point[] {
  if (count > MOST_POINTS) throw tooMany(count, 'the best of a few dozen is seldom beaten by much');
  const random = new Random(seed);
  const points = new Map<string, Point>();
  // The order in which they were named is no part of the search.
  const sorted = axes.toSorted(byOption);
  for (let tries = 0; tries < count * TRIES && points.size < count; tries++) {
    const point = pointOf(sorted.map(({ option, values }) => ({ option, value: valueFrom(values, random) })));
    if (!points.has(point.name)) points.set(point.name, point);
  }
  return [...points.values()];
}

function tooMany(count: number, hint: string): RnnError {
  return new RnnError(
    'usage',
    `that is a sweep of ${count.toLocaleString('en')} trials, expected at most ${MOST_POINTS.toLocaleString('en')}`,
    { hint },
  );
}

function valueFrom(distribution: Distribution, random: Random): string {
  const u = random.uniform();
  if (distribution.kind === 'choice') return distribution.values[Math.floor(u * distribution.values.length)];
  const { low, high, logarithmic, whole } = distribution;
  if (whole && !logarithmic) return String(low + Math.floor(u * (high - low + 1)));
  const x = logarithmic ? low * (high / low) ** u : low + u * (high - low);
  const rounded = whole ? Math.round(x) : Number(x.toPrecision(DIGITS));
  return String(Math.min(high, Math.max(low, rounded)));
}

function pointOf(settings: readonly Setting[]): Point {
  return { settings, name: nameOf(settings) };
}

/** `hidden=256,lr=0.005`, by option, with whatever a folder's name should not have as %2F; a long one ends in a hash instead. */
function nameOf(settings: readonly Setting[]): string {
  const name = settings
    .toSorted(byOption)
    .map(({ option, value }) => `${option}=${encoded(value)}`)
    .join();
  if (name.length <= LONGEST_NAME) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${name.slice(0, LONGEST_NAME - digest.length - 1)}+${digest}`;
}

function encoded(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
