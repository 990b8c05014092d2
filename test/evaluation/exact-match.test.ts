import { expect, it } from 'vitest';
import { exactMatchOf, questionsOf } from '../../src/evaluation/exact-match.ts';
import { Ngrams } from '../../src/evaluation/ngrams.ts';

const [END, DELIMITER] = [9, 5];
const stored = (records: readonly (readonly number[])[]) => ({
  tokens: Uint8Array.from([END, ...records.flatMap((record) => [...record, END])]),
  end: END,
  learnAfter: [DELIMITER],
  weights: [],
});

it('a record is divided after the first delimiter', () => {
  const { records, questions } = questionsOf(stored([[1, 5, 2, 5, 3], [5], [4, 4, 5, 1]]), 10);
  expect(records).toBe(3);
  expect(questions.map(({ question, answer }) => [[...question], [...answer]])).toEqual([
    [
      [1, 5],
      [2, 5, 3],
    ],
    [[5], []],
    [[4, 4, 5], [1]],
  ]);
});

it('of many records, some at equal distances are chosen', () => {
  const many = stored(Array.from({ length: 70 }, (_, index) => [Math.floor(index / 10), 5, 1]));
  const { records, questions } = questionsOf(many, 7);
  expect(records).toBe(70);
  expect(questions.map(({ question }) => question[0])).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

it('exact answers are counted, in all and in each class', () => {
  const answers = ['a', 'a', 'a', 'a', 'b', 'b'];
  expect(exactMatchOf(answers, ['a', 'a', 'a', 'b', 'b', null])).toEqual({
    exactAccuracy: 4 / 6,
    macroRecall: (3 / 4 + 1 / 2) / 2,
    classes: [
      { answer: 'a', records: 4, correct: 3, generated: 3 },
      { answer: 'b', records: 2, correct: 1, generated: 2 },
    ],
  });
});

it('answers that hardly repeat, or of which there are many, are not classes', () => {
  const none = { macroRecall: null, classes: null };
  expect(exactMatchOf(['a', 'b', 'c', 'a', 'b'], ['a', 'b', 'c', 'd', ''])).toMatchObject({
    ...none,
    exactAccuracy: 3 / 5,
  });
  const classes = (number: number) => Array.from({ length: 3 * number }, (_, index) => `${index % number}`);
  expect(exactMatchOf(classes(101), classes(101))).toMatchObject({ ...none, exactAccuracy: 1 });
  expect(exactMatchOf(classes(100), classes(100)).macroRecall).toBe(1);
});

it('contexts of n-grams end at the end token of the record before', () => {
  const [a, b, c] = [
    [1, 2, 3],
    [3, 2, 1],
    [1, 2, 2],
  ];
  const records = { end: END, learnAfter: [], weights: [] };
  const natsOf = (counted: readonly number[][], held: readonly number[][], end: number | null): readonly number[] => [
    ...new Ngrams(stored(counted).tokens, 10, { end }).nats(stored(held).tokens, records),
  ];
  const alike = (nats: readonly number[]): readonly unknown[] => nats.map((each) => expect.closeTo(each, 12));
  const nats = natsOf([a, b, c], [a, c], END);
  // The order of records does not matter, in the counted and in the scored text.
  expect(natsOf([c, a, b], [a, c], END)).toEqual(alike(nats));
  expect(natsOf([a, b, c], [c, a], END)).toEqual(alike(nats));
  expect(natsOf([a, b, c], [a, c], null)[5]).not.toBeCloseTo(nats[5], 3);
});

it('only the answers of records are scored by n-grams', () => {
  const counted = new Ngrams(
    stored([
      [1, 5, 2],
      [2, 5, 1],
      [1, 5, 2],
    ]).tokens,
    10,
    { end: END, order: 3 },
  );
  const layout = { end: END, learnAfter: [DELIMITER], weights: [] };
  const right = counted.nats(stored([[1, 5, 2]]).tokens, layout);
  const withOdd = counted.nats(stored([[7, 5, 2]]).tokens, layout);
  expect(right[0]).toBeCloseTo(withOdd[0], 12); // an order of 1 does not see the question
  expect(right[2]).toBeLessThan(withOdd[2]);
  expect(right[0]).toBeCloseTo(
    counted.nats(stored([[1, 5, 2]]).tokens.subarray(2), { ...layout, learnAfter: [] })[0],
    12,
  );
});
