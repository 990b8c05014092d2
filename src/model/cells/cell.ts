// What a cell is: the equations of one time step and the shapes of their weights. A cell knows operations and never devices,
// gradients or the loop over time.
import type { Builder } from '../../program/builder.ts';
import type { Value } from '../../program/value.ts';

/** A weight of a cell, with what an initialisation needs to know of it. */
export interface CellWeight {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** `input` and `recurrent` matrices have one block of H columns per gate; a `bias` has one row of them. */
  readonly role: 'input' | 'recurrent' | 'bias';
  /** The gates in the order of their blocks, one letter each. */
  readonly gates: string;
}

export interface Cell {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Names of the carried values, (N, H) each. The first is the cell's output. */
  readonly states: readonly string[];
  /** Conventions on which libraries disagree; recorded in checkpoints. */
  readonly conventions: Readonly<Record<string, string>>;
  /** The gate whose bias starts at the configuration's `forgetBias`, if the cell has one. */
  readonly forgetGate?: string;
  /** @param D width of the input @param H hidden units */
  weights(D: number, H: number): readonly CellWeight[];
  /**
   * The state after one step.
   * @param x (N, D) @param state (N, H) each @param w the weights by name
   */
  step(ops: Builder, x: Value, state: Readonly<Record<string, Value>>, w: Readonly<Record<string, Value>>): Record<string, Value>;
}
