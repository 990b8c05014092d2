// The options of more than one command.
import { onOff } from './kind.ts';
import type { Options } from './option.ts';

/** What every command has. */
export const commonOptions = {
  debug: { kind: onOff, help: 'print the stack of an error', isForCommandLine: true },
  noColor: { kind: onOff, help: 'no colours; NO_COLOR and FORCE_COLOR work too', isForCommandLine: true },
} as const satisfies Options;

/** Of commands that read texts. */
export const skipInvalid = {
  kind: onOff,
  help: 'leave out files that cannot be read as text',
  default: false,
  earlier: false,
} as const;
