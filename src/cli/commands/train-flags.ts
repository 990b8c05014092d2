// The options of `rnn train`: their help, and what was given of them. Knows nothing of how a run
// goes.
import { Command } from 'commander';
import { cells } from '../../model/cells/registry.ts';
import { type Preset, presets } from '../../options/presets.ts';
import { exclusive } from '../../options/run.ts';
import { type TrainFlags, trainGroups, trainOptions } from '../../options/train.ts';
import { refuseContradictions } from '../../options/together.ts';
import { type TrainingOptions, trainingNames } from '../../options/training.ts';
import { schedules } from '../../training/schedules.ts';
import { listDevices } from '../devices.ts';
import { addExamples, addGroups, addUndoing, flagsOf, refuseRepeats } from '../flags.ts';
import { suggestGrid } from '../several-values.ts';

export type { TrainFlags };

export function addTrainFlags(command: Command): void {
  addGroups(command, trainGroups);
  flagsOf(command).forEach(suggestGrid);
  addUndoing(command, trainOptions);
  listNamed(command, 'Cells:', cells);
  listNamed(command, 'Schedules of the learning rate:', schedules);
  listNamed(
    command,
    "Presets ('--dry-run' shows the options of one):",
    Object.entries<Preset>(presets).map(([name, { summary }]) => ({ name, summary })),
  );
  listDevices(command);
  command.addHelpText(
    'after',
    `
Options are taken from the command line, else from RNN_<OPTION> (RNN_SEED=2),
else from the file of --config. --no-<switch> takes one back: --no-nesterov.`,
  );
  addExamples(command, [
    ['rnn train book.txt', 'sizes and length chosen from the text'],
    ['rnn train book.txt --preset quick', 'the best in three minutes'],
    ["rnn train src/ --include '*.c' --unit byte --budget 30m", 'source code, half an hour'],
    ['rnn train book.txt --config rnn.json --resume --max-time 50m', 'a job for cron'],
    ['rnn train book.txt --hidden 512 --dry-run', 'what would be trained, and why'],
  ]);
}

/** `rnn train` with its options, to read words that are not on the command line. It prints nothing. */
export function trainParser(): Command {
  const command = new Command('train')
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .helpOption(false);
  addTrainFlags(command);
  refuseRepeats(command);
  return command;
}

/** @throws RnnError `usage` where two options contradict each other */
export const checkTogether = (flags: TrainFlags): void => refuseContradictions(trainOptions, exclusive, { ...flags });

/** The options of these names, as far as they were given. */
export function given<Name extends keyof TrainFlags>(
  flags: TrainFlags,
  names: readonly Name[],
): Partial<Pick<TrainFlags, Name>> {
  return Object.fromEntries(
    names.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  ) as Partial<Pick<TrainFlags, Name>>;
}

/** The options of the training that were given. */
export const givenOptions = (flags: TrainFlags): Partial<TrainingOptions> => given(flags, trainingNames);

function listNamed(
  command: Command,
  heading: string,
  rows: readonly { readonly name: string; readonly summary: string }[],
): void {
  command.addHelpText(
    'after',
    `\n${heading}\n${rows.map(({ name, summary }) => `  ${name.padEnd(15)}${summary}`).join('\n')}`,
  );
}
