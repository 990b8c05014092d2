// The options of rnn predict, under the headings of its help. Each option is a row: see option.ts.
import { list, onOff, text, wholeNumber } from './kind.ts';
import type { ExclusiveOptions, OptionGroups, Requirement } from './option.ts';
import { machineOfCommands } from './run.ts';
import { checkpointOption, jsonOption, positiveWholeNumber, unknownOption } from './shared.ts';

const { device, threads } = machineOfCommands;
const forBeam: Requirement = { option: 'beam', hint: 'add --beam 8, or omit it' };

export const predictOptions = {
  'The text:': {
    checkpoint: checkpointOption,
    primeFile: { kind: text(), placeholder: '<file>', help: 'Read the prompt from this file. - is stdin' },
    midText: { kind: onOff, help: 'Treat the prompt as the middle of a text, not as its start' },
    unknown: unknownOption,
  },
  'Results:': {
    top: {
      kind: positiveWholeNumber,
      help: 'Show this many characters, the likeliest first',
      default: 10,
      isCommon: true,
    },
    steps: {
      kind: positiveWholeNumber,
      help: 'Continue greedily by this many characters, and show the alternatives to each',
      isCommon: true,
    },
    beam: {
      kind: wholeNumber(1, 1024),
      help: 'Find the likeliest continuation by beam search with this many beams. Try 8',
      isCommon: true,
    },
    length: {
      kind: positiveWholeNumber,
      help: 'End the continuation of --beam after this many characters',
      default: 40,
      requires: forBeam,
    },
    stop: {
      kind: list(),
      help: 'End the continuation of --beam after this text, and include the text. Repeatable',
      requires: forBeam,
      isCommon: true,
    },
  },
  'The machine:': { device: { ...device, help: "Compute on this device. 'rnn help devices' lists them" }, threads },
  'Output:': {
    json: { ...jsonOption, help: 'Print one JSON object, or with --steps one per character', isCommon: true },
  },
} as const satisfies OptionGroups;

/** In each group, at most one option can be given to the command. */
export const exclusiveOfPredict = [
  { options: ['steps', 'beam'], hint: 'use one of them' },
  { options: ['top', 'beam'], hint: 'omit --top: --beam shows one text' },
] as const satisfies readonly ExclusiveOptions[];
