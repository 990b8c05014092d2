// Errors that a user can act on. Everything that this project throws on purpose is an RnnError. Any
// other error is a bug. This file knows the kinds of failure. How they are printed and which exit
// code they become is decided in cli/.

/**
 * The kind of failure, named as in the table of exit codes: `machine`: the disk or another part of
 * the machine failed. `usage`: a wrong option or value. `corpus`: the text. `checkpoint`: the
 * checkpoint. `diverged`: training diverged and could not recover. `device`: the requested device
 * is not available. `busy`: another process trains in the run folder. `unmet`: not enough samples
 * meet the conditions.
 */
export type ErrorKind = 'machine' | 'usage' | 'corpus' | 'checkpoint' | 'diverged' | 'device' | 'busy' | 'unmet';

interface Details {
  readonly cause?: unknown;
  readonly options?: readonly string[];
  readonly cases?: readonly string[];
}

/** A failure that the user can understand (`message`), with something to do about it (`hint`). */
export class RnnError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  /** The options that caused the failure, as flags: `--tied`. */
  readonly options: readonly string[];
  /** The cases of a failure that has several, one line each. */
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

/** The message about a wrong value: `--hidden is 0: expected a whole number of at least 1`. */
export const unexpected = (object: string, value: string, expected: string): string =>
  `${object} is ${value}: expected ${expected}`;

/** Makes errors of one kind. */
const errorOf =
  (kind: ErrorKind) =>
  (message: string, hint?: string, details?: Details): RnnError =>
    new RnnError(kind, message, { ...details, hint });
/** An error about a wrong option or value. */
export const usageError = errorOf('usage');
/** An error about the text. */
export const corpusError = errorOf('corpus');
/** An error about a checkpoint or a run. */
export const checkpointError = errorOf('checkpoint');
/** An error about a device that cannot be used. */
export const deviceError = errorOf('device');
/** An error about conditions that samples do not meet. */
export const unmetError = errorOf('unmet');
/** An error of the disk or another part of the machine. */
export const machineError = errorOf('machine');

/**
 * The same error with a name in front of its message. Errors that are not an RnnError are returned
 * unchanged.
 */
export const errorAbout = (name: string, error: unknown): unknown =>
  error instanceof RnnError ? new RnnError(error.kind, `${name}: ${error.message}`, { ...error, cause: error }) : error;

/**
 * The system's code of an error (`ENOENT`, `EACCES` …), or '' if the error did not come from the
 * system.
 */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/**
 * Shows a value in a message: a string in quotes, so that '8' differs from 8, a bigint as 8n, a
 * symbol as Symbol(x), and an object as 'an object'.
 */
export function inQuotes(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}

/** The hint if the system refuses to start a thread. */
export const THREAD_LIMIT_HINT =
  'lower --threads, or raise the limit on threads and processes (ulimit -u, the pids limit of a container)';

/** The first line of an error's message. Other libraries may add a stack below it. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
