// Defines a cell: the equations of one time step and the shapes of their weights. A cell uses
// operations. It knows nothing of devices, gradients, the loop over time or the parts of the
// layer's input.
import type { Builder } from '../../program/builder.ts';
import type { Value } from '../../program/value.ts';

/** A weight of a cell, with all that an initialisation needs to know. */
export interface CellWeight {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /**
   * `input` and `recurrent` matrices have one block of H columns per gate. A `bias` and a
   * multiplicative `gain` have one row of such blocks.
   */
  readonly role: 'input' | 'recurrent' | 'bias' | 'gain';
  /** The gates in the order of their blocks, one letter each. */
  readonly gates: string;
  /** The initial value of all elements, whatever the initialisation. */
  readonly start?: number;
}

/** An architecture of a recurrent layer. A layer repeats the cell's step over time. */
export interface Cell {
  readonly name: string;
  /** Its kind, and its paper if the reader may need it, for `rnn help cells`. */
  readonly summary: string;
  /** When to use it. */
  readonly use: string;
  /**
   * The default peak of Adam's learning rate for batches of 32 rows, times H. Cells that diverge
   * more easily have a smaller value.
   */
  readonly learningRateTimesHidden: number;
  /** Names of the carried values, (N, H) each. The first is the cell's output. */
  readonly states: readonly string[];
  /** Names of the sigmoid gates, whose values are between 0 and 1, (N, H) each. */
  readonly gates: readonly string[];
  /** Conventions on which libraries disagree. Recorded in checkpoints. */
  readonly conventions: Readonly<Record<string, string>>;
  /** The gate whose bias starts at the configuration's `forgetBias`, if the cell has one. */
  readonly forgetGate?: string;
  /**
   * The gate that blends old state and new, if the cell has one, and whether an open gate keeps the
   * old state (1) or takes the new one (−1).
   */
  readonly updateGate?: { readonly gate: string; readonly keeps: 1 | -1 };
  /** Recurrent matrices start as identity matrices, whatever the configuration says. */
  readonly startsAsIdentity?: true;
  /**
   * The weights in the order of checkpoints. `Wx` and `b` belong to the input. A layer with several
   * inputs has a separate `Wx` for each.
   *
   * @param D width of the input
   * @param H hidden units
   */
  weights(D: number, H: number): readonly CellWeight[];
  /**
   * The state after one time step, and the gates that were active in it.
   *
   * @param x the projected input x·Wx + b: (N, blocks of `Wx` · H)
   * @param state (N, H) each
   * @param w the weights by name
   */
  step(
    ops: Builder,
    x: Value,
    state: Readonly<Record<string, Value>>,
    w: Readonly<Record<string, Value>>,
  ): Record<string, Value>;
}

/**
 * The usual weights: x·Wx + h·Wh + b, each with one block per gate.
 *
 * @param recurrent the gates of each recurrent matrix by its name. By default one matrix `Wh` has
 * all gates
 */
export function gateWeights(
  gates: string,
  recurrent: Readonly<Record<string, string>> = { Wh: gates },
): Cell['weights'] {
  return (D, H) => [
    { name: 'Wx', rows: D, columns: gates.length * H, role: 'input', gates },
    ...Object.entries(recurrent).map(([name, matrixGates]): CellWeight => ({
      name,
      rows: H,
      columns: matrixGates.length * H,
      role: 'recurrent',
      gates: matrixGates,
    })),
    rowWeight('b', 'bias', gates, gates.length * H),
  ];
}

/**
 * A weight of one row.
 *
 * @param start the initial value of its elements
 */
export function rowWeight(
  name: string,
  role: CellWeight['role'],
  gates: string,
  columns: number,
  start?: number,
): CellWeight {
  return { name, rows: 1, columns, role, gates, start };
}

/** The blocks (N, H) of pre-activations (N, count · H), one for each gate. */
export function splitBlocks(ops: Builder, z: Value, count: number): Value[] {
  const H = z.columns / count;
  return Array.from({ length: count }, (_, gate) => ops.columns(z, gate * H, H));
}

/** z∘a + (1 − z)∘b, computed as b + z∘(a − b), which saves a multiplication. */
export function blend(ops: Builder, z: Value, a: Value, b: Value): Value {
  return ops.add(b, ops.multiply(z, ops.subtract(a, b)));
}
