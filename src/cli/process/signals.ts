// The signals that ask this program to end. Knows nothing of how it ends.
import { constants } from 'node:os';

/**
 * Those that people and schedulers send, or that the system sends when an alarm or a limit of CPU
 * time is reached. Without a listener each ends the process at once, but for USR1, on which Node
 * opens the port of its debugger.
 */
export const endingSignals = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGXCPU',
] as const;

export type Signal = (typeof endingSignals)[number];

/**
 * What shells report of a process that a signal ended. USR1 and USR2 have other numbers on macOS
 * than on Linux.
 */
export const signalCodes = Object.fromEntries(
  endingSignals.map((signal) => [signal, 128 + constants.signals[signal]]),
) as Readonly<Record<Signal, number>>;

/**
 * Some send INT to every process of a job (scancel), while a sweep hands its own on as TERM: so
 * close together they are one, whichever the system delivers first.
 */
const TOGETHER_MS = 100;

/**
 * The first signal asks for the end of the current step, a second INT for an end at once.
 *
 * @param io calls the handler for each signal until the returned function is called
 * @returns the first signal, or null, and what stops listening
 */
export function watchSignals(
  io: { onSignal(handler: (signal: Signal) => void): () => void },
  on: { warn(text: string): void; first(): void; again(): void },
): { signal(): Signal | null; stop(): void } {
  let first: { readonly signal: Signal; readonly atMs: number } | null = null;
  const stop = io.onSignal((signal) => {
    if (first === null) {
      first = { signal, atMs: performance.now() };
      on.warn(`${signal}: finishing the step in hand and saving${signal === 'SIGINT' ? '; again stops at once' : ''}`);
      on.first();
    } else if (signal === 'SIGINT' && (first.signal === 'SIGINT' || performance.now() - first.atMs > TOGETHER_MS))
      on.again();
  });
  return { signal: () => first?.signal ?? null, stop };
}
