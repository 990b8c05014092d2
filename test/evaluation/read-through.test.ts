import { expect, test } from 'vitest';
import { readThrough } from '../../src/evaluation/evaluate.ts';
import { openDevice } from '../../src/devices/open.ts';
import { modelOfSeed } from '../insight/models.ts';

const trained = modelOfSeed(4, { cell: 'lstm', layers: 1, hidden: 6, vocabulary: 5 });
const tokens = Uint8Array.from({ length: 53 }, (_, at) => (at * at + 3) % 5);

test.each(['reference', 'cpu'])(
  'each character except the last is read once, on %s, and one chunk gives the same outputs with any window length',
  async (name) => {
    const device = await openDevice(name, { threads: 1 });
    const read = async (streams: number, sequenceLength: number): Promise<Map<number, readonly number[]>> => {
      const seen = new Map<number, readonly number[]>();
      const description = await readThrough(trained, tokens, device, {
        streams,
        sequenceLength,
        outputs: 'logits',
        visit: ({ logits }, row, at) => {
          expect(seen.has(at)).toBe(false);
          seen.set(at, [...logits.subarray(row * 5, (row + 1) * 5)]);
        },
      });
      expect(description.length).toBeGreaterThan(0);
      return seen;
    };
    const [one, other, three] = [await read(1, 7), await read(1, 20), await read(3, 7)];
    await device.close();
    for (const seen of [one, other, three])
      expect([...seen.keys()].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 52 }, (_, at) => at));
    for (const [at, logits] of one)
      logits.forEach((logit, symbol) => expect(logit).toBeCloseTo(other.get(at)![symbol], 5));
    // The first of three chunks, of 18 characters, is the beginning of the single chunk.
    for (const at of Array(18).keys())
      three.get(at)!.forEach((logit, symbol) => expect(logit).toBeCloseTo(one.get(at)![symbol], 5));
    expect(three.get(18)).not.toEqual(one.get(18));
  },
);
