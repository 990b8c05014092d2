// The topic of presets, with the options that each sets.
import { type PresetText, presets } from '../../options/presets.ts';
import type { Topic } from '../help/topic.ts';
import { optionsInWords } from '../option-words.ts';

/** The text for presets that choose their sizes by it. */
const TEXT: PresetText = { length: 1_000_000, kind: 'text' };

export const topic: Topic = {
  intro:
    "Choose a preset with --preset. Options that you give override the preset. quick, good and best choose their sizes from the size of the text, and the table shows them for one million characters of running text. For a list of records, they only set the training time, which is shorter. 'rnn train --dry-run' shows them for your text.",
  tables: [
    {
      columns: ['preset', 'purpose', 'options'],
      rows: Object.entries(presets).map(([name, { summary, options }]) => [
        name,
        summary,
        optionsInWords(options(TEXT)).join(', '),
      ]),
    },
  ],
};
