// The workload of a training run for a device: its programs by name, its weights and their update.
import { lengthsAround } from '../options/training.ts';
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

/**
 * The job that trains on windows of the mean length. Windows of other lengths share its carried
 * state.
 */
export const TRAIN = 'train';

/** @param steps T of its windows */
export function trainingJob(steps: number, { sequenceLength }: Pick<TrainingOptions, 'sequenceLength'>): string {
  return steps === sequenceLength ? TRAIN : `${TRAIN} ${steps}`;
}

/** The lengths of windows, the mean first. */
function windowLengths({
  sequenceLength: T,
  randomLength,
}: Pick<TrainingOptions, 'sequenceLength' | 'randomLength'>): readonly number[] {
  return randomLength ? [T, ...lengthsAround(T).filter((steps) => steps !== T)] : [T];
}

/**
 * A program has one length, so each window length needs a program. All gradients have the scale of
 * the mean length, so a longer window has more weight.
 */
export function workloadOf(
  model: ModelConfiguration,
  options: TrainingOptions,
  optimizer: Optimizer,
  validates: boolean,
): Workload {
  const { batchSize: N, sequenceLength: T, evaluationStreams } = options;
  const scale = 1 / (N * T);
  const regularisation = regularisationOf(options);
  const training = windowLengths(options).map((steps): Job => ({
    name: trainingJob(steps, options),
    steps,
    batch: N,
    stateOf: TRAIN,
    build: (rows) => trainingProgram(model, { steps, rows }, scale, regularisation),
  }));
  const evaluation = {
    name: 'evaluate',
    steps: T,
    batch: evaluationStreams,
    build: (rows: number) => networkProgram(model, { steps: T, rows }, { loss: true }),
  };
  return {
    parameters: parameterShapes(model),
    jobs: validates ? [...training, evaluation] : training,
    update: optimizer.rule,
  };
}

type SizeOptions = Pick<
  TrainingOptions,
  'batchSize' | 'sequenceLength' | 'randomLength' | 'sampleEvery' | 'orthogonalEvery'
>;

/** The memory that training needs. */
export function demandOf(
  model: ModelConfiguration,
  options: SizeOptions,
  workload: Workload,
  textBytes: number,
): MemoryDemand {
  const { batchSize, sequenceLength, sampleEvery, orthogonalEvery } = options;
  // The sampler has a copy of the weights, plain and packed.
  const sampler = sampleEvery !== 0 ? 8 * countParameters(workload.parameters) : 0;
  const projection = orthogonalEvery > 0 ? orthogonalBytes(model) : 0;
  return {
    model,
    batchSize,
    sequenceLength,
    lengths: windowLengths(options),
    workload,
    textBytes,
    otherBytes: sampler + projection,
  };
}
