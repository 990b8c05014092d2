// `--untrained lstm,forget-bias=5`: a network by its options as `rnn train` has them.
import { Command } from 'commander';
import { RnnError } from '../errors.ts';
import { flagOf, namesWith } from '../options/train.ts';
import type { TrainingOptions } from '../options/training.ts';
import { addTrainFlags, givenOptions } from './commands/train-flags.ts';
import { flagsOf, refuseRepeats } from './flags.ts';
import { badValue } from '../options/values.ts';

/**
 * Of the options of `rnn train`, those that a network has before it learns anything: their keys.
 */
const ofModels = [...namesWith(({ isFixed }) => isFixed === 'weights' || isFixed === 'start'), 'seed'].map((name) =>
  flagOf(name).slice(2),
);
const flag = '--untrained';

/**
 * @param text a cell, and `option=value` after commas; a switch alone is on @throws RnnError
 * `usage`
 */
export function untrainedOptions(text: string): Partial<TrainingOptions> {
  const command = new Command('train')
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .helpOption(false);
  addTrainFlags(command);
  refuseRepeats(command);
  const words = text.split(',').flatMap((word, index) => {
    const [name, ...rest] = index === 0 && !word.includes('=') ? ['cell', word] : word.split('=');
    const value = rest.length === 0 ? undefined : rest.join('=');
    const option = flagsOf(command).find(({ longName }) => longName === `--${name}`);
    // An alias counts as the option that it stands for.
    if (option === undefined || !ofModels.includes(option.mainName.slice(2)))
      throw badValue(
        flag,
        text,
        `a cell and options such as lstm,hidden=64,forget-bias=5`,
        `those of a network before training: ${ofModels.join(', ')}`,
      );
    const takesValue = option.required;
    if (takesValue !== (value !== undefined))
      throw new RnnError(
        'usage',
        `${flag} ${text}: ${name} ${takesValue ? 'takes a value' : 'is a switch and takes none'}`,
        {
          hint: `write ${takesValue ? `${name}=…` : name}`,
        },
      );
    return value === undefined ? [`--${name}`] : [`--${name}`, value];
  });
  try {
    command.parse(words, { from: 'user' });
  } catch (error) {
    throw error instanceof RnnError
      ? new RnnError('usage', `${flag} ${text}: ${error.message}`, {
          hint: error.hint ?? 'rnn train --help lists cells and options, and how to choose them',
          cause: error,
        })
      : error;
  }
  return givenOptions(command.opts());
}
