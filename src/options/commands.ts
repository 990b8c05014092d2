// The options of all commands except `rnn train`, under the headings of their help. Each option is
// a row: see option.ts.
import { chartNames, formatNames, horizontals, parts } from './choices.ts';
import { anyText, choice, list, number, onOff, orList, seconds, text, wholeNumber } from './kind.ts';
import { fraction, modelOptions, probability } from './network.ts';
import type { Exclusive, OptionGroups, Options, Requirement } from './option.ts';
import { devices, machineOfCommands as machine, readingOptions } from './run.ts';
import { learningOptions } from './training.ts';

const { device, threads, kernels } = machine;
const count = wholeNumber(1);
const checkpoint = {
  kind: text(),
  placeholder: '<path>',
  help: 'run folder or file',
  defaultInWords: 'the newest run',
  isEverywhere: true,
} as const;
const html = { kind: text(), placeholder: '<file>', help: 'write a page for a browser (- for stdout)' } as const;
const svg = { kind: text(), placeholder: '<file>', help: 'write a picture (- for stdout)' } as const;
/** For commands that write a page, a picture or a record. */
const force = { kind: onOff, help: 'replace a file that rnn did not write' } as const;
const json = { kind: onOff, help: 'print one JSON object' } as const;
/** How a text for a trained model is read. By default as the text of its run. */
const knownText = {
  include: {
    kind: list(),
    placeholder: '<glob>',
    help: 'in folders, read only these',
    defaultInWords: 'as in training',
  },
  exclude: { kind: list(), placeholder: '<glob>', help: 'in folders, skip these', defaultInWords: 'as in training' },
  encoding: {
    kind: readingOptions.encoding.kind,
    placeholder: '<name>',
    help: 'such as windows-1252',
    defaultInWords: 'as in training',
  },
  skipInvalid: { kind: onOff, help: readingOptions.skipInvalid.help },
} as const;
const { aliases } = learningOptions.sequenceLength;

export const sampleOptions = {
  'The text:': {
    checkpoint: { ...checkpoint, help: 'run folder or file, as an option', defaultInWords: '' },
    length: { kind: count, help: 'characters to generate', default: 500 },
    prime: { kind: anyText, help: String.raw`prompt, in which \n, \t and \u{2014} work` },
    primeFile: { kind: text(), placeholder: '<file>', help: 'read the prompt from a file, or - for stdin' },
    midText: { kind: onOff, help: 'continue the middle of a text, not its start' },
    noPrime: { kind: onOff, help: 'leave the prompt out of the output' },
    stop: { kind: list(), help: 'end at this text, escapes work, repeatable' },
    keepStop: {
      kind: onOff,
      key: 'no-keep-stop',
      aliases: ['no-stop'],
      help: 'leave the text of --stop out of the output',
      default: true,
    },
    count: { kind: count, aliases: ['num'], help: 'number of texts, sampled in parallel', default: 1 },
  },
  'The choice of each character:': {
    temperature: {
      kind: number({ min: 0 }),
      key: 'temp',
      aliases: ['temperature'],
      help: '0.5-0.8 is safer, 0 is greedy',
      default: 1,
      isEverywhere: true,
    },
    topK: { kind: count, help: 'keep the k likeliest, 10-40', isEverywhere: true },
    topP: {
      kind: number({ above: 0, max: 1 }),
      help: 'keep the likeliest that sum to x, 0.9-0.95',
      isEverywhere: true,
    },
    minP: { kind: fraction, help: 'keep those x times as likely as the first, 0.05', isEverywhere: true },
    seed: { kind: wholeNumber(0), help: 'the same seed gives the same text', defaultInWords: 'random' },
  },
  'The machine:': { device: { ...device, help: 'device to sample on (listed below)' }, threads },
  'Output:': { json: { ...json, help: 'print one JSON object per complete text' } },
} as const satisfies OptionGroups;

/** Required by the rates of dynamic evaluation. */
const forDynamic: Requirement = { option: 'dynamic', hint: 'add --dynamic, or omit it' };
export const evalOptions = {
  'The text and the model:': {
    checkpoint,
    part: { kind: choice(parts), placeholder: '<which>', help: `${orList(parts)}`, default: 'all' },
    ...knownText,
  },
  'Scoring:': {
    streams: { kind: count, help: 'parallel chunks, 1 is strict', defaultInWords: 'as in training' },
    sequenceLength: { kind: count, aliases, help: 'time steps per call', defaultInWords: 'as in training' },
    dynamic: { kind: onOff, help: 'add dynamic evaluation: learn while scoring' },
    dynamicRate: {
      kind: number({ above: 0, max: 1000 }),
      aliases: ['dynamic-lr'],
      help: 'learning rate, 0.03-0.3',
      default: 0.1,
      requires: forDynamic,
    },
    dynamicDecay: { kind: fraction, help: 'decay to trained weights, 0-0.02', default: 0.002, requires: forDynamic },
  },
  'Results:': {
    byCharacter: { kind: onOff, help: 'show the loss per character, in colours or lines' },
    html: { ...html, help: 'write a page with that loss (- for stdout)' },
    against: { kind: list(), placeholder: '<corpus>', help: 'compare with n-gram models of it, orders 1 to 6' },
    compressors: { kind: onOff, help: 'compare with gzip, brotli and xz at any length' },
  },
  'The machine:': machine,
  'Output:': { force, json: { ...json, help: 'print JSON, after the lines of --by-character' } },
} as const satisfies OptionGroups;

export const gradientsMeasured = {
  steps: {
    kind: wholeNumber(1, 10_000),
    placeholder: '<k>',
    help: 'time steps, twice the training length',
    default: 200,
  },
  positions: { kind: wholeNumber(1, 1024), help: 'places in the text, more are steadier', default: 4 },
  jacobians: { kind: wholeNumber(0, 1000), help: 'time steps to find σ max of, 0 none', default: 3 },
} as const satisfies Options;
export const gradientsOptions = {
  'The networks:': {
    checkpoint: {
      kind: list(),
      placeholder: '<path>',
      help: 'run or file, repeatable',
      defaultInWords: 'the newest run',
    },
    untrained: { kind: list(), placeholder: '<cell>', help: 'untrained network, repeatable: lstm,hidden=64' },
  },
  'The measurement:': { ...gradientsMeasured, ...knownText },
  'The machine:': machine,
  'Output:': { html, svg, force, json: { ...json, help: 'print one JSON object per network' } },
} as const satisfies OptionGroups;

export const inspectOptions = {
  'The text:': {
    checkpoint,
    ...knownText,
    length: { kind: count, help: 'characters to read', defaultInWords: '10000-80000 as needed' },
  },
  'Results:': {
    hiddenUnit: {
      kind: text(),
      key: 'unit',
      placeholder: '<name>',
      aliases: ['cell'],
      help: 'colour by unit: 0.c.17 is c of unit 17, layer 0',
    },
    html: { ...html, help: 'write a page coloured by any unit, with all gates' },
    record: { kind: text(), placeholder: '<file>', help: 'write all values, as .npz (NumPy) or .jsonl' },
  },
  'The machine:': { device, threads },
  'Output:': { force, json: { ...json, help: 'print one JSON object per line' } },
} as const satisfies OptionGroups;

export const infoOptions = {
  'Options:': { json: { ...json, help: 'print all but the weights, one JSON object each' } },
} as const satisfies OptionGroups;

export const runsOptions = {
  'Options:': { json: { ...json, help: 'print one JSON object per run' } },
} as const satisfies OptionGroups;

export const plotOptions = {
  'Options:': {
    horizontal: {
      kind: choice(horizontals),
      placeholder: '<what>',
      aliases: ['x'],
      help: `${orList(horizontals)}`,
      default: 'step',
    },
    only: { kind: choice(chartNames), placeholder: '<chart>', help: orList(chartNames) },
    smoothing: { kind: probability, aliases: ['smooth'], help: 'of the training loss, 0.6-0.95', default: 0 },
    logarithmicLoss: { kind: onOff, aliases: ['log'], help: 'draw the loss on a logarithmic axis' },
    svg,
    html: { ...html, help: 'write a page with zoom, offline (- for stdout)' },
    force,
    json: { ...json, help: 'print one JSON object per line of a chart' },
  },
} as const satisfies OptionGroups;

export const watchOptions = {
  'Options:': { json: { ...json, help: 'print the events, one JSON object per line' } },
} as const satisfies OptionGroups;

export const storyOptions = {
  'Options:': {
    stages: { kind: count, help: 'number of stages', defaultInWords: '6, all with --html or --json' },
    html: { ...html, help: 'write a page with the loss curve (- for stdout)' },
    force,
    json: { ...json, help: 'print one JSON object per sample' },
  },
} as const satisfies OptionGroups;

const forRandom: Requirement = { option: 'random', hint: 'add --random 20 to sample twenty trials' };
export const sweepOptions = {
  'The trials:': {
    grid: { kind: list(), placeholder: '<option=a,b,c>', help: 'option and its values, repeatable' },
    random: { kind: count, help: 'sample this many trials instead, such as 20' },
    sample: {
      kind: list(),
      placeholder: '<option=...>',
      help: 'from a..b, log:a..b, or a,b,c, repeatable',
      requires: forRandom,
    },
    seed: { kind: wholeNumber(0), help: 'the same seed gives the same trials', default: 1, requires: forRandom },
  },
  'The runs:': {
    out: {
      kind: text(),
      placeholder: '<folder>',
      help: 'folder of the runs',
      defaultInWords: 'sweeps/<name of the text>',
    },
    emit: { kind: onOff, help: 'print a command line per trial, train nothing' },
  },
  'Output:': {
    json: { ...json, help: 'print one JSON object per trial, then per run' },
    quiet: { kind: onOff, help: 'print only warnings' },
  },
} as const satisfies OptionGroups;

export const exportOptions = {
  'Options:': {
    format: { kind: choice(formatNames), help: 'safetensors (PyTorch) or onnx', defaultInWords: 'as --out ends' },
    out: { kind: text(), placeholder: '<file>', help: 'file, or - for stdout', defaultInWords: 'the name of the run' },
    force: { ...force, help: 'replace an existing file' },
    json: { ...json, help: 'print one JSON object about the file' },
  },
} as const satisfies OptionGroups;

export const importOptions = {
  'Options:': {
    out: {
      kind: text(),
      placeholder: '<folder>',
      help: 'run folder',
      defaultInWords: 'checkpoints/<name of the file>',
    },
    like: { kind: text(), placeholder: '<path>', help: 'model of the same sizes, if the file has none' },
    force: { ...force, help: 'replace the run in the folder' },
    json: { ...json, help: 'print one JSON object about the run folder' },
  },
} as const satisfies OptionGroups;

export const corpusOptions = { 'Options:': { force } } as const satisfies OptionGroups;

export const doctorOptions = {
  'Options:': {
    device: { kind: device.kind, placeholder: device.placeholder, help: 'check only this device (listed below)' },
    kernels,
    full: { kind: onOff, help: 'run all comparisons, also of gpu:software' },
    json: { ...json, help: 'print one JSON object per check' },
  },
} as const satisfies OptionGroups;

/** The model that is measured. */
export const benchModel = {
  cell: { kind: modelOptions.cell.kind, placeholder: '<name>', help: "see 'rnn train --help'", default: 'lstm' },
  layers: { kind: modelOptions.layers.kind, help: 'recurrent layers', default: 2 },
  hidden: { kind: modelOptions.hidden.kind, help: 'units per layer', default: 128 },
  batchSize: { kind: count, help: 'parallel sequences, best 32 or 64', default: 50 },
  sequenceLength: { kind: count, aliases, help: 'time steps per sequence', default: 50 },
} as const satisfies Options;
export const benchOptions = {
  'The machine:': {
    device: {
      kind: list(Object.keys(devices)),
      placeholder: device.placeholder,
      help: 'repeatable',
      defaultInWords: 'cpu, and gpu if there is one',
    },
    threads,
    kernels,
  },
  'The model that you want to train:': benchModel,
  'The measurement:': {
    milliseconds: {
      kind: seconds,
      key: 'seconds',
      help: 'for training and for sampling, 10 if busy',
      default: 3000,
      defaultInWords: '3',
    },
    dryRun: { kind: onOff, help: 'show the cost of an update step, run nothing' },
    profile: { kind: onOff, help: 'add the slowest operations of an update step' },
  },
  'Output:': { json: { ...json, help: 'print one JSON object per device' } },
} as const satisfies OptionGroups;

/** In each group, at most one option can be given to the command. */
export const exclusiveOf = {
  sample: [{ options: ['prime', 'primeFile'], hint: 'use one of them' }],
  sweep: [{ options: ['grid', 'random'], hint: 'use --sample cell=lstm,gru to sample from a list' }],
  bench: [{ options: ['profile', 'dryRun'], hint: 'omit one of them: a profile needs a measurement' }],
} as const satisfies Readonly<Record<string, readonly Exclusive[]>>;
