// The runs of a sweep, one after another, each in a process of its own: what has been trained is passed over, what was interrupted goes on.
// Knows nothing of options, and prints what stands in the way, not what comes of it.
import { setTimeout } from 'node:timers/promises';
import type { RunSummary } from '../training/runs.ts';
import type { Child } from './child.ts';
import type { Context } from './context.ts';
import { signalCodes } from './failures.ts';
import { harmless } from './format.ts';
import type { Signal } from './io.ts';

export interface Task {
  readonly name: string;
  readonly folder: string;
  readonly argv: readonly string[];
}

/** `earlier` was finished before; `stopped` can go on; `busy` is trained by another process. */
export type Outcome = 'finished' | 'earlier' | 'stopped' | 'failed' | 'busy';

export interface TaskResult {
  readonly task: Task;
  readonly outcome: Outcome;
  /** Why it failed or stopped. */
  readonly message: string | null;
  readonly summary: RunSummary;
}

/** A run whose sweep was killed ends when it has something to tell, which is at least every second, and when it has saved. */
const PATIENCE_MS = 15_000;
const LOOK_AGAIN_MS = 100;

/** Runs tasks, and passes signals on to the one in hand. */
export class SweepRunner {
  readonly #context: Context;
  readonly #stop: () => void;
  #child: Child | null = null;
  #signal: Signal | null = null;

  constructor(context: Context) {
    this.#context = context;
    this.#stop = context.io.onSignal((signal) => this.#receive(signal));
  }

  /** The signal that ended it; null while there was none. */
  get signal(): Signal | null {
    return this.#signal;
  }

  close(): void {
    this.#stop();
  }

  /** Results as they come, until a signal. What another process has in hand comes last. */
  async *results(tasks: readonly Task[]): AsyncGenerator<TaskResult> {
    const busy: Task[] = [];
    for (const task of tasks) {
      if (this.#signal !== null) return;
      const result = await this.#handle(task);
      if (result.outcome === 'busy') busy.push(task);
      else yield result;
    }
    for (const task of busy) {
      await this.#waitFor(task);
      if (this.#signal !== null) return;
      yield await this.#handle(task);
    }
  }

  async #handle(task: Task): Promise<TaskResult> {
    const before = await this.#look(task);
    if (before.status === 'finished') return { task, outcome: 'earlier', message: null, summary: before };
    if (before.status === 'running') return { task, outcome: 'busy', message: 'another process trains in it', summary: before };
    const { outcome, message } = await this.#train(task);
    const summary = await this.#look(task);
    const isOver = outcome === 'finished' && summary.status === 'finished';
    return { task, outcome: outcome === 'finished' && !isOver ? 'stopped' : outcome, message: isOver ? null : (message ?? summary.reason), summary };
  }

  async #look({ folder }: Task): Promise<RunSummary> {
    return (await this.#context.rooms.runs()).summaryOf(folder);
  }

  async #train({ name, argv }: Task): Promise<{ outcome: Outcome; message: string | null }> {
    const { io, stderr } = this.#context;
    const warn = (text: string): void => stderr.line(harmless(`${name}: ${text}`));
    let error: string | null = null;
    let last = '';
    this.#child = io.start([...argv, '--json'], {
      stdout(line) {
        const told = eventIn(line);
        if (told?.event === 'error') error = String(told.message);
        if (told?.event === 'recovery') warn(String(told.reason));
      },
      stderr: (line) => {
        last = line;
      },
    });
    try {
      const { code, signal } = await this.#child.ended;
      if (code === 0) return { outcome: 'finished', message: null };
      if (this.#signal !== null) return { outcome: 'stopped', message: 'signal' };
      return { outcome: 'failed', message: error ?? (signal === null ? `exit code ${code}${last === '' ? '' : `: ${last}`}` : `killed by ${signal}`) };
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

  /** The first lets the run in hand finish its step and save; what a second one does, the run decides: INT ends it at once. */
  #receive(signal: Signal): void {
    const { io, stderr } = this.#context;
    if (this.#signal === null) stderr.line(stderr.colour.yellow(`warning: ${signal}: finishing the step in hand and saving${signal === 'SIGINT' ? '; again stops at once' : ''}`));
    else if (signal === 'SIGINT' && this.#child === null) io.exit(signalCodes.SIGINT);
    this.#signal ??= signal;
    this.#child?.send(signal);
  }
}

function eventIn(line: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
