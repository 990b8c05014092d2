// The options of all commands except train and the commands of trained.ts, under the headings of
// their help. Each option is a row: see option.ts.
import { exclusiveOfInteractive } from './interactive.ts';
import { chartNames, formatNames, horizontals, precisions } from './choices.ts';
import { choice, list, onOff, orList, seconds, text, wholeNumber } from './kind.ts';
import { modelOptions, probability } from './network.ts';
import type { ExclusiveOptions, OptionGroups, Options, Requirement } from './option.ts';
import { devices, machineOfCommands as machine } from './run.ts';
import { positiveWholeNumber, forceOption, htmlOption, jsonOption, svgOption } from './shared.ts';
import { learningOptions } from './training.ts';

const { device, threads, kernels } = machine;
const { aliases } = learningOptions.sequenceLength;

export const infoOptions = {
  'Options:': { json: { ...jsonOption, help: 'Print all but the weights, as one JSON object per checkpoint' } },
} as const satisfies OptionGroups;

export const runsOptions = {
  'Options:': { json: { ...jsonOption, help: 'Print one JSON object per run' } },
} as const satisfies OptionGroups;

export const plotOptions = {
  'Options:': {
    horizontal: {
      kind: choice(horizontals),
      placeholder: '<what>',
      aliases: ['x'],
      help: `Set the horizontal axis: ${orList(horizontals)}`,
      default: 'step',
    },
    only: {
      kind: choice(chartNames),
      placeholder: '<chart>',
      help: `Draw only this chart: ${orList(chartNames)}`,
    },
    smoothing: {
      kind: probability,
      aliases: ['smooth'],
      help: 'Smooth the training loss by this factor. Try 0.6 to 0.95',
      default: 0,
    },
    logarithmicLoss: { kind: onOff, aliases: ['log'], help: 'Draw the loss on a logarithmic axis' },
    svg: svgOption,
    html: { ...htmlOption, help: 'Write an HTML page with zoom to this file, or to stdout if it is -' },
    force: forceOption,
    json: { ...jsonOption, help: 'Print one JSON object per line of a chart' },
  },
} as const satisfies OptionGroups;

export const watchOptions = {
  'Options:': { json: { ...jsonOption, help: 'Print the events, one JSON object per line' } },
} as const satisfies OptionGroups;

export const storyOptions = {
  'Options:': {
    stages: {
      kind: positiveWholeNumber,
      help: 'Show this many stages',
      defaultInWords: '6, all with --html or --json',
    },
    html: { ...htmlOption, help: 'Write an HTML page with the loss curve to this file, or to stdout if it is -' },
    force: forceOption,
    json: { ...jsonOption, help: 'Print one JSON object per sample' },
  },
} as const satisfies OptionGroups;

const forRandom: Requirement = { option: 'random', hint: 'add --random 20 to sample twenty trials' };
export const sweepOptions = {
  'The trials:': {
    grid: {
      kind: list(),
      placeholder: '<option=a,b,c>',
      help: 'Try these values of an option. If repeated, try all combinations',
    },
    random: { kind: positiveWholeNumber, help: 'Sample this many random trials instead of a grid, such as 20' },
    sample: {
      kind: list(),
      placeholder: '<option=...>',
      help: 'Sample an option from a range (a..b, log:a..b) or a list (a,b,c). Repeatable',
      requires: forRandom,
    },
    seed: {
      kind: wholeNumber(0),
      help: 'Set the seed that samples the trials',
      default: 1,
      requires: forRandom,
    },
  },
  'The runs:': {
    out: {
      kind: text(),
      placeholder: '<folder>',
      help: 'Write the runs to this folder',
      defaultInWords: 'sweeps/<text name>',
    },
    emit: { kind: onOff, help: 'Print a command line per trial, without training' },
  },
  'Output:': {
    json: { ...jsonOption, help: 'Print one JSON object per trial, then the ranking, one per run' },
    quiet: { kind: onOff, help: 'Print only warnings and errors' },
  },
} as const satisfies OptionGroups;

export const exportOptions = {
  'Options:': {
    format: {
      kind: choice(formatNames),
      help: 'Write the file in this format: safetensors (PyTorch), onnx, rnn (a checkpoint) or html (a page)',
      defaultInWords: 'chosen from the name of --out, else safetensors',
    },
    precision: {
      kind: choice(precisions),
      help: 'Write the weights of an HTML page as float32 or float16. float16 halves its size',
      default: 'float32',
    },
    title: { kind: text(), help: 'Set the title of an HTML page', defaultInWords: 'the name of the text' },
    out: {
      kind: text(),
      placeholder: '<file>',
      help: 'Write to this file. - is stdout',
      defaultInWords: 'the name of the run',
    },
    force: { ...forceOption, help: 'Replace an existing file' },
    json: { ...jsonOption, help: 'Print one JSON object about the file' },
  },
} as const satisfies OptionGroups;

export const importOptions = {
  'Options:': {
    out: {
      kind: text(),
      placeholder: '<folder>',
      help: 'Write the run to this folder',
      defaultInWords: 'checkpoints/<name of the file>',
    },
    like: {
      kind: text(),
      placeholder: '<path>',
      help: 'Take the sizes from this run or checkpoint, for a file without metadata',
    },
    force: { ...forceOption, help: 'Replace the run in the folder' },
    json: { ...jsonOption, help: 'Print one JSON object about the run folder' },
  },
} as const satisfies OptionGroups;

export const corpusOptions = { 'Options:': { force: forceOption } } as const satisfies OptionGroups;

export const doctorOptions = {
  'Options:': {
    device: {
      kind: device.kind,
      placeholder: device.placeholder,
      help: "Check only this device. 'rnn help devices' lists them",
    },
    kernels,
    full: { kind: onOff, help: 'Run all comparisons, also with gpu:software' },
    json: { ...jsonOption, help: 'Print one JSON object per check' },
  },
} as const satisfies OptionGroups;

/** The model that is measured. */
export const benchModel = {
  cell: {
    kind: modelOptions.cell.kind,
    placeholder: '<name>',
    help: "Use layers of this architecture. 'rnn help cells' lists them",
    default: 'lstm',
    isCommon: true,
  },
  layers: { kind: modelOptions.layers.kind, help: 'Use this many recurrent layers', default: 2, isCommon: true },
  hidden: { kind: modelOptions.hidden.kind, help: 'Use this many units per layer', default: 128, isCommon: true },
  batchSize: {
    kind: positiveWholeNumber,
    help: 'Use this many parallel sequences. 32 or 64 are the fastest',
    default: 50,
  },
  sequenceLength: { kind: positiveWholeNumber, aliases, help: 'Use this many time steps per sequence', default: 50 },
} as const satisfies Options;
export const benchOptions = {
  'The machine:': {
    device: {
      kind: list(Object.keys(devices)),
      placeholder: device.placeholder,
      help: "Measure this device. 'rnn help devices' lists them. Repeatable",
      defaultInWords: 'cpu, and gpu if there is one',
      isCommon: true,
    },
    threads,
    kernels,
  },
  'The model that you want to train:': benchModel,
  'The measurement:': {
    milliseconds: {
      kind: seconds,
      key: 'seconds',
      help: 'Measure training for this many seconds, and then sampling. Try 10 on a busy machine',
      default: 3000,
      defaultInWords: '3',
      isCommon: true,
    },
    dryRun: {
      kind: onOff,
      help: 'Show the cost of an update step, with estimates for three GPUs, and run nothing',
      isCommon: true,
    },
    profile: { kind: onOff, help: 'Add the slowest operations of an update step' },
  },
  'Output:': { json: { ...jsonOption, help: 'Print one JSON object per device' } },
} as const satisfies OptionGroups;

/** In each group, at most one option can be given to the command. */
export const exclusiveOf = {
  sample: [
    { options: ['prime', 'primeFile', 'primes'], hint: 'use one of them' },
    { options: ['count', 'primes'], hint: 'omit --count: rnn prints a text for each line' },
    ...exclusiveOfInteractive,
  ],
  sweep: [{ options: ['grid', 'random'], hint: 'use --sample cell=lstm,gru to sample from a list' }],
  bench: [{ options: ['profile', 'dryRun'], hint: 'omit one of them: a profile needs a measurement' }],
} as const satisfies Readonly<Record<string, readonly ExclusiveOptions[]>>;
