import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Streams } from '../../src/corpus/batches.ts';
import { type WindowDraws, countWindows, windowStartsOf } from '../../src/corpus/window-starts.ts';
import { lengthsAround } from '../../src/options/training.ts';

const draws = (changes: Partial<WindowDraws>): WindowDraws => ({
  seed: 5,
  offset: false,
  length: false,
  reset: 0,
  isSymmetric: false,
  ...changes,
});

/** The starts of the windows of an epoch, and the end of the last window. */
const startsOf = (epoch: number, stride: number, T: number, drawn: WindowDraws): number[] => {
  const cut = windowStartsOf(epoch, stride, T, drawn);
  return Array.from({ length: countWindows(stride, T, drawn) + 1 }, (_, window) => cut(window));
};
const lengthsOf = (starts: readonly number[]): number[] =>
  starts.slice(1).map((start, window) => start - starts[window]);

describe('the lengths of windows', () => {
  it('are evenly spaced around their mean, at most a quarter away', () => {
    expect([32, 50, 64, 9, 4].map(lengthsAround)).toEqual([
      [24, 28, 32, 36, 40],
      [38, 44, 50, 56, 62],
      [48, 56, 64, 72, 80],
      [7, 8, 9, 10, 11],
      [2, 3, 4, 5, 6],
    ]);
    expect([1, 3].map(lengthsAround)).toEqual([[1], [3]]);
  });
});

describe('an epoch', () => {
  it('has as many windows as without random boundaries, consecutive, within their sequences, of T time steps on average', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 600 }),
        fc.boolean(),
        fc.boolean(),
        fc.nat(9),
        (T, stride, offset, length, epoch) => {
          fc.pre(stride >= T);
          const drawn = draws({ offset, length });
          const starts = startsOf(epoch, stride, T, drawn);
          const lengths = lengthsOf(starts);
          const all = Math.floor(stride / T);
          expect(lengths.length).toBeGreaterThanOrEqual(Math.max(1, offset ? all - 1 : all));
          expect(lengths.reduce((sum, steps) => sum + steps, 0)).toBe(lengths.length * T);
          expect(lengths.every((steps) => (length ? lengthsAround(T) : [T]).includes(steps))).toBe(true);
          expect(starts[0]).toBeLessThan(offset ? T : 1);
          expect(starts.at(-1)).toBeLessThanOrEqual(stride);
        },
      ),
    );
  });

  it('has each length equally often, in an order that depends on the epoch and the seed', () => {
    const of = (epoch: number, seed = 5): number[] =>
      lengthsOf(startsOf(epoch, 8 * 500, 8, draws({ length: true, seed })));
    for (const steps of lengthsAround(8)) expect(of(0).filter((each) => each === steps)).toHaveLength(100);
    expect(of(0)).toEqual(of(0));
    for (const other of [of(1), of(0, 6), of(0).toSorted((a, b) => a - b)]) expect(of(0)).not.toEqual(other);
  });

  it('a of seed b differs from epoch b of seed a, except in runs of earlier versions', () => {
    const cuts = (epoch: number, seed: number, isSymmetric: boolean): number[] =>
      startsOf(epoch, 4000, 8, draws({ offset: true, length: true, seed, isSymmetric }));
    expect(cuts(2, 1, false)).not.toEqual(cuts(1, 2, false));
    expect(cuts(2, 1, true)).toEqual(cuts(1, 2, true));
  });

  it('begins at any of the first T positions', () => {
    const places = new Set(
      Array.from({ length: 200 }, (_, epoch) => windowStartsOf(epoch, 100, 8, draws({ offset: true }))(0)),
    );
    expect([...places].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    // A text in which one window barely fits.
    expect(
      new Set(Array.from({ length: 50 }, (_, epoch) => windowStartsOf(epoch, 9, 8, draws({ offset: true }))(0))),
    ).toEqual(new Set([0, 1]));
  });
});

describe('parallel sequences with random windows', () => {
  const places = (length: number): Uint32Array => Uint32Array.from({ length }, (_, place) => place);
  const drawn = draws({ offset: true, length: true });

  it('show each target at most once per epoch, in order, and report the next number of time steps', () => {
    const [N, T] = [3, 8];
    const streams = new Streams(places(1000), N, T, drawn);
    for (let epoch = 0; epoch < 3; epoch++) {
      const seen: number[] = [];
      const last = new Array<number>(N);
      for (let window = 0; window < streams.windowsPerEpoch; window++) {
        const steps = streams.nextSteps;
        const { inputs, targets, reset } = streams.next();
        expect([inputs.length, reset]).toEqual([N * steps, window === 0]);
        targets.forEach((target, i) => expect(target).toBe(inputs[i] + 1));
        if (window > 0) for (let n = 0; n < N; n++) last[n] -= inputs[n];
        expect(last.every((left) => left === 0)).toBe(true);
        for (let n = 0; n < N; n++) last[n] = targets[(steps - 1) * N + n];
        seen.push(...targets);
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toHaveLength(streams.windowsPerEpoch * N * T);
      expect(Math.max(...seen)).toBeLessThan(1000);
    }
  });

  it('continue exactly from a position in any epoch', () => {
    const make = (): Streams => new Streams(places(300), 3, 4, drawn);
    const streams = make();
    for (let i = 0; i < 60; i++) streams.next();
    const { position } = streams;
    expect(position.epoch).toBeGreaterThan(1);
    const expected = Array.from({ length: 30 }, () => streams.next());
    const resumed = make();
    resumed.seek(position);
    expect(Array.from({ length: 30 }, () => resumed.next())).toEqual(expected);
  });
});
