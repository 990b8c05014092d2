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
import { memoryDemandOf, workloadOf } from './workload.ts';
import { flagOf } from '../options/flags.ts';

/**
 * Default sizes and presets depend on the length of the text, which is not known yet. So options
 * are checked for a short and for the longest possible text. `shortest` is not a limit: a shorter
 * text can be trained on.
 */
const LENGTHS = { shortest: 2 ** 14, longest: 2 ** 32 };
const vocabulary = characterVocabulary('ab', false);

/** Whether the run validates, on a part of the text or on another text. */
type ValidationSwitch = { readonly isValidated: boolean };

/**
 * Refuses options that are impossible for every text, however long.
 *
 * @returns a note for each option that the other options make ineffective, whatever the length of
 * the text
 * @throws RnnError `usage` for impossible options, such as --tied without an embedding
 */
export function checkOptions(given: Partial<TrainingOptions>, validates: ValidationSwitch): readonly string[] {
  const [shortest, longest] = optionsByLength(given, validates).map((options) => notesOnNoEffect(given, options));
  return shortest.filter((note) => longest.includes(note));
}

/**
 * Refuses sizes that need more memory than this machine has, even for the shortest text.
 *
 * @throws RnnError `usage`
 */
export function refuseTooLargeSizes(given: Partial<TrainingOptions>, { isValidated }: ValidationSwitch): void {
  // Sizes that are not given are smallest for the shortest text.
  const [options] = optionsByLength(given, { isValidated });
  const model = modelConfigurationOf(options, vocabulary.size);
  refuseTooLargeForMachine(
    memoryDemandOf(
      model,
      options,
      workloadOf(model, options, createOptimizer(options), windowsOfText(options), isValidated),
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
  { isValidated }: ValidationSwitch,
): [TrainingOptions, TrainingOptions] {
  const minCharacters = (given.batchSize ?? 1) * (given.sequenceLength ?? 1) + 1;
  if (minCharacters > LENGTHS.longest)
    throw usageError(
      `${flagOf('batchSize')} times ${flagOf('sequenceLength')} is ${count(minCharacters - 1)}: expected less than ${count(LENGTHS.longest)}, the maximum number of characters in a text`,
      `lower ${flagOf('batchSize')} or ${flagOf('sequenceLength')}`,
    );
  const validation = { length: isValidated ? 2 ** 16 : 0 };
  const resolved = (length: number): TrainingOptions =>
    resolveOptions(given, { train: { length }, validation, vocabulary }).options;
  return [resolved(Math.max(LENGTHS.shortest, minCharacters)), resolved(LENGTHS.longest)];
}
