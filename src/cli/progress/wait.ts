// What the user waits for, as the progress line has it: from what the parts of the program report of themselves. Pure.
import type { ReadingActivity } from '../../corpus/activity.ts';
import type { Activity } from '../../training/activity.ts';
import { bytes, count } from '../format.ts';

/** Something that takes its time and is not training. */
export interface Wait {
  /** A participle: `validating`. */
  readonly label: string;
  readonly done: number;
  /** Null where nobody knows how much there is to do. */
  readonly total: number | null;
  /** How much is done, in words; empty where the percentage says enough. */
  readonly detail: string;
}

export function waitFor(activity: Activity): Wait {
  const { kind, done, total } = activity;
  return { label: kind, done, total, detail: kind === 'reading' ? extent(activity) : '' };
}

/** `12 of 340 files, 45 MB of 137 MB`. */
function extent({ done, total, files }: ReadingActivity): string {
  if (files.total === 0) return 'looking for files';
  const read = total === null ? bytes(done) : `${bytes(done)} of ${bytes(total)}`;
  return files.total === 1 ? read : `${count(files.done)} of ${count(files.total)} files, ${read}`;
}
