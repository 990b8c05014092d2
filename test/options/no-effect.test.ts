import { expect, test } from 'vitest';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import { resolveOptions } from '../../src/training/resolve.ts';

const vain: readonly [Partial<TrainingOptions>, string, Partial<TrainingOptions>][] = [
  [{ forgetBias: 2, cell: 'gru' }, '--forget-bias has no effect because the cell has no forget gate', { cell: 'lstm' }],
  [{ gateBias: 2 }, '--gate-bias has no effect because the cell has no update gate', { cell: 'mut1' }],
  [
    { initScale: 0.1, initialisation: 'xavier' },
    '--init-scale has no effect because --initialisation is xavier',
    { initialisation: 'uniform' },
  ],
  [{ skip: 'both', layers: 1 }, '--skip has no effect because there is one layer', { layers: 2 }],
  [{ stacking: 'highway', layers: 1 }, '--stacking has no effect because there is one layer', { layers: 2 }],
  [{ lockedDropout: true, dropout: 0 }, '--locked-dropout has no effect because --dropout is 0', { dropout: 0.1 }],
  [
    { temporalPenalty: 1, sequenceLength: 1 },
    '--temporal-penalty has no effect because --sequence-length is 1',
    { sequenceLength: 2 },
  ],
  [
    { clipState: 1, sequenceLength: 1 },
    '--clip-state has no effect because --sequence-length is 1',
    { sequenceLength: 2 },
  ],
  [{ nesterov: true }, '--nesterov has no effect because --optimizer is adam', { optimizer: 'sgd' }],
  [
    { nesterov: true, optimizer: 'sgd', momentum: 0 },
    '--nesterov has no effect because --momentum is 0',
    { momentum: 0.5 },
  ],
  [{ momentum: 0.5 }, '--momentum has no effect because --optimizer is adam', { optimizer: 'sgd' }],
  [{ decay: 0.5 }, '--decay has no effect because --schedule is cosine', { schedule: 'plateau' }],
  [{ decayEpochs: 2 }, '--decay-epochs has no effect because --schedule is cosine', { schedule: 'step' }],
  [
    { decayAfter: 2, schedule: 'plateau' },
    '--decay-after has no effect because --schedule is plateau',
    { schedule: 'exponential' },
  ],
  [
    { finalFraction: 0, schedule: 'constant' },
    '--final-fraction has no effect because --schedule is constant',
    { schedule: 'one-cycle' },
  ],
  [{ plateauPatience: 3 }, '--plateau-patience has no effect because --schedule is cosine', { schedule: 'plateau' }],
];

const notesFor = (given: Partial<TrainingOptions>): readonly string[] =>
  resolveOptions(given, {
    train: new Uint8Array(5000),
    validation: new Uint8Array(500),
    vocabulary: characterVocabulary('ab', false),
  }).noEffectNotes;

test.each(vain)('a note says that %o has no effect', (given, note, changed) => {
  expect(notesFor(given)).toEqual([note]);
  expect(notesFor({ ...given, ...changed })).toEqual([]);
});

test('options from a preset do not count as given by the user', () => {
  expect(notesFor({ preset: 'karpathy-2015', cell: 'gru' })).toEqual([]);
});
