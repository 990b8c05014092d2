import { describe, expect, test } from 'vitest';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { RnnError } from '../../src/errors.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import { type ResolvedOptions, refitOptions, resolveOptions } from '../../src/training/resolve.ts';

function resolve(
  train: number,
  given: Partial<TrainingOptions> = {},
  validation = Math.floor(train / 9),
): ResolvedOptions {
  return resolveOptions(given, {
    train: new Uint8Array(train),
    validation: new Uint8Array(validation),
    vocabulary: characterVocabulary('ab', false),
  });
}

function failureOf(train: number, given: Partial<TrainingOptions>): RnnError {
  try {
    resolve(train, given);
  } catch (error) {
    if (error instanceof RnnError) return error;
    throw error;
  }
  throw new Error('expected an RnnError, and nothing was thrown');
}

describe('sizes that were not given', () => {
  test('grow with the text', () => {
    const sizes = [10_000, 100_000, 1_000_000, 20_000_000].map((length) => resolve(length).options);
    const weights = sizes.map(({ layers, hidden }) => (2 * layers - 1) * hidden * hidden);
    expect(weights).toEqual(weights.toSorted((a, b) => a - b));
    expect(new Set(weights).size).toBe(4);
  });

  test('shrink until a short text holds a window', () => {
    for (const length of [3, 5, 23, 100, 1000]) {
      const { batchSize, sequenceLength, maxSteps, epochs } = resolve(length).options;
      expect(batchSize * sequenceLength, String(length)).toBeLessThanOrEqual(length - 1);
      expect([maxSteps, epochs]).toEqual([500, null]); // an epoch of a few update steps is too small a unit
    }
  });

  test('are listed in one note, without given sizes', () => {
    const { options, notes } = resolve(100_000);
    expect(notes).toHaveLength(1);
    for (const part of [
      '100,000 characters',
      `--cell ${options.cell}`,
      `--hidden ${options.hidden}`,
      `--dropout ${options.dropout}`,
      `--weight-decay ${options.weightDecay}`,
      `--batch-size ${options.batchSize}`,
      `--sequence-length ${options.sequenceLength}`,
      `--epochs ${options.epochs}`,
    ])
      expect(notes[0]).toContain(part);
    const partly = resolve(100_000, { hidden: 50, maxSteps: 10 }).notes[0];
    expect(partly).not.toContain('--hidden');
    expect(partly).not.toContain('--epochs');
    const all = {
      cell: 'lstm',
      layers: 2,
      hidden: 50,
      dropout: 0,
      weightDecay: 0,
      batchSize: 4,
      sequenceLength: 8,
      epochs: 2,
      learningRate: 0.01,
    };
    expect(resolve(100_000, all).notes).toEqual([]);
  });
});

describe('the length of a run', () => {
  test('is as given, and otherwise fewer epochs the longer the text', () => {
    expect(resolve(50_000, { budgetMs: 1000 }).options).toMatchObject({ epochs: null, maxSteps: null, budgetMs: 1000 });
    expect(resolve(50_000, { maxSteps: 7 }).options).toMatchObject({ epochs: null, maxSteps: 7, budgetMs: null });
    expect(resolve(50_000, { epochs: 3 }).options).toMatchObject({ epochs: 3, maxSteps: null, budgetMs: null });
    const epochs = [100_000, 1_000_000, 10_000_000, 100_000_000].map((length) => resolve(length).options.epochs);
    expect(epochs).toEqual([7, 6, 0.8, 0.08]);
  });
});

describe('options', () => {
  test('that were given are unchanged, including zeros', () => {
    const given: Partial<TrainingOptions> = {
      cell: 'gru',
      layers: 3,
      hidden: 33,
      embedding: 4,
      dropout: 0.2,
      forgetBias: 0,
      initialisation: 'xavier',
      sequenceLength: 9,
      batchSize: 5,
      optimizer: 'sgd',
      learningRate: 0.3,
      schedule: 'step',
      warmupSteps: 0,
      decay: 0.5,
      decayEpochs: 3,
      finalFraction: 0,
      momentum: 0,
      clipNorm: 0,
      epochs: 2,
      maxTimeMs: 5,
      seed: 0,
      evaluateEvery: 6,
      checkpointEvery: 0,
      sampleEvery: 0,
      sampleLength: 1,
      patience: 4,
      evaluationStreams: 1,
      keep: 0,
      maxRecoveries: 0,
      skip: 'both',
      stacking: 'highway',
      timeSkip: 3,
      tied: true,
      layerNorm: false,
      learnedState: true,
      gateBias: -1,
      lockedDropout: true,
      weightDropout: 0.1,
      embeddingDropout: 0.1,
      activationPenalty: 2,
      temporalPenalty: 1,
      labelSmoothing: 0.1,
      clipState: 1,
      stateReset: 0,
      textStarts: false,
      initScale: 0.1,
      decayAfter: 2,
      nesterov: true,
      weightDecay: 0.1,
      clipValue: 1,
      average: 0.9,
      accumulate: 3,
      orthogonalEvery: 7,
      randomOffset: true,
      randomLength: true,
      plateauPatience: 2,
      validationCharacters: 300,
    };
    expect(resolve(5000, given).options).toEqual({ ...given, maxSteps: null, budgetMs: null, preset: null });
  });

  test('of a run that continues have no more parallel chunks than the current validation text has characters', () => {
    const { options } = resolve(5000, { evaluationStreams: 16 }, 100);
    const refitted = refitOptions(options, { validation: new Uint8Array(4) });
    expect(refitted).toEqual({
      options: { ...options, evaluationStreams: 3 },
      notes: ['--evaluation-streams is now 3: the text to validate on is too short for 16'],
    });
    expect(refitOptions(options, { validation: new Uint8Array(50) })).toEqual({ options, notes: [] });
  });

  test('that wait for evaluations are refused without evaluations, and parallel chunks are limited by the validation text', () => {
    expect(failureOf(5000, { schedule: 'plateau', evaluateEvery: 0 })).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('cannot use --schedule plateau: the run has no evaluations') as string,
    });
    expect(failureOf(5000, { patience: 2, evaluateEvery: 0 })).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('--patience 2') as string,
    });
    expect(resolve(5000, { evaluationStreams: 16 }, 4).options.evaluationStreams).toBe(3);
  });

  test('choose a learning rate for the optimizer and the size', () => {
    expect(resolve(5000, { optimizer: 'sgd' }).options.learningRate).toBeGreaterThan(0.05);
    expect(resolve(5000, { hidden: 1024 }).options.learningRate).toBeLessThan(
      resolve(5000, { hidden: 64 }).options.learningRate,
    );
  });

  test.each<[given: Partial<TrainingOptions>, flag: string]>([
    [{ hidden: 0 }, '--hidden is 0'],
    [{ hidden: 1.5 }, '--hidden is 1.5'],
    [{ layers: 0 }, '--layers is 0'],
    [{ layers: 1e9, budgetMs: 1000 }, '--layers is 1000000000'],
    [{ evaluateEvery: 1.5 }, '--evaluate-every is 1.5'],
    [{ embedding: -1 }, '--embedding is -1'],
    [{ learningRate: 0 }, '--learning-rate is 0'],
    [{ learningRate: Infinity }, '--learning-rate is Infinity'],
    [{ dropout: 1 }, '--dropout is 1'],
    [{ cell: 'lstn' }, "cell is 'lstn': expected one of"],
  ])('%o are refused', (given, message) => {
    expect(failureOf(5000, given)).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(message) as string,
    });
  });

  test('are refused for too short a text, with sizes that would fit', () => {
    expect(failureOf(2, {})).toMatchObject({ kind: 'corpus' });
    expect(failureOf(50, { batchSize: 10, sequenceLength: 10 })).toMatchObject({
      kind: 'corpus',
      hint: expect.stringContaining('to let rnn choose sizes that fit') as string,
    });
  });
});
