import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitSizes, Streams } from '../../src/corpus/batches.ts';
import { Random } from '../../src/random.ts';
import { failureOf } from './fixture.ts';

/** A text in which the id of each token is its position. */
function places(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, place) => place);
}

describe('the parallel sequences of training windows', () => {
  it('are parallel, time first, and continue from window to window', () => {
    const streams = new Streams(places(14), 2, 3); // 13 targets, 6 per stream
    expect(streams.windowsPerEpoch).toBe(2);
    expect(streams.next()).toMatchObject({
      inputs: Int32Array.of(0, 6, 1, 7, 2, 8),
      targets: Int32Array.of(1, 7, 2, 8, 3, 9),
      reset: true,
    });
    expect(streams.next()).toMatchObject({
      inputs: Int32Array.of(3, 9, 4, 10, 5, 11),
      targets: Int32Array.of(4, 10, 5, 11, 6, 12),
      reset: false,
    });
    expect(streams.position).toEqual({ epoch: 1, window: 0 });
    expect(streams.next()).toMatchObject({ inputs: Int32Array.of(0, 6, 1, 7, 2, 8), reset: true });
  });

  it('show each target once per epoch, except at the end of each stream', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 300 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (length, N, T) => {
          fc.pre(N * T <= length - 1);
          const streams = new Streams(places(length), N, T);
          const targets: number[] = [];
          for (let window = 0; window < streams.windowsPerEpoch; window++) {
            const { inputs, targets: next, reset } = streams.next();
            expect(reset).toBe(window === 0);
            next.forEach((target, i) => expect(target).toBe(inputs[i] + 1));
            targets.push(...next);
          }
          expect(streams.position).toEqual({ epoch: 1, window: 0 });
          expect(new Set(targets).size).toBe(targets.length);
          const leftOver = length - 1 - targets.length;
          expect(leftOver).toBeLessThan(N * T + N);
        },
      ),
    );
  });

  it('continue exactly from a position', () => {
    const streams = new Streams(places(100), 3, 4);
    for (let i = 0; i < 11; i++) streams.next();
    const position = structuredClone(streams.position);
    const expected = Array.from({ length: 10 }, () => streams.next());
    const resumed = new Streams(places(100), 3, 4);
    resumed.seek(position);
    expect(Array.from({ length: 10 }, () => resumed.next())).toEqual(expected);
    expect(position).toEqual({ epoch: 1, window: 3 });
  });

  it('refuse a position outside the epoch, and a text that is too short', () => {
    const streams = new Streams(places(100), 3, 4);
    expect(() => streams.seek({ epoch: 0, window: 8 })).toThrow('window is 8 in epoch 0: expected 0 to 7');
    expect(() => streams.seek({ epoch: -1, window: 0 })).toThrow('epoch -1');
    expect(() => new Streams(places(12), 3, 4)).toThrow('12 tokens are too few for 3 batch rows of 4 time steps');
    expect(new Streams(places(13), 3, 4).windowsPerEpoch).toBe(1);
  });
});

describe('sizes for a text', () => {
  const wanted = { batchSize: 64, sequenceLength: 64 };
  const free = { batchSize: false, sequenceLength: false };

  it('are the requested sizes if the text is long enough', () => {
    expect(fitSizes(1_003_854, wanted, free)).toEqual(wanted);
    expect(fitSizes(4 * 64 * 64 + 1, wanted, free)).toEqual(wanted);
  });

  it.each([
    [10_000, 39, 64],
    [3000, 11, 64],
    [1000, 8, 31],
    [200, 6, 8],
    [23, 1, 11],
    [5, 1, 4],
    [3, 1, 2],
  ])('shrink for a text of %i characters to %i rows of %i time steps', (length, batchSize, sequenceLength) => {
    expect(fitSizes(length, wanted, free)).toEqual({ batchSize, sequenceLength });
  });

  it('always fit, and never change the given sizes', () => {
    const size = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 2000 }),
        size,
        size,
        fc.boolean(),
        fc.boolean(),
        (length, batchSize, sequenceLength, givenN, givenT) => {
          fc.pre((givenN ? batchSize : 1) * (givenT ? sequenceLength : 1) <= length - 1);
          const sizes = fitSizes(length, { batchSize, sequenceLength }, { batchSize: givenN, sequenceLength: givenT });
          expect(new Streams(places(length), sizes.batchSize, sizes.sequenceLength).windowsPerEpoch).toBeGreaterThan(0);
          expect(sizes.batchSize).toBeLessThanOrEqual(batchSize);
          expect(sizes.sequenceLength).toBeLessThanOrEqual(sequenceLength);
          expect([
            !givenN || sizes.batchSize === batchSize,
            !givenT || sizes.sequenceLength === sequenceLength,
          ]).toEqual([true, true]);
        },
      ),
    );
  });

  it.each([
    [
      1000,
      { batchSize: true, sequenceLength: true },
      'expected at least 4,097 for --batch-size 64 with --sequence-length 64',
      'use --batch-size 8 --sequence-length 31,',
    ],
    [
      60,
      { batchSize: true, sequenceLength: false },
      'expected at least 65 for --batch-size 64',
      'use --batch-size 1 --sequence-length 14,',
    ],
    [
      60,
      { batchSize: false, sequenceLength: true },
      'expected at least 65 for --sequence-length 64',
      'use --batch-size 1 --sequence-length 14,',
    ],
  ])(
    'are refused if they are given and do not fit %i characters, with a hint that fits',
    async (length, given, needs, fitting) => {
      const error = await failureOf(() => fitSizes(length, wanted, given));
      expect(error.kind).toBe('corpus');
      expect(error.message).toContain(needs);
      expect(error.hint).toContain(fitting);
    },
  );

  it('do not exist for two characters', async () => {
    for (const length of [0, 1, 2]) {
      const error = await failureOf(() => fitSizes(length, wanted, free));
      expect(error.kind).toBe('corpus');
      expect(error.message).toContain(`the text to train on has ${length} character`);
    }
  });
});

describe('parallel sequences with a start token', () => {
  const [N, T, start] = [4, 8, 7];
  const draws = { seed: 3, offset: true, length: true, reset: 0.3, isSymmetric: false };
  /** Lines of 1 to 40 tokens, and a line of 600. */
  const random = new Random(5);
  const text = Uint8Array.from(
    [...Array.from({ length: 60 }, () => 1 + (random.uint32() % 40)), 600, 10].flatMap((line) => [
      start,
      ...new Array<number>(line).fill(1),
    ]),
  );
  const open = (tokens: Uint8Array | Uint32Array, startSymbol: number | null): Streams =>
    new Streams(tokens, N, T, draws, startSymbol);

  it('start at the token before them from a zero state if it is near enough, and continue without a gap', () => {
    const streams = open(text, start);
    const plain = open(places(text.length), null);
    let starts = 0;
    let expected: number[] = [];
    for (let window = 0; window < 3 * streams.windowsPerEpoch; window++) {
      const { inputs, targets, reset, key } = streams.next();
      const anywhere = plain.next();
      expect([reset, key]).toEqual([anywhere.reset, anywhere.key]);
      const cuts = [...anywhere.inputs.subarray(0, N)];
      if (reset) {
        expected = cuts.map((cut) => {
          const line = text.lastIndexOf(start, cut);
          return line >= 0 && cut - line <= 256 ? cut - line : 0;
        });
        starts += cuts.filter((cut, n) => text[cut - expected[n]] === start).length;
      }
      const steps = inputs.length / N;
      for (let n = 0; n < N; n++) {
        for (let t = 0; t < steps; t++) {
          expect(inputs[t * N + n]).toBe(text[cuts[n] - expected[n] + t]);
          expect(targets[t * N + n]).toBe(text[cuts[n] - expected[n] + t + 1]);
        }
      }
    }
    expect(starts).toBeGreaterThan(50);
  });

  it('resume exactly at any window', () => {
    const streams = open(text, start);
    const windows = Array.from({ length: 3 * streams.windowsPerEpoch }, () => ({
      position: streams.position,
      window: streams.next(),
    }));
    for (const { position, window } of windows.toReversed()) {
      const resumed = open(text, start);
      resumed.seek(position);
      expect(resumed.next()).toEqual(window);
      streams.seek(position);
      expect(streams.next()).toEqual(window);
    }
  });
});
