// Which options of a run differ from the defaults for its text, its network and its length. Knows
// nothing of how they are shown.
import { type Header } from '../runs/store.ts';
import { Vocabulary } from '../corpus/read.ts';
import { RnnError } from '../errors.ts';
import { namesWith } from '../options/train.ts';
import { type TrainingOption, type TrainingOptions, lengths } from '../options/training.ts';
import { recordedCorpus, recordedOptions } from './record.ts';
import { resolveOptions } from './resolve.ts';

/** Every summary of a run has them, whether they are defaults or not. */
const alwaysShown: readonly TrainingOption[] = ['cell', 'layers', 'hidden', ...lengths];
/**
 * The options of a run that are neither its sizes nor the defaults that go with them; empty for a
 * run of another program.
 */
export function changedOptions({ training, vocabulary }: Header): Partial<TrainingOptions> {
  try {
    const options = recordedOptions(training);
    const { train, validation } = recordedCorpus(training);
    const asked = Object.fromEntries(
      [...alwaysShown, 'preset' as const].map((name) => [name, options[name] ?? undefined]),
    );
    const text = {
      train: { length: train },
      validation: { length: validation },
      vocabulary: new Vocabulary(vocabulary),
    };
    const { options: defaults } = resolveOptions(asked, text);
    // The resets of the state follow from the text itself.
    const names = namesWith(({ isForWatching }) => !isForWatching).filter(
      (name) => ![...alwaysShown, 'stateReset'].includes(name),
    );
    const changed = names.filter((name) =>
      name === 'preset' ? options.preset !== null : options[name] !== defaults[name],
    );
    return Object.fromEntries(changed.map((name) => [name, options[name]]));
  } catch (error) {
    if (error instanceof RnnError) return {};
    throw error;
  }
}
