// The options of a run apart from its training: how its text is read, the machine it runs on, where
// it is kept, and where its options come from. Each is a row; see option.ts.
import { UTF8, encodingNamed, kernelChoices, lengths } from './choices.ts';
import { type Kind, choice, list, number, onOff, orNull, text, wholeNumber } from './kind.ts';
import type { Exclusive, Options, ValuesOf } from './option.ts';

const heldOut = number({ min: 0, below: 1 });
const patterns = list();

/** How the text of a run is read, apart from which files it is in. */
export const readingOptions = {
  include: {
    kind: patterns,
    placeholder: '<glob>',
    help: "of a folder, only these files ('*.c'); repeatable",
    default: [],
  },
  exclude: { kind: patterns, placeholder: '<glob>', help: 'of a folder, not these files; repeatable', default: [] },
  unit: {
    kind: choice(['char', 'byte']),
    placeholder: '<unit>',
    help: 'char, or byte for any file',
    default: 'char',
    fixedFor: 'run',
  },
  encoding: {
    kind: text('the name of an encoding, such as windows-1252', (name) => encodingNamed(name) !== null),
    placeholder: '<name>',
    help: 'such as windows-1252, utf-16le',
    default: UTF8,
    legacyValue: UTF8,
  },
  keepLineEnds: {
    kind: onOff,
    help: 'keep CR and CRLF; add no newline between files',
    default: false,
    legacyValue: true,
    fixedFor: 'run',
  },
  skipInvalid: {
    kind: onOff,
    help: 'leave out files that cannot be read as text',
    default: false,
    legacyValue: false,
  },
  minCount: { kind: wholeNumber(1), help: 'merge characters seen less often', default: 1, fixedFor: 'run' },
  validationFraction: {
    kind: heldOut,
    aliases: ['val-fraction'],
    help: 'part to validate on, 0 if tiny',
    default: 0.1,
  },
  validationFile: {
    kind: orNull(text('the name of a file')),
    placeholder: '<file>',
    aliases: ['val-file'],
    help: 'validate on this text instead',
  },
  testFraction: { kind: heldOut, help: 'last part, for rnn eval --part test', default: 0, legacyValue: 0 },
  testFile: {
    kind: orNull(text('the name of a file')),
    placeholder: '<file>',
    help: 'test on this text instead',
    legacyValue: null,
  },
} as const satisfies Options;
export interface ReadingOptions extends ValuesOf<typeof readingOptions> {}
export const readingNames = Object.keys(readingOptions) as (keyof ReadingOptions)[];

/** The names of devices/open.ts, which is not loaded for a help text: a test compares the two. */
export const devices: Readonly<Record<string, string>> = {
  cpu: 'machine code or WebAssembly, in threads',
  gpu: 'a graphics card, through WebGPU (Vulkan, Metal, Direct3D 12)',
  'gpu:software': 'the same on a Vulkan made of software: slow, for tests',
  'gpu:webasm': "the same kernels in gpu.js's WebAssembly: slow",
  'gpu:cpu': "the same kernels in gpu.js's JavaScript: slower",
  reference: 'plain loops, which define what the others compute',
};

/** Far above any machine, and what a checkpoint may record. */
const MAX_THREADS = 65_536;

/**
 * Opening a device refuses one that is not there: a run may have been trained by a program with
 * other devices.
 */
const deviceName = {
  ...choice(['auto', ...Object.keys(devices)]),
  expected: () => 'the name of a device',
  holds: (value: unknown) => typeof value === 'string',
} as Kind<string>;

/** What a command computes on. */
export const machineOfCommands = {
  device: {
    kind: deviceName,
    placeholder: '<name>',
    help: 'where to compute; listed below',
    default: 'auto',
    isEverywhere: true,
  },
  threads: { kind: wholeNumber(1, MAX_THREADS), help: 'of the cpu; all cores unless given', isEverywhere: true },
  kernels: {
    kind: choice(kernelChoices),
    placeholder: '<which>',
    help: 'what the cpu computes with; auto is the fastest',
  },
} as const satisfies Options;

const { device, threads, kernels } = machineOfCommands;
/** What a run is computed on; null where that is left open. */
export const machineOptions = {
  device: { ...device, kind: orNull(device.kind), help: 'where to train; listed below' },
  threads: { ...threads, kind: orNull(threads.kind) },
  kernels: { ...kernels, kind: orNull(kernels.kind) },
} as const satisfies Options;
export interface MachineOptions extends ValuesOf<typeof machineOptions> {}
export const machineNames = Object.keys(machineOptions) as (keyof MachineOptions)[];

/** Which run this is, in its folder. */
export const folderOptions = {
  out: {
    kind: text('the name of a folder'),
    placeholder: '<folder>',
    help: 'the run folder; checkpoints/<name of the text>',
  },
  force: { kind: onOff, help: 'replace the run in the folder' },
  resume: { kind: onOff, help: 'continue the run in the folder, or start one' },
  acceptNewCorpus: {
    kind: onOff,
    help: 'with --resume: accept another text',
    requires: { option: 'resume', hint: 'a new run takes any text' },
  },
  initFrom: {
    kind: text('a run folder or a file'),
    placeholder: '<path>',
    help: 'start from the weights of a run or checkpoint',
  },
} as const satisfies Options;

/** Where options come from, and what is printed. */
export const outputOptions = {
  config: {
    kind: text('the name of a file'),
    placeholder: '<file>',
    help: 'more options, in a JSON file: {"hidden": 256}',
    isNotInFiles: true,
  },
  dryRun: { kind: onOff, help: 'show all options, time and memory; write nothing' },
  json: { kind: onOff, help: 'one JSON object per event on stdout' },
  quiet: { kind: onOff, help: 'warnings and errors only' },
} as const satisfies Options;

/** Of each group, at most one option can be given. */
export const exclusive: readonly Exclusive[] = [
  { options: lengths, hint: 'each is the length of the whole run: give one' },
  { options: ['resume', 'force'], hint: 'the first continues the run that is there, the second removes it' },
  { options: ['resume', 'dryRun'], hint: 'rnn info shows the options of a run that is there; leave one of them out' },
  { options: ['validationFraction', 'validationFile'], hint: 'give the part of the text, or another text' },
  { options: ['testFraction', 'testFile'], hint: 'give the part of the text, or another text' },
];

/** The options that cannot be given together with this option. */
export const excludedBy = (name: string): readonly string[] =>
  exclusive.flatMap(({ options }) => (options.includes(name) ? options.filter((other) => other !== name) : []));
