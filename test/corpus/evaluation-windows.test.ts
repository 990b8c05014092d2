import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  evaluationStreams,
  evaluationWindows,
  NO_TARGET,
  scoredCharacters,
} from '../../src/corpus/evaluation-windows.ts';

/** A text in which the id of each token is its position. */
const places = (length: number): Uint32Array => Uint32Array.from({ length }, (_, place) => place);

describe('evaluation windows', () => {
  it('score every target once, in contiguous chunks whose lengths differ by at most one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        (length, N, T) => {
          const perStream: number[][] = Array.from({ length: N }, () => []);
          let windows = 0;
          for (const { inputs, targets, reset, scored: count, starts } of evaluationWindows(places(length), {
            streams: N,
            sequenceLength: T,
          })) {
            expect(reset).toBe(windows++ === 0);
            expect([inputs.length, targets.length]).toEqual([T * N, T * N]);
            starts.forEach((start, n) => expect(targets[n] === NO_TARGET || inputs[n] === start).toBe(true));
            expect(count).toBe(targets.filter((target) => target !== NO_TARGET).length);
            expect(count).toBeGreaterThan(0);
            targets.forEach((target, i) => {
              expect(inputs[i]).toBe(target === NO_TARGET ? 0 : target - 1);
              if (target !== NO_TARGET) perStream[i % N].push(target);
            });
          }
          expect(perStream.flat()).toEqual(Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1));
          const lengths = perStream.map((stream) => stream.length);
          expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
          expect(lengths[0] - lengths[N - 1]).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('are padded after the end of a chunk', () => {
    expect([...evaluationWindows(places(6), { streams: 2, sequenceLength: 2 })]).toEqual([
      { inputs: Int32Array.of(0, 3, 1, 4), targets: Int32Array.of(1, 4, 2, 5), reset: true, scored: 4, starts: [0, 3] },
      {
        inputs: Int32Array.of(2, 0, 0, 0),
        targets: Int32Array.of(3, NO_TARGET, NO_TARGET, NO_TARGET),
        reset: false,
        scored: 1,
        starts: [2, 5],
      },
    ]);
  });

  it('read the start token or the preceding text before they score', () => {
    const startSymbol = 999;
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 900 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 40 }),
        (length, N, T) => {
          const read: number[][] = Array.from({ length: N }, () => []);
          const scored: number[] = [];
          const mistaken: number[] = [];
          for (const { inputs, targets, starts } of evaluationWindows(places(length), {
            streams: N,
            sequenceLength: T,
            startSymbol,
          })) {
            inputs.forEach((input, i) => {
              const [row, at] = [i % N, starts[i % N] + Math.floor(i / N)];
              const isScored = targets[i] !== NO_TARGET;
              if (isScored && targets[i] !== at + 1) mistaken.push(targets[i]);
              if (isScored) scored.push(targets[i]);
              if (isScored || input > 0) read[row].push(input);
            });
          }
          expect(mistaken).toEqual([]);
          expect(scored.toSorted((a, b) => a - b)).toEqual(Array.from({ length: length - 1 }, (_, i) => i + 1));
          const chunk = Math.floor((length - 1) / N);
          const scoredRows = chunk === 0 ? 1 : N;
          const expected = Array.from({ length: scoredRows }, (_, n) => {
            const first = n * chunk + Math.min(n, (length - 1) % N);
            return n === 0 || first < 128 ? startSymbol : first - 128;
          });
          // Position 0 is read as 0, which is also the padding of rows: this test does not
          // distinguish them.
          expect(read.slice(0, scoredRows).map(([first]) => first)).toEqual(expected.map((first) => first || 1));
        },
      ),
    );
  });

  it('of a sample score chunks of equal length, evenly spaced, each after its preceding text', () => {
    const [length, streams, characters] = [1_000_001, 4, 40_000];
    const scored: number[] = [];
    let [resets, read] = [0, 0];
    for (const { inputs, targets, reset } of evaluationWindows(places(length), {
      streams,
      sequenceLength: 32,
      characters,
    })) {
      if (reset) resets++;
      read += inputs.filter((input) => input > 0).length;
      targets.forEach((target) => target !== NO_TARGET && scored.push(target));
    }
    scored.sort((a, b) => a - b);
    const starts = scored.filter((place, index) => place !== scored[index - 1] + 1);
    expect(starts).toEqual(Array.from({ length: 20 }, (_, chunk) => 50_000 * chunk + 1));
    expect(scored).toHaveLength(characters);
    expect(resets).toBe(5);
    expect(read).toBe(characters - 1 + 19 * 128); // position 0 is read as 0
  });

  it('of a sample score each target at most once, about the requested number, or all of a short text', () => {
    const sample = fc.record({
      length: fc.integer({ min: 2, max: 9000 }),
      streams: fc.integer({ min: 1, max: 20 }),
      characters: fc.integer({ min: 1, max: 10_000 }),
      startSymbol: fc.constantFrom(null, 999),
    });
    fc.assert(
      fc.property(sample, ({ length, characters, ...split }) => {
        const streams = Math.min(split.streams, length - 1);
        const windows = [...evaluationWindows(places(length), { ...split, streams, sequenceLength: 50, characters })];
        const scored = windows.flatMap(({ targets }) => [...targets].filter((target) => target !== NO_TARGET));
        expect(new Set(scored).size).toBe(scored.length);
        expect(scored).toHaveLength(scoredCharacters(length, { streams, characters }));
        expect(scored.length).toBe(windows.reduce((sum, { scored: count }) => sum + count, 0));
        expect(Math.abs(scored.length - Math.min(characters, length - 1))).toBeLessThan(
          Math.max(streams, scored.length / 2000 + streams),
        );
      }),
    );
  });

  it.each([
    [2, 1],
    [33, 1],
    [1999, 1],
    [2001, 2],
    [16_001, 16],
    [1_000_000, 16],
  ])('of a text of %i characters may have %i rows', (length, streams) => {
    expect(evaluationStreams(length, 16)).toBe(streams);
  });
});
