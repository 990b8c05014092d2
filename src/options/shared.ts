// Option rows that several commands share. A command may override the help text.
import { unknownPolicies } from './choices.ts';
import { choice, onOff, text, wholeNumber } from './kind.ts';

export const positiveWholeNumber = wholeNumber(1);
export const checkpointOption = {
  kind: text(),
  placeholder: '<path>',
  help: 'Use this run folder or checkpoint file',
  defaultInWords: 'the newest run',
  variableAppliesToAllCommands: true,
  isCommon: true,
} as const;
/** The run of a command that also takes it as its argument. */
export const sameAsArgument = {
  ...checkpointOption,
  help: 'Use this run folder or checkpoint file. Same as the argument',
  defaultInWords: '',
} as const;
/** How a model reads characters of a text that it does not know. */
export const unknownOption = {
  kind: choice(unknownPolicies),
  placeholder: '<how>',
  help: 'Refuse unknown characters (error), skip them, or replace them with the unknown token of --min-count',
  default: 'error',
} as const;
export const htmlOption = {
  kind: text(),
  placeholder: '<file>',
  help: 'Write an HTML page to this file, or to stdout if it is -',
} as const;
export const svgOption = {
  kind: text(),
  placeholder: '<file>',
  help: 'Write an SVG picture to this file, or to stdout if it is -',
} as const;
/** For commands that write a file that the user names. */
export const forceOption = { kind: onOff, help: 'Replace a file that rnn did not write' } as const;
export const jsonOption = { kind: onOff, help: 'Print one JSON object' } as const;
