// The options of a run apart from its training: how its text is read, the machine it runs on, where
// it is stored, and the sources of its options. Each option is a row of a table: see option.ts.
import { UTF8, encodingNamed, kernelChoices, kernelNames, lengthOptionNames } from './choices.ts';
import { type Kind, choice, list, number, onOff, orList, orNull, text, textWithEscapes, wholeNumber } from './kind.ts';
import type { ExclusiveOptions, Options, ValuesOf } from './option.ts';

const heldOut = number({ min: 0, below: 1 });
const patterns = list();

/** How the text of a run is read, apart from the choice of files. */
export const readingOptions = {
  include: {
    kind: patterns,
    placeholder: '<glob>',
    help: "In folders, read only files that match this pattern, such as '*.c'. Repeatable",
    default: [],
  },
  exclude: {
    kind: patterns,
    placeholder: '<glob>',
    help: 'In folders, skip files that match this pattern. Repeatable',
    default: [],
  },
  records: {
    kind: orNull(textWithEscapes('line, paragraph, file or a separator')),
    placeholder: '<how>',
    help: 'Divide the text into records. Choose line, paragraph, file, or a separator such as <|end|>. Records are shuffled, held out, scored and sampled one by one',
    legacyValue: null,
    fixedFor: 'run',
    isCommon: true,
  },
  column: {
    kind: patterns,
    placeholder: '<name>',
    help: 'Read this column of CSV, TSV or JSON Lines files, a record for each row. Repeatable: a tab joins the columns',
    default: [],
    legacyValue: [],
    fixedFor: 'run',
  },
  learnAfter: {
    kind: orNull(textWithEscapes('a text')),
    placeholder: '<text>',
    help: 'Learn and score only the part of each record after this text, such as the answer to a question',
    legacyValue: null,
    fixedFor: 'run',
  },
  weights: {
    kind: patterns,
    key: 'weight',
    placeholder: '<file=n>',
    help: 'Read the records of this file n times in each epoch. Repeatable',
    default: [],
    legacyValue: [],
  },
  lowercase: {
    kind: onOff,
    help: 'Convert the text to lower case',
    default: false,
    legacyValue: false,
    fixedFor: 'run',
  },
  unit: {
    kind: choice(['char', 'byte']),
    key: 'level',
    placeholder: '<level>',
    aliases: ['unit'],
    help: 'Use char or byte tokens. Bytes suit files that are not text',
    default: 'char',
    fixedFor: 'run',
    isCommon: true,
  },
  encoding: {
    kind: text('the name of an encoding, such as windows-1252', (name) => encodingNamed(name) !== null),
    placeholder: '<name>',
    help: 'Read files in this encoding, such as windows-1252 or utf-16le',
    default: UTF8,
    legacyValue: UTF8,
  },
  keepLineEnds: {
    kind: onOff,
    help: 'Keep CR and CRLF, and add no newline between files',
    default: false,
    legacyValue: true,
    fixedFor: 'run',
  },
  skipInvalid: {
    kind: onOff,
    help: 'Skip files that cannot be read as text, instead of stopping with an error',
    default: false,
    legacyValue: false,
  },
  minCount: {
    kind: wholeNumber(1),
    help: 'Merge characters that occur fewer times than this into one unknown token',
    default: 1,
    fixedFor: 'run',
  },
  validationFraction: {
    kind: heldOut,
    aliases: ['val-fraction'],
    help: 'Hold out this fraction of the text. The run validates on it. Use 0 for a tiny text',
    default: 0.1,
    isCommon: true,
  },
  validationFile: {
    kind: orNull(text('the name of a file')),
    placeholder: '<file>',
    aliases: ['val-file'],
    help: 'Validate on this file instead of a part of the text',
  },
  testFraction: {
    kind: heldOut,
    help: "Hold out this fraction of the text for 'rnn eval --part test'",
    default: 0,
    legacyValue: 0,
  },
  testFile: {
    kind: orNull(text('the name of a file')),
    placeholder: '<file>',
    help: 'Test on this file instead of a part of the text',
    legacyValue: null,
  },
} as const satisfies Options;
/** The values of the options that decide how a text is read and divided. */
export interface ReadingOptions extends ValuesOf<typeof readingOptions> {}
export const readingNames = Object.keys(readingOptions) as (keyof ReadingOptions)[];

/** A device: how it computes, and when to use it. */
export interface DeviceText {
  readonly summary: string;
  readonly use: string;
}

/** The device names of devices/open.ts, which is not loaded for help. A test compares the two. */
export const devices: Readonly<Record<string, DeviceText>> = {
  cpu: {
    summary: 'The processor: machine code, Accelerate (macOS) or WebAssembly, multithreaded',
    use: 'For most models',
  },
  gpu: {
    summary: 'A graphics card, through WebGPU (Vulkan, Metal, Direct3D 12)',
    use: 'If rnn bench shows that it is faster than the cpu',
  },
  'gpu:software': {
    summary: 'The same kernels on a software implementation of Vulkan',
    use: 'To test without a graphics card: slow',
  },
  'gpu:cpu': {
    summary: 'The same kernels, which gpu.js compiles to JavaScript',
    use: 'To test without Vulkan: very slow',
  },
  reference: {
    summary: 'Plain loops in float64, which define the correct results',
    use: 'To check the results of other devices: very slow',
  },
};

/** More threads than any machine has, and the maximum in a checkpoint. */
const MAX_THREADS = 65_536;

/**
 * Any name is accepted here, because a program with other devices may have trained the run. Opening
 * the device refuses unknown names.
 */
const deviceName = {
  ...choice(['auto', ...Object.keys(devices)]),
  expected: () => 'the name of a device',
  holds: (value: unknown) => typeof value === 'string',
} as Kind<string>;

/** The machine options of a command. */
export const machineOfCommands = {
  device: {
    kind: deviceName,
    placeholder: '<name>',
    help: "Compute on this device. 'rnn help devices' lists them",
    default: 'auto',
    variableAppliesToAllCommands: true,
    isCommon: true,
  },
  threads: {
    kind: wholeNumber(1, MAX_THREADS),
    help: 'Use this many CPU threads',
    defaultInWords: 'all fast cores',
    variableAppliesToAllCommands: true,
    isCommon: true,
  },
  kernels: {
    kind: choice(kernelChoices),
    placeholder: '<which>',
    help: `Use these CPU kernels: ${orList(kernelNames)}`,
    defaultInWords: 'auto (the fastest)',
  },
} as const satisfies Options;

const { device, threads, kernels } = machineOfCommands;
/** The machine options of a run. Null if the choice is left to the program. */
export const machineOptions = {
  device: { ...device, kind: orNull(device.kind), help: "Train on this device. 'rnn help devices' lists them" },
  threads: { ...threads, kind: orNull(threads.kind) },
  kernels: { ...kernels, kind: orNull(kernels.kind) },
} as const satisfies Options;
/** The device, threads and kernels of a run. */
export interface MachineOptions extends ValuesOf<typeof machineOptions> {}
export const machineNames = Object.keys(machineOptions) as (keyof MachineOptions)[];

/** The run folder, and the use of an existing run. */
export const folderOptions = {
  out: {
    kind: text('the name of a folder'),
    placeholder: '<folder>',
    help: 'Write the run to this folder',
    defaultInWords: 'checkpoints/<text name>',
    isCommon: true,
  },
  force: { kind: onOff, help: 'Replace the run in the folder', isCommon: true },
  resume: { kind: onOff, help: 'Resume the run in the folder. Start one if the folder has no run', isCommon: true },
  acceptNewCorpus: {
    kind: onOff,
    help: 'Accept a changed text when resuming',
    requires: { option: 'resume', hint: 'add --resume, or omit it: a new run takes any text' },
  },
  initFrom: {
    kind: text('a run folder or a file'),
    placeholder: '<path>',
    help: 'Fine-tune this run folder or checkpoint file',
    isCommon: true,
  },
} as const satisfies Options;

/** Sources of options, and output. */
export const outputOptions = {
  config: {
    kind: text('the name of a file'),
    placeholder: '<file>',
    help: 'Read options from a JSON file. Example: {"hidden": 256}',
    isExcludedFromConfig: true,
    isCommon: true,
  },
  dryRun: {
    kind: onOff,
    help: 'Show the plan of the run, and write nothing. The plan has all options, and the estimated time and memory',
    isCommon: true,
  },
  json: { kind: onOff, help: 'Print one JSON object per event on stdout' },
  quiet: { kind: onOff, help: 'Print only warnings and errors', isCommon: true },
} as const satisfies Options;

/** In each group, at most one option can be given. */
export const exclusive: readonly ExclusiveOptions[] = [
  { options: lengthOptionNames, hint: 'use one of them, because each sets the length of the whole run' },
  { options: ['resume', 'force'], hint: 'use --resume to continue the existing run, or --force to replace it' },
  { options: ['resume', 'dryRun'], hint: 'omit one of them, or use rnn info to show the options of an existing run' },
  { options: ['validationFraction', 'validationFile'], hint: 'use a fraction of the text, or another text' },
  { options: ['testFraction', 'testFile'], hint: 'use a fraction of the text, or another text' },
];

/** The options that cannot be given together with this option. */
export const excludedBy = (name: string): readonly string[] =>
  exclusive.flatMap(({ options }) => (options.includes(name) ? options.filter((other) => other !== name) : []));
