// What can be told of a run's options before its text is read.
import { characterVocabulary } from '../corpus/vocabulary.ts';
import { RnnError } from '../errors.ts';
import { idleNotes } from './idle.ts';
import type { TrainingOptions } from './options.ts';
import { type ResolvedAnew, resolveOptions } from './resolve.ts';

/**
 * Sizes, and what presets hold, go by the length of the text: some of each class. The longest has room for any batch that fits into memory.
 */
const LENGTHS = [2 ** 24, 2 ** 21, 2 ** 18, 2 ** 14];
const text = new Uint8Array(LENGTHS[0]);
const vocabulary = characterVocabulary('ab', false);

/**
 * Whether a run could have these options, whatever its text, as long as that is long enough.
 *
 * @param validates some of the text, or another one
 * @returns a note for each option that does nothing beside the others, whatever the length of the text
 * @throws RnnError `usage` for what no run can have, such as --tied without an embedding
 */
export function refuseImpossible(given: Partial<TrainingOptions>, { validates }: { readonly validates: boolean }): readonly string[] {
  const validation = text.subarray(0, validates ? 2 ** 16 : 0);
  const resolved = (length: number): ResolvedAnew => resolveOptions(given, { train: text.subarray(0, length), validation, vocabulary });
  let notes = idleNotes(given, resolved(LENGTHS[0]).options);
  for (const length of notes.length > 0 ? LENGTHS.slice(1) : []) notes = notes.filter((note) => notesIn(length).includes(note));
  return notes;

  function notesIn(length: number): readonly string[] {
    try {
      return idleNotes(given, resolved(length).options);
    } catch (error) {
      if (error instanceof RnnError && error.kind === 'corpus') return notes; // too short for its windows
      throw error;
    }
  }
}
