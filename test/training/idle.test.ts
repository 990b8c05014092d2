import { expect, test } from 'vitest';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import type { TrainingOptions } from '../../src/training/options.ts';
import { resolveOptions } from '../../src/training/resolve.ts';

const vain: readonly [Partial<TrainingOptions>, string, Partial<TrainingOptions>][] = [
  [{ forgetBias: 2, cell: 'gru' }, '--forget-bias does nothing: gru has no forget gate', { cell: 'lstm' }],
  [{ gateBias: 2 }, '--gate-bias does nothing: mlstm has no update gate', { cell: 'mut1' }],
  [{ initScale: 0.1, initialisation: 'xavier' }, '--init-scale does nothing: --init is xavier', { initialisation: 'uniform' }],
  [{ skip: 'both', layers: 1 }, '--skip does nothing: there is one layer', { layers: 2 }],
  [{ stacking: 'highway', layers: 1 }, '--stacking does nothing: there is one layer', { layers: 2 }],
  [{ lockedDropout: true, dropout: 0 }, '--locked-dropout does nothing: there is no --dropout', { dropout: 0.1 }],
  [{ temporalPenalty: 1, sequenceLength: 1 }, '--tar does nothing: --seq-length is 1', { sequenceLength: 2 }],
  [{ clipState: 1, sequenceLength: 1 }, '--clip-state does nothing: --seq-length is 1', { sequenceLength: 2 }],
  [{ nesterov: true }, '--nesterov does nothing: it is for --optimizer sgd with momentum', { optimizer: 'sgd' }],
  [
    { nesterov: true, optimizer: 'sgd', momentum: 0 },
    '--nesterov does nothing: it is for --optimizer sgd with momentum',
    { momentum: 0.5 },
  ],
  [{ momentum: 0.5 }, '--momentum does nothing: it is for --optimizer sgd', { optimizer: 'sgd' }],
  [{ decay: 0.5 }, '--lr-decay does nothing: --lr-schedule is cosine', { schedule: 'plateau' }],
  [{ decayEpochs: 2 }, '--lr-decay-epochs does nothing: --lr-schedule is cosine', { schedule: 'step' }],
  [{ decayAfter: 2, schedule: 'plateau' }, '--lr-decay-after does nothing: --lr-schedule is plateau', { schedule: 'exponential' }],
  [{ finalFraction: 0, schedule: 'constant' }, '--lr-final does nothing: --lr-schedule is constant', { schedule: 'one-cycle' }],
  [{ plateauPatience: 3 }, '--plateau-patience does nothing: --lr-schedule is cosine', { schedule: 'plateau' }],
];

const notesFor = (given: Partial<TrainingOptions>): readonly string[] =>
  resolveOptions(given, { train: new Uint8Array(5000), validation: new Uint8Array(500), vocabulary: characterVocabulary('ab', false) })
    .idle;

test.each(vain)('%o is given in vain, and that is said', (given, note, changed) => {
  expect(notesFor(given)).toEqual([note]);
  expect(notesFor({ ...given, ...changed })).toEqual([]);
});

test('what a preset gives is not what the user gave', () => {
  expect(notesFor({ preset: 'karpathy-2015', cell: 'gru' })).toEqual([]);
});
