// A fault of a command line, a text, a checkpoint, a folder or a disk: the exit code, the cause
// that the message must name, and the remedy that the hint must give. @name is a path in the folder
// of faults-folder.ts; $SMALL are its sizes.
import type { Surroundings } from './helpers.ts';

export interface Fault {
  /** The fault in words. */
  readonly wrong: string;
  /** The words after `rnn`. */
  readonly line: string;
  readonly code: number;
  readonly cause: RegExp;
  readonly remedy: RegExp;
  readonly around?: Surroundings;
  /** A run folder that this process locks meanwhile. */
  readonly held?: string;
  readonly onlyOnLinux?: boolean;
}

type Row = readonly [
  wrong: string,
  line: string,
  cause: RegExp,
  remedy: RegExp,
  more?: Pick<Fault, 'around' | 'held' | 'onlyOnLinux'>,
];

export const endingWith = (code: number, rows: readonly Row[]): Fault[] =>
  rows.map(([wrong, line, cause, remedy, more]) => ({ wrong, line, code, cause, remedy, ...more }));

export const train = (flags: string, text = '@text.txt'): string => `train ${text} --out @new ${flags}`;
export const sample = (flags: string, checkpoint = '@run'): string => `sample --checkpoint ${checkpoint} ${flags}`;
export const resume = (run: string, flags = '', text = '@text.txt'): string =>
  `train ${text} --out ${run} --resume ${flags}`;
