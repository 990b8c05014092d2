// A small GRU and a job that samples from it, for tests of the cpu device.
import type { Job } from '../../../src/devices/device.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { networkProgram } from '../../../src/model/network.ts';

export const gruOf = (hidden: number): ModelConfiguration => ({
  cell: 'gru',
  layers: 2,
  hidden,
  embedding: 0,
  vocabulary: 5,
  forgetBias: 0,
  initialisation: 'uniform',
  dropout: 0,
  conventions: {},
});

/** One time step of `batch` texts, with the logits as outputs. */
export const samplingJob = (model: ModelConfiguration, batch: number): Job => ({
  name: 'sample',
  steps: 1,
  batch,
  build: (rows) => networkProgram(model, { steps: 1, rows }, { outputs: 'logits' }),
});
