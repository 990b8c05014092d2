// How each epoch divides its parallel sequences into windows: at fixed boundaries, or at boundaries
// drawn from a seed. Pure.
import { lengthsAround } from '../options/training.ts';
import { Random, hash32 } from '../random.ts';

/** Separates the random numbers of boundaries from other random numbers of the same seed. */
const WINDOW_STARTS_SALT = 0xc075;

/** The properties of an epoch that are drawn from the seed. */
export interface WindowDraws {
  readonly seed: number;
  /** Whether the start of the first window is random. */
  readonly offset: boolean;
  /** Whether the length of each window is random. */
  readonly length: boolean;
  /** The probability that a window other than the first of an epoch starts from a zero state. */
  readonly reset: number;
  /** Compatibility with earlier versions, which drew epoch a of seed b like epoch b of seed a. */
  readonly isSymmetric: boolean;
}

/**
 * The start of a window in each parallel sequence of one epoch. The start after the last window is
 * its end.
 */
export type WindowStarts = (window: number) => number;

/**
 * The number of windows of an epoch, for parallel sequences of `stride` targets each. A random
 * offset costs one window, so that the last window does not end beyond its sequence.
 */
export function countWindows(stride: number, T: number, { offset }: Pick<WindowDraws, 'offset'>): number {
  const windows = Math.floor(stride / T);
  return offset ? Math.max(Math.min(1, windows), Math.floor((stride - T + 1) / T)) : windows;
}

/**
 * Returns the window boundaries of an epoch. Offsets are uniform over the values in [0, T) that
 * leave room for all windows. Lengths are shuffled from five values, each equally often. The
 * remainder of the division by five is taken in pairs around T. So epochs have the same number of
 * windows as with fixed lengths, and windows have T time steps on average.
 *
 * @param stride targets of a stream
 */
export function windowStartsOf(epoch: number, stride: number, T: number, draws: WindowDraws): WindowStarts {
  const random = new Random(epochKey(epoch, draws));
  const count = countWindows(stride, T, draws);
  const offset = draws.offset ? Math.floor(random.uniform() * Math.min(T, stride - count * T + 1)) : 0;
  if (!draws.length) return (window) => offset + window * T;
  const starts = new Float64Array(count + 1);
  starts[0] = offset;
  for (const [window, length] of shuffle(lengthsToShuffle(count, lengthsAround(T)), random).entries())
    starts[window + 1] = starts[window] + length;
  return (window) => starts[window];
}

function epochKey(epoch: number, { seed, isSymmetric }: WindowDraws): number {
  return isSymmetric ? hash32(hash32(seed) ^ hash32(epoch)) : hash32(hash32(hash32(seed) ^ WINDOW_STARTS_SALT) + epoch);
}

/** `count` lengths whose mean is the mean of all `lengths`, which are evenly spaced around it. */
function lengthsToShuffle(count: number, lengths: readonly number[]): number[] {
  const middle = (lengths.length - 1) / 2;
  const deck = Array.from({ length: count - (count % lengths.length) }, (_, i) => lengths[i % lengths.length]);
  if ((count - deck.length) % 2 === 1) deck.push(lengths[middle]);
  for (let away = middle; deck.length < count; away--) deck.push(lengths[middle - away], lengths[middle + away]);
  return deck;
}

/** Fisher–Yates shuffle, in place. */
function shuffle(deck: number[], random: Random): number[] {
  for (let last = deck.length - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1));
    [deck[last], deck[other]] = [deck[other], deck[last]];
  }
  return deck;
}
