// One process at a time may write a run folder. A file in it names that process, which renews the
// time of the file every few seconds. A lock is left behind if its process has ended, as its number
// tells, or, for a process on another machine or in a container with other numbers, if the file is
// old by the clock of the file system. So a run can be started again at once after a kill, and
// within a minute in a new container of the old one's name. Only Linux says how processes are
// numbered: elsewhere two containers of one host name count as one.

import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';

import { temporarySuffix } from '../files/atomic.ts';
import { RnnError } from '../errors.ts';
import { pathIn } from '../files/path-in.ts';
import { type Found, type Holder, createAt, createFrom, look, ownTokens, pidsHere } from './lock-file.ts';
import { lockFile } from './run-files.ts';
import { flagOf, otherFolder } from '../options/flags.ts';

const RENEW_MS = 10_000;
/** While other processes take and release the same lock. */
const MAX_TRIES = 20;

export class Lock {
  readonly #path: string;
  readonly #content: string;
  readonly #token: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(path: string, { token }: Holder, content: string) {
    this.#path = path;
    this.#token = token;
    this.#content = content;
    // The timer keeps no process alive. `ensure` notices a lock that could not be renewed.
    this.#timer = setInterval(() => this.#renew(), RENEW_MS).unref();
  }

  /**
   * @throws RnnError `busy`, at once, if another process holds the folder; the system's error if
   * the lock cannot be written
   */
  static take(folder: string): Lock {
    const path = pathIn(folder, lockFile);
    const holder = {
      token: randomUUID(),
      pid: process.pid,
      host: hostname(),
      pids: pidsHere,
      since: new Date().toISOString(),
    };
    const content = `${JSON.stringify(holder)}\n`;
    const temporary = `${path}.${holder.token}${temporarySuffix}`;
    ownTokens.add(holder.token);
    try {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        writeFileSync(temporary, content);
        const now = statSync(temporary).mtimeMs; // by the clock of the file system
        if (createFrom(temporary, path, content)) return new Lock(path, holder, content);
        const other = look(path, now);
        if (other === null) continue; // given back meanwhile
        if (!other.isGone) throw inUse(folder, other.holder);
        if (takeOver(other, { temporary, path, content, now }, folder)) return new Lock(path, holder, content);
      }
      throw inUse(folder, null);
    } catch (error) {
      ownTokens.delete(holder.token);
      throw error;
    } finally {
      removeIfPossible(temporary);
    }
  }

  /**
   * @throws RnnError `busy` if another process holds the folder; the system's error if that cannot
   * be seen
   */
  static refuseIfHeld(folder: string): void {
    const other = look(pathIn(folder, lockFile), Date.now());
    if (other !== null && !other.isGone) throw inUse(folder, other.holder);
  }

  /**
   * Makes sure, before anything is written, that this process still holds the lock.
   *
   * @param isOurs whether the run in the folder is as this process left it: then a lock that is
   * gone was removed, and is taken again
   * @throws RnnError `busy` if another process has taken over, as it may from one that was
   * suspended for a minute
   */
  ensure(folder: string, isOurs: () => boolean): void {
    const now = look(this.#path, 0);
    if (now?.holder?.token === this.#token) return;
    // If the run has changed, another process may have taken over and ended.
    if (now === null && isOurs() && createAt(this.#path, this.#content)) return;
    throw new RnnError(
      'busy',
      `another process${named(now?.holder ?? null)} has taken over ${folder}, while this one was suspended or cut off from it`,
      {
        hint: `what this run had saved is where the other one began: nothing is written any more. If there was no other, somebody removed ${lockFile}: go on with ${flagOf('resume')}`,
      },
    );
  }

  /** Whether the lock is where it was taken, and not in a folder that was renamed since. */
  isThere(): boolean {
    try {
      return look(this.#path, 0)?.holder?.token === this.#token;
    } catch {
      return false;
    }
  }

  /** Gives the folder back, unless another process has it by now. */
  release(): void {
    clearInterval(this.#timer);
    ownTokens.delete(this.#token);
    // If it stays, the next process finds that it was left behind.
    if (this.isThere()) removeIfPossible(this.#path);
  }

  /** Writes the file again in its place, so that its time is by the clock of the file system. */
  #renew(): void {
    try {
      const file = openSync(this.#path, 'r+');
      try {
        if (fstatSync(file).isFile() && readFileSync(file, 'utf8') === this.#content) writeSync(file, this.#content, 0);
      } finally {
        closeSync(file);
      }
    } catch {
      // A full or lost disk. `ensure` says so when there is something to write.
    }
  }
}

/** Whether a process, perhaps this one, trains in the folder, as far as can be seen. */
export function isHeld(folder: string): boolean {
  try {
    return look(pathIn(folder, lockFile), Date.now())?.isGone === false;
  } catch {
    return false; // a process that wants to train there is told what is wrong with the lock
  }
}

/**
 * Replaces a lock whose holder is gone. Of several processes that found it, only the one that
 * claims this very lock may: by renaming alone, each would replace the lock of the process before
 * it.
 *
 * @returns false if it is not there any more
 * @throws RnnError `busy` if another process has the claim
 */
function takeOver(
  stale: Found,
  { temporary, path, content, now }: { temporary: string; path: string; content: string; now: number },
  folder: string,
): boolean {
  const claims = [claimOn(path, stale)];
  for (let claim = claims[0]; !createFrom(temporary, claim, content); claims.push(claim)) {
    const other = look(claim, now);
    if (other === null) return false;
    if (!other.isGone) throw inUse(folder, other.holder);
    // That process was killed before it was done. To remove its claim might remove another's that
    // has taken the same name since.
    claim = claimOn(claim, other);
  }
  try {
    // Whoever had the claim before has replaced the lock.
    if (look(path, now)?.id !== stale.id) return false;
    renameSync(temporary, path);
    return true;
  } finally {
    claims.forEach(removeIfPossible);
  }
}

/** The name of a claim on a lock, or on a claim, that was left behind. */
const claimOn = (path: string, { id }: Found): string => `${path}.${id}${temporarySuffix}`;

/**
 * Removes a file that is not needed any more. If that fails, the next run in the folder removes it.
 */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What went wrong before counts, or nothing did.
  }
}

function named(holder: Holder | null): string {
  return holder === null ? '' : ` (number ${holder.pid} on ${holder.host}, since ${holder.since})`;
}

function inUse(folder: string, holder: Holder | null): RnnError {
  return new RnnError('busy', `another process${named(holder)} is training in ${folder}`, {
    hint: `wait for it, stop it, or ${otherFolder}`,
  });
}
