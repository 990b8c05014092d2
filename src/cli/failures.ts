// From an error to what the user sees of it and to the exit code. Knows nothing of commands.
import { inspect } from 'node:util';
import { Option } from 'commander';
import { RnnError, type ErrorKind } from '../errors.ts';
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
  /** That it is about, as the command line calls them. */
  readonly options: readonly string[];
  /** Shown for a bug, and for any error with --debug. */
  readonly stack: string | undefined;
}

/** What to tell of anything that was thrown: an RnnError is the user's to mend, everything else is a bug of this program. */
export function failureOf(error: unknown, options: { debug: boolean }): Failure {
  if (error instanceof RnnError) {
    return {
      code: codes[error.kind],
      message: error.message,
      hint: error.hint,
      options: error.options,
      stack: options.debug ? inspect(error) : undefined,
    };
  }
  return {
    code: unexpectedCode,
    message: `unexpected: ${error instanceof Error ? error.message : String(error)}`,
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
  const named = options.map((flag): [string, string] => [flag, new Option(flag).attributeName()]);
  if (code === codes.checkpoint) named.push(['the checkpoint', 'checkpoint']);
  return named.flatMap(([what, name]) => {
    const origin = origins.get(name);
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
