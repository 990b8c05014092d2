// Runs a network one time step at a time, forwards and backwards: from the gradient after a time
// step to the gradient before it. Computes in float64 with the plain loops of the reference,
// because in float32 a saturated cell passes no gradient at all, and the lost part would count most
// in the end.
import { type Matrix, evaluateProgram } from '../devices/reference/evaluate.ts';
import { carriedShapes } from '../model/layer.ts';
import { backwardStepProgram, networkProgram } from '../model/network.ts';
import type { Program } from '../program/value.ts';
import type { BareModel } from '../evaluation/evaluate.ts';

/** Maps names to vectors, one for each row, stored one after another. */
export type NamedVectors = ReadonlyMap<string, Matrix>;

/** Forward and backward steps of one network. */
export class BackwardSteps {
  /** The names of the carried values that a gradient flows through. */
  readonly carried: readonly string[];
  readonly #parameters: ReadonlyMap<string, Matrix>;
  readonly #reading: Program;
  readonly #backward: Program;
  readonly #none: Matrix;

  /** @param rows number of texts in parallel */
  constructor({ model, tensors }: BareModel, rows: number) {
    this.carried = carriedShapes(model).map(({ name }) => name);
    this.#parameters = new Map(tensors.map(({ name, data }) => [name, Float64Array.from(data)]));
    this.#reading = networkProgram(model, { steps: 1, rows });
    this.#backward = backwardStepProgram(model, rows);
    this.#none = new Float64Array(rows).fill(-1);
  }

  /**
   * Runs one step forwards.
   * @param ids (N)
   * @param before carried values before the step, empty at the start of a text
   * @returns carried values after the step
   */
  forward(ids: ArrayLike<number>, before: NamedVectors = new Map()): NamedVectors {
    const state = new Map(before);
    evaluateProgram(this.#reading, {
      parameters: this.#parameters,
      inputs: new Map([['ids', Float64Array.from(ids)]]),
      state,
    });
    return state;
  }

  /**
   * Runs one step backwards.
   * @param before carried values before the step
   * @param seeds gradients with respect to the carried values after the step, empty for the last
   * step
   * @param targets (N) of the loss to add, in nats. If omitted, no loss is added
   * @returns gradients with respect to the carried values before the step, by name, and with
   * respect to the states after it, by `after.` and name
   */
  backward(
    ids: ArrayLike<number>,
    before: NamedVectors,
    seeds: NamedVectors,
    targets?: ArrayLike<number>,
  ): NamedVectors {
    const state = new Map([...before, ...[...seeds].map(([name, seed]) => [`seed.${name}`, seed] as const)]);
    const inputs = new Map([
      ['ids', Float64Array.from(ids)],
      ['targets', targets ? Float64Array.from(targets) : this.#none],
    ]);
    const { values } = evaluateProgram(this.#backward, { parameters: this.#parameters, inputs, state });
    return new Map([...this.#backward.outputs].map(([name, value]) => [name, values.get(value)!]));
  }
}
