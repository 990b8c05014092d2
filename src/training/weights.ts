// The vectors of a model in training, which are on the device: its weights, their exponential
// moving average (EMA), and the slots of the optimizer. Reads and writes them, for checkpoints too.
import { withCleanup } from '../files/cleanup.ts';
import { type Checkpoint, parameterVector, tensorsOf } from '../runs/store.ts';
import type { Executable, ResidentVector } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { parameterShapes } from '../model/parameters.ts';
import { countParameters } from '../program/value.ts';
import { AVERAGE, type Optimizer } from './optimizers.ts';
import { makeOrthogonal } from './orthogonal.ts';
import { WEIGHTS, extraVectorIn, optimizerStateIn } from './restore.ts';
import { runInSlices } from '../run-in-slices.ts';

type WeightVector = Extract<ResidentVector, { readonly kind: 'parameters' | 'slot' }>;

const trained: WeightVector = { kind: 'parameters' };

export function openWeights(executable: Executable, optimizer: Optimizer, model: ModelConfiguration) {
  const shapes = parameterShapes(model);
  const count = countParameters(shapes); // P
  const { rule } = optimizer;
  const averages = rule.slots.includes(AVERAGE);
  /** The weights to use: their EMA, if there is one. */
  const inUse: WeightVector = averages ? { kind: 'slot', name: AVERAGE } : trained;
  /** Reused for each checkpoint. */
  const copies = new Map<string, Float32Array>();
  /** Windows since the optimizer's slots were zero, including those that wait for an update. */
  let windows = 0;

  const copy = async (resident: WeightVector): Promise<Float32Array> => {
    const key = resident.kind === 'slot' ? `slot ${resident.name}` : resident.kind;
    const copied = await executable.read(resident, copies.get(key));
    copies.set(key, copied);
    return copied;
  };

  /** Missing slots become zeros, except for the average. */
  const fill = async (
    parameters: Float32Array,
    average: Float32Array,
    slots: ReadonlyMap<string, Float32Array> = new Map(),
    counted = 0,
  ): Promise<void> => {
    const zeros = new Float32Array(count);
    await executable.write(trained, parameters);
    for (const name of rule.slots)
      await executable.write({ kind: 'slot', name }, name === AVERAGE ? average : (slots.get(name) ?? zeros));
    windows = counted;
  };

  return {
    count,

    /** @param parameters (P) of a new run */
    begin: (parameters: Float32Array): Promise<void> => fill(parameters, parameters),

    /**
     * Restores the vectors of a checkpoint. Another optimizer begins with zeros. An EMA that the
     * checkpoint does not have begins as a copy of its weights.
     *
     * @returns whether the optimizer continues
     * @throws RnnError `checkpoint` if its tensors do not fit this model
     */
    async restore(checkpoint: Checkpoint): Promise<boolean> {
      const saved = parameterVector(checkpoint);
      const gathered = optimizerStateIn(checkpoint.optimizer, optimizer, count);
      const parameters = extraVectorIn(checkpoint.optimizer, WEIGHTS, count) ?? saved;
      await fill(parameters, saved, gathered?.slots, gathered?.windows);
      return gathered !== null;
    },

    /**
     * The scalars of a window.
     *
     * @param windowsBefore how many windows are planned before it
     */
    scalars: (windowsBefore: number, learningRate: number): Record<string, number> =>
      optimizer.scalars(windows + windowsBefore + 1, learningRate),

    /** Must be called after the gradients of windows were applied, or added up for an update. */
    countWindows(count: number): void {
      windows += count;
    },

    /** The weights to use (P). */
    read: (): Promise<Float32Array> => executable.read(inUse),

    /** Runs `work` while the device has the weights to use instead of the weights in training. */
    async runWithAverages<Result>(work: () => Promise<Result>): Promise<Result> {
      if (!averages) return work();
      const parameters = await copy(trained);
      await executable.write(trained, await copy(inUse));
      return withCleanup(work, () => executable.write(trained, parameters));
    },

    /**
     * Makes the recurrent matrices orthogonal. Their EMA does not change: the average of orthogonal
     * matrices is not orthogonal.
     */
    async makeOrthogonal(): Promise<void> {
      const parameters = await copy(trained);
      await runInSlices(makeOrthogonal(parameters, model));
      await executable.write(trained, parameters);
    },

    /**
     * The weights and the optimizer for a checkpoint. The next call overwrites them, because copies
     * would stay in memory until they are garbage-collected.
     */
    async saved(): Promise<Pick<Checkpoint, 'tensors' | 'optimizer'>> {
      const shape = [count];
      const tensors = tensorsOf(shapes, await copy(inUse));
      const gathered = [];
      for (const name of rule.slots.filter((slot) => slot !== AVERAGE))
        gathered.push({ name, shape, data: await copy({ kind: 'slot', name }) });
      if (averages) gathered.push({ name: WEIGHTS, shape, data: await copy(trained) });
      const scalars = {
        step: Math.floor(windows / optimizer.windows),
        ...(optimizer.windows > 1 ? { windows: optimizer.windows, waiting: windows % optimizer.windows } : {}),
      };
      return { tensors, optimizer: { name: optimizer.name, scalars, tensors: gathered } };
    },
  };
}
export type WeightVectors = ReturnType<typeof openWeights>;
