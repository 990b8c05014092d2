// The signals that ask this program to end.
import { constants } from 'node:os';

/**
 * The signals that users and schedulers send, or that the system sends when an alarm or a limit of
 * CPU time is reached. Without a listener each ends the process immediately, except USR1, on which
 * Node opens the port of its debugger.
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
 * The exit codes that shells report for a process that a signal ended. The numbers of USR1 and USR2
 * differ between macOS and Linux.
 */
export const signalCodes = Object.fromEntries(
  endingSignals.map((signal) => [signal, 128 + constants.signals[signal]]),
) as Readonly<Record<Signal, number>>;

/**
 * Signals within this time count as one. scancel sends INT to every process of a job, and a sweep
 * forwards its own INT as TERM, so a trial gets both, in any order.
 */
const TOGETHER_MS = 100;

/**
 * After the first signal the current update step is finished. A second INT ends the process
 * immediately.
 *
 * @param io calls the handler for each signal until the returned function is called
 * @returns the first signal, or null, and a function that stops listening
 */
export function watchSignals(
  io: { onSignal(handler: (signal: Signal) => void): () => void },
  on: { warn(text: string): void; onFirstSignal(): void; onSecondInterrupt(): void },
): { signal(): Signal | null; stop(): void } {
  let first: { readonly signal: Signal; readonly atMs: number } | null = null;
  const stop = io.onSignal((signal) => {
    if (first === null) {
      first = { signal, atMs: performance.now() };
      const again = signal === 'SIGINT' ? '. Press Ctrl-C again to quit now.' : '';
      on.warn(`${signal} received: finishing this update step and saving${again}`);
      on.onFirstSignal();
    } else if (signal === 'SIGINT' && (first.signal === 'SIGINT' || performance.now() - first.atMs > TOGETHER_MS))
      on.onSecondInterrupt();
  });
  return { signal: () => first?.signal ?? null, stop };
}
