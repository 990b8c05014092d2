// Whether the user types the text into the terminal: a progress line must not overwrite it.
import { isStandardInput } from '../corpus/standard-input.ts';
import type { Io } from './io.ts';

export const isTyped = (sources: readonly string[], io: Io): boolean => io.isStdinTerminal && sources.some(isStandardInput);
