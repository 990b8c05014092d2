// A topic of `rnn help`.
import type { Table } from './layout.ts';

/** Tables of names that options take, and of variables. */
export interface Topic {
  readonly intro: string;
  readonly tables: readonly Table[];
}
