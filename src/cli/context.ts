// What every command is handed: the streams, the rest of the program, and where to leave its exit code.
import type { Io } from './io.ts';
import type { Output } from './output.ts';
import type { Rooms } from './rooms.ts';

export interface Context {
  readonly io: Io;
  readonly rooms: Rooms;
  readonly stdout: Output;
  readonly stderr: Output;
  exitCode: number;
  /** Where options that were given come from (`--lr`, `RNN_LR`, `rnn.json`), by their names in the program. */
  readonly origins: Map<string, string>;
  /** Whether errors are printed on stdout, too; null until the command line and the environment were read. */
  wantsJson: boolean | null;
  /** Whether errors are told with their stack because the environment says --debug. */
  wantsDebug: boolean;
}
