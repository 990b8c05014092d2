// The options of `rnn train`, each with how to choose it, and what they come to. Knows nothing of how a run goes.
import type { Command, Option } from 'commander';
import { RnnError } from '../../errors.ts';
import { cells } from '../../model/cells/registry.ts';
import type { TrainingOptions } from '../../training/options.ts';
import { choiceFlag, commonFlags, durationFlag, listFlag, numberFlag, switchFlag, textFlag } from '../flags.ts';

const initialisations: readonly TrainingOptions['initialisation'][] = ['uniform', 'xavier', 'orthogonal'];
const optimizers: readonly TrainingOptions['optimizer'][] = ['adam', 'rmsprop', 'sgd'];
const schedules: readonly TrainingOptions['schedule'][] = ['constant', 'step', 'exponential', 'cosine'];

/** What Commander hands over: every option that was given, and no other. */
export interface TrainFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly unit?: 'char' | 'byte';
  readonly minCount?: number;
  readonly valFraction?: number;
  readonly valFile?: string;
  readonly cell?: string;
  readonly layers?: number;
  readonly hidden?: number;
  readonly embedding?: number;
  readonly dropout?: number;
  readonly forgetBias?: number;
  readonly init?: TrainingOptions['initialisation'];
  readonly seqLength?: number;
  readonly batchSize?: number;
  readonly epochs?: number;
  readonly maxSteps?: number;
  readonly budget?: number;
  readonly maxTime?: number;
  readonly patience?: number;
  readonly optimizer?: TrainingOptions['optimizer'];
  readonly lr?: number;
  readonly lrSchedule?: TrainingOptions['schedule'];
  readonly lrDecay?: number;
  readonly lrDecayEpochs?: number;
  readonly lrFinal?: number;
  readonly warmup?: number;
  readonly momentum?: number;
  readonly clipNorm?: number;
  readonly seed?: number;
  readonly evalEvery?: number;
  readonly checkpointEvery?: number;
  readonly sampleEvery?: number;
  readonly sampleLength?: number;
  readonly streams?: number;
  readonly device?: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const positive = { whole: true, least: 1 };
const steps = { whole: true, least: 0 };

const groups: Readonly<Record<string, readonly Option[]>> = {
  'The text:': [
    listFlag('--include <glob>', "of a folder, only these files ('*.c'); repeatable"),
    listFlag('--exclude <glob>', 'of a folder, not these files; repeatable'),
    choiceFlag('--unit <unit>', 'char, or byte for text that is not UTF-8', ['char', 'byte']),
    numberFlag('--min-count <n>', 'fold characters seen less often into one symbol', positive),
    numberFlag('--val-fraction <x>', 'of the text, at its end, to validate on; 0 if tiny', { least: 0, below: 1 }),
    textFlag('--val-file <file>', 'validate on this text instead'),
  ],
  'The model (sizes are chosen from the length of the text unless given):': [
    choiceFlag('--cell <name>', 'lstm learns best, gru is smaller; or rnn, rnn-relu', cells.map(({ name }) => name)),
    numberFlag('--layers <n>', '2 up to some megabytes of text, 3 for more', positive),
    numberFlag('--hidden <n>', 'raise if the training loss stays high, else lower', positive),
    numberFlag('--embedding <n>', '0 is one-hot, best below a few hundred symbols', steps),
    numberFlag('--dropout <x>', '0.1-0.5 when only the training loss falls', { least: 0, below: 1 }),
    numberFlag('--forget-bias <x>', '1 lets an LSTM remember from the first step', {}),
    choiceFlag('--init <name>', 'uniform, xavier or orthogonal', initialisations),
  ],
  'How long (one of the first three):': [
    numberFlag('--epochs <n>', 'passes over the text', { above: 0 }),
    numberFlag('--max-steps <n>', 'updates of the weights', positive),
    durationFlag('--budget <time>', 'training time of the whole run: 30s, 3m, 1.5h'),
    durationFlag('--max-time <time>', 'end this invocation then; shapes nothing'),
    numberFlag('--patience <n>', 'stop after n evaluations without a best; 0 never', steps),
  ],
  'Learning:': [
    numberFlag('--seq-length <n>', 'steps back in time; longer sees further', positive),
    numberFlag('--batch-size <n>', 'parallel streams; more is faster, with fewer updates', positive),
    choiceFlag('--optimizer <name>', 'adam, rmsprop or sgd', optimizers),
    numberFlag('--lr <x>', 'peak; adam 0.002, sgd 0.1-1; halve it if loss jumps', { above: 0 }),
    choiceFlag('--lr-schedule <name>', 'constant, step, exponential or cosine', schedules),
    numberFlag('--lr-decay <x>', 'step and exponential: the factor each time', { above: 0, most: 1 }),
    numberFlag('--lr-decay-epochs <n>', 'step and exponential: epochs between factors', { above: 0 }),
    numberFlag('--lr-final <x>', 'cosine: the end, as a fraction of the peak', { least: 0, most: 1 }),
    numberFlag('--warmup <n>', 'steps in which the rate rises to its peak', steps),
    numberFlag('--momentum <x>', 'of sgd', { least: 0, below: 1 }),
    numberFlag('--clip-norm <x>', 'the highest that stops spikes of gradients; 0 never', { least: 0 }),
    numberFlag('--seed <n>', 'the same seed gives the same model', steps),
  ],
  'Looking and saving:': [
    textFlag('--out <folder>', 'the run folder; checkpoints/<name of the text>'),
    switchFlag('--force', 'overwrite the run that is in it'),
    numberFlag('--eval-every <n>', 'steps between validation losses; 0 only at the end', steps),
    numberFlag('--checkpoint-every <n>', 'steps between checkpoints; 0 only at the end', steps),
    numberFlag('--sample-every <n>', 'steps between samples of text; 0 never', steps),
    numberFlag('--sample-length <n>', 'characters of such a text', positive),
    numberFlag('--streams <n>', 'parallel readers of validation text; 1 is strict', positive),
  ],
  'The machine:': [
    textFlag('--device <name>', 'auto, cpu or reference'),
    numberFlag('--threads <n>', 'of the cpu; all cores unless given', positive),
  ],
  'Output:': [
    switchFlag('--json', 'one JSON object per event on stdout'),
    switchFlag('--quiet', 'warnings and errors only'),
    ...commonFlags(),
  ],
};

export function addTrainFlags(command: Command): void {
  for (const [heading, flags] of Object.entries(groups)) {
    for (const flag of flags) command.addOption(flag.helpGroup(heading));
  }
}

/** @throws a usage error where two options contradict each other */
export function checkTogether(flags: TrainFlags): void {
  exclude(flags, { epochs: '--epochs', maxSteps: '--max-steps', budget: '--budget' }, 'each is the length of the whole run: give one');
  exclude(flags, { valFraction: '--val-fraction', valFile: '--val-file' }, 'give the part of the text, or another text');
}

function exclude(flags: TrainFlags, names: Partial<Record<keyof TrainFlags, string>>, hint: string): void {
  const given = Object.entries(names).filter(([key]) => flags[key as keyof TrainFlags] !== undefined);
  if (given.length > 1) throw new RnnError('usage', `${given.map(([, flag]) => flag).join(' and ')} exclude each other`, { hint });
}

/** The options of the run that were given, in the program's words. */
export function givenOptions(flags: TrainFlags): Partial<TrainingOptions> {
  const all: { [Key in keyof TrainingOptions]: TrainingOptions[Key] | undefined } = {
    cell: flags.cell,
    layers: flags.layers,
    hidden: flags.hidden,
    embedding: flags.embedding,
    dropout: flags.dropout,
    forgetBias: flags.forgetBias,
    initialisation: flags.init,
    sequenceLength: flags.seqLength,
    batchSize: flags.batchSize,
    optimizer: flags.optimizer,
    learningRate: flags.lr,
    schedule: flags.lrSchedule,
    warmupSteps: flags.warmup,
    decay: flags.lrDecay,
    decayEpochs: flags.lrDecayEpochs,
    finalFraction: flags.lrFinal,
    momentum: flags.momentum,
    clipNorm: flags.clipNorm,
    epochs: flags.epochs,
    maxSteps: flags.maxSteps,
    budgetMs: flags.budget,
    maxTimeMs: flags.maxTime,
    seed: flags.seed,
    evaluateEvery: flags.evalEvery,
    checkpointEvery: flags.checkpointEvery,
    sampleEvery: flags.sampleEvery,
    sampleLength: flags.sampleLength,
    patience: flags.patience,
    evaluationStreams: flags.streams,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
