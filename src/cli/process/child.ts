// This program once more, in a separate process. It ends with its parent, however the parent ends:
// once nobody reads its output any more, a run of training ends as it does after a signal. Knows
// nothing of what it is started for.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { machineError } from '../../errors.ts';
import { retiredVariables } from '../../options/retired.ts';

export interface Child {
  /**
   * Does nothing on Windows, where a console tells all its processes of Ctrl-C and of its end, and
   * where any signal kills.
   */
  send(signal: NodeJS.Signals): void;
  /** Settles when the process has ended and all its lines have been handed on. */
  readonly ended: Promise<ChildEnd>;
}

/** One of the two is null. */
export interface ChildEnd {
  readonly code: number | null;
  /** The signal that killed it. */
  readonly signal: string | null;
}

/** Called for each line that it writes. */
export interface ChildLines {
  stdout(line: string): void;
  stderr(line: string): void;
}

const hasSignals = process.platform !== 'win32';
// The same path from src/ and from dist/.
const program = join(resolve(import.meta.dirname, '../../..'), 'bin', 'rnn.js');

export function startChild(argv: readonly string[], lines: ChildLines): Child {
  const child = spawn(process.execPath, [...nodeFlags(process.execArgv), program, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: withoutRetired(process.env), // the parent has warned of them
    // In a process group of its own: Ctrl-C is for the parent, which hands it on, and a second INT
    // would end the child at once.
    detached: hasSignals,
  });
  for (const name of ['stdout', 'stderr'] as const) createInterface({ input: child[name] }).on('line', lines[name]);
  const ended = new Promise<ChildEnd>((done, fail) => {
    child.on('error', (cause) =>
      fail(
        machineError(
          `no other process could be started: ${cause.message}`,
          'end other programs, and give the same command again',
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
 * The flags that node itself was started with, such as a limit of memory. Two processes cannot
 * share the port of a debugger.
 */
export const nodeFlags = (flags: readonly string[]): readonly string[] =>
  flags.filter((flag) => !flag.startsWith('--inspect'));
