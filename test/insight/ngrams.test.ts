import { describe, expect, it } from 'vitest';
import { Ngrams } from '../../src/insight/ngrams.ts';
import { Random } from '../../src/random.ts';
import { ngramLoss } from '../training/ngram.ts';

const random = new Random(8);
/** Random walks, so that some strings are usual and some are not. */
function walk(length: number, V: number, jump: number): Uint16Array {
  let at = 0;
  return Uint16Array.from({ length }, () => (at = (at + random.uint32() % jump) % V));
}

describe('models that count', () => {
  it.each([
    ['of few symbols', walk(3000, 5, 3), walk(400, 5, 3), 5],
    ['of many symbols, some of which were never seen', walk(6000, 900, 7), walk(500, 1000, 9), 1000],
    ['of a text shorter than their strings', Uint16Array.of(1, 2, 1), Uint16Array.of(2, 1, 2, 2), 3],
    ['of no text', new Uint16Array(0), Uint16Array.of(2, 1, 2), 3],
  ])('%s are those of plain maps', (_, text, held, V) => {
    const counted = new Ngrams(text, V);
    expect(counted.characters).toBe(text.length);
    for (const [index, nats] of counted.nats(held).entries()) expect(nats).toBeCloseTo(ngramLoss(text, held, index + 1, V), 10);
  });

  it('with longer memories know a text better that repeats itself', () => {
    const text = Uint8Array.from({ length: 400 }, (_, at) => [0, 1, 0, 2, 0, 0, 1, 1][at % 8]);
    const nats = new Ngrams(text, 3).nats(text);
    for (const order of [1, 2, 3]) expect(nats[order]).toBeLessThan(nats[order - 1] - 0.05);
  });

  it('count as much of a text as there is room for, and say how much', () => {
    const [text, held] = [walk(5000, 50, 40), walk(300, 50, 40)];
    const counted = new Ngrams(text, 50, { order: 4, most: 3000 });
    expect(counted.characters).toBeGreaterThan(500);
    expect(counted.characters).toBeLessThan(1500);
    const same = new Ngrams(text.subarray(0, counted.characters), 50, { order: 4 });
    expect(counted.nats(held)).toEqual(same.nats(held));
  });
});
