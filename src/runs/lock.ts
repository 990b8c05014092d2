// Lets only one process at a time write a run folder. A lock file in the folder names that process,
// which renews the time of the file every few seconds. A lock is stale if its process has ended, or
// if the file is old by the clock of the file system, because a process on another machine, or in a
// container with another PID namespace, cannot be checked. So a run can be started again immediately
// after a kill, and within a minute in a new container with the name of the old one. Only Linux
// shows how processes are numbered: elsewhere two containers with one host name count as one.

import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
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
import { RnnError, systemCode } from '../errors.ts';
import { joinPath } from '../files/join-path.ts';
import { type FoundLock, type LockHolder, createAt, createFrom, readLock, ownTokens, pidsHere } from './lock-file.ts';
import { lockFile } from './run-files.ts';
import { flagOf, otherFolderHint } from '../options/flags.ts';

const RENEW_MS = 10_000;
/** Tries while other processes take and release the same lock. */
const MAX_TRIES = 20;

export class Lock {
  readonly #path: string;
  readonly #content: string;
  readonly #token: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(path: string, { token }: LockHolder, content: string) {
    this.#path = path;
    this.#token = token;
    this.#content = content;
    // The timer does not keep the process alive. `ensure` notices a lock that could not be renewed.
    this.#timer = setInterval(() => this.#renew(), RENEW_MS).unref();
  }

  /**
   * @throws RnnError `busy`, without waiting, if another process holds the folder. The system's
   * error if the lock cannot be written
   */
  static take(folder: string): Lock {
    const path = joinPath(folder, lockFile);
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
        try {
          const fileNowMs = statSync(temporary).mtimeMs; // by the clock of the file system
          if (createFrom(temporary, path, content)) return new Lock(path, holder, content);
          const existing = readLock(path, fileNowMs);
          if (existing === null) continue; // released meanwhile
          if (!existing.isGone) throw inUseError(folder, existing.holder);
          if (takeOver(existing, { temporary, path, content, fileNowMs }, folder))
            return new Lock(path, holder, content);
        } catch (error) {
          // A process that has just taken the lock removes all temporary files, this one too.
          if (systemCode(error) !== 'ENOENT' || existsSync(temporary)) throw error;
        }
      }
      throw inUseError(folder, null);
    } catch (error) {
      ownTokens.delete(holder.token);
      throw error;
    } finally {
      removeIfPossible(temporary);
    }
  }

  /**
   * @throws RnnError `busy` if another process holds the folder. The system's error if that cannot
   * be seen
   */
  static refuseIfHeld(folder: string): void {
    const existing = readLock(joinPath(folder, lockFile), Date.now());
    if (existing !== null && !existing.isGone) throw inUseError(folder, existing.holder);
  }

  /**
   * Makes sure, before anything is written, that this process still holds the lock.
   *
   * @param isOurs whether the run in the folder is as this process left it. In that case a missing
   * lock was removed, and this process takes it again
   * @throws RnnError `busy` if another process has taken over, which it may do if this process was
   * suspended for a minute
   */
  ensure(folder: string, isOurs: () => boolean): void {
    const current = readLock(this.#path, 0);
    if (current?.holder?.token === this.#token) return;
    // If the run has changed, another process may have taken over and ended.
    if (current === null && isOurs() && createAt(this.#path, this.#content)) return;
    throw new RnnError(
      'busy',
      `cannot continue in ${folder}: another process${describeHolder(current?.holder ?? null)} took it over, while this process was suspended or cut off from it`,
      {
        hint: `let the other process continue, which began from the last saved state, or use ${flagOf('resume')} if ${lockFile} was only removed`,
      },
    );
  }

  /** Whether the lock is where it was taken, and not in a folder that was renamed since. */
  isThere(): boolean {
    try {
      return readLock(this.#path, 0)?.holder?.token === this.#token;
    } catch {
      return false;
    }
  }

  /** Releases the folder, unless another process has taken it over. */
  release(): void {
    clearInterval(this.#timer);
    ownTokens.delete(this.#token);
    // If the file stays, the next process finds that it is stale.
    if (this.isThere()) removeIfPossible(this.#path);
  }

  /** Rewrites the file in place, which sets its time by the clock of the file system. */
  #renew(): void {
    try {
      const file = openSync(this.#path, 'r+');
      try {
        if (fstatSync(file).isFile() && readFileSync(file, 'utf8') === this.#content) writeSync(file, this.#content, 0);
      } finally {
        closeSync(file);
      }
    } catch {
      // A full or lost disk. `ensure` reports it when there is something to write.
    }
  }
}

/** Whether a process, perhaps this one, trains in the folder, as far as can be seen. */
export function isHeld(folder: string): boolean {
  try {
    return readLock(joinPath(folder, lockFile), Date.now())?.isGone === false;
  } catch {
    return false; // a process that wants to train there gets an error about the lock
  }
}

/**
 * Replaces a stale lock. Of several processes that found it, only the process that claims this very
 * lock may replace it. If each just renamed its file, each would replace the lock of the process
 * before it.
 *
 * @returns false if the lock is not there any more
 * @throws RnnError `busy` if another process has the claim
 */
function takeOver(
  stale: FoundLock,
  { temporary, path, content, fileNowMs: now }: { temporary: string; path: string; content: string; fileNowMs: number },
  folder: string,
): boolean {
  const claims = [claimOn(path, stale)];
  for (let claim = claims[0]; !createFrom(temporary, claim, content); claims.push(claim)) {
    const existing = readLock(claim, now);
    if (existing === null) return false;
    if (!existing.isGone) throw inUseError(folder, existing.holder);
    // That process was killed before it was done. Removing its claim could remove the claim of
    // another process that has taken the same name since.
    claim = claimOn(claim, existing);
  }
  try {
    // The process that had the claim before has replaced the lock.
    if (readLock(path, now)?.id !== stale.id) return false;
    renameSync(temporary, path);
    return true;
  } finally {
    claims.forEach(removeIfPossible);
  }
}

/** The name of a claim on a stale lock, or on a stale claim. */
const claimOn = (path: string, { id }: FoundLock): string => `${path}.${id}${temporarySuffix}`;

/**
 * Removes a file that is not needed any more. If that fails, the next run in the folder removes it.
 */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // An earlier error counts more than this one.
  }
}

function describeHolder(holder: LockHolder | null): string {
  return holder === null ? '' : ` (PID ${holder.pid} on ${holder.host}, since ${holder.since})`;
}

function inUseError(folder: string, holder: LockHolder | null): RnnError {
  return new RnnError('busy', `cannot train in ${folder}: another process${describeHolder(holder)} is training there`, {
    hint: `wait for that process, stop it, or ${otherFolderHint}`,
  });
}
