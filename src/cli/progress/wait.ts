// The current work, in the form that the progress line shows: from the activities that modules report. Pure.
import type { ReadingActivity } from '../../corpus/read.ts';
import type { Activity } from '../../training/activity.ts';
import { bytes, count } from '../format.ts';

/** Something that takes its time and is not training. */
export interface Wait {
  /** A participle: `validating`. */
  readonly label: string;
  readonly done: number;
  /** Null if the amount of work is unknown. */
  readonly total: number | null;
  /** How much is done, in words; empty where the percentage says enough. */
  readonly detail: string;
}

/** A wait with how long it has lasted. */
export interface ShownWait {
  readonly wait: Wait;
  readonly elapsedMs: number;
}

/** The wait of the moment, if there is one, and since when. */
export class CurrentWait {
  readonly #now: () => number;
  #wait: { readonly wait: Wait; readonly sinceMs: number } | null = null;

  /** @param now milliseconds from any moment on */
  constructor(now: () => number) {
    this.#now = now;
  }

  get shown(): ShownWait | null {
    return this.#wait === null ? null : { wait: this.#wait.wait, elapsedMs: this.#now() - this.#wait.sinceMs };
  }

  /** Another wait, or more that is done of this one, which ends when all of it is. */
  change(wait: Wait): void {
    const isSame = this.#wait?.wait.label === wait.label;
    this.#wait = isOver(wait) ? null : { wait, sinceMs: isSame ? this.#wait!.sinceMs : this.#now() };
  }

  end(): void {
    this.#wait = null;
  }
}

const isOver = ({ done, total }: Wait): boolean => total !== null && done >= total;

export function waitFor(activity: Activity): Wait {
  const { kind, done, total } = activity;
  // One is not a part of anything: it begins and ends.
  return { label: kind, done, total: total === 1 && done === 0 ? null : total, detail: kind === 'reading' ? extent(activity) : '' };
}

/** Something that is done, as far as anybody knows, all at once. */
export const waitOf = (label: string): Wait => ({ label, done: 0, total: null, detail: '' });

/** `12 of 340 files, 45 MB of 137 MB`. */
function extent({ done, total, files }: ReadingActivity): string {
  if (files.total === 0) return 'looking for files';
  const read = total === null ? bytes(done) : `${bytes(done)} of ${bytes(total)}`;
  return files.total === 1 ? read : `${count(files.done)} of ${count(files.total)} files, ${read}`;
}
