// The options of a run apart from its training: how its text is read, the machine it runs on, where
// it is stored, and the sources of its options. Each option is a row of a table: see option.ts.
import { UTF8, encodingNamed, kernelChoices, lengths } from './choices.ts';
import { type Kind, choice, list, number, onOff, orNull, text, wholeNumber } from './kind.ts';
import type { Exclusive, Options, ValuesOf } from './option.ts';

const heldOut = number({ min: 0, below: 1 });
const patterns = list();

/** How the text of a run is read, apart from the choice of files. */
export const readingOptions = {
  include: {
    kind: patterns,
    placeholder: '<glob>',
    help: "in folders, read only these ('*.c'), repeatable",
    default: [],
  },
  exclude: { kind: patterns, placeholder: '<glob>', help: 'in folders, skip these files, repeatable', default: [] },
  unit: {
    kind: choice(['char', 'byte']),
    key: 'level',
    placeholder: '<level>',
    aliases: ['unit'],
    help: 'char, or byte for any file',
    default: 'char',
    fixedFor: 'run',
  },
  encoding: {
    kind: text('the name of an encoding, such as windows-1252', (name) => encodingNamed(name) !== null),
    placeholder: '<name>',
    help: 'such as windows-1252 or utf-16le',
    default: UTF8,
    legacyValue: UTF8,
  },
  keepLineEnds: {
    kind: onOff,
    help: 'keep CR and CRLF, add no newline between files',
    default: false,
    legacyValue: true,
    fixedFor: 'run',
  },
  skipInvalid: {
    kind: onOff,
    help: 'skip files that cannot be read as text',
    default: false,
    legacyValue: false,
  },
  minCount: { kind: wholeNumber(1), help: 'merge characters seen less often', default: 1, fixedFor: 'run' },
  validationFraction: {
    kind: heldOut,
    aliases: ['val-fraction'],
    help: 'fraction to validate on, 0 if tiny',
    default: 0.1,
  },
  validationFile: {
    kind: orNull(text('the name of a file')),
    placeholder: '<file>',
    aliases: ['val-file'],
    help: 'validate on this file instead',
  },
  testFraction: { kind: heldOut, help: 'last part, for rnn eval --part test', default: 0, legacyValue: 0 },
  testFile: {
    kind: orNull(text('the name of a file')),
    placeholder: '<file>',
    help: 'test on this file instead',
    legacyValue: null,
  },
} as const satisfies Options;
/** The values of the options that decide how a text is read and divided. */
export interface ReadingOptions extends ValuesOf<typeof readingOptions> {}
export const readingNames = Object.keys(readingOptions) as (keyof ReadingOptions)[];

/** The device names of devices/open.ts, which is not loaded for help. A test compares the two. */
export const devices: Readonly<Record<string, string>> = {
  cpu: 'machine code or WebAssembly, in threads',
  gpu: 'a graphics card, through WebGPU (Vulkan, Metal, Direct3D 12)',
  'gpu:software': 'the same on a software Vulkan: slow, for tests',
  'gpu:webasm': "the same kernels in gpu.js's WebAssembly: slow",
  'gpu:cpu': "the same kernels in gpu.js's JavaScript: slower",
  reference: 'plain loops, which define the correct results',
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
    help: 'device to compute on (listed below)',
    default: 'auto',
    isEverywhere: true,
  },
  threads: {
    kind: wholeNumber(1, MAX_THREADS),
    help: 'threads of the cpu',
    defaultInWords: 'all cores',
    isEverywhere: true,
  },
  kernels: {
    kind: choice(kernelChoices),
    placeholder: '<which>',
    help: 'kernels of the cpu',
    defaultInWords: 'auto, the fastest',
  },
} as const satisfies Options;

const { device, threads, kernels } = machineOfCommands;
/** The machine options of a run. Null if the choice is left to the program. */
export const machineOptions = {
  device: { ...device, kind: orNull(device.kind), help: 'device to train on (listed below)' },
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
    help: 'run folder',
    defaultInWords: 'checkpoints/<text name>',
  },
  force: { kind: onOff, help: 'replace the run in the folder' },
  resume: { kind: onOff, help: 'resume the run in the folder, or start one' },
  acceptNewCorpus: {
    kind: onOff,
    help: 'accept another text when resuming',
    requires: { option: 'resume', hint: 'add --resume, or omit it: a new run takes any text' },
  },
  initFrom: {
    kind: text('a run folder or a file'),
    placeholder: '<path>',
    help: 'start from the weights of a run or checkpoint',
  },
} as const satisfies Options;

/** Sources of options, and output. */
export const outputOptions = {
  config: {
    kind: text('the name of a file'),
    placeholder: '<file>',
    help: 'read options from a JSON file: {"hidden": 256}',
    isNotInFiles: true,
  },
  dryRun: { kind: onOff, help: 'show all options, time and memory, write nothing' },
  json: { kind: onOff, help: 'print one JSON object per event on stdout' },
  quiet: { kind: onOff, help: 'print only warnings and errors' },
} as const satisfies Options;

/** In each group, at most one option can be given. */
export const exclusive: readonly Exclusive[] = [
  { options: lengths, hint: 'use one of them, because each sets the length of the whole run' },
  { options: ['resume', 'force'], hint: 'use --resume to continue the existing run, or --force to replace it' },
  { options: ['resume', 'dryRun'], hint: 'omit one of them, or use rnn info to show the options of an existing run' },
  { options: ['validationFraction', 'validationFile'], hint: 'use a fraction of the text, or another text' },
  { options: ['testFraction', 'testFile'], hint: 'use a fraction of the text, or another text' },
];

/** The options that cannot be given together with this option. */
export const excludedBy = (name: string): readonly string[] =>
  exclusive.flatMap(({ options }) => (options.includes(name) ? options.filter((other) => other !== name) : []));
