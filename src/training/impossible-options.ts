// Checks a run's options before its text is read.
import { count } from '../count.ts';
import { characterVocabulary } from '../corpus/vocabulary.ts';
import { usageError } from '../errors.ts';
import { refuseTooLargeForMachine } from '../evaluation/memory.ts';
import { notesOnNoEffect } from '../options/contradictions.ts';
import { modelConfigurationOf } from './model.ts';
import { createOptimizer } from './optimizers.ts';
import type { TrainingOptions } from '../options/training.ts';
import { resolveOptions } from './resolve.ts';
import { windowsOfText } from './windows.ts';
import { demandOf, workloadOf } from './workload.ts';
import { flagOf } from '../options/flags.ts';

/**
 * Sizes and the contents of presets depend on the length of the text, which is not known yet. These
 * two lengths stand for all texts. A shorter text can be trained on too.
 */
const LENGTHS = { shortest: 2 ** 14, longest: 2 ** 32 };
const vocabulary = characterVocabulary('ab', false);

/** Whether the run validates, on a part of the text or on another text. */
type Validates = { readonly validates: boolean };

/**
 * Refuses options that no run could have, whatever its text, if that is long enough.
 *
 * @returns a note for each option that the other options make ineffective, whatever the length of
 * the text
 * @throws RnnError `usage` for impossible options, such as --tied without an embedding
 */
export function refuseImpossible(given: Partial<TrainingOptions>, validates: Validates): readonly string[] {
  const [shortest, longest] = optionsByLength(given, validates).map((options) => notesOnNoEffect(given, options));
  return shortest.filter((note) => longest.includes(note));
}

/**
 * Refuses sizes that are too large for this machine, whatever the text and the device.
 *
 * @throws RnnError `usage`
 */
export function refuseTooLargeSizes(given: Partial<TrainingOptions>, { validates }: Validates): void {
  // Sizes that are not given are smallest for the shortest text.
  const [options] = optionsByLength(given, { validates });
  const model = modelConfigurationOf(options, vocabulary.size);
  refuseTooLargeForMachine(
    demandOf(
      model,
      options,
      workloadOf(model, options, createOptimizer(options), windowsOfText(options), validates),
      0,
    ),
  );
}

/**
 * All options, for the shortest text that holds one batch, and for the longest text.
 *
 * @throws RnnError `usage` if no text can be long enough
 */
function optionsByLength(
  given: Partial<TrainingOptions>,
  { validates }: Validates,
): [TrainingOptions, TrainingOptions] {
  const window = (given.batchSize ?? 1) * (given.sequenceLength ?? 1) + 1;
  if (window > LENGTHS.longest)
    throw usageError(
      `${flagOf('batchSize')} times ${flagOf('sequenceLength')} is ${count(window - 1)}: expected less than ${count(LENGTHS.longest)}, the maximum number of characters in a text`,
      `lower ${flagOf('batchSize')} or ${flagOf('sequenceLength')}`,
    );
  const validation = { length: validates ? 2 ** 16 : 0 };
  const resolved = (length: number): TrainingOptions =>
    resolveOptions(given, { train: { length }, validation, vocabulary }).options;
  return [resolved(Math.max(LENGTHS.shortest, window)), resolved(LENGTHS.longest)];
}
