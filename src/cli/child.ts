// This program once more, in a process of its own. It ends with its parent, whatever becomes of that: nobody reads its output any more, which
// ends a run of training as a signal does. Knows nothing of what it is started for.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { RnnError } from '../errors.ts';
import type { Signal } from './io.ts';

export interface Child {
  send(signal: Signal): void;
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

// The same place from src/ and from dist/.
const program = join(resolve(import.meta.dirname, '../..'), 'bin', 'rnn.js');

export function startChild(argv: readonly string[], lines: ChildLines): Child {
  // In a group of its own: Ctrl-C is for the parent, which hands it on, and twice would mean at once.
  const child = spawn(process.execPath, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32' });
  for (const name of ['stdout', 'stderr'] as const) createInterface({ input: child[name] }).on('line', lines[name]);
  const ended = new Promise<ChildEnd>((done, fail) => {
    child.on('error', (cause) => fail(new RnnError('machine', `no other process could be started: ${cause.message}`, { hint: 'end other programs, and give the same command again', cause })));
    child.on('close', (code, signal) => done({ code, signal }));
  });
  return { send: (signal) => void child.kill(signal), ended };
}
