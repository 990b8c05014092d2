// What a cell is: the equations of one time step and the shapes of their weights. A cell knows
// operations and never devices, gradients, the loop over time, or what the layer's input is made
// of.
import type { Builder } from '../../program/builder.ts';
import type { Value } from '../../program/value.ts';

/** A weight of a cell, with what an initialisation needs to know of it. */
export interface CellWeight {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /**
   * `input` and `recurrent` matrices have one block of H columns per gate; a `bias` and a `gain`,
   * which multiplies, have one row of them.
   */
  readonly role: 'input' | 'recurrent' | 'bias' | 'gain';
  /** The gates in the order of their blocks, one letter each. */
  readonly gates: string;
  /** What all of its elements are at first, whatever the initialisation. */
  readonly start?: number;
}

export interface Cell {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /**
   * The peak of Adam's learning rate that serves batches of 32 rows, unless another is given, times
   * H: the smaller, the sooner the cell comes apart.
   */
  readonly learningRateTimesHidden: number;
  /** Names of the carried values, (N, H) each. The first is the cell's output. */
  readonly states: readonly string[];
  /**
   * Names of what lies between 0 and 1 and lets through: the gates that are sigmoids, (N, H) each.
   */
  readonly gates: readonly string[];
  /** Conventions on which libraries disagree; recorded in checkpoints. */
  readonly conventions: Readonly<Record<string, string>>;
  /** The gate whose bias starts at the configuration's `forgetBias`, if the cell has one. */
  readonly forgetGate?: string;
  /**
   * The gate that blends old state and new, if the cell has one, and whether it keeps the old (1)
   * or takes the new (−1) when it is open.
   */
  readonly updateGate?: { readonly gate: string; readonly keeps: 1 | -1 };
  /** Recurrent matrices start as identity matrices, whatever the configuration says. */
  readonly startsAsIdentity?: true;
  /**
   * The weights in order; `Wx` and `b` are those of the input. Where a layer has several inputs,
   * each has a `Wx` of its own.
   * @param D width of the input @param H hidden units
   */
  weights(D: number, H: number): readonly CellWeight[];
  /**
   * The state after one step, and the gates that were at work in it.
   * @param x what the input comes to, x·Wx + b: (N, blocks of `Wx` · H) @param state (N, H) each
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
 * The usual weights: x·Wx + h·Wh + b, with one block for each gate in each.
 * @param recurrent the gates of each recurrent matrix, where that is not one Wh for all
 */
export function gateWeights(
  gates: string,
  recurrent: Readonly<Record<string, string>> = { Wh: gates },
): Cell['weights'] {
  return (D, H) => [
    { name: 'Wx', rows: D, columns: gates.length * H, role: 'input', gates },
    ...Object.entries(recurrent).map(([name, own]): CellWeight => ({
      name,
      rows: H,
      columns: own.length * H,
      role: 'recurrent',
      gates: own,
    })),
    rowWeight('b', 'bias', gates, gates.length * H),
  ];
}

/** A weight of one row. @param start what its elements are at first */
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
export function blocks(ops: Builder, z: Value, count: number): Value[] {
  const H = z.columns / count;
  return Array.from({ length: count }, (_, gate) => ops.columns(z, gate * H, H));
}

/** z∘a + (1 − z)∘b, as b + z∘(a − b): one multiplication less. */
export function blend(ops: Builder, z: Value, a: Value, b: Value): Value {
  return ops.add(b, ops.multiply(z, ops.subtract(a, b)));
}
