// The cpu device: WebAssembly kernels over shared memory, the batch split among worker threads.
import { availableParallelism } from 'node:os';
import { RnnError } from '../../errors.ts';
import type { Device, Workload } from '../device.ts';
import { compileForCpu, describeCpu } from './executable.ts';
import { loadKernels } from './kernels.ts';
import { type Plan, planWorkload } from './plan.ts';

/** The largest memory a 32-bit WebAssembly module can address. */
const MOST_BYTES = 65536 * 65536;

export interface CpuOptions {
  /** At most this many worker threads; left out, one per core. */
  readonly threads?: number;
}

export async function openCpu({ threads = availableParallelism() }: CpuOptions = {}): Promise<Device> {
  const kernels = await loadKernels();
  const plans = new WeakMap<Workload, Plan>();
  const planOf = (workload: Workload): Plan => {
    const plan = plans.get(workload) ?? planWorkload(workload, workload.interactive ? 1 : threads);
    plans.set(workload, plan);
    return plan;
  };
  return {
    name: 'cpu',
    description: describeCpu(kernels, threads),
    estimate: (workload) => planOf(workload).bytes,
    async compile(workload) {
      const plan = planOf(workload);
      if (plan.bytes > MOST_BYTES) {
        throw new RnnError('usage', `this model and batch need ${(plan.bytes / 2 ** 30).toFixed(1)} GiB, more than the 4 GiB that the cpu device can use`, {
          hint: 'lower --hidden, --layers, --batch-size or --seq-length',
        });
      }
      return compileForCpu(workload, plan, kernels);
    },
    close: () => Promise.resolve(),
  };
}
