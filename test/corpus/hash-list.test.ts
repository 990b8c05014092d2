import { expect, test } from 'vitest';
import { HashList } from '../../src/corpus/hash-list.ts';

test('distinct hashes are found again after more were added or removed', () => {
  const list = new HashList();
  for (const hash of [5, 1, 5, 2 ** 52, 1]) list.add(hash);
  expect([...list.distinct()]).toEqual([1, 5, 2 ** 52]);
  expect([...list.distinct()]).toEqual([1, 5, 2 ** 52]);
  for (const hash of [0, 5]) list.add(hash);
  expect([...list.distinct()]).toEqual([0, 1, 5, 2 ** 52]);
  list.truncate(2);
  expect([...list.distinct()]).toEqual([0, 1]);
});
