// The cpu device: kernels over shared memory, the batch split among worker threads.
import { availableParallelism } from 'node:os';
import { RnnError } from '../../errors.ts';
import { runInTurns } from '../../turns.ts';
import { countParameters } from '../../program/value.ts';
import type { Device, Workload } from '../device.ts';
import { compileForCpu } from './executable.ts';
import { describeCpu } from './setups.ts';
import { type Kernels, chooseKernels } from './choose.ts';
import { type Plan, planWithin } from './plan.ts';
import { embeddedProducts } from './products.ts';
import type { KernelChoice } from '../../options/choices.ts';
import { sizeFlags } from '../../options/flags.ts';

/** The largest memory a 32-bit WebAssembly module can address: 4 GiB. */
const MOST_BYTES = 65536 * 65536;
/**
 * No machine has more cores for one process, and threads are planned before it is known whether
 * there is memory for them.
 */
const MOST_THREADS = 1024;
/** Short calls of fewer rows are not divided among threads, */
const LEAST_ROWS = 8;
/**
 * nor are those of fewer multiply-adds, a fraction of a millisecond: threads take 0.07 s to start,
 * and each call something to begin and end.
 */
const WORTH_THREADS = 1.5e7;

interface CpuOptions {
  /** At most this many worker threads; left out, one per core. */
  readonly threads?: number;
  /** Left out, RNN_KERNELS says, and without it the fastest. */
  readonly kernels?: KernelChoice;
}

export async function openCpu({
  threads: atMost = availableParallelism(),
  kernels: wanted,
}: CpuOptions = {}): Promise<Device> {
  const threads = Math.min(atMost, MOST_THREADS);
  const kernels = await chooseKernels(wanted);
  // Of one text and of several, which a library does not add up alike.
  const kernelsFor = ({ interactive }: Workload): Kernels =>
    interactive && kernels.products.usesSgemm ? { ...kernels, products: embeddedProducts } : kernels;
  const plans = new WeakMap<Workload, Promise<Plan>>();
  const planOf = (workload: Workload): Promise<Plan> => {
    const plan =
      plans.get(workload) ??
      runInTurns(planWithin(workload, threadsFor(workload, threads), kernelsFor(workload).products, MOST_BYTES));
    plans.set(workload, plan);
    return plan;
  };
  return {
    name: 'cpu',
    description: describeCpu(kernels, threads),
    estimate: async (workload) => (await planOf(workload)).heldBytes,
    async compile(workload) {
      const plan = await planOf(workload);
      if (plan.bytes > MOST_BYTES) {
        const needed = `${(plan.bytes / 2 ** 30).toFixed(1)} GiB`;
        throw new RnnError(
          'usage',
          `this model and batch need ${needed} with one thread, more than the 4 GiB that the cpu device can use`,
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
  const shortCall = rows < LEAST_ROWS || rows * countParameters(parameters) < WORTH_THREADS;
  return interactive && shortCall ? 1 : atMost;
}
