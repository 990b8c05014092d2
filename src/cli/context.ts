// The context of a command: its streams, the origins of its options, and its exit code.
import type { Io } from './process/io.ts';
import type { Output } from './output/output.ts';
import type { WaitingLine } from './progress/live-line.ts';

export interface Context {
  readonly io: Io;
  readonly stdout: Output;
  readonly stderr: Output;
  /**
   * The progress line of a command that has not printed anything yet, or null without a terminal.
   * It ends at the first write to stdout, or when the command ends.
   */
  waiting: WaitingLine | null;
  exitCode: number;
  /**
   * The origin of each given option: `--learning-rate`, `RNN_LEARNING_RATE` or `rnn.json`. The keys
   * are flags, such as `--learning-rate`.
   */
  readonly origins: Map<string, string>;
  /**
   * Whether errors are also printed on stdout as JSON, or null until the options have been read.
   */
  wantsJson: boolean | null;
  /** Whether errors are printed with their stack because of RNN_DEBUG. */
  wantsDebug: boolean;
}
