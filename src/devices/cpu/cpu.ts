// The cpu device: WebAssembly kernels over shared memory, the batch split among worker threads.
import { availableParallelism } from 'node:os';
import { RnnError } from '../../errors.ts';
import type { Device, Workload } from '../device.ts';
import { chooseBlas } from './blas/choose.ts';
import { blasProducts } from './blas/products.ts';
import { compileForCpu, describeCpu } from './executable.ts';
import { loadKernels } from './kernels.ts';
import { type Plan, planWorkload } from './plan.ts';
import { embeddedProducts } from './products.ts';

/** The largest memory a 32-bit WebAssembly module can address. */
const MOST_BYTES = 65536 * 65536;
/** No machine has more cores for one process, and threads are planned before it is known whether there is memory for them. */
const MOST_THREADS = 1024;

export interface CpuOptions {
  /** At most this many worker threads; left out, one per core. */
  readonly threads?: number;
  /** `auto`, `off` or a library: see chooseBlas. */
  readonly blas?: string;
}

export async function openCpu({ threads: atMost = availableParallelism(), blas: wanted }: CpuOptions = {}): Promise<Device> {
  const threads = Math.min(atMost, MOST_THREADS);
  const kernels = await loadKernels();
  const { library } = chooseBlas(kernels, wanted);
  const products = library === null ? embeddedProducts : blasProducts(library);
  const plans = new WeakMap<Workload, Plan>();
  const planOf = (workload: Workload): Plan => {
    const plan = plans.get(workload) ?? planWorkload(workload, workload.interactive ? 1 : threads, workload.interactive || workload.rowsAlike ? embeddedProducts : products);
    plans.set(workload, plan);
    return plan;
  };
  return {
    name: 'cpu',
    description: describeCpu(kernels, threads, library),
    estimate: (workload) => planOf(workload).heldBytes,
    async compile(workload) {
      const plan = planOf(workload);
      if (plan.bytes > MOST_BYTES) {
        throw new RnnError('usage', `this model and batch need ${(plan.bytes / 2 ** 30).toFixed(1)} GiB, more than the 4 GiB that the cpu device can use`, {
          hint: 'lower --hidden, --layers, --batch-size or --seq-length',
        });
      }
      return compileForCpu(workload, plan, kernels, plan.products.usesBlas ? library : null);
    },
    close: () => Promise.resolve(),
  };
}
