// Every cell and every option learns: held-out text is predicted better than by counting characters
// or trigrams. The text has words over few letters, which can be distinguished only by more than
// two preceding characters.
import { beforeAll, describe, expect, test } from 'vitest';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { Device } from '../../src/devices/device.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import { Random } from '../../src/random.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import { isEverything } from '../everything.ts';
import { corpusOf, train } from './fixture.ts';
import { ngramLoss } from './ngram.ts';

const random = new Random(4);
const below = (count: number): number => random.uint32() % count;
const words = Array.from({ length: 24 }, () => Array.from({ length: 5 + below(4) }, () => 'abcd'[below(4)]).join(''));
const text = (count: number): string => Array.from({ length: count }, () => words[below(words.length)]).join(' ');
const corpus = corpusOf(text(4000), text(500));

const loss = (order: number): number => ngramLoss(corpus.train, corpus.validation, order, corpus.vocabulary.size);
const [unigram, trigram] = [loss(1), loss(3)];
/** The loss of a model that knows the words: only the choice of the next word is unknown. */
const least = Math.log(words.length) / (words.join(' ').length / words.length + 1);

let device: Device;
beforeAll(async () => {
  device = await openCpu({ threads: 1 });
});

async function learnt(given: Partial<TrainingOptions>): Promise<number> {
  const { events } = await train(
    corpus,
    { hidden: 48, batchSize: 16, sequenceLength: 16, maxSteps: 500, evaluateEvery: 250, ...given },
    { device },
  );
  const end = events.at(-1)!;
  return end.event === 'end' ? end.bestValidationLossNats! : NaN;
}

test('counting does not predict the text', () => {
  expect(unigram).toBeGreaterThan(1.5);
  expect(trigram).toBeLessThan(unigram - 0.1);
  expect(least).toBeLessThan(0.6 * trigram);
});

const options: readonly Partial<TrainingOptions>[] = [
  { embedding: 8 },
  { layers: 2, dropout: 0.2 },
  { layers: 2, dropout: 0.2, lockedDropout: true },
  { weightDropout: 0.2 },
  { embedding: 8, embeddingDropout: 0.05 },
  { activationPenalty: 0.1 },
  { temporalPenalty: 0.1 },
  { labelSmoothing: 0.05 },
  { clipState: 0.01 },
  { stateReset: 0.2 },
  { stateReset: 0 },
  { layers: 2, skip: 'input' },
  { layers: 2, skip: 'output' },
  { layers: 3, skip: 'both' },
  { layers: 3, stacking: 'residual' },
  { layers: 3, stacking: 'highway' },
  { cell: 'rnn', timeSkip: 3 },
  { tied: true, embedding: 48 },
  { tied: true, embedding: 8 },
  { layerNorm: true },
  { learnedState: true },
  { cell: 'gru', gateBias: 1 },
  { initialisation: 'orthogonal' },
  { initialisation: 'xavier' },
  { optimizer: 'rmsprop' },
  { optimizer: 'adagrad', learningRate: 0.1 },
  { optimizer: 'sgd', learningRate: 1, momentum: 0.9 },
  { optimizer: 'sgd', learningRate: 1, momentum: 0.9, nesterov: true },
  { weightDecay: 0.1 },
  { clipValue: 0.01 },
  { average: 0.98 },
  { accumulate: 2, maxSteps: 1000 },
  { cell: 'rnn', initialisation: 'orthogonal', orthogonalEvery: 50 },
  { randomOffset: true },
  { randomLength: true },
  { schedule: 'plateau', evaluateEvery: 50 },
  { schedule: 'one-cycle' },
  { schedule: 'step', decay: 0.5 },
  { schedule: 'exponential', decay: 0.5 },
  { schedule: 'constant' },
];

describe('held-out text is predicted better than by a trigram model', () => {
  test.each(allCells.map(({ name }) => name))('by %s', async (cell) => {
    // Cells that only add up must learn to forget first.
    const maxSteps = cell === 'irnn' || cell === 'lstm-1997' ? 1200 : 500;
    expect(await learnt({ cell, maxSteps })).toBeLessThan(Math.min(unigram, trigram) - 0.05);
  });

  const where = isEverything ? '' : ' (skipped: only with RNN_TEST=all)';
  test.skipIf(!isEverything).each(options)(`with %o${where}`, async (given) => {
    expect(await learnt(given)).toBeLessThan(Math.min(unigram, trigram) - 0.05);
  });
});
