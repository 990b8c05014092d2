// From an error to what the user sees of it and to the exit code. Knows nothing of commands.
import { inspect } from 'node:util';
import { type ErrorKind, RnnError, THREAD_LIMIT_HINT, systemCode } from '../errors.ts';
import type { EndReason } from '../training/events.ts';
import { type Signal, signalCodes } from './process/signals.ts';

/** `machine` for a bug, too: then the lines that were printed say more than the message. */
export const exitCodes: Readonly<Record<ErrorKind, number>> = {
  machine: 1,
  usage: 2,
  corpus: 3,
  checkpoint: 4,
  diverged: 5,
  device: 6,
  busy: 7,
};

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

/**
 * How to raise the limits of the system that the program can reach, by the system's names for the
 * errors.
 */
const limitHints: Readonly<Record<string, string>> = {
  EMFILE: 'raise the limit on open files (ulimit -n), or lower --threads',
  ENFILE: 'the whole system has too many open files: end other programs, or raise its limit',
  EAGAIN: THREAD_LIMIT_HINT,
  ERR_WORKER_INIT_FAILED: THREAD_LIMIT_HINT,
  ENOMEM: 'free memory, or raise the limit on address space (ulimit -v)',
};
/** What V8 says when it gets no memory. */
const outOfMemory = /^Array buffer allocation failed$|could not allocate memory$/;

/** What to do about a limit or another fault of the system; undefined for any other error. */
function limitHint(error: unknown): string | undefined {
  // A relative path cannot be resolved.
  if (error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd')
    return 'change to a folder that exists, because the current folder was removed';
  const code = error instanceof RangeError && outOfMemory.test(error.message) ? 'ENOMEM' : systemCode(error);
  return Object.hasOwn(limitHints, code) ? limitHints[code] : undefined;
}

/**
 * Describes anything that was thrown: the user can act on an RnnError or on a limit of the system,
 * everything else is a bug.
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
  const request = 'this is a bug in rnn; please report it with the command and the lines above';
  return { ...failure, message: `unexpected: ${message}`, hint: request, stack: inspect(error) };
}

/**
 * Where the options that a failure is about come from, as far as that is not the command line: who
 * set a variable long ago does not think of it.
 *
 * @param origins as in the context of commands
 */
export function comeFrom({ code, options }: Failure, origins: ReadonlyMap<string, string>): string[] {
  const named = options.map((flag) => [flag, flag]);
  if (code === exitCodes.checkpoint) named.push(['the checkpoint', '--checkpoint']);
  return named.flatMap(([what, flag]) => {
    const origin = origins.get(flag);
    return origin === undefined || origin.startsWith('--') ? [] : [`${what} comes from ${origin}`];
  });
}

/** Whether a failure of this program ends it with the code, and not the system or a signal. */
export function isFailureCode(code: number | null): code is number {
  return Object.values(exitCodes).some((known) => known === code);
}

/** The exit code of a training run that ended without an exception. */
export function codeOfEnd(reason: EndReason, signal: Signal | null): number {
  if (reason === 'diverged') return exitCodes.diverged;
  return reason === 'signal' && signal !== null ? signalCodes[signal] : 0;
}
