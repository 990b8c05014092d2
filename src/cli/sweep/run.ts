// The trials of a sweep, one after another, each in a separate process. Finished trials are
// skipped, interrupted ones continue. Knows nothing of options, and prints warnings but no results.
import type { RunSummary } from '../../training/runs.ts';
import type { Trial } from '../../training/search.ts';
import type { Child } from '../process/child.ts';
import type { Context } from '../context.ts';
import { exitCodes, isFailureCode } from '../failures.ts';
import { harmless } from '../output/format.ts';
import { type Interruption, type Signal, signalCodes, watchSignals } from '../process/signals.ts';

export interface TrialRun extends Trial {
  /** Among all trials of the sweep. */
  readonly index: number;
  readonly folder: string;
  /** The words after `rnn` that train it. */
  readonly argv: readonly string[];
}

/**
 * `earlier` trials had finished before; `diverged` ones are over, too; `stopped` ones can continue;
 * another process trains `busy` ones.
 */
export type Outcome = 'finished' | 'earlier' | 'diverged' | 'stopped' | 'failed' | 'busy';

interface End {
  readonly outcome: Outcome;
  /** Why it failed, stopped or is busy. */
  readonly message: string | null;
  /** The exit code of a sweep that has no other trial. */
  readonly code: number;
}

export interface TrialResult extends End {
  readonly trial: TrialRun;
  readonly summary: RunSummary;
}

/** Receives the progress of the current trial. */
interface Watcher {
  begin(name: string): void;
  /** @param progress from 0 to 1 */
  report(progress: number): void;
}

/** Lines of stderr that are kept of a trial: more than a stack has. */
const MAX_LINES = 200;
/** The user has been told that a signal came. */
const aboutSignal = /^warning: SIG[A-Z\d]+: /;
/** A failed trial does not end a sweep, but its exit code says so. */
export const SOME_FAILED = 1;
const busy: End = { outcome: 'busy', message: 'another process trains in it', code: exitCodes.busy };
const diverged: End = { outcome: 'diverged', message: null, code: exitCodes.diverged };

/** Trains trials, and passes signals on to the current one. */
export class TrialRunner {
  readonly #context: Context;
  readonly #watcher: Watcher | null;
  readonly #interruption: Interruption;
  #child: Child | null = null;

  /** @param watcher of progress, if anything shows it */
  constructor(context: Context, watcher: Watcher | null) {
    const { io, stderr } = context;
    this.#context = context;
    this.#watcher = watcher;
    this.#interruption = watchSignals(io, {
      warn: (text) => stderr.warn(text),
      // Not INT: schedulers send an INT to every process of a job (scancel, KillSignal= of
      // systemd), and a second one ends a run at once.
      first: () => this.#child?.send('SIGTERM'),
      again: () => (this.#child === null ? io.exit(signalCodes.SIGINT) : this.#child.send('SIGINT')),
    });
  }

  /**
   * Settles to the signal that ended the sweep, or to null. A trial that another process trains is
   * left for the end.
   */
  async run(trials: readonly TrialRun[], show: (result: TrialResult) => Promise<void>): Promise<Signal | null> {
    const { io } = this.#context;
    const stops = [
      () => this.#interruption.stop(),
      io.onStop(() => this.#child?.send('SIGSTOP')),
      io.onContinue(() => this.#child?.send('SIGCONT')),
    ];
    try {
      const queue = [...trials];
      for (const [index, trial] of queue.entries()) {
        const result = await this.#resultOf(trial);
        if (result?.outcome === 'busy' && index < trials.length) queue.push(trial);
        else if (result !== null) await show(result);
      }
      return this.#interruption.signal();
    } finally {
      for (const stop of stops) stop();
    }
  }

  /** Null if a signal came before the trial began. */
  async #resultOf(trial: TrialRun): Promise<TrialResult | null> {
    if (this.#interruption.signal() !== null) return null;
    const { summaryOf } = await import('../../training/runs.ts');
    const before = await summaryOf(trial.folder);
    if (before.status === 'finished') return { trial, outcome: 'earlier', message: null, code: 0, summary: before };
    if (before.status === 'running') return { trial, ...busy, summary: before };
    if (before.reason === 'diverged') return { trial, ...diverged, summary: before };
    if (this.#interruption.signal() !== null) return null;
    const { code, message } = await this.#train(trial);
    const summary = await summaryOf(trial.folder);
    return { trial, ...this.#endOf(code, message, summary), summary };
  }

  /**
   * @param code of its process; null if the system ended it @param message why it failed, if it did
   */
  #endOf(code: number | null, message: string, { status, reason }: RunSummary): End {
    if (code === 0)
      return status === 'finished'
        ? { outcome: 'finished', message: null, code }
        : { outcome: 'stopped', message: reason, code };
    if (this.#interruption.signal() !== null && !isFailureCode(code))
      return { outcome: 'stopped', message: 'signal', code: 0 };
    // Another process was quicker to take the folder.
    if (code === exitCodes.busy) return busy;
    return code === exitCodes.diverged
      ? diverged
      : { outcome: 'failed', message, code: isFailureCode(code) ? code : SOME_FAILED };
  }

  async #train({ name, argv }: TrialRun): Promise<{ readonly code: number | null; readonly message: string }> {
    const { io, stderr } = this.#context;
    const warn = (text: string): void => stderr.line(harmless(`${name}: ${text}`));
    let error: string | null = null;
    const lines: string[] = [];
    this.#watcher?.begin(name);
    this.#child = io.start([...argv, '--json', '--no-color'], {
      stdout: (line) => {
        const event = eventIn(line);
        if (event?.event === 'report') this.#watcher?.report(Number(event.progress));
        if (event?.event === 'error') error = String(event.message);
        if (event?.event === 'recovery') warn(String(event.reason));
      },
      stderr(line) {
        if (!aboutSignal.test(line)) lines.push(line);
        if (lines.length > MAX_LINES) lines.shift();
      },
    });
    const { code, signal } = await this.#child.ended.finally(() => (this.#child = null));
    worthTelling(lines, code).forEach(warn);
    return {
      code,
      message:
        error ?? (signal === null ? [`exit code ${code}`, ...lines.slice(-1)].join(': ') : `killed by ${signal}`),
    };
  }
}

/** From what a trial wrote to stderr: its warnings, or all of it if it is the stack of a bug. */
function worthTelling(lines: readonly string[], code: number | null): readonly string[] {
  if (code === exitCodes.machine) return lines;
  const warnings = lines.filter((line) => line.startsWith('warning: '));
  // The last warning of a run that diverged says how to continue it alone, which would make it
  // another trial.
  return code === exitCodes.diverged ? warnings.slice(0, -1) : warnings;
}

function eventIn(line: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
