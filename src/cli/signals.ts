// The signals that ask this program to end. Knows nothing of how it ends.
import { constants } from 'node:os';

/**
 * Those that people and schedulers send, or that the system sends when an alarm or a limit of CPU time is reached. Without a listener each
 * ends the process at once, but for USR1, on which Node opens the port of its debugger.
 */
export const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGXCPU'] as const;

export type Signal = (typeof endingSignals)[number];

/** What shells report of a process that a signal ended. USR1 and USR2 have other numbers on macOS than on Linux. */
export const signalCodes = Object.fromEntries(endingSignals.map((signal) => [signal, 128 + constants.signals[signal]])) as Readonly<
  Record<Signal, number>
>;
