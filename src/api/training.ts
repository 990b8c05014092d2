// Training for other programs: a run as something to iterate over, that saves and closes itself
// whichever way it is left. Prints nothing, and listens for no signals of the process.
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
 * Something that was chosen, or is not as it was: a line for people, with options called as on the
 * command line.
 */
export interface NoteEvent {
  readonly event: 'note';
  readonly text: string;
}

/** Something that went wrong before this run, and was made good. */
export interface WarningEvent {
  readonly event: 'warning';
  readonly text: string;
}

/**
 * The updates of a run: notes, then the events of its log and of `rnn train --json`, of which the
 * last is `end`.
 */
export type TrainingUpdate = NoteEvent | WarningEvent | TrainingEvent;

/**
 * A run that begins when it is iterated over. If you leave the loop early or abort the signal, the
 * run ends after the current step and saves its weights.
 *
 * @throws RnnError `usage` for a name that is no option's, or settings that contradict each other.
 * What else is wrong (text, folder, device, memory) is thrown by the iteration. A run that diverges
 * throws nothing: it ends, and says so
 */
export function train(request: TrainRequest): Training {
  return new Training(request);
}

export class Training implements AsyncIterable<TrainingUpdate, void, undefined> {
  readonly #request: RunRequest;
  readonly #signal: AbortSignal | undefined;
  #hasBegun = false;
  #store: RunStore | null = null;

  /** As `train` does. */
  constructor(request: TrainRequest) {
    this.#request = runRequestOf(request);
    this.#signal = request.signal;
  }

  /** @throws RnnError `usage` if it was called before: a run is trained once */
  [Symbol.asyncIterator](): AsyncGenerator<TrainingUpdate, void, undefined> {
    if (this.#hasBegun) {
      const hint = 'train it once; { out, resume: true } goes on with a run in a folder';
      throw usageError('this run has begun already', hint);
    }
    this.#hasBegun = true;
    return this.#updates();
  }

  /** Trains to the end without showing events. */
  async finished(): Promise<EndEvent> {
    let end: EndEvent | null = null;
    for await (const update of this) if (update.event === 'end') end = update;
    return end!;
  }

  /**
   * The model with the lowest validation loss, or as it was last saved: during the run and after
   * it.
   *
   * @throws RnnError `checkpoint` if nothing was saved
   */
  async trained(which: 'best' | 'latest' = 'best'): Promise<Checkpoint> {
    refuseOther('which', which, choice(['best', 'latest']));
    if (this.#store instanceof MemoryStore) {
      const kept =
        which === 'best' ? (this.#store.best ?? this.#store.latest) : (this.#store.latest ?? this.#store.best);
      if (kept !== null) return kept;
    } else if (this.#request.folder !== null) {
      const { folder } = this.#request;
      return which === 'best' ? readCheckpoint(await findCheckpoint(folder)) : (await newestIn(folder)).checkpoint;
    }
    throw checkpointError('nothing of this run was saved yet', 'iterate over it, or wait for finished()');
  }

  async *#updates(): AsyncGenerator<TrainingUpdate, void, undefined> {
    const told: TrainingUpdate[] = [];
    const tell = {
      note: (text: string) => void told.push({ event: 'note', text }),
      warn: (text: string) => void told.push({ event: 'warning', text }),
    };
    const run = await openRun({ request: this.#request, tell });
    if (run.end !== null) {
      yield* told;
      yield run.end;
      return;
    }
    this.#store = run.store;
    const stop = new AbortController();
    let events: AsyncGenerator<TrainingEvent> | null = null;
    try {
      yield* told;
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

/** A run before it begins. */
export interface TrainingPlan {
  readonly options: TrainingOptions;
  /**
   * Where each option comes from: `given`, a `preset`, the length of the `text`, or a `default`.
   */
  readonly sources: Readonly<Record<keyof TrainingOptions, OptionSource>>;
  /** What was chosen, and which options have no effect, for people. */
  readonly notes: readonly string[];
  /** P, the numbers that it would learn. */
  readonly parameters: number;
  readonly corpus: StartEvent['corpus'];
}

/**
 * Reads the text and chooses every option, as `train` does, and makes nothing.
 *
 * @throws RnnError `corpus` for the text, `usage` for options that cannot be
 */
export async function planTraining(request: PlanRequest): Promise<TrainingPlan> {
  const told: string[] = [];
  const tell = { note: (text: string) => void told.push(text), warn: (text: string) => void told.push(text) };
  const {
    options,
    sources,
    notes,
    idle,
    corpus: { vocabulary, train, validation, test, characters },
  } = await planRun({ request: runRequestOf(request), tell });
  const { size: symbols } = vocabulary;
  return {
    options,
    sources,
    notes: [...told, ...notes, ...idle],
    parameters: parametersOf(options, symbols),
    corpus: { characters, symbols, train: train.length, validation: validation.length, test: test.length },
  };
}
