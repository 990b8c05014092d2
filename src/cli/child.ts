// This program once more, in a process of its own. It ends with its parent, whatever becomes of that: nobody reads its output any more,
// which ends a run of training as a signal does. Knows nothing of what it is started for.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { RnnError } from '../errors.ts';
import type { Signal } from './signals.ts';

export interface Child {
  /** Hands on a signal that this process was sent: a run finishes its step and saves. */
  finish(signal: Signal): void;
  /** Hands on a second INT: a run ends at once. */
  interrupt(): void;
  /** Stops it where it is, until it is to go on. */
  pause(): void;
  goOn(): void;
  /** Settles when it is over and all that it wrote was handed on. */
  readonly ended: Promise<ChildEnd>;
}

/** Of the two, one is null. */
export interface ChildEnd {
  readonly code: number | null;
  /** What killed it. */
  readonly signal: string | null;
}

/** Called for each line that it writes. */
export interface ChildLines {
  stdout(line: string): void;
  stderr(line: string): void;
}

/** On Windows a console tells all its processes of Ctrl-C and of its end, and any signal sent to one would kill it. */
const hasGroups = process.platform !== 'win32';
// The same place from src/ and from dist/.
const program = join(resolve(import.meta.dirname, '../..'), 'bin', 'rnn.js');

export function startChild(argv: readonly string[], lines: ChildLines): Child {
  // In a group of its own: Ctrl-C is for the parent, which hands it on, and twice would mean at once.
  const child = spawn(process.execPath, [...nodeFlags(process.execArgv), program, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: hasGroups,
  });
  for (const name of ['stdout', 'stderr'] as const) createInterface({ input: child[name] }).on('line', lines[name]);
  const ended = new Promise<ChildEnd>((done, fail) => {
    child.on('error', (cause) =>
      fail(
        new RnnError('machine', `no other process could be started: ${cause.message}`, {
          hint: 'end other programs, and give the same command again',
          cause,
        }),
      ),
    );
    child.on('close', (code, signal) => done({ code, signal }));
  });
  const send = (signal: NodeJS.Signals): void => void (hasGroups && child.kill(signal));
  return {
    // Not as INT: some send one to every process of a job (scancel, KillSignal= of systemd), and a second one means at once.
    finish: (signal) => void ((hasGroups || signal === 'SIGTERM') && child.kill('SIGTERM')),
    interrupt: () => send('SIGINT'),
    pause: () => send('SIGSTOP'),
    goOn: () => send('SIGCONT'),
    ended,
  };
}

/** The flags that node itself was started with, such as a limit of memory. Two processes cannot share the port of a debugger. */
export const nodeFlags = (flags: readonly string[]): readonly string[] => flags.filter((flag) => !flag.startsWith('--inspect'));
