// What each option of a run may be, and how it is called on the command line: for options that were given, and for those that a
// checkpoint recorded, which may have been edited.
import { cells } from '../model/cells/registry.ts';
import { initialisations, skips, stackings } from '../model/configuration.ts';
import { type TrainingOptions, optimizerNames, scheduleNames } from './options.ts';
import { presets } from './presets.ts';

interface Rule {
  readonly flag: string;
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

/** The largest value that is added to weights or multiplied with them. */
export const LARGEST = 1e6;

const number = (flag: string, expected: string, holds: (value: number) => boolean): Rule => ({
  flag,
  expected: `a ${expected}`,
  holds: (value) => typeof value === 'number' && Number.isFinite(value) && holds(value),
});
const belowOne = (flag: string): Rule => number(flag, 'number from 0 to below 1', (x) => x >= 0 && x < 1);
const upToOne = (flag: string): Rule => number(flag, 'number from 0 to 1', (x) => x >= 0 && x <= 1);
const fromZero = (flag: string): Rule => number(flag, 'number from 0 up', (x) => x >= 0);
/** Weights and gradients are float32, and soon infinite beyond. */
const upToLargest = (flag: string): Rule => number(flag, `number from 0 to ${LARGEST}`, (x) => x >= 0 && x <= LARGEST);
const withinLargest = (flag: string): Rule => number(flag, `number from -${LARGEST} to ${LARGEST}`, (x) => Math.abs(x) <= LARGEST);
const milliseconds = (flag: string): Rule => number(flag, 'number of milliseconds above 0', (x) => x > 0);
const whole = (flag: string, least: number, most = Number.MAX_SAFE_INTEGER): Rule =>
  number(
    flag,
    `whole number from ${least} to ${most === Number.MAX_SAFE_INTEGER ? '2^53 − 1' : most}`,
    (x) => Number.isSafeInteger(x) && x >= least && x <= most,
  );
const orNull = ({ flag, expected, holds }: Rule): Rule => ({
  flag,
  expected: `${expected}, or null`,
  holds: (value) => value === null || holds(value),
});
const flag = (name: string): Rule => ({ flag: name, expected: 'true or false', holds: (value) => typeof value === 'boolean' });
const oneOf = (flag: string, choices: readonly string[]): Rule => ({
  flag,
  expected: `one of ${choices.join(', ')}`,
  holds: (value) => choices.includes(value as string),
});

/** Exactly one of them is not null: the length of the run. */
export const lengths = ['epochs', 'maxSteps', 'budgetMs'] as const;

const cellNames = cells.map(({ name }) => name);

export const optionRules: { readonly [Key in keyof TrainingOptions]: Rule } = {
  preset: orNull(oneOf('--preset', Object.keys(presets))),
  cell: oneOf('--cell', cellNames),
  layers: whole('--layers', 1, 1024),
  hidden: whole('--hidden', 1, 2 ** 20),
  embedding: whole('--embedding', 0, 2 ** 20),
  dropout: belowOne('--dropout'),
  forgetBias: withinLargest('--forget-bias'),
  initialisation: oneOf('--init', initialisations),
  initScale: upToLargest('--init-scale'),
  skip: oneOf('--skip', skips),
  stacking: oneOf('--stacking', stackings),
  timeSkip: number(
    '--time-skip',
    'whole number from 2 to 65536, or 0',
    (x) => Number.isInteger(x) && (x === 0 || (x >= 2 && x <= 2 ** 16)),
  ),
  tied: flag('--tied'),
  layerNorm: flag('--layer-norm'),
  learnedState: flag('--learned-state'),
  gateBias: withinLargest('--gate-bias'),
  lockedDropout: flag('--locked-dropout'),
  weightDropout: belowOne('--weight-dropout'),
  embeddingDropout: belowOne('--embed-dropout'),
  activationPenalty: upToLargest('--ar'),
  temporalPenalty: upToLargest('--tar'),
  labelSmoothing: belowOne('--label-smoothing'),
  clipState: fromZero('--clip-state'),
  sequenceLength: whole('--seq-length', 1),
  stateReset: upToOne('--state-reset'),
  textStarts: flag('--text-starts'),
  batchSize: whole('--batch-size', 1),
  optimizer: oneOf('--optimizer', optimizerNames),
  learningRate: number('--lr', 'number above 0, at most 1000', (x) => x > 0 && x <= 1000),
  schedule: oneOf('--lr-schedule', scheduleNames),
  warmupSteps: whole('--warmup', 0),
  decay: number('--lr-decay', 'number above 0, at most 1', (x) => x > 0 && x <= 1),
  decayEpochs: number('--lr-decay-epochs', 'number above 0', (x) => x > 0),
  decayAfter: fromZero('--lr-decay-after'),
  finalFraction: upToOne('--lr-final'),
  momentum: belowOne('--momentum'),
  clipNorm: fromZero('--clip-norm'),
  nesterov: flag('--nesterov'),
  weightDecay: upToOne('--weight-decay'),
  clipValue: fromZero('--clip-value'),
  average: belowOne('--average'),
  accumulate: whole('--accumulate', 1, 2 ** 20),
  orthogonalEvery: whole('--orthogonal-every', 0),
  randomOffset: flag('--random-offset'),
  randomLength: flag('--random-length'),
  plateauPatience: whole('--plateau-patience', 1),
  epochs: orNull(number('--epochs', 'number above 0, at most 1e9', (x) => x > 0 && x <= 1e9)),
  maxSteps: orNull(whole('--max-steps', 1)),
  budgetMs: orNull(milliseconds('--budget')),
  maxTimeMs: orNull(milliseconds('--max-time')),
  seed: whole('--seed', 0),
  evaluateEvery: orNull(whole('--eval-every', 0)),
  checkpointEvery: whole('--checkpoint-every', 0),
  sampleEvery: orNull(whole('--sample-every', 0)),
  sampleLength: whole('--sample-length', 1, 2 ** 20),
  patience: whole('--patience', 0),
  evaluationStreams: whole('--streams', 1),
  validationCharacters: whole('--val-characters', 0),
  keep: whole('--keep', 0),
  maxRecoveries: whole('--max-recoveries', 0),
};

/** What options are that a checkpoint does not record because it was written before there were any: as a run was then. */
export const earlierDefaults = {
  skip: 'none',
  stacking: 'plain',
  timeSkip: 0,
  tied: false,
  layerNorm: false,
  learnedState: false,
  gateBias: 0,
  lockedDropout: false,
  weightDropout: 0,
  embeddingDropout: 0,
  activationPenalty: 0,
  temporalPenalty: 0,
  labelSmoothing: 0,
  clipState: 0,
  preset: null,
  stateReset: 0,
  textStarts: false,
  initScale: 0,
  decayAfter: 0,
  nesterov: false,
  weightDecay: 0,
  clipValue: 0,
  average: 0,
  accumulate: 1,
  orthogonalEvery: 0,
  randomOffset: false,
  randomLength: false,
  plateauPatience: 1,
  validationCharacters: 0,
} as const satisfies Partial<TrainingOptions>;

/** The first option with an invalid value; null if all are valid. @param unchosen options that are not chosen yet */
export function troubleInOptions(
  options: Readonly<Record<string, unknown>>,
  unchosen: readonly string[] = [],
): (Rule & { readonly option: string; readonly value: unknown }) | null {
  for (const [option, rule] of Object.entries(optionRules)) {
    if (unchosen.includes(option)) continue;
    const value = Object.hasOwn(options, option) ? options[option] : undefined;
    if (!rule.holds(value)) return { ...rule, option, value };
  }
  return null;
}
