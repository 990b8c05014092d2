// Training for other programs: a run that the caller iterates over. It saves and closes itself
// however the iteration ends. It prints nothing and does not listen for signals of the process.
import {
  type Checkpoint,
  type RunStore,
  MemoryStore,
  findCheckpoint,
  newestIn,
  readCheckpoint,
} from '../runs/store.ts';
import { usageError, checkpointError } from '../errors.ts';
import type { EndEvent, StartEvent, TrainingEvent } from '../training/events.ts';
import { parametersOf } from '../training/model.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { OptionSource } from '../training/resolve.ts';
import { openRun } from './open-run.ts';
import { planRun } from './plan-run.ts';
import type { RunRequest } from './run-request.ts';
import { choice } from '../options/kind.ts';
import { refuseOther } from './checks.ts';
import { type PlanRequest, type TrainRequest, runRequestOf } from './train-request.ts';

/**
 * A choice of the program, or a change since the last invocation: one line for people. Options are
 * named as on the command line.
 */
export interface NoteEvent {
  readonly event: 'note';
  readonly text: string;
}

/** A problem that occurred before this run, and that the program fixed. */
export interface WarningEvent {
  readonly event: 'warning';
  readonly text: string;
}

/**
 * The updates of a run: notes and warnings, then the events that are also in its log and in the
 * output of `rnn train --json`. The last event is `end`.
 */
export type TrainingUpdate = NoteEvent | WarningEvent | TrainingEvent;

/**
 * Trains a run when you iterate over the result. If you leave the loop early or abort the signal,
 * the run ends after the current update step and saves its weights.
 *
 * @throws RnnError `usage` for an unknown option, or options that contradict each other. The
 * iteration throws all other errors (text, folder, device, memory). A run that diverges does not
 * throw: it ends, and its `end` event says so
 */
export function train(request: TrainRequest): Training {
  return new Training(request);
}

/** A run that is trained while the caller iterates over it, once. */
export class Training implements AsyncIterable<TrainingUpdate, void, undefined> {
  readonly #request: RunRequest;
  readonly #signal: AbortSignal | undefined;
  #hasBegun = false;
  #store: RunStore | null = null;

  /** See `train`. */
  constructor(request: TrainRequest) {
    this.#request = runRequestOf(request);
    this.#signal = request.signal;
  }

  /** @throws RnnError `usage` if it was called before: a `Training` runs once */
  [Symbol.asyncIterator](): AsyncGenerator<TrainingUpdate, void, undefined> {
    if (this.#hasBegun) {
      const hint = 'make a new Training, with { out, resume: true } to resume a run in a folder';
      throw usageError('cannot iterate over a run twice', hint);
    }
    this.#hasBegun = true;
    return this.#updates();
  }

  /** Trains to the end and returns the last event. */
  async finished(): Promise<EndEvent> {
    let end: EndEvent | null = null;
    for await (const update of this) if (update.event === 'end') end = update;
    return end!;
  }

  /**
   * The model with the lowest validation loss, or the model that was saved last. Works during the
   * run and after it.
   *
   * @throws RnnError `checkpoint` if nothing was saved yet
   */
  async trained(which: 'best' | 'latest' = 'best'): Promise<Checkpoint> {
    refuseOther('which', which, choice(['best', 'latest']));
    if (this.#store instanceof MemoryStore) {
      const checkpoint =
        which === 'best' ? (this.#store.best ?? this.#store.latest) : (this.#store.latest ?? this.#store.best);
      if (checkpoint !== null) return checkpoint;
    } else if (this.#request.folder !== null) {
      const { folder } = this.#request;
      return which === 'best' ? readCheckpoint(await findCheckpoint(folder)) : (await newestIn(folder)).checkpoint;
    }
    throw checkpointError(
      'checkpoint not found: this run has not saved one yet',
      'iterate over the run, or wait for finished()',
    );
  }

  async *#updates(): AsyncGenerator<TrainingUpdate, void, undefined> {
    const messages: TrainingUpdate[] = [];
    const listener = {
      note: (text: string) => void messages.push({ event: 'note', text }),
      warn: (text: string) => void messages.push({ event: 'warning', text }),
    };
    const run = await openRun({ request: this.#request, listener });
    if (run.end !== null) {
      yield* messages;
      yield run.end;
      return;
    }
    this.#store = run.store;
    const stop = new AbortController();
    let events: AsyncGenerator<TrainingEvent> | null = null;
    try {
      yield* messages;
      events = run.train(this.#signal === undefined ? stop.signal : AbortSignal.any([this.#signal, stop.signal]));
      for (let next = await events.next(); next.done !== true; next = await events.next()) yield next.value;
    } finally {
      // If the caller left the loop early, the last events of the run are dropped.
      stop.abort();
      try {
        if (events !== null) for await (const _ of events);
      } finally {
        await run.close();
      }
    }
  }
}

/** The options and the size of a run before it begins. */
export interface TrainingPlan {
  readonly options: TrainingOptions;
  /** The source of each option: `given`, a `preset`, the length of the `text`, or a `default`. */
  readonly sources: Readonly<Record<keyof TrainingOptions, OptionSource>>;
  /** Notes for people: the choices of the program, and options that have no effect. */
  readonly notes: readonly string[];
  /** P, the number of parameters. */
  readonly parameters: number;
  readonly corpus: StartEvent['corpus'];
}

/**
 * Reads the text and chooses every option as `train` does, but trains and writes nothing.
 *
 * @throws RnnError `corpus` for the text, `usage` for options that are impossible
 */
export async function planTraining(request: PlanRequest): Promise<TrainingPlan> {
  const messages: string[] = [];
  const listener = {
    note: (text: string) => void messages.push(text),
    warn: (text: string) => void messages.push(text),
  };
  const {
    options,
    sources,
    notes,
    noEffectNotes,
    corpus: { vocabulary, train, validation, test, characters },
  } = await planRun({ request: runRequestOf(request), listener });
  const { size: symbols } = vocabulary;
  return {
    options,
    sources,
    notes: [...messages, ...notes, ...noEffectNotes],
    parameters: parametersOf(options, symbols),
    corpus: {
      level: vocabulary.unit,
      characters,
      symbols,
      train: train.length,
      validation: validation.length,
      test: test.length,
    },
  };
}
