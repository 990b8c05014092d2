// The history of a long run in a checkpoint.
import { expect, test } from 'vitest';
import type { EvaluationEvent, ReportEvent } from '../../src/training/events.ts';
import { type HistoryEntry, addToHistory } from '../../src/training/history.ts';

const evaluation = (step: number): EvaluationEvent => ({
  event: 'evaluation',
  step,
  validationLossNats: 2,
  best: false,
});
const report = (step: number): ReportEvent => ({
  event: 'report',
  step,
  epoch: 1,
  lossNats: 2,
  learningRate: 0.01,
  gradientNorm: 1,
  charactersPerSecond: 9,
  elapsedMs: step,
  trainingMs: 0,
  remainingPausesMs: 0,
  progress: 0,
});

/**
 * The history of a run of `count` evaluations, ten steps apart, with reports and checkpoints after
 * some of them.
 */
function remembered(
  evaluations: number,
  { reportEvery, restartEvery }: { readonly reportEvery: number; readonly restartEvery: number },
): readonly HistoryEntry[] {
  let history: readonly HistoryEntry[] = [];
  for (let n = 1; n <= evaluations; n++) {
    if (n % reportEvery === 0) history = addToHistory(history, report(10 * n - 5));
    history = addToHistory(history, evaluation(10 * n));
    if (n % restartEvery === 0) history = JSON.parse(JSON.stringify(history)) as HistoryEntry[];
  }
  return history;
}

const evaluationsIn = (history: readonly HistoryEntry[]): number[] =>
  history.flatMap(({ event, step }) => (event === 'evaluation' ? [step as number] : []));

test.each([10, 1000, 1001, 1700, 5000])(
  'of %i evaluations it is the same with interruptions and without, however many reports there were',
  (count) => {
    const whole = evaluationsIn(remembered(count, { reportEvery: Infinity, restartEvery: Infinity }));
    for (const [reportEvery, restartEvery] of [
      [1, count > 1000 ? 37 : 7],
      // Each interruption copies up to a thousand evaluations.
      [3, count > 1000 ? 29 : 1],
      [50, Infinity],
    ])
      expect(evaluationsIn(remembered(count, { reportEvery, restartEvery }))).toEqual(whole);
  },
);

test('it is spread evenly over the run, from the first evaluation to the last', () => {
  const steps = evaluationsIn(remembered(3300, { reportEvery: 2, restartEvery: 100 }));
  expect(steps).toHaveLength(1000);
  expect([steps[0], steps.at(-1)]).toEqual([10, 33_000]);
  const gaps = steps.slice(1).map((step, index) => step - steps[index]);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(40);
  const firstHalf = steps.filter((step) => step <= 16_500).length;
  expect(firstHalf).toBeGreaterThanOrEqual(333);
  expect(firstHalf).toBeLessThanOrEqual(667);
});

test('it has only the last report, at its place', () => {
  const events = [report(1), evaluation(2), report(3), evaluation(4)];
  const history = events.reduce(addToHistory, [] as readonly HistoryEntry[]);
  expect(history.map(({ step }) => step)).toEqual([2, 3, 4]);
  expect(addToHistory(history, report(6)).map(({ step }) => step)).toEqual([2, 4, 6]);
});
