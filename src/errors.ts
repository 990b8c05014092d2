// Errors that a user can act on. Everything thrown on purpose in this project is an RnnError;
// anything else is a bug. This file knows the kinds of failure, not how they are printed or which
// exit code they become: that is cli/'s.

/**
 * What went wrong, in the words of the exit-code table: `machine` the disk or another part of the
 * machine failed, `usage` a wrong flag or value, `corpus` the text, `checkpoint` the checkpoint,
 * `diverged` training could not be recovered, `device` the requested device is not available,
 * `busy` another process trains in the run folder.
 */
export type ErrorKind = 'machine' | 'usage' | 'corpus' | 'checkpoint' | 'diverged' | 'device' | 'busy';

interface Details {
  readonly cause?: unknown;
  readonly options?: readonly string[];
  readonly cases?: readonly string[];
}

/**
 * A failure with a cause the user can understand (`message`) and something to do about it (`hint`).
 */
export class RnnError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  /** The options that it is about, as the command line calls them: `--tied`. */
  readonly options: readonly string[];
  /** The cases of a failure that has several, a line each. */
  readonly cases: readonly string[];

  constructor(kind: ErrorKind, message: string, details: Details & { readonly hint?: string | undefined } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'RnnError';
    this.kind = kind;
    this.hint = details.hint;
    this.options = details.options ?? [];
    this.cases = details.cases ?? [];
  }
}

/** Makes errors of one kind. */
const errorOf =
  (kind: ErrorKind) =>
  (message: string, hint?: string, details?: Details): RnnError =>
    new RnnError(kind, message, { ...details, hint });
export const usageError = errorOf('usage');
export const corpusError = errorOf('corpus');
export const checkpointError = errorOf('checkpoint');
export const deviceError = errorOf('device');
export const machineError = errorOf('machine');

/** The same failure, of one of several things: its message begins with the name. A bug stays as it is. */
export const errorAbout = (name: string, error: unknown): unknown =>
  error instanceof RnnError ? new RnnError(error.kind, `${name}: ${error.message}`, { ...error, cause: error }) : error;

/**
 * The system's name for what went wrong (`ENOENT`, `EACCES` …), or '' for an error that did not
 * come from the system.
 */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/**
 * For messages, of any value that a program may hand over: a text in quotes, so that '8' is not
 * taken for 8; 8n; Symbol(x); an object.
 */
export function inQuotes(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}

/** For threads that the system refuses to start. */
export const THREAD_LIMIT_HINT =
  'lower --threads, or raise the limit on threads and processes (ulimit -u, the pids limit of a container)';

/** The message of an error without the lines after the first, such as a stack of a library's own. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
