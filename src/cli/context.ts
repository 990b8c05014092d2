// What every command is handed: the streams, the rest of the program, and where to leave its exit code.
import type { Activity } from '../training/activity.ts';
import type { Io } from './io.ts';
import type { Output } from './output.ts';
import type { Rooms } from './rooms.ts';

/** The progress line of a command that has printed nothing yet. It does nothing if no terminal would show it. */
export interface Waiting {
  /** For whatever reports how far it is. */
  readonly listen: (activity: Activity) => void;
  /** Something that reports nothing, from here on. */
  begin(label: string): void;
  /** Leaves the terminal as it was found, for results to be printed. May be called more than once. */
  end(): void;
}

export const noWaiting: Waiting = { listen() {}, begin() {}, end() {} };

export interface Context {
  readonly io: Io;
  readonly rooms: Rooms;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Ends when something is written to stdout, or when the command ends. */
  waiting: Waiting;
  exitCode: number;
  /** Where options that were given come from (`--learning-rate`, `RNN_LEARNING_RATE`, `rnn.json`), by their names in the program. */
  readonly origins: Map<string, string>;
  /** Whether errors are printed on stdout, too; null until the command line and the environment were read. */
  wantsJson: boolean | null;
  /** Whether errors are told with their stack because the environment says --debug. */
  wantsDebug: boolean;
}
