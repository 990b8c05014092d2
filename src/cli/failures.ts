// Turns an error into a message for the user and an exit code. Knows nothing of commands.
import { inspect } from 'node:util';
import { type ErrorKind, RnnError, THREAD_LIMIT_HINT, systemCode } from '../errors.ts';
import type { EndReason } from '../training/events.ts';
import { type Signal, signalCodes } from './process/signals.ts';

/** A bug exits with the code of `machine`, too. */
export const exitCodes: Readonly<Record<ErrorKind, number>> = {
  machine: 1,
  usage: 2,
  corpus: 3,
  checkpoint: 4,
  diverged: 5,
  device: 6,
  busy: 7,
  unmet: 9,
};

interface Failure {
  readonly code: number;
  readonly message: string;
  readonly hint: string | undefined;
  /** The cases of a failure that has several. */
  readonly cases: readonly string[];
  /** The options that the failure is about, by their names on the command line. */
  readonly options: readonly string[];
  /** Shown for a bug, and for any error with --debug. */
  readonly stack: string | undefined;
}

/** Hints for limits of the operating system that the program may reach, by system error code. */
const limitHints: Readonly<Record<string, string>> = {
  EMFILE: 'raise the limit on open files (ulimit -n), or lower --threads',
  ENFILE: 'close other programs, or raise the system-wide limit on open files',
  EAGAIN: THREAD_LIMIT_HINT,
  ERR_WORKER_INIT_FAILED: THREAD_LIMIT_HINT,
  ENOMEM: 'free memory, or raise the limit on address space (ulimit -v)',
};
/** The messages of V8 when it cannot allocate memory. */
const outOfMemory = /^Array buffer allocation failed$|could not allocate memory$/;

/** A hint for a limit or another fault of the system, or undefined for any other error. */
function limitHint(error: unknown): string | undefined {
  // `process.cwd()` fails because the current folder was removed.
  if (error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd')
    return 'change to a folder that exists, because the current folder was removed';
  const code = error instanceof RangeError && outOfMemory.test(error.message) ? 'ENOMEM' : systemCode(error);
  return Object.hasOwn(limitHints, code) ? limitHints[code] : undefined;
}

/**
 * Describes anything that was thrown. The user can act on an RnnError or on a limit of the system.
 * Any other error is a bug.
 */
export function failureOf(error: unknown, { debug }: { debug: boolean }): Failure {
  const stack = debug ? inspect(error) : undefined;
  if (error instanceof RnnError) {
    const { kind, message, hint, cases, options } = error;
    return { code: exitCodes[kind], message, hint, cases, options, stack };
  }
  const failure = { code: exitCodes.machine, cases: [], options: [], stack };
  const message = error instanceof Error ? error.message : String(error);
  const hint = limitHint(error);
  if (hint !== undefined) return { ...failure, message: `cannot continue: ${message}`, hint };
  const request = 'report this bug in rnn, with the command and the stack trace';
  return { ...failure, message: `unexpected error: ${message}`, hint: request, stack: inspect(error) };
}

/**
 * The origins of the options that a failure is about, except the command line. A user who set a
 * variable long ago may have forgotten it.
 *
 * @param origins the origins of the options, as in the context of commands
 */
export function originNotes({ code, options }: Failure, origins: ReadonlyMap<string, string>): string[] {
  const named = options.map((flag) => [flag, flag]);
  if (code === exitCodes.checkpoint) named.push(['the checkpoint', '--checkpoint']);
  return named.flatMap(([name, flag]) => {
    const origin = origins.get(flag);
    return origin === undefined || origin.startsWith('--') ? [] : [`${name} comes from ${origin}`];
  });
}

/** Whether the code is from a failure of this program, and not from the system or a signal. */
export function isFailureCode(code: number | null): code is number {
  return Object.values(exitCodes).some((known) => known === code);
}

/** The exit code of a training run that ended without an exception. */
export function codeOfEnd(reason: EndReason, signal: Signal | null): number {
  if (reason === 'diverged') return exitCodes.diverged;
  return reason === 'signal' && signal !== null ? signalCodes[signal] : 0;
}
