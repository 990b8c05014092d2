// What the user waits for, as the progress line has it: from what the parts of the program report of themselves. Pure.

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

/** A wait of unknown length. */
export const waitOf = (label: string): Wait => ({ label, done: 0, total: null, detail: '' });
