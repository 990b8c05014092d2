import { describe, expect, test } from 'vitest';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { wrongValue } from '../../src/options/train.ts';
import { trainingOptions } from '../../src/options/training.ts';
import type { PresetName } from '../../src/options/network.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import { presets } from '../../src/options/presets.ts';
import { type NewRunOptions, resolveOptions } from '../../src/training/resolve.ts';

const names = Object.keys(presets) as PresetName[];
const resolved = (characters: number, given: Partial<TrainingOptions>): NewRunOptions =>
  resolveOptions(given, {
    train: new Uint8Array(characters),
    validation: new Uint8Array(1000),
    vocabulary: characterVocabulary('ab', false),
  });

describe.each(names)('--preset %s', (preset) => {
  test('is a valid run for texts of any length', () => {
    for (const characters of [700, 20_000, 1_000_000, 200_000_000]) {
      const { options } = resolved(characters, { preset });
      const { batchSize, sequenceLength, ...rest } = presets[preset].options({ length: characters, kind: 'text' });
      expect(wrongValue(trainingOptions, { ...options })).toBeNull();
      expect(options).toMatchObject({ ...rest, ...(characters > 20_000 ? { batchSize, sequenceLength } : {}) });
      expect(options.preset).toBe(preset);
    }
  });

  test('is overridden by given options, also by another length of the run', () => {
    const { options, sources } = resolved(1_000_000, { preset, hidden: 17, maxSteps: 5 });
    expect(options).toMatchObject({ hidden: 17, maxSteps: 5, epochs: null, budgetMs: null });
    expect(sources).toMatchObject({ hidden: 'given', maxSteps: 'given', layers: 'preset', seed: 'default' });
  });
});

test('presets for a training time have larger models for longer texts and longer times', () => {
  const size = (preset: PresetName, characters: number): number => {
    const { layers, hidden } = resolved(characters, { preset }).options;
    return layers * hidden ** 2;
  };
  for (const preset of ['quick', 'good', 'best'] as const)
    expect(size(preset, 20_000)).toBeLessThan(size(preset, 2_000_000));
  expect(size('quick', 1_000_000)).toBeLessThan(size('good', 1_000_000));
  expect(size('good', 1_000_000)).toBeLessThan(size('best', 1_000_000));
});

test('presets for a training time use the default learning rate, and all others have their own', () => {
  for (const given of [{}, { cell: 'rnn' }, { hidden: 256 }, { optimizer: 'sgd' }] as const) {
    const { options } = resolved(1_000_000, { preset: 'good', ...given });
    const { cell, hidden, batchSize, optimizer } = options;
    expect(options.learningRate).toBe(resolved(1_000_000, { cell, hidden, batchSize, optimizer }).options.learningRate);
  }
  expect(resolved(1_000_000, { preset: 'char-rnn', cell: 'gru' }).options.learningRate).toBe(0.002);
});

test('without a preset every option is given, chosen from the text, or a default', () => {
  const { sources } = resolved(1_000_000, { cell: 'gru' });
  expect(sources).toMatchObject({
    cell: 'given',
    hidden: 'text',
    epochs: 'text',
    maxSteps: 'default',
    learningRate: 'text',
    dropout: 'text',
    momentum: 'default',
    preset: 'default',
  });
});

test('presets of programs and papers have none of the later defaults', () => {
  for (const preset of ['char-rnn', 'karpathy-2015', 'min-char-rnn'] as const)
    for (const length of [10_000, 5_000_000]) {
      const { options } = resolved(length, { preset });
      expect(options).toMatchObject({ skip: 'none', embedding: 0, dropout: 0, weightDecay: 0, clipNorm: 0 });
    }
});
