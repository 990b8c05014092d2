// The vectors of a model in training, which live on the device: its weights, their moving average,
// and the slots of the optimizer. Reads and writes them, for checkpoints too.
import { withCleanup } from '../files/cleanup.ts';
import { type Checkpoint, parameterVector, tensorsOf } from '../runs/store.ts';
import type { Executable, Resident } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { parameterShapes } from '../model/parameters.ts';
import { countParameters } from '../program/value.ts';
import { AVERAGE, type Optimizer } from './optimizers.ts';
import { makeOrthogonal } from './orthogonal.ts';
import { WEIGHTS, extraIn, gatheredIn } from './restore.ts';
import { runInTurns } from '../turns.ts';

type Held = Extract<Resident, { readonly kind: 'parameters' | 'slot' }>;

export class Weights {
  readonly #executable: Executable;
  readonly #optimizer: Optimizer;
  readonly #model: ModelConfiguration;
  /** P */
  readonly count: number;
  readonly #averages: boolean;
  /** Reused for each checkpoint. */
  readonly #copies = new Map<string, Float32Array>();
  /** Windows since the optimizer's slots were zero, including those that wait for an update. */
  #windows = 0;

  constructor(executable: Executable, optimizer: Optimizer, model: ModelConfiguration) {
    this.#executable = executable;
    this.#optimizer = optimizer;
    this.#model = model;
    this.count = countParameters(parameterShapes(model));
    this.#averages = optimizer.rule.slots.includes(AVERAGE);
  }

  /** @param parameters (P) of a new run */
  begin(parameters: Float32Array): Promise<void> {
    return this.#fill(parameters, parameters);
  }

  /**
   * Restores the vectors of a checkpoint. Another optimizer begins with zeros, and a moving average
   * that the checkpoint does not have begins as a copy of its weights.
   *
   * @returns whether the optimizer continues
   * @throws RnnError `checkpoint` if its tensors are not those of this model
   */
  async restore(checkpoint: Checkpoint): Promise<boolean> {
    const { optimizer } = checkpoint;
    const saved = parameterVector(checkpoint);
    const gathered = gatheredIn(optimizer, this.#optimizer, this.count);
    await this.#fill(extraIn(optimizer, WEIGHTS, this.count) ?? saved, saved, gathered?.slots, gathered?.windows);
    return gathered !== null;
  }

  /** Slots that are left out are zeros, but for the average. */
  async #fill(
    parameters: Float32Array,
    average: Float32Array,
    slots: ReadonlyMap<string, Float32Array> = new Map(),
    windows = 0,
  ): Promise<void> {
    const zeros = new Float32Array(this.count);
    await this.#executable.write({ kind: 'parameters' }, parameters);
    for (const name of this.#optimizer.rule.slots)
      await this.#executable.write({ kind: 'slot', name }, name === AVERAGE ? average : (slots.get(name) ?? zeros));
    this.#windows = windows;
  }

  /** The scalars of a window. @param ahead how many windows are planned before it */
  scalars(ahead: number, learningRate: number): Record<string, number> {
    return this.#optimizer.scalars(this.#windows + ahead + 1, learningRate);
  }

  /** To be called when the gradients of windows were applied, or added up for an update. */
  advanced(windows: number): void {
    this.#windows += windows;
  }

  /** The weights to use (P): their moving average, where there is one. */
  read(): Promise<Float32Array> {
    return this.#executable.read(this.#used);
  }

  get #used(): Held {
    return this.#averages ? { kind: 'slot', name: AVERAGE } : { kind: 'parameters' };
  }

  /**
   * Does something while the device has the weights to use in the place of the weights in training.
   */
  async used<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#averages) return work();
    const trained = await this.#copy({ kind: 'parameters' });
    await this.#executable.write({ kind: 'parameters' }, await this.#copy(this.#used));
    return withCleanup(work, () => this.#executable.write({ kind: 'parameters' }, trained));
  }

  /**
   * Makes the recurrent matrices orthogonal. Their average stays as it is: the average of
   * orthogonal matrices is not orthogonal.
   */
  async makeOrthogonal(): Promise<void> {
    const parameters = await this.#copy({ kind: 'parameters' });
    await runInTurns(makeOrthogonal(parameters, this.#model));
    await this.#executable.write({ kind: 'parameters' }, parameters);
  }

  /**
   * The part of a checkpoint. The next call overwrites it, because copies would stay in memory
   * until they are collected.
   */
  async saved(): Promise<Pick<Checkpoint, 'tensors' | 'optimizer'>> {
    const shape = [this.count];
    const tensors = tensorsOf(parameterShapes(this.#model), await this.#copy(this.#used));
    const gathered = [];
    const { name: optimizerName, rule, windows } = this.#optimizer;
    for (const name of rule.slots.filter((slot) => slot !== AVERAGE))
      gathered.push({ name, shape, data: await this.#copy({ kind: 'slot', name }) });
    if (this.#averages) gathered.push({ name: WEIGHTS, shape, data: await this.#copy({ kind: 'parameters' }) });
    const scalars = {
      step: Math.floor(this.#windows / windows),
      ...(windows > 1 ? { windows, waiting: this.#windows % windows } : {}),
    };
    return { tensors, optimizer: { name: optimizerName, scalars, tensors: gathered } };
  }

  async #copy(resident: Held): Promise<Float32Array> {
    const key = resident.kind === 'slot' ? `slot ${resident.name}` : resident.kind;
    const copy = await this.#executable.read(resident, this.#copies.get(key));
    this.#copies.set(key, copy);
    return copy;
  }
}
