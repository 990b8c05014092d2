// The options of the commands besides `rnn train`, each under a heading of its help. Each is a row;
// see option.ts.
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
  help: 'a run folder or a file; the newest run unless given',
  isEverywhere: true,
} as const;
const html = { kind: text(), placeholder: '<file>', help: 'a page to read in a browser; - is stdout' } as const;
const svg = { kind: text(), placeholder: '<file>', help: 'a picture for papers and pages; - is stdout' } as const;
/** For commands that write a page, a picture or a record. */
const force = { kind: onOff, help: 'replace a file that rnn did not write' } as const;
const json = { kind: onOff, help: 'one JSON object' } as const;
/** Of a text that a trained model reads: unless given, as the text of its run was. */
const knownText = {
  include: { kind: list(), placeholder: '<glob>', help: 'of a folder, only these files; as in training' },
  exclude: { kind: list(), placeholder: '<glob>', help: 'of a folder, not these files; as in training' },
  encoding: {
    kind: readingOptions.encoding.kind,
    placeholder: '<name>',
    help: 'of the files, such as windows-1252; as in training',
  },
  skipInvalid: { kind: onOff, help: readingOptions.skipInvalid.help },
} as const;
const { aliases } = learningOptions.sequenceLength;

export const sampleOptions = {
  'The text:': {
    checkpoint: { ...checkpoint, help: 'the run, given as an option' },
    length: { kind: count, help: 'characters to write', default: 500 },
    prime: { kind: anyText, help: String.raw`how the text starts; \n, \t and \u{2014} work` },
    primeFile: { kind: text(), placeholder: '<file>', help: 'how the text starts, from a file, or - for stdin' },
    midText: { kind: onOff, help: 'the prime is from within a text, not its start' },
    noPrime: { kind: onOff, help: 'leave the prime out of the output' },
    stop: { kind: list(), help: 'end where this is written; escapes work; repeatable' },
    keepStop: {
      kind: onOff,
      key: 'no-keep-stop',
      aliases: ['no-stop'],
      help: 'leave the text of --stop out of the output',
      default: true,
    },
    count: { kind: count, aliases: ['num'], help: 'how many texts; several are drawn at once', default: 1 },
  },
  'The choice of each character:': {
    temperature: {
      kind: number({ min: 0 }),
      key: 'temp',
      aliases: ['temperature'],
      help: '0.5-0.8 is safer, 0 the likeliest',
      default: 1,
      isEverywhere: true,
    },
    topK: { kind: count, help: 'only the k likeliest; 10-40', isEverywhere: true },
    topP: {
      kind: number({ above: 0, max: 1 }),
      help: 'only the likeliest that make up this share; 0.9-0.95',
      isEverywhere: true,
    },
    minP: { kind: fraction, help: 'only those at least x times as likely as the first; 0.05', isEverywhere: true },
    seed: { kind: wholeNumber(0), help: 'the same seed writes the same text' },
  },
  'The machine:': { device: { ...device, help: 'where to draw; listed below' }, threads },
  'Output:': { json: { ...json, help: 'one JSON object per text, when it is complete' } },
} as const satisfies OptionGroups;

/** The rates of dynamic evaluation. */
const forDynamic: Requirement = { option: 'dynamic', hint: 'add --dynamic, or leave it out' };
export const evalOptions = {
  'What is scored:': {
    checkpoint,
    part: { kind: choice(parts), placeholder: '<which>', help: `${orList(parts)}: as split`, default: 'all' },
    ...knownText,
  },
  'How it is read:': {
    streams: { kind: count, help: 'parts side by side; as in training; 1 is strict' },
    sequenceLength: { kind: count, aliases, help: 'steps at a time; as in training' },
    dynamic: { kind: onOff, help: 'also with weights that learn from what was scored' },
    dynamicRate: {
      kind: number({ above: 0, max: 1000 }),
      aliases: ['dynamic-lr'],
      help: 'learning rate; 0.03-0.3',
      default: 0.1,
      requires: forDynamic,
    },
    dynamicDecay: { kind: fraction, help: 'decay to the trained ones; 0-0.02', default: 0.002, requires: forDynamic },
  },
  'What is shown:': {
    byCharacter: { kind: onOff, help: 'what each character cost: in colours, or a line each' },
    html: { ...html, help: 'a page of the text shaded by it; - is stdout' },
    against: { kind: list(), placeholder: '<corpus>', help: 'beside n-gram models of this text, of orders 1 to 6' },
    compressors: { kind: onOff, help: 'beside gzip, brotli and xz; a short text always is' },
  },
  'The machine:': machine,
  'Output:': { force, json: { ...json, help: 'one JSON object, after those of --by-character' } },
} as const satisfies OptionGroups;

export const gradientsMeasured = {
  steps: {
    kind: wholeNumber(1, 10_000),
    placeholder: '<k>',
    help: 'time steps back; twice the window',
    default: 200,
  },
  positions: { kind: wholeNumber(1, 1024), help: 'places in the text; more are steadier', default: 4 },
  jacobians: { kind: wholeNumber(0, 1000), help: 'steps whose σ max is found; 0 none', default: 3 },
} as const satisfies Options;
export const gradientsOptions = {
  'The networks, side by side:': {
    checkpoint: {
      kind: list(),
      placeholder: '<path>',
      help: 'a run or a file, repeatable; the newest run unless given',
    },
    untrained: { kind: list(), placeholder: '<cell>', help: 'as training starts, repeatable: lstm,hidden=64' },
  },
  'What is measured:': {
    ...gradientsMeasured,
    ...knownText,
  },
  'The machine:': machine,
  'Output:': { html, svg, force, json: { ...json, help: 'one JSON object per network' } },
} as const satisfies OptionGroups;

export const inspectOptions = {
  'What is read:': {
    checkpoint,
    ...knownText,
    length: { kind: count, help: 'characters to read; 10000 to 80000 by the properties' },
  },
  'What is shown:': {
    cell: { kind: text(), placeholder: '<name>', help: 'the text coloured by one: c of unit 17, layer 0 is 0.c.17' },
    html: { ...html, help: 'a page with the text coloured by any cell, and all gates' },
    record: { kind: text(), placeholder: '<file>', help: 'all values, as .npz (NumPy) or .jsonl' },
  },
  'The machine:': { device, threads },
  'Output:': { force, json: { ...json, help: 'one JSON object a line' } },
} as const satisfies OptionGroups;

export const infoOptions = {
  'Options:': { json: { ...json, help: 'everything but the weights, as one JSON object each' } },
} as const satisfies OptionGroups;

export const runsOptions = {
  'Options:': { json: { ...json, help: 'one JSON object per run' } },
} as const satisfies OptionGroups;

export const plotOptions = {
  'Options:': {
    horizontal: {
      kind: choice(horizontals),
      placeholder: '<what>',
      aliases: ['x'],
      help: `over ${orList(horizontals)}`,
      default: 'step',
    },
    only: { kind: choice(chartNames), placeholder: '<chart>', help: orList(chartNames) },
    smoothing: { kind: probability, aliases: ['smooth'], help: 'of the training loss; 0.6-0.95', default: 0 },
    logarithmicLoss: { kind: onOff, aliases: ['log'], help: 'the loss on a logarithmic axis' },
    svg,
    html: { ...html, help: 'a page to zoom in, without a network; - is stdout' },
    force,
    json: { ...json, help: 'one JSON object per line of a chart' },
  },
} as const satisfies OptionGroups;

export const watchOptions = {
  'Options:': { json: { ...json, help: 'the events of the run, one JSON object a line' } },
} as const satisfies OptionGroups;

export const storyOptions = {
  'Options:': {
    stages: { kind: count, help: 'how many; 6 unless given, all with --html or --json' },
    html: { ...html, help: 'a page with the curve of the loss; - is stdout' },
    force,
    json: { ...json, help: 'one JSON object per sample' },
  },
} as const satisfies OptionGroups;

const forRandom: Requirement = { option: 'random', hint: '--random 20 draws twenty trials' };
export const sweepOptions = {
  'The trials:': {
    grid: { kind: list(), placeholder: '<option=a,b,c>', help: 'an option and its values; repeatable' },
    random: { kind: count, help: 'sample this many trials instead; 20 find most' },
    sample: {
      kind: list(),
      placeholder: '<option=...>',
      help: 'of a..b, log:a..b, or a,b,c; repeatable',
      requires: forRandom,
    },
    seed: { kind: wholeNumber(0), help: 'the same seed, the same trials', default: 1, requires: forRandom },
  },
  'Where they go:': {
    out: { kind: text(), placeholder: '<folder>', help: 'a run folder for each; sweeps/<name of the text>' },
    emit: { kind: onOff, help: 'print a command line for each, and train none' },
  },
  'Output:': {
    json: { ...json, help: 'one JSON object per trial, then per run' },
    quiet: { kind: onOff, help: 'print nothing but warnings' },
  },
} as const satisfies OptionGroups;

export const exportOptions = {
  'Options:': {
    format: { kind: choice(formatNames), help: 'safetensors for PyTorch, or onnx; else by the ending of --out' },
    out: {
      kind: text(),
      placeholder: '<file>',
      help: 'a file, or - for stdout; unless given, the name of the run',
    },
    force: { ...force, help: 'replace the file if it is there' },
    json: { ...json, help: 'one JSON object about the file' },
  },
} as const satisfies OptionGroups;

export const importOptions = {
  'Options:': {
    out: { kind: text(), placeholder: '<folder>', help: 'the run folder; checkpoints/<name of the file>' },
    like: { kind: text(), placeholder: '<path>', help: 'a model of the same sizes, if the file names none' },
    force: { ...force, help: 'replace the run that is in the folder' },
    json: { ...json, help: 'one JSON object about the run folder' },
  },
} as const satisfies OptionGroups;

export const corpusOptions = { 'Options:': { force } } as const satisfies OptionGroups;

export const doctorOptions = {
  'Options:': {
    device: { kind: device.kind, placeholder: device.placeholder, help: 'only this one; listed below' },
    kernels,
    full: { kind: onOff, help: 'every comparison with the reference, also of gpu:software' },
    json: { ...json, help: 'one JSON object per check' },
  },
} as const satisfies OptionGroups;

/** The model that is measured. */
export const benchModel = {
  cell: {
    kind: modelOptions.cell.kind,
    placeholder: '<name>',
    help: "one of those in 'rnn train --help'",
    default: 'lstm',
  },
  layers: { kind: modelOptions.layers.kind, help: 'on top of each other', default: 2 },
  hidden: { kind: modelOptions.hidden.kind, help: 'units in each', default: 128 },
  batchSize: { kind: count, help: 'parallel sequences; 32 or 64 are best', default: 50 },
  sequenceLength: { kind: count, aliases, help: 'steps back in time', default: 50 },
} as const satisfies Options;
export const benchOptions = {
  'The machine:': {
    device: {
      kind: list(Object.keys(devices)),
      placeholder: device.placeholder,
      help: 'repeatable; cpu unless given, and gpu if one answers',
    },
    threads,
    kernels,
  },
  'The model (as you mean to train it):': benchModel,
  'The measurement:': {
    milliseconds: {
      kind: seconds,
      key: 'seconds',
      help: 'each for training and sampling; 10 if busy',
      default: 3000,
      defaultInWords: '3',
    },
    dryRun: { kind: onOff, help: 'plan, and show what a step takes; run nothing' },
    profile: { kind: onOff, help: 'also the operations of a training step, which take most' },
  },
  'Output:': { json: { ...json, help: 'one JSON object per device' } },
} as const satisfies OptionGroups;

/** Of each group, at most one option can be given to the command. */
export const exclusiveOf = {
  sample: [{ options: ['prime', 'primeFile'], hint: 'give the start of the text once' }],
  sweep: [{ options: ['grid', 'random'], hint: '--sample cell=lstm,gru draws from a list' }],
  bench: [{ options: ['profile', 'dryRun'], hint: 'a profile needs a run' }],
} as const satisfies Readonly<Record<string, readonly Exclusive[]>>;
