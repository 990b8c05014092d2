// The options of the commands that use a trained model: eval, gradients and inspect, under the
// headings of their help. Each option is a row: see option.ts.
import { parts } from './choices.ts';
import { choice, list, number, onOff, orList, text, wholeNumber } from './kind.ts';
import { fraction } from './network.ts';
import type { OptionGroups, Options, Requirement } from './option.ts';
import { machineOfCommands as machine, readingOptions } from './run.ts';
import { checkpointOption, positiveWholeNumber, forceOption, htmlOption, jsonOption, svgOption } from './shared.ts';
import { learningOptions } from './training.ts';

const { device, threads } = machine;
/** How a text for a trained model is read. By default as the text of its run. */
const knownText = {
  include: {
    kind: list(),
    placeholder: '<glob>',
    help: 'In folders, read only files that match this pattern. Repeatable',
    defaultInWords: 'as in training',
  },
  exclude: {
    kind: list(),
    placeholder: '<glob>',
    help: 'In folders, skip files that match this pattern. Repeatable',
    defaultInWords: 'as in training',
  },
  encoding: {
    kind: readingOptions.encoding.kind,
    placeholder: '<name>',
    help: 'Read files in this encoding, such as windows-1252',
    defaultInWords: 'as in training',
  },
  skipInvalid: { kind: onOff, help: readingOptions.skipInvalid.help },
} as const;
const { aliases } = learningOptions.sequenceLength;

/** Required by the rates of dynamic evaluation. */
const forDynamic: Requirement = { option: 'dynamic', hint: 'add --dynamic, or omit it' };
export const evalOptions = {
  'The text and the model:': {
    checkpoint: checkpointOption,
    part: {
      kind: choice(parts),
      placeholder: '<which>',
      help: `Score this part of the text: ${orList(parts)}`,
      default: 'all',
      isCommon: true,
    },
    ...knownText,
  },
  'Scoring:': {
    streams: {
      kind: positiveWholeNumber,
      help: 'Score the text in this many parallel chunks. 1 keeps the whole context, but is slow',
      defaultInWords: 'as in training',
    },
    sequenceLength: {
      kind: positiveWholeNumber,
      aliases,
      help: 'Score this many time steps per call',
      defaultInWords: 'as in training',
    },
    dynamic: { kind: onOff, help: 'Add dynamic evaluation, in which the model learns while it scores', isCommon: true },
    dynamicRate: {
      kind: number({ above: 0, max: 1000 }),
      aliases: ['dynamic-lr'],
      help: 'Set the learning rate of dynamic evaluation. Try 0.03 to 0.3',
      default: 0.1,
      requires: forDynamic,
    },
    dynamicDecay: {
      kind: fraction,
      help: 'Set the decay to the trained weights in dynamic evaluation. Try 0 to 0.02',
      default: 0.002,
      requires: forDynamic,
    },
  },
  'Results:': {
    byCharacter: {
      kind: onOff,
      help: 'Show the loss of each character: in colour on a terminal, otherwise one line per character',
      isCommon: true,
    },
    html: {
      ...htmlOption,
      help: 'Write an HTML page with the loss of each character to this file, or to stdout if it is -',
      isCommon: true,
    },
    against: {
      kind: list(),
      placeholder: '<corpus>',
      help: 'Compare with n-gram models of orders 1 to 6 that are counted on this text. Repeatable',
      isCommon: true,
    },
    compressors: {
      kind: onOff,
      help: 'Compare with gzip, brotli and xz. By default, only with gzip and brotli, up to 100,000 characters',
      isCommon: true,
    },
  },
  'The machine:': machine,
  'Output:': { force: forceOption, json: { ...jsonOption, help: 'Print JSON, after the lines of --by-character' } },
} as const satisfies OptionGroups;

export const gradientsMeasured = {
  steps: {
    kind: wholeNumber(1, 10_000),
    placeholder: '<k>',
    help: 'Follow gradients back for this many time steps. Try twice the sequence length of the training',
    default: 200,
    isCommon: true,
  },
  positions: {
    kind: wholeNumber(1, 1024),
    help: 'Average over this many positions in the text. More are steadier',
    default: 4,
  },
  jacobians: {
    kind: wholeNumber(0, 1000),
    help: 'Compute the largest singular value (σ max) of this many time steps. 0 turns it off',
    default: 3,
  },
} as const satisfies Options;
export const gradientsOptions = {
  'The networks:': {
    checkpoint: {
      kind: list(),
      placeholder: '<path>',
      help: 'Use this run folder or checkpoint file. Repeatable',
      defaultInWords: 'the newest run, unless --untrained is given',
      isCommon: true,
    },
    untrained: {
      kind: list(),
      placeholder: '<cell>',
      help: 'Show an untrained network, such as lstm,hidden=64. Repeatable',
      isCommon: true,
    },
  },
  'The measurement:': { ...gradientsMeasured, ...knownText },
  'The machine:': machine,
  'Output:': {
    html: { ...htmlOption, isCommon: true },
    svg: { ...svgOption, isCommon: true },
    force: forceOption,
    json: { ...jsonOption, help: 'Print one JSON object per network' },
  },
} as const satisfies OptionGroups;

export const inspectOptions = {
  'The text and the model:': {
    checkpoint: checkpointOption,
    ...knownText,
    length: {
      kind: positiveWholeNumber,
      help: 'Read this many characters',
      defaultInWords: '10,000 to 80,000, as needed',
      isCommon: true,
    },
  },
  'Results:': {
    hiddenUnit: {
      kind: text(),
      key: 'unit',
      placeholder: '<name>',
      aliases: ['cell'],
      help: 'Colour the text by one unit. 0.c.17 is the cell state c of unit 17 in layer 0',
      isCommon: true,
    },
    html: {
      ...htmlOption,
      help: 'Write an HTML page with all units and gates to this file, or to stdout if it is -',
      isCommon: true,
    },
    record: {
      kind: text(),
      placeholder: '<file>',
      help: 'Write all values to this file: .npz for NumPy, or .jsonl',
      isCommon: true,
    },
  },
  'The machine:': { device, threads },
  'Output:': {
    force: { ...forceOption, help: 'Replace a file that rnn did not write, or any file with --record' },
    json: { ...jsonOption, help: 'Print one JSON object per property and gate, or one for --unit' },
  },
} as const satisfies OptionGroups;
