// Where each epoch cuts its streams into windows: at the same places, or at places drawn from a
// seed. Pure; knows no text.
import { lengthsAround } from '../options/training.ts';
import { Random, hash32 } from '../random.ts';

/** Separates the random numbers of cuts from other random numbers of the same seed. */
const CUTS = 0xc075;

/** The properties of an epoch that are drawn from the seed. */
export interface Draws {
  readonly seed: number;
  /** Where the first window begins. */
  readonly offset: boolean;
  /** How long each window is. */
  readonly length: boolean;
  /** Probability with which a window other than the first of an epoch starts from a zero state. */
  readonly reset: number;
  /** Epochs are drawn as earlier versions drew them: epoch a of seed b as epoch b of seed a. */
  readonly isSymmetric: boolean;
}

/**
 * Where a window begins in each stream of one epoch; after the last window, where the next would
 * begin.
 */
export type Cut = (window: number) => number;

/**
 * How many windows an epoch has in streams of so many targets: one fewer if the place of the first
 * is drawn, so that the last does not end beyond its stream.
 */
export function countWindows(stride: number, T: number, { offset }: Pick<Draws, 'offset'>): number {
  const all = Math.floor(stride / T);
  return offset ? Math.max(Math.min(1, all), Math.floor((stride - T + 1) / T)) : all;
}

/**
 * How an epoch is cut. Offsets are any in [0, T) that leave room for all windows. Lengths are five,
 * as often as each other, but for the remainder of a division by five, which is taken in pairs
 * around T: so epochs have as many windows as without, of T steps on average.
 *
 * @param stride targets of a stream
 */
export function cutOf(epoch: number, stride: number, T: number, draws: Draws): Cut {
  const random = new Random(epochKey(epoch, draws));
  const count = countWindows(stride, T, draws);
  const offset = draws.offset ? Math.floor(random.uniform() * Math.min(T, stride - count * T + 1)) : 0;
  if (!draws.length) return (window) => offset + window * T;
  const starts = new Float64Array(count + 1);
  starts[0] = offset;
  for (const [window, length] of shuffled(deckOf(count, lengthsAround(T)), random).entries())
    starts[window + 1] = starts[window] + length;
  return (window) => starts[window];
}

function epochKey(epoch: number, { seed, isSymmetric }: Draws): number {
  return isSymmetric ? hash32(hash32(seed) ^ hash32(epoch)) : hash32(hash32(hash32(seed) ^ CUTS) + epoch);
}

/** So many of some lengths that their mean is that of all lengths, which lie evenly around it. */
function deckOf(count: number, lengths: readonly number[]): number[] {
  const middle = (lengths.length - 1) / 2;
  const deck = Array.from({ length: count - (count % lengths.length) }, (_, i) => lengths[i % lengths.length]);
  if ((count - deck.length) % 2 === 1) deck.push(lengths[middle]);
  for (let away = middle; deck.length < count; away--) deck.push(lengths[middle - away], lengths[middle + away]);
  return deck;
}

/** Fisher and Yates's shuffle, in place. */
function shuffled(deck: number[], random: Random): number[] {
  for (let last = deck.length - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1));
    [deck[last], deck[other]] = [deck[other], deck[last]];
  }
  return deck;
}
