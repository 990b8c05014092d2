// The vectors of a model in training: its weights, their average, and what the optimizer has gathered. They live on the device; this reads
// and writes them, and knows what checkpoints keep of them.
import { withCleanup } from '../cleanup.ts';
import { type Checkpoint, parameterVector, tensorsOf } from '../runs/store.ts';
import type { Executable, Resident } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { parameterShapes } from '../model/parameters.ts';
import { countParameters } from '../program/value.ts';
import { AVERAGE, type Optimizer, SUM } from './optimizers.ts';
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
  /** Of the vectors of the last checkpoint. */
  readonly #copies = new Map<string, Float32Array>();
  /** Windows since the optimizer's averages were zero, those that an update still waits for included. */
  #windows = 0;
  /** The optimizer's vectors are zeros, as the device made them. */
  #areSlotsClear = true;

  constructor(executable: Executable, optimizer: Optimizer, model: ModelConfiguration) {
    this.#executable = executable;
    this.#optimizer = optimizer;
    this.#model = model;
    this.count = countParameters(parameterShapes(model));
    this.#averages = optimizer.rule.slots.includes(AVERAGE);
  }

  /** @param parameters (P) of a new run */
  async begin(parameters: Float32Array): Promise<void> {
    await this.#clearSlots();
    await this.#put(parameters, parameters);
  }

  /**
   * As a checkpoint has them. What was gathered for an update of another number of windows is left out. Another optimizer begins with
   * zeros, and with its count the average, too, soon forgets what was; one that the checkpoint does not have begins as a copy of its
   * weights.
   *
   * @returns whether the optimizer goes on
   * @throws RnnError `checkpoint` if its tensors are not those of this model
   */
  async restore(checkpoint: Checkpoint): Promise<boolean> {
    const { optimizer } = checkpoint;
    const saved = parameterVector(checkpoint);
    const gathered = gatheredIn(optimizer, this.#optimizer, this.count);
    await this.#clearSlots();
    for (const [name, data] of gathered?.slots ?? []) await this.#executable.write({ kind: 'slot', name }, data);
    if (gathered !== null) this.#areSlotsClear = false;
    await this.#put(extraIn(optimizer, WEIGHTS, this.count) ?? saved, saved);
    this.#windows = gathered?.windows ?? 0;
    return gathered !== null;
  }

  async #put(parameters: Float32Array, average: Float32Array): Promise<void> {
    await this.#executable.write({ kind: 'parameters' }, parameters);
    if (this.#averages) await this.#executable.write({ kind: 'slot', name: AVERAGE }, average);
  }

  async #clearSlots(): Promise<void> {
    this.#windows = 0;
    if (this.#areSlotsClear) return;
    const zeros = new Float32Array(this.count);
    for (const name of this.#optimizer.rule.slots) await this.#executable.write({ kind: 'slot', name }, zeros);
    this.#areSlotsClear = true;
  }

  /** The scalars of a window. @param ahead how many windows are planned before it */
  scalars(ahead: number, learningRate: number): Record<string, number> {
    return this.#optimizer.scalars(this.#windows + ahead + 1, learningRate);
  }

  /** To be told when the gradients of windows were applied or gathered. */
  advanced(windows: number): void {
    this.#windows += windows;
    this.#areSlotsClear &&= windows === 0;
  }

  /** The weights to use (P): their average, where there is one. */
  read(): Promise<Float32Array> {
    return this.#executable.read(this.#used);
  }

  get #used(): Held {
    return this.#averages ? { kind: 'slot', name: AVERAGE } : { kind: 'parameters' };
  }

  /** Does something while the device has the weights to use in the place of those that are trained. */
  async used<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#averages) return work();
    const trained = await this.#copy({ kind: 'parameters' });
    await this.#executable.write({ kind: 'parameters' }, await this.#copy(this.#used));
    return withCleanup(work, () => this.#executable.write({ kind: 'parameters' }, trained));
  }

  /** Makes the recurrent matrices orthogonal. Their average stays as it is: the average of orthogonal matrices is not orthogonal. */
  async makeOrthogonal(): Promise<void> {
    const parameters = await this.#copy({ kind: 'parameters' });
    await runInTurns(makeOrthogonal(parameters, this.#model));
    await this.#executable.write({ kind: 'parameters' }, parameters);
  }

  /** What a checkpoint keeps. It is overwritten by the next one: copies for each would wait in memory until they are collected. */
  async saved(): Promise<Pick<Checkpoint, 'tensors' | 'optimizer'>> {
    const shape = [this.count];
    const tensors = tensorsOf(parameterShapes(this.#model), await this.#copy(this.#used));
    const gathered = [];
    const { name: optimizerName, ownSlots, windows } = this.#optimizer;
    for (const name of [...ownSlots, ...(windows > 1 ? [SUM] : [])])
      gathered.push({ name, shape, data: await this.#copy({ kind: 'slot', name }) });
    if (this.#averages) gathered.push({ name: WEIGHTS, shape, data: await this.#copy({ kind: 'parameters' }) });
    const scalars = { step: Math.floor(this.#windows / windows), ...(windows > 1 ? { windows, waiting: this.#windows % windows } : {}) };
    return { tensors, optimizer: { name: optimizerName, scalars, tensors: gathered } };
  }

  async #copy(resident: Held): Promise<Float32Array> {
    const key = resident.kind === 'slot' ? `slot ${resident.name}` : resident.kind;
    const copy = await this.#executable.read(resident, this.#copies.get(key));
    this.#copies.set(key, copy);
    return copy;
  }
}
