// A run that validates on a sample of the held-out part, and at its end on all of it if that costs
// little.
import { describe, expect, test } from 'vitest';
import { readCheckpoint } from '../../src/runs/store.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { VERSE, corpusOf, train } from './fixture.ts';

const corpus = corpusOf(VERSE.repeat(20), VERSE.repeat(11));
const runOptions = { maxSteps: 40, evaluateEvery: 10, validationCharacters: 400, evaluationStreams: 2 } as const;

const lossesIn = (events: readonly TrainingEvent[]): TrainingEvent[] =>
  events.filter(({ event }) => event === 'evaluation' || event === 'interim');

describe('a run that validates on a sample', () => {
  test('reports that with each evaluation, and scores the whole held-out part if its end is the best', async () => {
    const { events } = await train(corpus, runOptions);
    expect(lossesIn(events).map((event) => ({ ...event, validationLossNats: 0 }))).toMatchObject([
      ...[10, 20, 30, 40].map((step) => ({
        event: 'evaluation',
        step,
        validationLossNats: 0,
        best: true,
        characters: 400,
      })),
      { event: 'interim', step: 40, validationLossNats: 0, characters: corpus.validation.length },
    ]);
    expect(events.at(-2)).toMatchObject({ event: 'interim' });
    const all = await train(corpus, { ...runOptions, validationCharacters: 0 });
    const [whole, onAll] = [lossesIn(events).at(-1)!, lossesIn(all.events).at(-1)!] as { validationLossNats: number }[];
    expect(whole.validationLossNats).toBe(onAll.validationLossNats);
    expect(lossesIn(all.events)).toHaveLength(4);
    expect(onAll).not.toHaveProperty('characters');
  });

  test.each([
    ['would cost much', { maxSteps: 20 }],
    ['is not of the best weights', { learningRate: 1e-30 }],
  ])('leaves the rest to rnn eval if it %s', async (_, otherwise) => {
    const { events } = await train(corpus, { ...runOptions, ...otherwise });
    expect(events.some(({ event }) => event === 'interim')).toBe(false);
  });

  test('has the same weights as a run that validates on the whole part', async () => {
    const [sampled, whole] = await Promise.all(
      [400, 0].map((validationCharacters) => train(corpus, { ...runOptions, validationCharacters })),
    );
    const [a, b] = [await readCheckpoint(sampled.folder.latestPath), await readCheckpoint(whole.folder.latestPath)];
    expect(a.tensors).toEqual(b.tensors);
    expect(a.training.options.validationCharacters).toBe(400);
  });

  test('looks for the best loss again if it continues with another sample', async () => {
    const { folder } = await train(corpus, runOptions);
    const { checkpoint } = await folder.readNewestState();
    const resumedFrom = { ...checkpoint, training: { ...checkpoint.training, bestValidationLossNats: 0 } };
    const more = { ...runOptions, maxSteps: 50 };
    expect(lossesIn((await train(corpus, more, { resumedFrom })).events)).toMatchObject([{ best: false }]);
    const [other] = lossesIn((await train(corpus, { ...more, validationCharacters: 500 }, { resumedFrom })).events);
    expect(other).toMatchObject({ best: true });
  });
});
