// The options of rnn score, under the headings of its help. Each option is a row: see option.ts.
import { measureNames, unknownScorings } from './choices.ts';
import { choice, list, number, onOff, orList } from './kind.ts';
import type { OptionGroups } from './option.ts';
import { machineOfCommands as machine, readingOptions } from './run.ts';
import { checkpointOption, jsonOption, positiveWholeNumber } from './shared.ts';

export const scoreOptions = {
  'The models and the lines:': {
    checkpoint: {
      ...checkpointOption,
      kind: list(),
      help: 'Use this run folder or checkpoint file. Repeatable: several models classify each line',
    },
    encoding: {
      kind: readingOptions.encoding.kind,
      placeholder: '<name>',
      help: 'Read files in this encoding, such as windows-1252',
      defaultInWords: 'as in training',
    },
    unknown: {
      kind: choice(unknownScorings),
      placeholder: '<how>',
      help: 'Count the bits of unknown characters (count), refuse them (error), skip them, or replace them by the unknown token of --min-count',
      default: 'count',
    },
  },
  'The lines to print:': {
    sort: { kind: onOff, help: 'Print the lines with the highest measure first', isCommon: true },
    top: { kind: positiveWholeNumber, help: 'Print only this many lines, the highest first', isCommon: true },
    above: {
      kind: number(),
      help: 'Print only lines above this measure. The exit code is 8 if there is such a line',
      isCommon: true,
    },
    by: {
      kind: choice(measureNames),
      placeholder: '<measure>',
      help: `Compare lines by this measure: ${orList(measureNames)}`,
      default: 'bpc',
      isCommon: true,
    },
  },
  'The machine:': machine,
  'Output:': { json: { ...jsonOption, help: 'Print one JSON object per line', isCommon: true } },
} as const satisfies OptionGroups;
