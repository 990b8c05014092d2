// A check of jobs that share a carried state: windows of three lengths in turn, as in training with a length that is drawn.
import type { Call, Job } from '../devices/device.ts';
import { trainingProgram } from '../model/network.ts';
import { createOptimizer } from '../training/optimizers.ts';
import { Pair, type ParityCheck, usual } from './pair.ts';
import { Trial, small } from './trial.ts';

const lengths = [4, 1, 7] as const;
/** As of the other checks with updates. */
const tolerance = { states: 1e-4, weights: 1e-3 };

const nameOf = (steps: number): string => `train ${steps}`;

export const sharedState: ParityCheck = {
  name: 'windows of three lengths that carry one state',
  quick: false,
  run(device) {
    const trial = new Trial('lstm', { ...small, dropout: 0.2 });
    const { N, H } = small;
    const optimizer = createOptimizer({ optimizer: 'sgd', clipNorm: 1, momentum: 0.5 });
    const jobs = lengths.map((steps): Job => ({
      name: nameOf(steps),
      steps,
      batch: N,
      stateOf: nameOf(lengths[0]),
      build: (rows) => trainingProgram(trial.model, { steps, rows }, 1 / (N * lengths[0])),
    }));
    const call = (steps: number, reset = false): Call => ({
      ids: trial.symbols(steps * N),
      targets: trial.symbols(steps * N),
      dropoutKey: trial.random.uint32(),
      reset,
      update: { learningRate: 0.1 },
    });
    return Pair.compare(device, { ...trial.workload(optimizer), jobs }, async (pair) => {
      await pair.write({ kind: 'parameters' }, trial.parameters());
      // Through any of the jobs.
      for (const name of trial.stateNames()) await pair.write({ kind: 'state', job: nameOf(7), name }, new Float32Array(N * H).fill(0.5));
      for (const [steps, count] of [
        [1, 1],
        [4, 2],
        [7, 1],
        [4, 1],
        [1, 2],
      ] as const) {
        await pair.run(
          nameOf(steps),
          Array.from({ length: count }, () => call(steps)),
          { ...usual, loss: 1e-4, norm: 1e-3 },
        );
        for (const name of trial.stateNames()) {
          for (const job of lengths.map(nameOf))
            await pair.vector(`state ${name} of ${job} after ${nameOf(steps)}`, { kind: 'state', job, name }, tolerance.states);
        }
      }
      await pair.run(nameOf(7), [call(7, true)], { ...usual, loss: 1e-4, norm: 1e-3 });
      await pair.run(nameOf(1), [call(1)], { ...usual, loss: 1e-4, norm: 1e-3 });
      await pair.tensors('weights', 'parameters', tolerance.weights);
    });
  },
};
