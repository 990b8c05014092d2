// The options of `rnn train`, each with how to choose it, and what they come to. Knows nothing of how a run goes.
import { type Command, Option } from 'commander';
import { RnnError } from '../../errors.ts';
import { cells } from '../../model/cells/registry.ts';
import { initialisations, skips, stackings } from '../../model/configuration.ts';
import { LARGEST, optionRules } from '../../training/option-rules.ts';
import { type TrainingOptions, optimizerNames, scheduleNames } from '../../training/options.ts';
import { type Preset, presets } from '../../training/presets.ts';
import type { MachineOptions, ReadingOptions } from '../../training/record.ts';
import { schedules } from '../../training/schedules.ts';
import { blasFlag, deviceFlag, listDevices, threadsFlag } from '../devices.ts';
import {
  addExamples,
  addGroups,
  addUndoing,
  choiceFlag,
  commonFlags,
  durationFlag,
  type Flag,
  flagsOf,
  listFlag,
  numberFlag,
  skipInvalidFlag,
  switchFlag,
  textFlag,
} from '../flags.ts';
import { rivals } from '../rivals.ts';
import { suggestGrid } from '../several-values.ts';

/**
 * What Commander hands over: what was given, and nothing else. All options of a run are in it, under the names of their flags; here are
 * those that the program asks for one by one.
 */
export interface TrainFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly resume?: boolean;
  readonly acceptNewCorpus?: boolean;
  readonly initFrom?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly unit?: 'char' | 'byte';
  readonly encoding?: string;
  readonly keepLineEnds?: boolean;
  readonly skipInvalid?: boolean;
  readonly minCount?: number;
  readonly valFraction?: number;
  readonly valFile?: string;
  readonly testFraction?: number;
  readonly testFile?: string;
  readonly dryRun?: boolean;
  readonly config?: string;
  readonly epochs?: number;
  readonly maxSteps?: number;
  readonly budget?: number;
  readonly maxTime?: number;
  readonly clipNorm?: number;
  readonly device?: string;
  readonly threads?: number;
  readonly blas?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const positive = { whole: true, least: 1 };
const steps = { whole: true, least: 0 };

// Each line fits 80 columns, and each default is the one that training/resolve.ts chooses whatever the text: tests hold them to it.
const groups: Readonly<Record<string, readonly Flag[]>> = {
  'The text:': [
    listFlag('--include <glob>', "of a folder, only these files ('*.c'); repeatable"),
    listFlag('--exclude <glob>', 'of a folder, not these files; repeatable'),
    choiceFlag('--unit <unit>', 'char, or byte for any file (default: char)', ['char', 'byte']),
    textFlag('--encoding <name>', 'such as windows-1252, utf-16le (default: utf-8)'),
    switchFlag('--keep-line-ends', 'keep CR and CRLF; add no newline between files'),
    skipInvalidFlag(),
    numberFlag('--min-count <n>', 'fold characters seen less often into one (default: 1)', positive),
    numberFlag('--val-fraction <x>', 'part to validate on, 0 if tiny (default: 0.1)', { least: 0, below: 1 }),
    textFlag('--val-file <file>', 'validate on this text instead'),
    numberFlag('--test-fraction <x>', 'last part, for rnn eval --part test (default: 0)', { least: 0, below: 1 }),
    textFlag('--test-file <file>', 'test on this text instead'),
  ],
  'The model (what says "chosen" follows from the length of the text and the run):': [
    choiceFlag('--preset <name>', 'options that go together; listed below', Object.keys(presets)),
    choiceFlag(
      '--cell <name>',
      'the architecture; chosen: mlstm, above 400 kB lstm',
      cells.map(({ name }) => name),
    ),
    numberFlag('--layers <n>', 'recurrent layers; chosen: 1 up to 25 kB, else 2', positive),
    numberFlag('--hidden <n>', 'units a layer; chosen; raise if it underfits', positive),
    numberFlag('--embedding <n>', 'width; 0 is one-hot; chosen: 64 above 300 characters', steps),
    numberFlag('--dropout <x>', 'chosen; raise if it overfits, up to 0.6', { least: 0, below: 1 }),
    numberFlag('--forget-bias <x>', '1 lets an LSTM remember from the start (default: 1)', { least: -LARGEST, most: LARGEST }),
    choiceFlag('--init <name>', 'uniform, xavier or orthogonal (default: uniform)', initialisations),
    numberFlag('--init-scale <x>', 'limit of uniform; 0 is 1/sqrt(hidden) (default: 0)', { least: 0, most: LARGEST }),
    numberFlag('--gate-bias <x>', '1-2 lets a GRU or MUT remember, as well (default: 0)', { least: -LARGEST, most: LARGEST }),
    choiceFlag('--skip <which>', 'input, output, none (as with 1 layer) (default: both)', skips),
    choiceFlag('--stacking <how>', 'plain, residual, highway (default: plain)', stackings),
    numberFlag('--time-skip <k>', 'also read the output k steps ago (default: 0)', steps),
    switchFlag('--tied', "the output layer uses the embedding's weights"),
    switchFlag('--layer-norm', 'normalise inside the LSTM; steadier, half as fast'),
    switchFlag('--learned-state', 'learn the state at the start of a text'),
  ],
  'Against learning by heart (beside --dropout):': [
    switchFlag('--locked-dropout', 'the same units at all steps of a window'),
    numberFlag('--weight-dropout <x>', 'of weights from state to state (default: 0)', { least: 0, below: 1 }),
    numberFlag('--embed-dropout <x>', 'of whole symbols; needs --embedding (default: 0)', { least: 0, below: 1 }),
    numberFlag('--ar <x>', 'on the size of outputs, 1-2 (default: 0)', { least: 0, most: LARGEST }),
    numberFlag('--tar <x>', 'on their change in time, 0.5-1 (default: 0)', { least: 0, most: LARGEST }),
    numberFlag('--label-smoothing <x>', 'part of each target for all symbols (default: 0)', { least: 0, below: 1 }),
  ],
  'How long (one of the first three; chosen from the text unless given):': [
    numberFlag('--epochs <n>', 'passes over the text', { above: 0, most: 1e9 }),
    numberFlag('--max-steps <n>', 'updates of the weights; with --accumulate windows', positive),
    durationFlag('--budget <time>', 'training time of the whole run: 30s, 3m, 1.5h'),
    durationFlag('--max-time <time>', 'end this invocation then; shapes nothing'),
    numberFlag('--patience <n>', 'end after n without a best loss; 0 never (default: 0)', steps),
  ],
  'Learning:': [
    numberFlag('--seq-length <n>', 'steps back in time; chosen: 32, or 64 for long runs', positive),
    numberFlag('--state-reset <x>', 'chance of a zero state; 0.05, more for short lines', { least: 0, most: 1 }),
    switchFlag('--text-starts', 'zero states only at line starts; on unless --no-…'),
    numberFlag('--batch-size <n>', 'parallel sequences; chosen: 16, or 32 for long runs', positive),
    choiceFlag('--optimizer <name>', 'adam, rmsprop, adagrad or sgd (default: adam)', optimizerNames),
    numberFlag('--lr <x>', 'peak; chosen from cell and hidden; halve if loss jumps', { above: 0, most: 1000 }),
    choiceFlag('--lr-schedule <name>', 'how it falls; listed below (default: cosine)', scheduleNames),
    numberFlag('--lr-decay <x>', 'step, exponential; of plateau 0.5 (default: 0.95)', { above: 0, most: 1 }),
    numberFlag('--lr-decay-epochs <n>', 'step, exponential: epochs between (default: 1)', { above: 0 }),
    numberFlag('--lr-decay-after <n>', 'step, exponential: epochs before (default: 0)', { least: 0 }),
    numberFlag('--lr-final <x>', 'cosine, one-cycle: end, of the peak (default: 0.01)', { least: 0, most: 1 }),
    numberFlag('--warmup <n>', 'steps in which it rises to its peak (default: 20)', steps),
    numberFlag('--momentum <x>', 'of sgd (default: 0.9)', { least: 0, below: 1 }),
    numberFlag('--clip-norm <x>', 'limit of the gradient norm; 0 off (default: 0.5)', { least: 0 }),
    switchFlag('--nesterov', 'of sgd: momentum that looks one step ahead'),
    numberFlag('--weight-decay <x>', 'chosen; 0.1-0.6 if it overfits; 0 is off', { least: 0, most: 1 }),
    numberFlag('--clip-value <x>', 'then clamp each element to this; 0 off (default: 0)', { least: 0 }),
    numberFlag('--average <x>', 'use mean weights, 0.99 or 0.999; 0 off (default: 0)', { least: 0, below: 1 }),
    numberFlag('--accumulate <n>', 'windows per update: a larger batch (default: 1)', positive),
    numberFlag('--orthogonal-every <n>', 'steps between; keeps long memory; 0 never (default: 0)', steps),
    switchFlag('--random-offset', 'windows are cut elsewhere in each epoch'),
    switchFlag('--random-length', 'windows vary by a quarter around --seq-length'),
    numberFlag('--plateau-patience <n>', 'plateau: evaluations without a best (default: 1)', positive),
    numberFlag('--clip-state <x>', 'limit of what flows through time; 0 off (default: 0)', { least: 0 }),
    numberFlag('--max-recoveries <n>', 'times a run that diverges may go back (default: 3)', steps),
    numberFlag('--seed <n>', 'the same seed, the same model (default: 1)', steps),
  ],
  'Looking and saving:': [
    textFlag('--out <folder>', 'the run folder; checkpoints/<name of the text>'),
    switchFlag('--force', 'overwrite the run that is in it'),
    switchFlag('--resume', 'continue the run that is in it, or start one'),
    switchFlag('--accept-new-corpus', 'with --resume: the text may be another one now'),
    textFlag('--init-from <path>', 'start from the weights of a run or checkpoint'),
    numberFlag('--eval-every <n>', 'steps between validation losses; 0 only at the end', steps),
    numberFlag('--checkpoint-every <n>', 'steps between checkpoints; 0 only at the end', steps),
    numberFlag('--keep <n>', 'newest checkpoints that stay by number (default: 0)', steps),
    numberFlag('--sample-every <n>', 'steps between samples of text; 0 never', steps),
    numberFlag('--sample-length <n>', 'characters of such a text (default: 150)', positive),
    numberFlag('--val-characters <n>', 'how many of those held out to validate on; 0 all', steps),
    numberFlag('--streams <n>', 'chunks of validation text side by side; at most 16', positive),
  ],
  'The machine:': [deviceFlag('where to train; listed below (default: auto)'), threadsFlag(), blasFlag()],
  'Where options come from, and output:': [
    textFlag('--config <file>', 'more options, in a JSON file: {"hidden": 256}'),
    switchFlag('--dry-run', 'show all options, time and memory; write nothing'),
    switchFlag('--json', 'one JSON object per event on stdout'),
    switchFlag('--quiet', 'warnings and errors only'),
    ...commonFlags(),
  ],
};

for (const flags of Object.values(groups)) flags.forEach(suggestGrid);

export function addTrainFlags(command: Command): void {
  addGroups(command, groups);
  const common = new Set(commonFlags().map(({ key }) => key));
  addUndoing(
    command,
    flagsOf(command).filter(({ takes, key }) => takes.kind === 'switch' && !common.has(key)),
  );
  listNamed(command, 'Cells:', cells);
  listNamed(command, 'Schedules of the learning rate:', schedules);
  listNamed(
    command,
    "Presets ('--dry-run' shows all that one comes to):",
    Object.entries<Preset>(presets).map(([name, { summary }]) => ({ name, summary })),
  );
  listDevices(command);
  command.addHelpText(
    'after',
    `
Options are taken from the command line, else from RNN_<OPTION> (RNN_LR=0.005),
else from the file of --config. --no-<switch> takes one back: --no-nesterov.`,
  );
  addExamples(command, [
    ['rnn train book.txt', 'sizes and length chosen from the text'],
    ['rnn train book.txt --preset quick', 'the best in three minutes'],
    ["rnn train src/ --include '*.c' --unit byte --budget 30m", 'source code, half an hour'],
    ['rnn train book.txt --config rnn.json --resume --max-time 50m', 'a job for cron'],
    ['rnn train book.txt --hidden 512 --dry-run', 'what would be trained, and why so'],
  ]);
}

/** @throws a usage error where two options contradict each other */
export function checkTogether(flags: TrainFlags): void {
  for (const { options, hint } of rivals) {
    const given = options.filter((name) => flags[name] !== undefined && flags[name] !== false);
    const names = given.map(flagNamed);
    if (names.length > 1) throw new RnnError('usage', `${names.join(' and ')} exclude each other`, { hint, options: names });
  }
  if (flags.acceptNewCorpus && !flags.resume)
    throw new RnnError('usage', '--accept-new-corpus is for --resume', {
      hint: 'a new run takes any text',
      options: ['--accept-new-corpus', '--resume'],
    });
}

/** `--max-steps` of `maxSteps`. */
const flagNamed = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The options of the run that were given, in the program's words. */
export function givenOptions(flags: TrainFlags): Partial<TrainingOptions> {
  const all: Readonly<Record<string, unknown>> = { ...flags };
  return whatWasGiven(
    Object.fromEntries(
      Object.entries(optionRules).map(([option, { flag }]) => [option, all[new Option(flag).attributeName()]]),
    ) as Partial<TrainingOptions>,
  );
}

/** How the text is to be read, as far as it was given. */
export function givenReading(flags: TrainFlags): Partial<ReadingOptions> {
  const { include, exclude, unit, encoding, keepLineEnds, skipInvalid, minCount, valFraction, valFile, testFraction, testFile } = flags;
  const how = { unit, encoding, keepLineEnds, skipInvalid, minCount };
  const heldOut = { validationFraction: valFraction, validationFile: valFile, testFraction, testFile };
  return whatWasGiven<ReadingOptions>({ include, exclude, ...how, ...heldOut });
}

export function givenMachine({ device, threads, blas }: TrainFlags): Partial<MachineOptions> {
  return whatWasGiven<MachineOptions>({ device, threads, blas });
}

function whatWasGiven<Options>(all: { [Key in keyof Options]?: Options[Key] | undefined }): Partial<Options> {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Partial<Options>;
}

function listNamed(command: Command, heading: string, rows: readonly { readonly name: string; readonly summary: string }[]): void {
  command.addHelpText('after', `\n${heading}\n${rows.map(({ name, summary }) => `  ${name.padEnd(15)}${summary}`).join('\n')}`);
}
