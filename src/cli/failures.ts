// From an error to what the user sees of it and to the exit code. Knows nothing of commands.
import { inspect } from 'node:util';
import { type ErrorKind, RnnError, THREAD_LIMIT_HINT, systemCode } from '../errors.ts';
import type { EndReason } from '../training/events.ts';
import { type Signal, signalCodes } from './signals.ts';

const codes: Readonly<Record<ErrorKind, number>> = { machine: 1, usage: 2, corpus: 3, checkpoint: 4, diverged: 5, device: 6, busy: 7 };
/** `rnn doctor` found no device that works. */
export const noDeviceCode = codes.device;
export const divergedCode = codes.diverged;
/** Another process trains in the folder. */
export const busyCode = codes.busy;
/** A bug, or the machine: what was printed tells more than the message. */
export const unexpectedCode = codes.machine;

interface Failure {
  readonly code: number;
  readonly message: string;
  readonly hint: string | undefined;
  /** The cases of a failure that has several. */
  readonly cases: readonly string[];
  /** That it is about, as the command line calls them. */
  readonly options: readonly string[];
  /** Shown for a bug, and for any error with --debug. */
  readonly stack: string | undefined;
}

/** How to raise each limit of the system that any part of the program can reach, by the system's name for the error. */
const limitHints: Readonly<Record<string, string>> = {
  EMFILE: 'raise the limit on open files (ulimit -n), or lower --threads',
  ENFILE: 'the whole system has too many open files: end other programs, or raise its limit',
  EAGAIN: THREAD_LIMIT_HINT,
  ERR_WORKER_INIT_FAILED: THREAD_LIMIT_HINT,
  ENOMEM: 'free memory, or raise the limit on address space (ulimit -v)',
};
/** What V8 says when it gets no memory. */
const outOfMemory = /^Array buffer allocation failed$|could not allocate memory$/;

/** How to raise the limit that an error reports; undefined for any other error. */
function limitHint(error: unknown): string | undefined {
  const code = error instanceof RangeError && outOfMemory.test(error.message) ? 'ENOMEM' : systemCode(error);
  return Object.hasOwn(limitHints, code) ? limitHints[code] : undefined;
}

/** Whether a relative path could not be resolved, because the folder that it is relative to is gone. */
function isFolderGone(error: unknown): boolean {
  return systemCode(error) === 'ENOENT' && (error as NodeJS.ErrnoException).syscall === 'uv_cwd';
}

/** Describes anything that was thrown: an RnnError or a limit of the system is the user's to mend, everything else is a bug. */
export function failureOf(error: unknown, options: { debug: boolean }): Failure {
  const stack = options.debug ? inspect(error) : undefined;
  if (error instanceof RnnError)
    return { code: codes[error.kind], message: error.message, hint: error.hint, cases: error.cases, options: error.options, stack };
  if (isFolderGone(error)) {
    const message = 'cannot continue: the current folder was removed';
    return { code: codes.machine, message, hint: 'change to a folder that exists', cases: [], options: [], stack };
  }
  const hint = limitHint(error);
  if (hint !== undefined)
    return { code: codes.machine, message: `cannot continue: ${(error as Error).message}`, hint, cases: [], options: [], stack };
  return {
    code: unexpectedCode,
    message: `unexpected: ${error instanceof Error ? error.message : String(error)}`,
    cases: [],
    options: [],
    hint: 'this is a bug in rnn; please report it with the command and the lines above',
    stack: inspect(error),
  };
}

/**
 * Where the options that a failure is about come from, as far as that is not the command line: who set a variable long ago does not think
 * of it.
 *
 * @param origins as in the context of commands
 */
export function comeFrom({ code, options }: Failure, origins: ReadonlyMap<string, string>): string[] {
  const named = options.map((flag) => [flag, flag]);
  if (code === codes.checkpoint) named.push(['the checkpoint', '--checkpoint']);
  return named.flatMap(([what, flag]) => {
    const origin = origins.get(flag);
    return origin === undefined || origin.startsWith('--') ? [] : [`${what} comes from ${origin}`];
  });
}

/** Whether a failure of this program ends it with the code, and not the system or a signal. */
export function isFailureCode(code: number | null): code is number {
  return Object.values(codes).some((known) => known === code);
}

/** The exit code of a training run that ended without an exception. */
export function codeOfEnd(reason: EndReason, signal: Signal | null): number {
  if (reason === 'diverged') return codes.diverged;
  return reason === 'signal' && signal !== null ? signalCodes[signal] : 0;
}
