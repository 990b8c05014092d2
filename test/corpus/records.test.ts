import { expect, test } from 'vitest';
import { NO_TARGET } from '../../src/corpus/evaluation-windows.ts';
import { permutationOf } from '../../src/corpus/permutation.ts';
import { RecordBatches, recordWindows } from '../../src/corpus/record-batches.ts';
import { SortedRecords, type StoredRecords, chooseLengths, forEachRecord } from '../../src/corpus/records.ts';
import { Random } from '../../src/random.ts';

const END = 9;

/** Records of the tokens 0 to 8. */
function stored(records: readonly (readonly number[])[], more: Partial<StoredRecords> = {}): StoredRecords {
  const tokens = Uint8Array.from([END, ...records.flatMap((record) => [...record, END])]);
  return { tokens, end: END, learnAfter: [], weights: [], ...more };
}

function randomRecords(count: number, longest: number): number[][] {
  const random = new Random(1);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(random.uniform() * longest) }, () => Math.floor(random.uniform() * 9)),
  );
}

/** The records that the rows of windows read, each with the tokens that are scored. */
function recordsRead(windows: Iterable<{ inputs: Int32Array; targets: Int32Array; reset: boolean }>, N: number) {
  const read: { inputs: number[]; scored: number[] }[] = [];
  let rows: { inputs: number[]; scored: number[] }[] = [];
  for (const { inputs, targets, reset } of windows) {
    if (reset) {
      rows = Array.from({ length: N }, () => ({ inputs: [], scored: [] }));
      read.push(...rows);
    }
    for (const [index, target] of targets.entries()) {
      const row = rows[index % N];
      row.inputs.push(inputs[index]);
      if (target !== NO_TARGET) row.scored.push(target);
    }
  }
  return read.filter(({ scored }) => scored.length > 0);
}

const sorted = (records: readonly (readonly number[])[]) => records.map((record) => record.join()).toSorted();

function epochOf(batches: RecordBatches) {
  return Array.from({ length: batches.windowsPerEpoch }, () => batches.next());
}

test('a permutation contains each number once, and depends on its key', () => {
  for (const count of [1, 2, 5, 16, 17, 1000]) {
    const indices = Array.from({ length: count }, (_, index) => index);
    const permuted = indices.map(permutationOf(count, 7));
    expect(permuted.toSorted((a, b) => a - b)).toEqual(indices);
  }
  const permuted = (key: number) => Array.from({ length: 100 }, (_, index) => permutationOf(100, key)(index));
  expect(permuted(7)).not.toEqual(permuted(8));
});

test.each([
  [4, 100, 6],
  [3, 64, 40],
  [7, 25, 90],
])('an epoch of batches of %i reads each of %i records once', (batchSize, count, longest) => {
  const records = randomRecords(count, longest);
  const text = stored(records);
  const lengths = chooseLengths(text, 16);
  const batches = new RecordBatches(text, { batchSize, lengths, seed: 3 });
  const orders = Array.from({ length: 2 }, () => {
    const read = recordsRead(epochOf(batches), batchSize);
    expect(sorted(read.map(({ scored }) => scored.slice(0, -1)))).toEqual(sorted(records));
    for (const { inputs, scored } of read) {
      expect(scored.at(-1)).toBe(END);
      expect(inputs.slice(0, scored.length)).toEqual([END, ...scored.slice(0, -1)]);
    }
    return read.map(({ scored }) => scored.join());
  });
  expect(batches.position).toEqual({ epoch: 2, window: 0 });
  expect(orders[0]).not.toEqual(orders[1]);
});

test('batches continue from any position', () => {
  const text = stored(randomRecords(50, 30));
  const options = { batchSize: 4, lengths: chooseLengths(text, 8), seed: 1 };
  const batches = new RecordBatches(text, options);
  epochOf(batches);
  for (let window = 0; window < batches.windowsPerEpoch; window++) {
    const resumed = new RecordBatches(text, options);
    resumed.seek(batches.position);
    expect(resumed.nextSteps).toBe(batches.nextSteps);
    expect(resumed.next()).toEqual(batches.next());
  }
});

test('windows count the targets that they score, on average as many as meanScored', () => {
  const text = stored(randomRecords(50, 30));
  const batches = new RecordBatches(text, { batchSize: 4, lengths: [4, 16], seed: 1 });
  let all = 0;
  for (const { targets, scored } of epochOf(batches)) {
    expect(targets.filter((target) => target !== NO_TARGET)).toHaveLength(scored);
    all += scored;
  }
  expect(all).toBe(text.tokens.length - 1);
  expect(batches.meanScored).toBeCloseTo(all / batches.windowsPerEpoch);
});

test('with learnAfter, only the rest of a record is scored', () => {
  const text = stored(
    [
      [1, 5, 2, 5, 3],
      [5, 4],
      [1, 1, 5],
    ],
    { learnAfter: [5] },
  );
  const windows = [...recordWindows(text, { batchSize: 2, lengths: [8] })];
  const read = recordsRead(windows, 2);
  expect(sorted(read.map(({ scored }) => scored))).toEqual(sorted([[2, 5, 3, END], [4, END], [END]]));
  expect(new SortedRecords(text, [8]).scored).toBe(7);
});

test('a record of weight 3 is read three times in an epoch', () => {
  const text = stored([[1], [2], [3]], {
    weights: [
      { from: 3, weight: 3 },
      { from: 5, weight: 1 },
    ],
  });
  const batches = new RecordBatches(text, { batchSize: 2, lengths: [4], seed: 0 });
  const read = recordsRead(epochOf(batches), 2);
  expect(sorted(read.map(({ scored }) => scored.slice(0, -1)))).toEqual(sorted([[1], [2], [2], [2], [3]]));
});

test('an evaluation of a part reads some records of each length', () => {
  const text = stored(randomRecords(400, 12));
  const sizes = { batchSize: 8, lengths: [4, 8, 13] };
  const all = new SortedRecords(text, sizes.lengths).scored;
  const part = [...recordWindows(text, sizes, all / 10)];
  const scored = part.reduce((sum, window) => sum + window.scored, 0);
  expect(scored).toBeGreaterThan(all / 20);
  expect(scored).toBeLessThan(all / 5);
  expect(new Set(part.map(({ inputs }) => inputs.length)).size).toBe(3);
});

test('the position of a target in the text follows from the start of its row', () => {
  const text = stored(randomRecords(20, 30));
  for (const { targets, starts } of recordWindows(text, { batchSize: 4, lengths: [8] })) {
    const found = [...targets].map((target, index) =>
      target === NO_TARGET ? NO_TARGET : text.tokens[starts[index % 4] + Math.floor(index / 4) + 1],
    );
    expect(found).toEqual([...targets]);
  }
});

test('the chosen lengths pad least', () => {
  const records = randomRecords(200, 12);
  const text = stored(records);
  const steps = records.map(({ length }) => length + 1);
  const paddedTo = (lengths: readonly number[]): number =>
    steps.reduce((sum, length) => sum + lengths.find((most) => most >= length)!, 0);
  const chosen = chooseLengths(text, 64);
  expect(chosen.at(-1)).toBe(Math.max(...steps));
  expect(chosen.length).toBeLessThanOrEqual(5);
  const random = new Random(2);
  for (let trial = 0; trial < 200; trial++) {
    const others = Array.from({ length: 4 }, () => 2 + Math.floor(random.uniform() * 11));
    const lengths = [...new Set([...others, chosen.at(-1)!])].toSorted((a, b) => a - b);
    expect(paddedTo(chosen)).toBeLessThanOrEqual(paddedTo(lengths));
  }
});

test('records are found with their sizes', () => {
  const found: number[][] = [];
  forEachRecord(stored([[1, 2], [], [3]]), (start, steps) => found.push([start, steps]));
  expect(found).toEqual([
    [1, 3],
    [4, 1],
    [5, 2],
  ]);
});
