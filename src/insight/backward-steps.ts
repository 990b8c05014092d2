// A network that goes through a text one step at a time, and back again: what a gradient at one step comes to at the step before it.
import { parameterVector } from '../checkpoint/store.ts';
import type { Device, Executable } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { carriedShapes } from '../model/layer.ts';
import { backwardStepProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import type { BareModel } from './reading.ts';

/** A vector for each row, one after another, by name. */
export type Vectors = Readonly<Record<string, Float32Array>>;

const JOB = 'step';

export class BackwardSteps {
  readonly model: ModelConfiguration;
  /** Rows, each a text of its own. */
  readonly rows: number;
  readonly #executable: Executable;
  readonly #carried: readonly string[];
  readonly #none: Int32Array;

  private constructor(model: ModelConfiguration, rows: number, executable: Executable) {
    this.model = model;
    this.rows = rows;
    this.#executable = executable;
    this.#carried = carriedShapes(model).map(({ name }) => name);
    this.#none = new Int32Array(rows).fill(-1);
  }

  static async open(trained: BareModel, rows: number, device: Device): Promise<BackwardSteps> {
    const { model } = trained;
    const executable = await device.compile({ parameters: parameterShapes(model), jobs: [{ name: JOB, steps: 1, batch: rows, build: (some) => backwardStepProgram(model, some) }], update: null });
    await executable.write({ kind: 'parameters' }, parameterVector(trained));
    return new BackwardSteps(model, rows, executable);
  }

  async close(): Promise<void> {
    await this.#executable.close();
  }

  /** One step forwards. @param ids (N) @returns what is carried after it */
  async forward(ids: Int32Array, isFirst: boolean): Promise<Vectors> {
    await this.#executable.run(JOB, [{ ids, targets: this.#none, reset: isFirst }]);
    const read = this.#carried.map(async (name) => [name, await this.#executable.read({ kind: 'state', job: JOB, name })] as const);
    return Object.fromEntries(await Promise.all(read));
  }

  /**
   * One step backwards, not the first of a text.
   * @param before what was carried into the step
   * @param seeds what reaches each carried value after it; nothing reaches those that are missing
   * @param targets (N) of the loss that is added, in nats; none is where they are left out
   * @returns the gradient at each carried value before the step by its name, and at the states of cells after it by `after.` and their names; valid until the next step
   */
  async backward(ids: Int32Array, before: Vectors, seeds: Vectors, targets: Int32Array = this.#none): Promise<Vectors> {
    for (const name of this.#carried) {
      await this.#write(name, before[name]);
      await this.#write(`seed.${name}`, seeds[name] ?? new Float32Array(before[name].length));
    }
    const [{ outputs }] = await this.#executable.run(JOB, [{ ids, targets }]);
    return outputs;
  }

  #write(name: string, values: Float32Array): Promise<void> {
    return this.#executable.write({ kind: 'state', job: JOB, name }, values);
  }
}
