// A network that goes through texts one step at a time, and back again: what a gradient at one step
// comes to at the step before it. In float64, by the plain loops of the reference: in float32 a
// saturated cell passes nothing back at all, and what is lost there would count most in the end.
import { type Matrix, evaluate } from '../devices/reference/evaluate.ts';
import { carriedShapes } from '../model/layer.ts';
import { backwardStepProgram, networkProgram } from '../model/network.ts';
import type { Program } from '../program/value.ts';
import type { BareModel } from '../evaluation/evaluate.ts';

/** By name, a vector for each row, one after another. */
export type Vectors = ReadonlyMap<string, Matrix>;

export class BackwardSteps {
  /** What a gradient flows through. */
  readonly carried: readonly string[];
  readonly #parameters: ReadonlyMap<string, Matrix>;
  readonly #reading: Program;
  readonly #backward: Program;
  readonly #none: Matrix;

  /** @param rows texts side by side */
  constructor({ model, tensors }: BareModel, rows: number) {
    this.carried = carriedShapes(model).map(({ name }) => name);
    this.#parameters = new Map(tensors.map(({ name, data }) => [name, Float64Array.from(data)]));
    this.#reading = networkProgram(model, { steps: 1, rows });
    this.#backward = backwardStepProgram(model, rows);
    this.#none = new Float64Array(rows).fill(-1);
  }

  /**
   * One step forwards. @param ids (N) @param before what was carried into it; nothing at first
   * @returns what is carried after it
   */
  forward(ids: ArrayLike<number>, before: Vectors = new Map()): Vectors {
    const state = new Map(before);
    evaluate(this.#reading, {
      parameters: this.#parameters,
      inputs: new Map([['ids', Float64Array.from(ids)]]),
      state,
    });
    return state;
  }

  /**
   * One step backwards.
   * @param before what was carried into the step
   * @param seeds what reaches each carried value after it; nothing at first
   * @param targets (N) of the loss that is added, in nats; none is where they are left out
   * @returns the gradient at each carried value before the step by its name, and at the states of
   * cells after it by `after.` and their names
   */
  backward(ids: ArrayLike<number>, before: Vectors, seeds: Vectors, targets?: ArrayLike<number>): Vectors {
    const state = new Map([...before, ...[...seeds].map(([name, seed]) => [`seed.${name}`, seed] as const)]);
    const inputs = new Map([
      ['ids', Float64Array.from(ids)],
      ['targets', targets ? Float64Array.from(targets) : this.#none],
    ]);
    const { values } = evaluate(this.#backward, { parameters: this.#parameters, inputs, state });
    return new Map([...this.#backward.outputs].map(([name, value]) => [name, values.get(value)!]));
  }
}
