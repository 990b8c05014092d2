// The runs of a sweep, one after another, each in a process of its own: what has been trained is passed over, what was interrupted goes on.
// Knows nothing of options, and prints what stands in the way, not what comes of it.
import { setTimeout } from 'node:timers/promises';
import type { RunSummary } from '../../training/runs.ts';
import type { Child } from '../child.ts';
import type { Context } from '../context.ts';
import { busyCode, divergedCode, isFailureCode, unexpectedCode } from '../failures.ts';
import { harmless } from '../format.ts';
import { type Signal, signalCodes } from '../signals.ts';

export interface Task {
  readonly name: string;
  readonly folder: string;
  readonly argv: readonly string[];
}

/** `earlier` was finished before; `diverged` is over, now or before; `stopped` can go on; `busy` is trained by another process. */
export type Outcome = 'finished' | 'earlier' | 'diverged' | 'stopped' | 'failed' | 'busy';

export interface TaskResult {
  readonly task: Task;
  readonly outcome: Outcome;
  /** Why it failed or stopped. */
  readonly message: string | null;
  /** What its process ended with; null if there was none, or the system ended it. */
  readonly code: number | null;
  readonly summary: RunSummary;
}

/** Receives the progress of the current trial. */
export interface SweepWatcher {
  begin(name: string): void;
  /** @param progress from 0 to 1 */
  report(progress: number): void;
}

/** A run whose sweep was killed ends when it has something to tell, which is at least every second, and when it has saved. */
const PATIENCE_MS = 15_000;
const LOOK_AGAIN_MS = 100;
/** Lines of stderr that are kept of a run: more than a stack has. */
const LINES_KEPT = 200;
/** That it was told to end is known here. */
const aboutSignal = /^warning: SIG[A-Z\d]+: /;
const isBusy = 'another process trains in it';

/** Runs tasks, and passes signals on to the one in hand. */
export class SweepRunner {
  readonly #context: Context;
  readonly #stops: readonly (() => void)[];
  readonly #watcher: SweepWatcher | null;
  #child: Child | null = null;
  #signal: Signal | null = null;

  constructor(context: Context, watcher: SweepWatcher | null) {
    this.#context = context;
    this.#watcher = watcher;
    const { io } = context;
    this.#stops = [
      io.onSignal((signal) => this.#receive(signal)),
      io.onStop(() => this.#child?.pause()),
      io.onContinue(() => this.#child?.goOn()),
    ];
  }

  /** The signal that ended it; null while there was none. */
  get signal(): Signal | null {
    return this.#signal;
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** Results as they come, until a signal. What another process has in hand comes last. */
  async *results(tasks: readonly Task[]): AsyncGenerator<TaskResult> {
    const busy: Task[] = [];
    for (const task of tasks) {
      if (this.#signal !== null) return;
      const result = await this.#handle(task);
      if (result === null) return;
      if (result.outcome === 'busy') busy.push(task);
      else yield result;
    }
    for (const task of busy) {
      await this.#waitFor(task);
      if (this.#signal !== null) return;
      const result = await this.#handle(task);
      if (result === null) return;
      yield result;
    }
  }

  /** Null where a signal came before it was begun. */
  async #handle(task: Task): Promise<TaskResult | null> {
    const before = await this.#look(task);
    const untouched = (outcome: Outcome, message: string | null): TaskResult => ({ task, outcome, message, code: null, summary: before });
    if (before.status === 'finished') return untouched('earlier', null);
    if (before.status === 'running') return untouched('busy', isBusy);
    if (before.reason === 'diverged') return untouched('diverged', null);
    if (this.#signal !== null) return null;
    const { code, message } = await this.#train(task);
    const summary = await this.#look(task);
    const result = (outcome: Outcome, why: string | null): TaskResult => ({ task, outcome, message: why, code, summary });
    if (code === 0) return summary.status === 'finished' ? result('finished', null) : result('stopped', summary.reason);
    if (this.#signal !== null && !isFailureCode(code)) return result('stopped', 'signal');
    // It lost a race for the folder.
    if (code === busyCode) return result('busy', isBusy);
    return code === divergedCode ? result('diverged', null) : result('failed', message);
  }

  async #look({ folder }: Task): Promise<RunSummary> {
    return (await this.#context.rooms.runs()).summaryOf(folder);
  }

  /** `message` is why it failed, if it did. */
  async #train({ name, argv }: Task): Promise<{ readonly code: number | null; readonly message: string }> {
    const { io, stderr } = this.#context;
    const warn = (text: string): void => stderr.line(harmless(`${name}: ${text}`));
    let error: string | null = null;
    const told: string[] = [];
    this.#watcher?.begin(name);
    this.#child = io.start([...argv, '--json', '--no-color'], {
      stdout: (line) => {
        const event = eventIn(line);
        if (event?.event === 'report') this.#watcher?.report(Number(event.progress));
        if (event?.event === 'error') error = String(event.message);
        if (event?.event === 'recovery') warn(String(event.reason));
      },
      stderr(line) {
        if (!aboutSignal.test(line)) told.push(line);
        if (told.length > LINES_KEPT) told.shift();
      },
    });
    try {
      const { code, signal } = await this.#child.ended;
      worthTelling(told, code).forEach(warn);
      return { code, message: error ?? (signal === null ? [`exit code ${code}`, ...told.slice(-1)].join(': ') : `killed by ${signal}`) };
    } finally {
      this.#child = null;
    }
  }

  async #waitFor(task: Task): Promise<void> {
    const { stderr } = this.#context;
    stderr.line(stderr.colour.dim(`${task.name}: waiting for another process that trains in it`));
    for (let waited = 0; waited < PATIENCE_MS && this.#signal === null; waited += LOOK_AGAIN_MS) {
      if ((await this.#look(task)).status !== 'running') return;
      await setTimeout(LOOK_AGAIN_MS);
    }
  }

  /** The first lets the run in hand finish its step and save; a second INT ends both at once. */
  #receive(signal: Signal): void {
    const { io, stderr } = this.#context;
    if (this.#signal === null) {
      stderr.line(
        stderr.colour.yellow(
          `warning: ${signal}: finishing the step in hand and saving${signal === 'SIGINT' ? '; again stops at once' : ''}`,
        ),
      );
      this.#signal = signal;
      this.#child?.finish(signal);
    } else if (signal === 'SIGINT') {
      if (this.#child === null) io.exit(signalCodes.SIGINT);
      else this.#child.interrupt();
    }
  }
}

/** Of what a run wrote to stderr: its warnings, and all of it where that is the stack of a bug. */
function worthTelling(lines: readonly string[], code: number | null): readonly string[] {
  if (code === unexpectedCode) return lines;
  const warnings = lines.filter((line) => line.startsWith('warning: '));
  // The last one of a run that diverged tells how to go on with it alone, which would make it another point.
  return code === divergedCode ? warnings.slice(0, -1) : warnings;
}

function eventIn(line: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
