// How much of a text is read, for progress lines.

export interface ReadingActivity {
  /** `encoding` gives the characters of a text that was read their ids. */
  readonly kind: 'reading' | 'encoding';
  /** Bytes that were read. */
  readonly done: number;
  /** `done` when all is read; null if unknown: files are searched for, a pipe is read, or a text is encoded. */
  readonly total: number | null;
  readonly files: { readonly done: number; readonly total: number };
}

/** Is called as often as some of the work is done, the last time when all of it is. It must return soon. */
export type ReadingListener = (activity: ReadingActivity) => void;
