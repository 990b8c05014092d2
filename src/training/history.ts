// What a checkpoint remembers of how a run went: evaluations, and the last report before each checkpoint. The log has all of them.
import type { EvaluationEvent, ReportEvent } from './events.ts';

type Remembered = Readonly<Record<string, unknown>>;

/** Beyond this many, every second of the older half is forgotten: a checkpoint is read and written as a whole, and a run may be long. */
const MOST = 2000;

export class History {
  #events: Remembered[];

  constructor(events: readonly Remembered[] = []) {
    this.#events = [...events];
  }

  add(event: EvaluationEvent | ReportEvent): void {
    this.#events.push({ ...event });
    if (this.#events.length > MOST) this.#events = this.#events.filter((_, index) => index > MOST / 2 || index % 2 === 0);
  }

  /** Oldest first. */
  get events(): readonly Remembered[] {
    return [...this.#events];
  }
}
