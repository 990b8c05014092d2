// Training for other programs: a run as something to iterate over, that saves and closes itself whichever way it is
// left. Prints nothing, and listens for no signals of the process.
import { type Checkpoint, type RunStore, MemoryStore, findCheckpoint, newestIn, readCheckpoint } from '../runs/store.ts';
import { RnnError } from '../errors.ts';
import type { EndEvent, TrainingEvent } from '../training/events.ts';
import { parametersOf } from '../training/model.ts';
import type { TrainingOptions } from '../options/training.ts';
import type { OptionSource } from '../training/resolve.ts';
import { openRun } from './open-run.ts';
import { planRun } from './plan-run.ts';
import type { RunRequest } from './run-request.ts';
import { refuseUnless } from './settings.ts';
import { type PlanRequest, type TrainRequest, runRequestOf } from './train-request.ts';

/** Something that was chosen, or is not as it was: a line for people, with options called as on the command line. */
export interface NoteEvent {
  readonly event: 'note';
  readonly text: string;
}

/** Something that went wrong before this run, and was made good. */
export interface WarningEvent {
  readonly event: 'warning';
  readonly text: string;
}

/** What a run tells: notes, then what its log and `rnn train --json` have, the last of it `end`. */
export type TrainingUpdate = NoteEvent | WarningEvent | TrainingEvent;

/**
 * A run that begins when it is iterated over. Whoever leaves the loop early, or aborts the signal, ends it after the
 * step in hand, and what it has learnt is saved.
 *
 * @throws RnnError `usage` for a name that is no option's, or settings that contradict each other. What else is wrong
 * (text, folder, device, memory) is thrown by the iteration. A run that diverges throws nothing: it ends, and says so
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
      throw new RnnError('usage', 'this run has begun already', { hint });
    }
    this.#hasBegun = true;
    return this.#updates();
  }

  /** Trains to the end, for whoever does not want to see how it goes. */
  async finished(): Promise<EndEvent> {
    let end: EndEvent | null = null;
    for await (const update of this) if (update.event === 'end') end = update;
    return end!;
  }

  /**
   * The model with the lowest validation loss, or as it was last saved: while the run goes on, and after it.
   *
   * @throws RnnError `checkpoint` if nothing was saved
   */
  async trained(which: 'best' | 'latest' = 'best'): Promise<Checkpoint> {
    refuseUnless(which === 'best' || which === 'latest', 'which', which, "'best' or 'latest'");
    if (this.#store instanceof MemoryStore) {
      const kept = which === 'best' ? (this.#store.best ?? this.#store.latest) : (this.#store.latest ?? this.#store.best);
      if (kept !== null) return kept;
    } else if (this.#request.folder !== null) {
      const { folder } = this.#request;
      return which === 'best' ? readCheckpoint(await findCheckpoint(folder)) : (await newestIn(folder)).checkpoint;
    }
    throw new RnnError('checkpoint', 'nothing of this run was saved yet', {
      hint: 'iterate over it, or wait for finished()',
    });
  }

  async *#updates(): AsyncGenerator<TrainingUpdate, void, undefined> {
    const told: TrainingUpdate[] = [];
    const tell = {
      note: (text: string) => void told.push({ event: 'note', text }),
      warn: (text: string) => void told.push({ event: 'warning', text }),
    };
    const run = await openRun(this.#request, { tell });
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
      // Of a loop that was left early, what the run still does at its end goes untold.
      stop.abort();
      try {
        if (events !== null) for await (const _ of events);
      } finally {
        await run.close();
      }
    }
  }
}

/** What a run would be. */
export interface TrainingPlan {
  readonly options: TrainingOptions;
  /** Where each option comes from: `given`, a `preset`, the length of the `text`, or a `default`. */
  readonly sources: Readonly<Record<keyof TrainingOptions, OptionSource>>;
  /** What was chosen, and what was given in vain, for people. */
  readonly notes: readonly string[];
  /** P, the numbers that it would learn. */
  readonly parameters: number;
  readonly corpus: {
    readonly characters: number;
    readonly symbols: number;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
  };
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
  } = await planRun(runRequestOf(request), { tell });
  const { size: symbols } = vocabulary;
  return {
    options,
    sources,
    notes: [...told, ...notes, ...idle],
    parameters: parametersOf(options, symbols),
    corpus: { characters, symbols, train: train.length, validation: validation.length, test: test.length },
  };
}
