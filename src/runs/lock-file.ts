// Makes and reads the lock file. lock.ts decides which process may take it.
import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';

import { systemCode, usageError } from '../errors.ts';
import { otherFolderHint } from '../options/flags.ts';

/**
 * A process that has not renewed its lock for this long is gone or suspended. A suspended process
 * notices the lost lock before it writes anything.
 */
const STALE_MS = 60_000;
/**
 * A larger file is not a lock, and reading it may take minutes. A file that rnn wrote has about 200
 * bytes.
 */
const MAX_BYTES = 65_536;
/**
 * Error codes of file systems without hard links: FAT, some network and FUSE file systems. Node
 * reports Windows' code for it as EISDIR.
 */
const noLinks = new Set(['EPERM', 'EISDIR', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

export interface LockHolder {
  /** Different for each lock that was ever taken. */
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** The namespace of process numbers. Null if the system does not report it. */
  readonly pids: string | null;
  readonly since: string;
}

/** The same for all processes of a machine outside containers, even after a restart. */
export const pidsHere = linkOrNull('/proc/self/ns/pid');

/**
 * Tokens of the locks that this process holds or is taking. The process number is not enough,
 * because an earlier process may have had the same number.
 */
export const ownTokens = new Set<string>();

/** Makes the lock together with its content. Returns false if there is a lock already. */
export function createFrom(temporary: string, path: string, content: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return false;
    if (code === 'ENOENT') return false; // another process held the lock meanwhile and removed the temporary file
    if (!noLinks.has(code)) throw error;
    return createAt(path, content);
  }
}

export function createAt(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

export interface FoundLock {
  readonly holder: LockHolder | null;
  readonly isGone: boolean;
  /** Differs between locks, and changes when a lock is renewed. */
  readonly id: string;
}

/**
 * The current lock, or null.
 *
 * @param now the time by the clock of the file system, in milliseconds
 */
export function readLock(path: string, now: number): FoundLock | null {
  let file: number;
  try {
    // Opening a named pipe would wait for a writer, and a link may lead to a pipe, or to nothing.
    if (!lstatSync(path).isFile())
      throw usageError(
        `cannot use ${path} as the lock of a run: it is not a plain file`,
        `move it away, or ${otherFolderHint}`,
      );
    file = openSync(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
    throw error;
  }
  try {
    const { ino, mtimeMs, size } = fstatSync(file);
    const text = size > MAX_BYTES ? '' : readFileSync(file, 'utf8');
    const holder = parse(text);
    // A lock from the future is stale, too: its process would have renewed it after the clock was
    // set back.
    const isOld = Math.abs(now - mtimeMs) > STALE_MS;
    const isGone = isOld || (holder !== null && isHere(holder) && !isRunning(holder));
    return { holder, isGone, id: createHash('sha256').update(`${ino} ${mtimeMs} ${text}`).digest('hex').slice(0, 16) };
  } finally {
    closeSync(file);
  }
}

function parse(text: string): LockHolder | null {
  try {
    const { token, pid, host, pids = pidsHere, since } = JSON.parse(text) as Partial<LockHolder>;
    return typeof token === 'string' &&
      Number.isSafeInteger(pid) &&
      pid! > 0 &&
      typeof host === 'string' &&
      typeof since === 'string'
      ? { token, pid: pid!, host, pids, since }
      : null;
  } catch {
    return null;
  }
}

/** Whether the holder's PID is valid in this process. */
function isHere({ host, pids }: LockHolder): boolean {
  return host === hostname() && pids === pidsHere;
}

function linkOrNull(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function isRunning({ pid, token }: LockHolder): boolean {
  if (pid === process.pid) return ownTokens.has(token);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM'; // another user's process
  }
}
