import { describe, expect, test } from 'vitest';
import { type RunProgress, type Recurrence, isDue, stepsBetween, timesLeft } from '../../src/training/due.ts';

const inSteps = (every: number | null, times = 10): Recurrence => ({ every, times, lastMs: 0, tookMs: 0 });
const ofSteps = (step: number, totalSteps = 100): RunProgress => ({ step, totalSteps, trainingMs: 0, budgetMs: null });
const ofTime = (trainingMs: number, step = 1): RunProgress => ({
  step,
  totalSteps: null,
  trainingMs,
  budgetMs: 30_000,
});

describe('an event with an interval in steps', () => {
  test('is due at multiples of the interval, but not before the first step or if it is turned off', () => {
    const due = Array.from({ length: 101 }, (_, step) => step).filter((step) => isDue(inSteps(30), ofSteps(step)));
    expect(due).toEqual([30, 60, 90]);
    expect(isDue(inSteps(0), ofSteps(30))).toBe(false);
  });

  test('still occurs once for each multiple before the end', () => {
    expect([0, 29, 30, 89, 90, 99].map((step) => timesLeft(inSteps(30), ofSteps(step)))).toEqual([3, 3, 2, 1, 0, 0]);
    expect(timesLeft(inSteps(50), ofSteps(0))).toBe(1);
    expect(timesLeft(inSteps(0), ofSteps(0))).toBe(0);
    expect(timesLeft(inSteps(10), ofTime(10_000, 100))).toBe(20);
  });
});

describe('an event that is spaced over a run', () => {
  test('occurs at every tenth of the steps', () => {
    expect(stepsBetween(inSteps(null), 95)).toBe(10);
    expect(stepsBetween(inSteps(null), 3)).toBe(1);
    expect(stepsBetween(inSteps(null), null)).toBe(null);
    expect(isDue(inSteps(null), ofSteps(20))).toBe(true);
  });

  test('occurs once in each tenth of the time, however long steps take', () => {
    for (const stepMs of [7, 900, 4000]) {
      let recurring = inSteps(null);
      const due: number[] = [];
      for (let ms = stepMs; ms < 30_000; ms += stepMs) {
        if (!isDue(recurring, ofTime(ms))) continue;
        due.push(ms);
        recurring = { ...recurring, lastMs: ms };
      }
      expect(due.map((ms) => Math.floor(ms / 3000))).toEqual([...new Set(due.map((ms) => Math.floor(ms / 3000)))]);
      expect(due.length).toBe(Math.min(9, Math.ceil(30_000 / stepMs) - 1));
    }
  });

  test('waits until steps have taken twice as long as the last event', () => {
    const slow = { ...inSteps(null), lastMs: 3100, tookMs: 5000 };
    expect([6000, 13_000, 13_100].map((ms) => isDue(slow, ofTime(ms)))).toEqual([false, false, true]);
    expect(timesLeft(slow, ofTime(3100))).toBe(2);
    expect(isDue({ ...slow, every: 10 }, ofTime(6000, 20))).toBe(true);
  });

  test('still occurs once for each part of the time before the end', () => {
    expect([0, 2999, 3001, 26_999, 27_001, 30_000].map((ms) => timesLeft(inSteps(null), ofTime(ms)))).toEqual([
      9, 9, 8, 1, 0, 0,
    ]);
  });
});
