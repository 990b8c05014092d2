import { describe, expect, test } from 'vitest';
import { charactersToTrain, chooseOptions } from '../../src/training/defaults.ts';

const symbols = 65;
const lengths = [1000, 9000, 85_000, 200_000, 1_000_000, 5_000_000, 1e8];

describe('the network that is chosen', () => {
  test('is a stack of two layers with skip connections, larger for a longer text', () => {
    const models = lengths.slice(2).map((length) => chooseOptions({}, { length, symbols }));
    for (const model of models) expect(model).toMatchObject({ layers: 2, skip: 'both', embedding: 0 });
    expect(new Set(models.map(({ cell }) => cell))).toEqual(new Set(['mlstm', 'lstm']));
    const hidden = models.map((model) => model.hidden);
    expect(hidden).toEqual(hidden.toSorted((a, b) => a - b));
    expect(new Set(hidden).size).toBeGreaterThan(2);
  });

  test('is one layer for very little text', () => {
    for (const length of lengths.slice(0, 2))
      expect(chooseOptions({}, { length, symbols })).toMatchObject({ layers: 1, skip: 'none' });
  });

  test('has less dropout and weight decay the longer the text', () => {
    const models = lengths.map((length) => chooseOptions({}, { length, symbols }));
    for (const option of ['dropout', 'weightDecay'] as const) {
      const values = models.map((model) => model[option]);
      expect(values).toEqual(values.toSorted((a, b) => b - a));
      expect(values[0]).toBeGreaterThan(0);
      expect(values.at(-1)).toBe(0);
    }
  });

  test('has narrower layers the more layers are given, and no skip connections with one layer', () => {
    const text = { length: 1_000_000, symbols };
    const [one, two, three] = [1, 2, 3].map((layers) => chooseOptions({ layers }, text));
    expect(one.hidden).toBeGreaterThan(two.hidden);
    expect(two.hidden).toBeGreaterThan(three.hidden);
    expect([one.skip, three.skip]).toEqual(['none', 'both']);
  });

  test('embeds the characters of a large vocabulary', () => {
    expect(chooseOptions({}, { length: 100_000, symbols: 6003 }).embedding).toBe(64);
  });

  test('is an LSTM if layer normalisation is given', () => {
    expect(chooseOptions({ layerNorm: true }, { length: 100_000, symbols }).cell).toBe('lstm');
  });
});

describe('a length of the run that is given', () => {
  const text = { length: 100_000, symbols };
  const chosen = chooseOptions({}, text);

  test('in epochs raises dropout and weight decay if the run is longer, and lowers both if it is shorter', () => {
    const [longer, shorter] = [100, 3].map((epochs) => chooseOptions({ epochs }, text));
    for (const option of ['dropout', 'weightDecay'] as const) {
      expect(longer[option]).toBeGreaterThan(chosen[option]);
      expect(shorter[option]).toBeLessThan(chosen[option]);
    }
    for (const { hidden } of [longer, shorter]) expect(hidden).toBe(chosen.hidden);
    expect(chooseOptions({ epochs: 1e9 }, text)).toMatchObject({ dropout: 0.5, weightDecay: 0.5 });
    expect(chooseOptions({ maxSteps: 1 }, text).dropout).toBe(0);
  });

  test('in time also decides on the number of units', () => {
    const hidden = [100, 10_000, 600_000, 1e9].map(
      (budgetMs) => chooseOptions({ budgetMs }, { length: 1e8, symbols }).hidden,
    );
    expect(hidden).toEqual(hidden.toSorted((a, b) => a - b));
    expect(new Set(hidden).size).toBe(4);
  });

  test('leaves weight decay to Adam, whose learning rate it is multiplied with', () => {
    expect(chooseOptions({ optimizer: 'sgd' }, text).weightDecay).toBe(0);
  });
});

test('a longer text is trained on for longer, but for fewer epochs', () => {
  const characters = lengths.map((length) => charactersToTrain({ length }));
  expect(characters).toEqual(characters.toSorted((a, b) => a - b));
  expect(charactersToTrain({ length: 1e8 })).toBe(charactersToTrain({ length: 1e9 }));
});

test('a list is read for more epochs than running text of the same length, and its weights are averaged', () => {
  for (const length of [10_000, 90_000, 200_000])
    expect(charactersToTrain({ length, kind: 'list' })).toBeGreaterThan(charactersToTrain({ length }));
  expect(chooseOptions({}, { length: 200_000, symbols, kind: 'list' }).average).toBe(0.998);
  expect(chooseOptions({}, { length: 200_000, symbols }).average).toBe(0);
});

test('pairs have answers that follow from a rule, so they need less dropout than a list', () => {
  const [list, pairs] = (['list', 'pairs'] as const).map((kind) =>
    chooseOptions({}, { length: 200_000, symbols, kind }),
  );
  expect(pairs.dropout).toBeLessThan(list.dropout);
});
