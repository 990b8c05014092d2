// The workload of a training run for a device: its programs by name, its weights and their update.
import type { Job, Workload } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { evaluationProgram, trainingProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { regularisationOf } from './model.ts';
import type { Optimizer } from './optimizers.ts';
import type { TrainingOptions } from '../options/training.ts';
import { TRAIN, trainingJob, windowLengths } from './windows.ts';

/**
 * A program has one length, so each length of window has a program. The gradients of all are scaled as those of the mean length: a longer
 * window weighs more.
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
