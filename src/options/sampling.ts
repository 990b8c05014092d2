// The options of `rnn sample`, under the headings of its help. Each option is a row: see option.ts.
import { interactiveOption } from './interactive.ts';
import { anyText, list, onOff, text, wholeNumber } from './kind.ts';
import type { OptionGroups } from './option.ts';
import { machineOfCommands } from './run.ts';
import { filterOptions, lengthKind } from './sampling-kinds.ts';
import { jsonOption, positiveWholeNumber, sameAsArgument, unknownOption } from './shared.ts';

const { device, threads } = machineOfCommands;

export const sampleOptions = {
  'The text:': {
    checkpoint: sameAsArgument,
    length: {
      kind: lengthKind,
      help: 'Generate this many characters. inf never ends',
      defaultInWords: '500, or 4 times the longest record',
      isCommon: true,
    },
    prime: { kind: anyText, help: String.raw`Continue this prompt, in which \n, \t and \u{2014} work`, isCommon: true },
    primeFile: {
      kind: text(),
      placeholder: '<file>',
      help: 'Read the prompt from this file. - is stdin',
      isCommon: true,
    },
    primes: {
      kind: text(),
      placeholder: '<file>',
      help: 'Continue each line of this file, and print one line of output per line. - is stdin',
      isCommon: true,
    },
    unknown: unknownOption,
    interactive: interactiveOption,
    midText: { kind: onOff, help: 'Treat the prompt as the middle of a text, not as its start' },
    noPrime: { kind: onOff, help: 'Omit the prompt from the output' },
    stop: {
      kind: list(),
      help: 'Stop when the text contains this string. Escapes work as in --prime. Repeatable',
      isCommon: true,
    },
    keepStop: {
      kind: onOff,
      key: 'no-keep-stop',
      aliases: ['no-stop'],
      help: 'Omit the --stop string from the output',
      isCommon: true,
      default: true,
    },
    count: {
      kind: positiveWholeNumber,
      aliases: ['num'],
      help: 'Generate this many texts in parallel',
      default: 1,
      isCommon: true,
    },
  },
  'The choice of texts:': {
    unique: { kind: onOff, help: 'Generate only distinct texts', isCommon: true },
    novel: { kind: onOff, help: 'Generate only records that the text of the run does not contain', isCommon: true },
    notIn: {
      kind: list(),
      placeholder: '<file>',
      help: 'Generate only texts that are not a record or line of this file. Repeatable',
      isCommon: true,
    },
    match: {
      kind: text(),
      placeholder: '<regex>',
      help: 'Generate only texts that match this JavaScript regular expression',
      isCommon: true,
    },
    maxTries: {
      kind: positiveWholeNumber,
      help: 'Abandon a text if this many samples in a row do not meet the conditions',
      defaultInWords: '100',
    },
    bestOf: {
      kind: positiveWholeNumber,
      help: 'Sample this many texts for each, and keep the likeliest by probability per character',
    },
  },
  'The choice of each character:': {
    ...filterOptions,
    ban: {
      kind: text(),
      placeholder: '<characters>',
      help: 'Never generate any of these characters. Escapes work as in --prime',
    },
    noRepeat: {
      kind: wholeNumber(2),
      help: 'Generate no passage of this many characters twice in a text. Try 20',
    },
    seed: {
      kind: wholeNumber(0),
      help: 'Set the seed of random numbers. The same seed gives the same text',
      defaultInWords: 'random',
      isCommon: true,
    },
  },
  'The machine:': { device: { ...device, help: "Sample on this device. 'rnn help devices' lists them" }, threads },
  'Output:': { json: { ...jsonOption, help: 'Print one JSON object per complete text', isCommon: true } },
} as const satisfies OptionGroups;
