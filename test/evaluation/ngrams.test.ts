import { describe, expect, it } from 'vitest';
import { Ngrams } from '../../src/evaluation/ngrams.ts';
import { runUninterrupted } from '../../src/sliced-work.ts';
import { Random } from '../../src/random.ts';
import { ngramLoss } from '../training/ngram.ts';

const random = new Random(8);
/** Random walks, so that some strings are frequent and some are not. */
function walk(length: number, V: number, jump: number): Uint16Array {
  let at = 0;
  return Uint16Array.from({ length }, () => (at = (at + (random.uint32() % jump)) % V));
}

describe('n-gram models', () => {
  it.each([
    ['of few symbols', walk(3000, 5, 3), walk(400, 5, 3), 5],
    ['of many symbols, some of which were never seen', walk(6000, 900, 7), walk(500, 1000, 9), 1000],
    ['of a text shorter than their strings', Uint16Array.of(1, 2, 1), Uint16Array.of(2, 1, 2, 2), 3],
    ['of no text', new Uint16Array(0), Uint16Array.of(2, 1, 2), 3],
  ])('agree with plain maps for %s', (_, text, held, V) => {
    const counted = new Ngrams(text, V);
    expect(counted.characters).toBe(text.length);
    for (const [index, nats] of counted.nats(held).entries())
      expect(nats).toBeCloseTo(ngramLoss(text, held, index + 1, V), 10);
  });

  it('are the same in pieces of some thousand tokens', () => {
    const [text, held] = [walk(20_000, 30, 7), walk(9000, 30, 7)];
    const whole = new Ngrams(text, 30);
    const counting = Ngrams.inPieces(text, 30);
    for (let piece = 0; piece < 4; piece++) expect(counting.next().done).toBe(false);
    const counted = runUninterrupted(counting);
    expect(counted.characters).toBe(text.length);
    expect(counted.nats(held)).toEqual(whole.nats(held));
    expect([...counted.natsInPieces(held)].length).toBeGreaterThan(1);
  });

  it('agree with a computation by hand, of two orders and three tokens', () => {
    const [a, b, c] = [0, 1, 2];
    // Order 1: a 3, b 2, c 1 of 6, so (3 + 3·⅓)/(6 + 3), and so on. After a: b 2, c 1 of 3. After
    // b: a. After c: a.
    const alone = [4 / 9, 3 / 9, 2 / 9];
    const afterA = [(0 + 2 * alone[a]) / 5, (2 + 2 * alone[b]) / 5, (1 + 2 * alone[c]) / 5];
    const afterB = [(1 + alone[a]) / 2, alone[b] / 2, alone[c] / 2];
    expect([...afterA, ...afterB].map((p) => 90 * p)).toEqual(
      [16, 48, 26, 65, 15, 10].map((p) => expect.closeTo(p, 10)),
    );
    const counted = new Ngrams(Uint8Array.of(a, b, a, c, a, b), 3, { order: 2 });
    for (const [first, ...p] of [
      [a, ...afterA],
      [b, ...afterB],
    ]) {
      for (const next of [a, b, c])
        expect([...counted.nats(Uint8Array.of(first, next))].map((nats) => Math.exp(-nats))).toEqual([
          expect.closeTo(alone[next], 12),
          expect.closeTo(p[next], 12),
        ]);
    }
  });

  it('with a higher order predict a repetitive text better', () => {
    const text = Uint8Array.from({ length: 400 }, (_, at) => [0, 1, 0, 2, 0, 0, 1, 1][at % 8]);
    const nats = new Ngrams(text, 3).nats(text);
    for (const order of [1, 2, 3]) expect(nats[order]).toBeLessThan(nats[order - 1] - 0.05);
  });

  it('count as much of a text as fits, and report how much', () => {
    const [text, held] = [walk(5000, 50, 40), walk(300, 50, 40)];
    const counted = new Ngrams(text, 50, { order: 4, most: 3000 });
    expect(counted.characters).toBeGreaterThan(500);
    expect(counted.characters).toBeLessThan(1500);
    const same = new Ngrams(text.subarray(0, counted.characters), 50, { order: 4 });
    expect(counted.nats(held)).toEqual(same.nats(held));
  });
});
