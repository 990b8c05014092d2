// `--untrained lstm,forget-bias=5`: a network, described by options of `rnn train`.
import { CommanderError } from 'commander';
import { RnnError, usageError } from '../errors.ts';
import { namesWith, trainOptions } from '../options/train.ts';
import { keyOf } from '../options/option.ts';
import type { TrainingOptions } from '../options/training.ts';
import { givenOptions, trainParser } from './commands/train.ts';
import { flagsOf } from './flags.ts';
import { badValue } from '../options/values.ts';

/** The keys of the options of `rnn train` that affect an untrained network. */
const ofModels = [...namesWith(({ fixedFor }) => fixedFor === 'weights' || fixedFor === 'start'), 'seed'].map((name) =>
  keyOf(name, trainOptions[name as keyof typeof trainOptions]),
);
const flag = '--untrained';

/**
 * The options of an untrained network.
 *
 * @param text a cell, then `option=value` after commas. A switch without a value is on
 * @throws RnnError `usage`
 */
export function untrainedOptions(text: string): Partial<TrainingOptions> {
  const command = trainParser();
  const settings = text.split(',').map((word, index) => (index === 0 && !word.includes('=') ? `cell=${word}` : word));
  for (const setting of settings) {
    const name = `--${setting.split('=')[0]}`;
    const option = flagsOf(command).find(({ longName }) => longName === name);
    // An alias counts as its option.
    if (option === undefined || !ofModels.includes(option.mainKey))
      throw badValue(
        flag,
        text,
        'a cell and options such as lstm,hidden=64,forget-bias=5',
        `use options of an untrained network: ${ofModels.join(', ')}`,
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
      hint ?? 'run rnn train --help to see cells and options, and how to choose them',
      { cause },
    );
  }
  return givenOptions(command.opts());
}
