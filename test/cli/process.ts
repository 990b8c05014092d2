// The real program in separate processes: a line of shell that runs it, and a process to send
// signals to. Both end with the test that started them, even if it fails. `npm test` builds the
// program first.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Ran } from './helpers.ts';

const root = resolve(import.meta.dirname, '../..');
const program = join(root, 'bin/rnn.js');
export const isBuilt = existsSync(join(root, 'dist/cli/start.js'));
/** Starting a process may take long where many tests share few cores. */
export const patience = 60_000;

export interface Place {
  /** The working directory. */
  readonly folder: string;
  readonly env?: Record<string, string>;
  /** Flags of Node. */
  readonly flags?: readonly string[];
  /** Sees only its own mounts, and may make some, which end with it. Needs `canMount`. */
  readonly isolated?: boolean;
}

/** A user who is root in a separate mount namespace. */
const isolation = ['unshare', '--map-root-user', '--mount'] as const;

/**
 * Whether the system lets this user make such mounts, with a disk in `folder` that becomes
 * read-only.
 */
export function canMount(folder: string): boolean {
  const [command, ...words] = isolation;
  return (
    spawnSync(command, [
      ...words,
      'sh',
      '-c',
      'mount -t tmpfs none "$1" && mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"',
      'sh',
      folder,
    ]).status === 0
  );
}

/** A command line of the shell, in which `rnn` is the program. */
export async function shell(line: string, place: Place): Promise<Ran> {
  const script = `rnn() { "${process.execPath}" "${program}" "$@"; }\n${line}`;
  const { code, stdout, stderr } = await start([...(place.isolated ? isolation : []), 'sh', '-c', script], place).ended;
  return { code, stdout, stderr };
}

export interface Running {
  /** Settles when stderr contains `sign`. Rejects if the program ends without it. */
  seen(sign: RegExp): Promise<void>;
  /** The same for stderr from now on. */
  seenNext(sign: RegExp): Promise<void>;
  send(signal: NodeJS.Signals): void;
  /** Settles when the process ends. `signal` is the signal that killed it. */
  readonly ended: Promise<Ran & { readonly signal: NodeJS.Signals | null }>;
}

/** The program itself, without a process in between that signals would have to pass. */
export const begin = (words: readonly string[], place: Place): Running =>
  start([process.execPath, ...(place.flags ?? []), program, ...words], place);

function start([command, ...words]: readonly string[], { folder, env = {} }: Place): Running {
  // The leader of a process group, which contains all processes that it starts.
  const child = spawn(command, words, {
    cwd: folder,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  onTestFinished(() => killGroup(child));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Awaited<Running['ended']>>((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => done({ code: code ?? -1, signal, stdout, stderr }));
  });
  const seen = (sign: RegExp, from: number): Promise<void> =>
    new Promise((done, fail) => {
      const look = (): void => {
        if (sign.test(stderr.slice(from))) done();
      };
      child.stderr.on('data', look);
      child.on('close', () => fail(new Error(`it ended without ${String(sign)}:\n${stderr}`)));
      look();
    });
  return {
    seen: (sign) => seen(sign, 0),
    seenNext: (sign) => seen(sign, stderr.length),
    send: (signal) => void child.kill(signal),
    ended,
  };
}

function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
}
