// The cpu device: kernels over shared memory, the batch split among worker threads.
import { RnnError } from '../../errors.ts';
import { runInSlices } from '../../run-in-slices.ts';
import { countParameters } from '../../program/value.ts';
import type { Device, Workload } from '../device.ts';
import { compileForCpu } from './executable.ts';
import { chooseThreads } from './cores.ts';
import { describeCpu } from './setups.ts';
import { type Kernels, chooseKernels } from './choose.ts';
import { type Plan, planWithin } from './plan.ts';
import { embeddedProducts } from './products.ts';
import type { KernelChoice } from '../../options/choices.ts';
import { sizeFlags } from '../../options/flags.ts';

/** The largest memory a 32-bit WebAssembly module can address: 4 GiB. */
const MAX_BYTES = 65536 * 65536;
/**
 * An upper limit, because no machine has more cores for one process, and threads are planned before
 * their memory is checked.
 */
const MAX_THREADS = 1024;
/** Short calls with fewer rows are not divided among threads. */
const MIN_ROWS = 8;
/**
 * Short calls with fewer multiply-adds, a fraction of a millisecond, are not divided either:
 * threads take 0.07 s to start, and wait for the main thread between calls. With AVX-512, one thread
 * samples 32 texts of an LSTM of 2 × 192 units (1.9e7) 1.6 times as fast as two, and 32 texts of 2 ×
 * 256 units (2.7e7) as fast.
 */
const WORTH_THREADS = 3.5e7;

interface CpuOptions {
  /** The maximum number of worker threads. Default: one per core, or per fast core (cores.ts). */
  readonly threads?: number;
  /** Default: RNN_KERNELS, or the fastest kernels if it is not set. */
  readonly kernels?: KernelChoice;
}

export async function openCpu({
  threads: maxThreads = chooseThreads(),
  kernels: requestedKernels,
}: CpuOptions = {}): Promise<Device> {
  const threads = Math.min(maxThreads, MAX_THREADS);
  const kernels = await chooseKernels(requestedKernels);
  // A library does not sum one text and several texts in the same order, so it is not used for
  // sampling.
  const kernelsFor = ({ interactive }: Workload): Kernels =>
    interactive && kernels.products.usesSgemm ? { ...kernels, products: embeddedProducts } : kernels;
  const plans = new WeakMap<Workload, Promise<Plan>>();
  const planOf = (workload: Workload): Promise<Plan> => {
    const plan =
      plans.get(workload) ??
      runInSlices(planWithin(workload, threadsFor(workload, threads), kernelsFor(workload).products, MAX_BYTES));
    plans.set(workload, plan);
    return plan;
  };
  return {
    name: 'cpu',
    description: describeCpu(kernels, threads),
    estimate: async (workload) => (await planOf(workload)).bytesWithThreads,
    async compile(workload) {
      const plan = await planOf(workload);
      if (plan.bytes > MAX_BYTES) {
        const needed = `${(plan.bytes / 2 ** 30).toFixed(1)} GiB`;
        throw new RnnError(
          'usage',
          `cannot fit this model and batch into memory: they need ${needed} with one thread, and the cpu device can use 4 GiB`,
          {
            hint: `lower ${sizeFlags}`,
          },
        );
      }
      return compileForCpu(workload, plan, kernelsFor(workload));
    },
    close: () => Promise.resolve(),
  };
}

function threadsFor({ interactive, jobs, parameters }: Workload, atMost: number): number {
  const rows = Math.max(...jobs.map(({ batch }) => batch));
  const shortCall = rows < MIN_ROWS || rows * countParameters(parameters) < WORTH_THREADS;
  return interactive && shortCall ? 1 : atMost;
}
