// Trains the trials of a sweep one after another, each in a separate process. Finished trials are
// skipped, and interrupted trials are resumed. Prints warnings but no results.
import type { RunSummary } from '../../training/runs.ts';
import type { Trial } from '../../training/search.ts';
import type { Child } from '../process/child.ts';
import type { Context } from '../context.ts';
import { exitCodes, isFailureCode } from '../failures.ts';
import { escapeControls } from '../output/format.ts';
import { type Signal, signalCodes, watchSignals } from '../process/signals.ts';
import type { SweepProgress } from './progress.ts';

export interface TrialRun extends Trial {
  /** The position among all trials of the sweep, from 0. */
  readonly index: number;
  readonly folder: string;
  /** The words after `rnn` that train it. */
  readonly argv: readonly string[];
}

/**
 * How a trial ended:
 * - `finished`: in this sweep
 * - `earlier`: before this sweep
 * - `diverged`: it cannot be resumed
 * - `stopped`: it can be resumed
 * - `failed`: with an error
 * - `busy`: another process trains it
 */
export type TrialOutcome = 'finished' | 'earlier' | 'diverged' | 'stopped' | 'failed' | 'busy';

interface End {
  readonly outcome: TrialOutcome;
  /** The reason why the trial failed, stopped or is busy. */
  readonly message: string | null;
  /** The exit code of a sweep that has no other trial. */
  readonly code: number;
}

export interface TrialResult extends End {
  readonly trial: TrialRun;
  readonly summary: RunSummary;
}

/** The process of the current trial, for signals. */
interface Current {
  child: Child | null;
}

/** A trial's warning about a signal is not repeated, because the sweep has printed its own. */
const aboutSignal = /^warning: SIG[A-Z\d]+ received: /;
const busy: End = { outcome: 'busy', message: 'another process trains this trial', code: exitCodes.busy };
const diverged: End = { outcome: 'diverged', message: null, code: exitCodes.diverged };

/** Trains trials, and settles to the signal that ended the sweep, or to null. */
export async function runTrials(
  trials: readonly TrialRun[],
  context: Context,
  progress: SweepProgress | null,
  show: (result: TrialResult) => Promise<void>,
): Promise<Signal | null> {
  const { io, stderr } = context;
  const { runSummaryOf: summaryOf } = await import('../../training/runs.ts');
  const current: Current = { child: null };
  const { signal, stop } = watchSignals(io, {
    warn: (text) => stderr.warn(text),
    // Not INT, because schedulers send an INT to every process of a job (scancel, KillSignal= of
    // systemd), and a second INT ends a run immediately.
    onFirstSignal: () => current.child?.send('SIGTERM'),
    onSecondInterrupt: () => (current.child === null ? io.exit(signalCodes.SIGINT) : current.child.send('SIGINT')),
  });
  const stops = [
    stop,
    io.onStop(() => current.child?.send('SIGSTOP')),
    io.onContinue(() => current.child?.send('SIGCONT')),
  ];
  try {
    for (const trial of trials) {
      const before = await summaryOf(trial.folder);
      if (signal() !== null) break;
      const over = endBefore(before);
      if (over === null) {
        const { code, message } = await train(trial, current, context, progress);
        const summary = await summaryOf(trial.folder);
        await show({ trial, ...endOf(code, message, summary, signal() !== null), summary });
      } else await show({ trial, ...over, summary: before });
    }
    return signal();
  } finally {
    for (const stop of stops) stop();
  }
}

/** The end of a trial that is not to be trained, or null for a trial that is to be trained. */
function endBefore({ status, reason }: RunSummary): End | null {
  if (status === 'finished') return { outcome: 'earlier', message: null, code: 0 };
  if (status === 'running') return busy;
  return reason === 'diverged' ? diverged : null;
}

/**
 * @param code the exit code of the process, or null if the system ended it
 * @param message the reason of a failure
 */
function endOf(code: number | null, message: string, { status, reason }: RunSummary, isInterrupted: boolean): End {
  if (code === 0 && status === 'finished') return { outcome: 'finished', message: null, code };
  if (code === 0 || (isInterrupted && !isFailureCode(code))) return { outcome: 'stopped', message: reason, code: 0 };
  // Another process took the folder first.
  if (code === exitCodes.busy) return busy;
  if (code === exitCodes.diverged) return diverged;
  return { outcome: 'failed', message, code: isFailureCode(code) ? code : exitCodes.machine };
}

async function train(
  { name, argv }: TrialRun,
  current: Current,
  { io, stderr }: Context,
  progress: SweepProgress | null,
): Promise<{ readonly code: number | null; readonly message: string }> {
  const warn = (text: string): void => stderr.line(escapeControls(`${name}: ${text}`));
  let error: string | null = null;
  const lines: string[] = [];
  progress?.begin(name);
  current.child = io.start([...argv, '--json', '--no-color'], {
    stdout(line) {
      const event = eventIn(line);
      if (event?.event === 'report') progress?.report(Number(event.progress));
      if (event?.event === 'error') error = String(event.message);
      if (event?.event === 'recovery') warn(String(event.reason));
    },
    stderr(line) {
      if (!aboutSignal.test(line)) lines.push(line);
    },
  });
  const { code, signal } = await current.child.ended.finally(() => (current.child = null));
  worthTelling(lines, code).forEach(warn);
  const ending = signal === null ? [`exit code ${code}`, ...lines.slice(-1)].join(': ') : `killed by ${signal}`;
  return { code, message: error ?? ending };
}

/** The lines of stderr to show: warnings, or all lines after a failure of the machine or a bug. */
function worthTelling(lines: readonly string[], code: number | null): readonly string[] {
  if (code === exitCodes.machine) return lines;
  const warnings = lines.filter((line) => line.startsWith('warning: '));
  // The last warning of a diverged run says how to resume it with other options, which would make
  // it another trial.
  return code === exitCodes.diverged ? warnings.slice(0, -1) : warnings;
}

function eventIn(line: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
