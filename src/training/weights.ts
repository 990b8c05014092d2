// The vectors of a model in training: its weights, their average, and what the optimizer has gathered. They live on the device; this reads
// and writes them, and knows what checkpoints keep of them.
import { type Checkpoint, parameterVector, tensorsOf } from '../checkpoint/store.ts';
import type { Executable, Resident } from '../devices/device.ts';
import { type ParameterShape, countParameters } from '../program/value.ts';
import { AVERAGE, type Optimizer } from './optimizers.ts';
import { extraIn, slotsIn } from './restore.ts';

/** The name under which a checkpoint keeps the weights themselves, where its `tensors` are their average. */
const WEIGHTS = 'weights';

type Held = Extract<Resident, { readonly kind: 'parameters' | 'slot' }>;

export class Weights {
  readonly #executable: Executable;
  readonly #optimizer: Optimizer;
  readonly #shapes: readonly ParameterShape[];
  /** P */
  readonly #count: number;
  readonly #averages: boolean;
  /** Of the vectors of the last checkpoint. */
  readonly #copies = new Map<string, Float32Array>();
  /** Updates since the optimizer's averages were zero. */
  #updates = 0;
  /** The optimizer's vectors are zeros, as the device made them. */
  #areSlotsClear = true;

  constructor(executable: Executable, optimizer: Optimizer, shapes: readonly ParameterShape[]) {
    this.#executable = executable;
    this.#optimizer = optimizer;
    this.#shapes = shapes;
    this.#count = countParameters(shapes);
    this.#averages = optimizer.rule.slots.includes(AVERAGE);
  }

  /** @param parameters (P) of a new run */
  async begin(parameters: Float32Array): Promise<void> {
    await this.#clearSlots();
    await this.#put(parameters, parameters);
  }

  /**
   * As a checkpoint has them. Another optimizer begins with zeros; an average that the checkpoint does not have begins as a copy of its weights.
   *
   * @returns whether the optimizer goes on
   * @throws RnnError `checkpoint` if its tensors are not those of this model
   */
  async restore(checkpoint: Checkpoint): Promise<boolean> {
    const { optimizer } = checkpoint;
    const saved = parameterVector(checkpoint);
    const slots = slotsIn(optimizer, this.#optimizer.name, this.#optimizer.ownSlots, this.#count, [WEIGHTS]);
    await this.#clearSlots();
    for (const [name, data] of slots ?? []) await this.#executable.write({ kind: 'slot', name }, data);
    if (slots !== null) this.#areSlotsClear = false;
    await this.#put(extraIn(optimizer, WEIGHTS, this.#count) ?? saved, saved);
    this.#updates = slots === null ? 0 : optimizer!.scalars.step;
    return slots !== null;
  }

  async #put(parameters: Float32Array, average: Float32Array): Promise<void> {
    await this.#executable.write({ kind: 'parameters' }, parameters);
    if (this.#averages) await this.#executable.write({ kind: 'slot', name: AVERAGE }, average);
  }

  async #clearSlots(): Promise<void> {
    this.#updates = 0;
    if (this.#areSlotsClear) return;
    const zeros = new Float32Array(this.#count);
    for (const name of this.#optimizer.rule.slots) await this.#executable.write({ kind: 'slot', name }, zeros);
    this.#areSlotsClear = true;
  }

  /** The scalars of an update. @param ahead how many updates are planned before it */
  scalars(ahead: number, learningRate: number): Record<string, number> {
    return this.#optimizer.scalars(this.#updates + ahead + 1, learningRate);
  }

  /** To be told when updates were made. */
  advanced(updates: number): void {
    this.#updates += updates;
    this.#areSlotsClear &&= updates === 0;
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
    try {
      return await work();
    } finally {
      await this.#executable.write({ kind: 'parameters' }, trained);
    }
  }

  /** What a checkpoint keeps. It is overwritten by the next one: copies for each would wait in memory until they are collected. */
  async saved(): Promise<Pick<Checkpoint, 'tensors' | 'optimizer'>> {
    const shape = [this.#count];
    const tensors = tensorsOf(this.#shapes, await this.#copy(this.#used));
    const gathered = [];
    for (const name of this.#optimizer.ownSlots) gathered.push({ name, shape, data: await this.#copy({ kind: 'slot', name }) });
    if (this.#averages) gathered.push({ name: WEIGHTS, shape, data: await this.#copy({ kind: 'parameters' }) });
    return { tensors, optimizer: { name: this.#optimizer.name, scalars: { step: this.#updates }, tensors: gathered } };
  }

  async #copy(resident: Held): Promise<Float32Array> {
    const key = resident.kind === 'slot' ? `slot ${resident.name}` : resident.kind;
    const copy = await this.#executable.read(resident, this.#copies.get(key));
    this.#copies.set(key, copy);
    return copy;
  }
}
