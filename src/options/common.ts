// The options that every command has.
import { onOff } from './kind.ts';
import type { Options } from './option.ts';

export const commonOptions = {
  debug: {
    kind: onOff,
    help: 'Print the stack trace of an error',
    isExcludedFromConfig: true,
    variableAppliesToAllCommands: true,
  },
  noColor: { kind: onOff, help: 'Print without colours, as with the variable NO_COLOR', isExcludedFromConfig: true },
} as const satisfies Options;
