// `--untrained lstm,forget-bias=5`: a network by its options as `rnn train` has them.
import { CommanderError } from 'commander';
import { RnnError, usageError } from '../errors.ts';
import { namesWith, trainOptions } from '../options/train.ts';
import { keyOf } from '../options/option.ts';
import type { TrainingOptions } from '../options/training.ts';
import { givenOptions, trainParser } from './commands/train.ts';
import { flagsOf } from './flags.ts';
import { badValue } from '../options/values.ts';

/**
 * Of the options of `rnn train`, those that a network has before it learns anything: their keys.
 */
const ofModels = [...namesWith(({ fixedFor }) => fixedFor === 'weights' || fixedFor === 'start'), 'seed'].map((name) =>
  keyOf(name, trainOptions[name as keyof typeof trainOptions]),
);
const flag = '--untrained';

/**
 * @param text a cell, and `option=value` after commas; a switch alone is on @throws RnnError
 * `usage`
 */
export function untrainedOptions(text: string): Partial<TrainingOptions> {
  const command = trainParser();
  const settings = text.split(',').map((word, index) => (index === 0 && !word.includes('=') ? `cell=${word}` : word));
  for (const setting of settings) {
    const name = `--${setting.split('=')[0]}`;
    const option = flagsOf(command).find(({ longName }) => longName === name);
    // An alias counts as the option that it stands for.
    if (option === undefined || !ofModels.includes(option.mainKey))
      throw badValue(
        flag,
        text,
        'a cell and options such as lstm,hidden=64,forget-bias=5',
        `those of a network before training: ${ofModels.join(', ')}`,
      );
  }
  try {
    command.parse(
      settings.map((setting) => `--${setting}`),
      { from: 'user' },
    );
  } catch (cause) {
    if (!(cause instanceof RnnError || cause instanceof CommanderError)) throw cause;
    const hint = cause instanceof RnnError ? cause.hint : undefined;
    throw usageError(
      `${flag} ${text}: ${cause.message.replace(/^error: /, '')}`,
      hint ?? 'rnn train --help lists cells and options, and how to choose them',
      { cause },
    );
  }
  return givenOptions(command.opts());
}
