// The cost of an update step on a GPU. It works without a GPU, because it only plans, as the gpu
// device would.
import type { Body } from '../devices/gpu/body.ts';
import { compileWorkload } from '../devices/gpu/compile.ts';
import { refuseTooLargeForMachine } from '../evaluation/memory.ts';
import { countParameters } from '../program/value.ts';
import { type BenchResult, type BenchSetup, benchWork, costOfLayers } from './bench.ts';
import { estimateOnGpus } from './gpu-estimate.ts';

/**
 * The result of a benchmark of the gpu that runs nothing, with estimates of the time of an update
 * step.
 *
 * @throws RnnError `usage` for a model that is too large to plan
 */
export function planForGpu(setup: BenchSetup): BenchResult {
  const { workload, demand } = benchWork(setup);
  refuseTooLargeForMachine(demand);
  const { batchSize: N, sequenceLength: T } = setup;
  const started = performance.now();
  const compiled = compileWorkload(workload);
  const compileMs = performance.now() - started;
  const [{ cost, dispatches }] = compiled.jobs;
  return {
    device: 'gpu',
    description: 'gpu: planned, without a GPU',
    parameters: countParameters(workload.parameters),
    operations: workload.jobs[0].build(N).values.length,
    multiplyAdds: cost.multiplyAdds,
    compileMs,
    memoryBytes: compiled.bytes,
    cost: costOfLayers(cost, setup),
    training: null,
    profile: null,
    sampling: null,
    estimates: estimateOnGpus(
      dispatches.map(({ planes }) => ({
        multiplyAdds: sumOf(planes, ({ multiplyAdds }) => multiplyAdds),
        bytes: sumOf(planes, ({ bytes }) => bytes),
      })),
      N * T,
    ),
  };
}

const sumOf = (planes: readonly Body[], of: (body: Body) => number): number =>
  planes.reduce((sum, body) => sum + of(body), 0);
