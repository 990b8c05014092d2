// What every command is handed: the streams, and where to leave its exit code.
import type { Io } from './process/io.ts';
import type { Output } from './output/output.ts';
import type { WaitingLine } from './progress/live-line.ts';

export interface Context {
  readonly io: Io;
  readonly stdout: Output;
  readonly stderr: Output;
  /**
   * The progress line of a command that has printed nothing yet; null if no terminal would show it.
   * It ends when something is written to stdout, or when the command ends.
   */
  waiting: WaitingLine | null;
  exitCode: number;
  /**
   * Where options that were given come from (`--learning-rate`, `RNN_LEARNING_RATE`, `rnn.json`),
   * by their names in the program.
   */
  readonly origins: Map<string, string>;
  /**
   * Whether errors are printed on stdout, too; null until the command line and the environment were
   * read.
   */
  wantsJson: boolean | null;
  /** Whether errors are told with their stack because the environment says --debug. */
  wantsDebug: boolean;
}
