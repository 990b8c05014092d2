// Rounds, medians, and when a round has to be repeated. Pure, except for the measuring functions
// that it calls.
import { withoutPaths } from './markdown.js';

/** A figure farther than this from the median of its side was measured under another load. */
export const NOISE = 0.15;

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * The number of rounds with a figure far from the median of its side. null is a side that could not
 * be measured.
 */
export function noisyRounds(rounds) {
  const medians = mediansOf(rounds);
  const isFar = (figure, side) => medians[side] !== null && Math.abs(figure - medians[side]) > NOISE * medians[side];
  return rounds.filter((round) => round.some(isFar)).length;
}

/**
 * Measures all sides in turn, so that they run under the same load. Makes `rounds` rounds, and one
 * more for each noisy round, at most `repeats`. All figures count, even from noisy rounds: a median
 * tolerates a few of them, and nothing is selected.
 * @param sides each { measure: () => characters per second }, or with a `problem`: why it cannot be
 * measured
 * @returns the rounds, figures by side, and their medians, null for a side with a problem. An
 * optional side that fails gets its error as a problem
 */
export function alternate(sides, { rounds, repeats }) {
  const played = [];
  const calm = () => played.length - noisyRounds(played);
  while (played.length < rounds || (calm() < rounds && played.length < rounds + repeats))
    played.push(sides.map(measured));
  return { medians: mediansOf(played), repeated: played.length - rounds, noisy: noisyRounds(played), rounds: played };
}

/**
 * The median over rounds of the ratio of one side to another, which ran under the same load. null
 * if one of them could not be measured.
 */
export function pairedRatio(rounds, side, other) {
  const figures = rounds.flatMap((round) => [round[side], round[other]]);
  return figures.includes(null) ? null : median(rounds.map((round) => round[side] / round[other]));
}

function measured(side) {
  if (side.problem) return null;
  try {
    return side.measure();
  } catch (error) {
    if (!side.optional) throw error;
    side.problem = failure(error);
    return null;
  }
}

/**
 * The last words of a program that failed, which mostly are the reason. Without folders, because
 * they appear on the page.
 */
export function failure(error) {
  return `failed: ${withoutPaths(error.message.trim().split('\n').at(-1))}`;
}

/** A side that failed in some round has no median. */
export function mediansOf(rounds) {
  return (rounds[0] ?? []).map((_, side) => {
    const figures = rounds.map((round) => round[side]);
    return figures.includes(null) ? null : median(figures);
  });
}
