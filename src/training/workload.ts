// What a training run asks of a device: its programs by name, its weights and how they are updated.
import type { Job, Workload } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { evaluationProgram, trainingProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { regularisationOf } from './model.ts';
import type { Optimizer } from './optimizers.ts';
import type { TrainingOptions } from '../options/training.ts';
import { TRAIN, trainingJob, windowLengths } from './windows.ts';

/**
 * A program has one length: windows of several take one each, the scale of their gradients being that of the mean, so that a longer one
 * weighs more.
 */
export function workloadOf(model: ModelConfiguration, options: TrainingOptions, optimizer: Optimizer, validates: boolean): Workload {
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
    build: (rows: number) => evaluationProgram(model, { steps: T, rows }),
  };
  return { parameters: parameterShapes(model), jobs: validates ? [...training, evaluation] : training, update: optimizer.rule };
}
