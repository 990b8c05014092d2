// The state of a text while its chunks are read.
import type { Divider } from './divide.ts';
import type { FileDecoder } from './encoding.ts';
import type { LineEnds } from './line-ends.ts';

/** The text that is being read. */
export interface OpenText {
  readonly name: string;
  /** Its start in the store. */
  readonly start: number;
  readonly encoding: string;
  /** The encoding is from a byte order mark. */
  readonly isMarked: boolean;
  readonly isUtf8: boolean;
  readonly decoder: FileDecoder;
  /** Null if line endings are kept. */
  readonly lineEnds: LineEnds | null;
  /** Takes the text, and divides it into records if the user asks for them. */
  readonly divider: Divider;
}
