// The workload of a training run for a device: its programs by name, its weights and their update.
import type { Job, Workload } from '../devices/device.ts';
import type { MemoryDemand } from '../evaluation/memory.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { networkProgram, trainingProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { countParameters } from '../program/value.ts';
import { regularisationOf } from './model.ts';
import type { Optimizer } from './optimizers.ts';
import type { TrainingOptions } from '../options/training.ts';
import { orthogonalBytes } from './orthogonal.ts';
import { EVALUATE, TRAIN, type WindowPlan, evaluationJob, trainingJob } from './windows.ts';

/**
 * A program has one length, so each window length needs a program. All gradients have the scale of
 * the mean length, so a longer window has more weight.
 */
export function workloadOf(
  model: ModelConfiguration,
  options: TrainingOptions,
  optimizer: Optimizer,
  windows: WindowPlan,
  validates: boolean,
): Workload {
  const { batchSize: N, evaluationStreams } = options;
  const scale = 1 / windows.meanScored;
  const regularisation = regularisationOf(options);
  const training = windows.lengths.map((steps): Job => ({
    name: trainingJob(steps, windows),
    steps,
    batch: N,
    sharesStateWith: TRAIN,
    build: (rows) => trainingProgram(model, { steps, rows }, scale, regularisation),
  }));
  const evaluation = windows.evaluated.map((steps): Job => ({
    name: evaluationJob(steps, windows),
    steps,
    batch: evaluationStreams,
    sharesStateWith: EVALUATE,
    build: (rows) => networkProgram(model, { steps, rows }, { loss: true }),
  }));
  return {
    parameters: parameterShapes(model),
    jobs: validates ? [...training, ...evaluation] : training,
    update: optimizer.rule,
  };
}

type SizeOptions = Pick<TrainingOptions, 'batchSize' | 'sequenceLength' | 'sampleEvery' | 'orthogonalEvery'>;

/** The memory that training needs. */
export function memoryDemandOf(
  model: ModelConfiguration,
  options: SizeOptions,
  workload: Workload,
  textBytes: number,
  lengths: readonly number[] = [options.sequenceLength],
): MemoryDemand {
  const { batchSize, sequenceLength, sampleEvery, orthogonalEvery } = options;
  // The sampler has a copy of the weights, plain and packed.
  const sampler = sampleEvery !== 0 ? 8 * countParameters(workload.parameters) : 0;
  const projection = orthogonalEvery > 0 ? orthogonalBytes(model) : 0;
  return {
    model,
    batchSize,
    sequenceLength,
    lengths,
    workload,
    textBytes,
    otherBytes: sampler + projection,
  };
}
