// Options of `rnn train` that are one choice. Knows nothing of where they were given.
import type { TrainFlags } from './commands/train-flags.ts';

/** Of each row, one can be given. */
export const rivals: readonly { readonly options: readonly (keyof TrainFlags)[]; readonly hint: string }[] = [
  { options: ['epochs', 'maxSteps', 'budget'], hint: 'each is the length of the whole run: give one' },
  { options: ['resume', 'force'], hint: '--resume continues the run that is there, --force removes it' },
  { options: ['resume', 'dryRun'], hint: 'rnn info shows the options of a run that is there; leave one of them out' },
  { options: ['valFraction', 'valFile'], hint: 'give the part of the text, or another text' },
  { options: ['testFraction', 'testFile'], hint: 'give the part of the text, or another text' },
];

/** The options that are one choice with this one. */
export const rivalsOf = (name: string): readonly string[] =>
  rivals.flatMap(({ options }) => ((options as readonly string[]).includes(name) ? options.filter((each) => each !== name) : []));
