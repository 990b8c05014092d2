// What can be told of a run's options before its text is read.
import { characterVocabulary } from '../corpus/vocabulary.ts';
import { RnnError } from '../errors.ts';
import { refuseHopeless } from '../evaluation/memory.ts';
import { notesOnNoEffect } from '../options/train.ts';
import { modelOf } from './model.ts';
import { createOptimizer } from './optimizers.ts';
import type { TrainingOptions } from '../options/training.ts';
import { resolveOptions } from './resolve.ts';
import { demandOf, workloadOf } from './workload.ts';

/**
 * Sizes, and what presets hold, go by the length of the text: one of each class. The first is the
 * longest that can be read.
 */
const LENGTHS = [2 ** 32, 2 ** 24, 2 ** 21, 2 ** 18, 2 ** 17, 2 ** 15, 2 ** 14];
const vocabulary = characterVocabulary('ab', false);

interface Validates {
  /** Whether the run validates: on some of the text, or on another one. */
  readonly validates: boolean;
}

/**
 * Whether a run could have these options, whatever its text, as long as that is long enough.
 *
 * @returns a note for each option that does nothing beside the others, whatever the length of the
 * text
 * @throws RnnError `usage` for what no run can have, such as --tied without an embedding
 */
export function refuseImpossible(given: Partial<TrainingOptions>, validates: Validates): readonly string[] {
  const [notes = [], ...others] = optionsByLength(given, validates).map((options) => notesOnNoEffect(given, options));
  return notes.filter((note) => others.every((each) => each.includes(note)));
}

/**
 * Refuses sizes that are too large for this machine, whatever the text and the device.
 *
 * @throws RnnError `usage`
 */
export function refuseHopelessSizes(given: Partial<TrainingOptions>, { validates }: Validates): void {
  // What is not given is smallest for the shortest text.
  const options = optionsByLength(given, { validates }).at(-1)!;
  const model = modelOf(options, vocabulary.size);
  refuseHopeless(demandOf(model, options, workloadOf(model, options, createOptimizer(options), validates), 0));
}

/**
 * All options, for each of the lengths that a window fits into.
 *
 * @throws RnnError `usage` if there is none
 */
function optionsByLength(given: Partial<TrainingOptions>, { validates }: Validates): TrainingOptions[] {
  const fitting = LENGTHS.flatMap((length) => {
    try {
      return [
        resolveOptions(given, { train: { length }, validation: { length: validates ? 2 ** 16 : 0 }, vocabulary })
          .options,
      ];
    } catch (error) {
      if (error instanceof RnnError && error.kind === 'corpus') return [];
      throw error;
    }
  });
  if (fitting.length > 0) return fitting;
  throw new RnnError(
    'usage',
    `--batch-size times --sequence-length is more than any text has: ${LENGTHS[0].toLocaleString('en')} characters`,
    {
      hint: 'lower --batch-size or --sequence-length',
    },
  );
}
