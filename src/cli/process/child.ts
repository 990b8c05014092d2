// Starts this program again, in a separate process. The child ends when its parent ends, however
// the parent ends, because a training run whose output is closed ends as after a signal. This file
// knows nothing of the child's task.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { machineError } from '../../errors.ts';
import { retiredVariables } from '../../options/retired.ts';

/** A running child process. */
export interface Child {
  /**
   * Does nothing on Windows, where a console reports Ctrl-C and its end to all its processes, and
   * where any signal kills.
   */
  send(signal: NodeJS.Signals): void;
  /** Settles when the process has ended and all its lines have been passed to `ChildLines`. */
  readonly ended: Promise<ChildEnd>;
}

/** How a child ended. Either `code` or `signal` is null. */
export interface ChildEnd {
  readonly code: number | null;
  /** The signal that killed it. */
  readonly signal: string | null;
}

/** Functions that are called for each line that the child writes. */
export interface ChildLines {
  stdout(line: string): void;
  stderr(line: string): void;
}

const hasSignals = process.platform !== 'win32';
// This path is the same from src/ and from dist/.
const program = join(resolve(import.meta.dirname, '../../..'), 'bin', 'rnn.js');

/** Starts `rnn` with the given words. */
export function startChild(argv: readonly string[], lines: ChildLines): Child {
  const child = spawn(process.execPath, [...nodeFlags(process.execArgv), program, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: withoutRetired(process.env), // the parent has warned about them
    // In a separate process group, because the parent forwards Ctrl-C, and a second INT would end
    // the child immediately.
    detached: hasSignals,
  });
  for (const name of ['stdout', 'stderr'] as const) createInterface({ input: child[name] }).on('line', lines[name]);
  const ended = new Promise<ChildEnd>((done, fail) => {
    child.on('error', (cause) =>
      fail(
        machineError(
          `cannot start another process: ${cause.message}`,
          'end other programs, and run the same command again',
          { cause },
        ),
      ),
    );
    child.on('close', (code, signal) => done({ code, signal }));
  });
  return { send: (signal) => void (hasSignals && child.kill(signal)), ended };
}

const withoutRetired = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !retiredVariables.includes(name)));

/**
 * The flags that node was started with, such as a memory limit, without the debugger flags, because
 * two processes cannot share a port.
 */
export const nodeFlags = (flags: readonly string[]): readonly string[] =>
  flags.filter((flag) => !flag.startsWith('--inspect'));
