// Whether the user types a text into the terminal: nothing should be drawn over that.
import { isStandardInput } from '../corpus/standard-input.ts';
import type { Io } from './io.ts';

export const isTyped = (sources: readonly string[], io: Io): boolean => io.isStdinTerminal && sources.some(isStandardInput);
