import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runUninterrupted } from '../../src/sliced-work.ts';
import { TokenStore } from '../../src/corpus/store.ts';

/** Ids that fill several blocks, and a partial block at the end. */
const LENGTH = 3 * 65_536 + 7;

function storeOf(ids: ArrayLike<number>, symbols: number): TokenStore {
  const store = new TokenStore();
  store.widen(symbols);
  store.append(Uint32Array.from(ids));
  return store;
}

describe('the ids of a corpus', () => {
  it.each([
    [256, 1, 65_536, 2],
    [256, 1, 65_537, 4],
    [300, 2, 256, 1],
    [300, 2, 70_000, 4],
    [70_000, 4, 200, 1],
    [70_000, 4, 300, 2],
    [256, 1, 100, 1],
  ])(
    'are preserved when they are renumbered, from %i tokens of %i bytes to %i tokens of %i bytes',
    (symbols, width, newSymbols, newWidth) => {
      const ids = Array.from({ length: LENGTH }, (_, i) => Math.imul(i, 2_654_435_761) >>> 0).map(
        (value) => value % symbols,
      );
      const table = Uint32Array.from({ length: symbols }, (_, id) => (id * 7 + 1) % newSymbols);
      const store = storeOf(ids, symbols);
      expect(store.width).toBe(width);
      runUninterrupted(store.remap(table, newSymbols));
      const tokens = store.finish();
      expect(tokens.BYTES_PER_ELEMENT).toBe(newWidth);
      expect(tokens.every((id, i) => id === table[ids[i]])).toBe(true);
    },
  );

  it('become wider unchanged while they are read', () => {
    const store = storeOf(
      Array.from({ length: LENGTH }, (_, i) => i % 256),
      256,
    );
    const widths = [256, 257, 65_537].map((symbols) => {
      store.widen(symbols);
      return store.width;
    });
    expect(widths).toEqual([1, 2, 4]);
    const tokens = store.finish();
    expect(tokens.length === LENGTH && tokens.every((id, i) => id === i % 256)).toBe(true);
  });

  it('are counted in any part of the text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(299), { maxLength: 50 }),
        fc.constantFrom(100, 300),
        fc.nat(50),
        fc.nat(50),
        (values, symbols, a, b) => {
          const ids = values.map((value) => value % symbols);
          const [start, end] = [Math.min(a, b, ids.length), Math.min(Math.max(a, b), ids.length)];
          const counts = runUninterrupted(storeOf(ids, symbols).count(symbols, start, end));
          expect(counts).toHaveLength(symbols);
          const part = ids.slice(start, end);
          expect(counts.every((count, id) => count === part.filter((other) => other === id).length)).toBe(true);
        },
      ),
    );
  });

  it('end in a buffer of exactly their length', () => {
    for (const symbols of [3, 300]) {
      const tokens = storeOf([0, 1, 2, 1, 0], symbols).finish();
      expect([...tokens]).toEqual([0, 1, 2, 1, 0]);
      expect(tokens.buffer.byteLength).toBe(5 * tokens.BYTES_PER_ELEMENT);
    }
  });
});
