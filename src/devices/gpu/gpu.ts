// The gpu device: programs as kernels of gpu.js, on WebGPU where there is a GPU, or in one of
// gpu.js's other modes for comparison.
import { countParameters } from '../../program/value.ts';
import type { Device, Workload } from '../device.ts';
import { choiceFrom } from '../environment.ts';
import { type AdapterFacts, adapterHealth, hasRoomFor, openWebGpu } from './adapter.ts';
import { type CompiledJob, GpuExecutable } from './executable.ts';
import { buffersOf, bytesOf } from './memory.ts';
import { compilePasses } from './passes.ts';
import { Kernels } from './plan.ts';
import { tooLittleMemory } from './runner.ts';
import { productStyles } from './tiles.ts';
import { elementsOf } from './writer.ts';

export type GpuMode = 'webgpu' | 'software' | 'webasm' | 'cpu';

/** Buffers that a kernel may read where nothing limits them. */
const MANY_INPUTS = 15;

/**
 * @throws RnnError `device` if there is no such adapter here, or another device of this process has
 * one of the other kind open
 */
export async function openGpu(mode: GpuMode): Promise<Device> {
  const name = mode === 'webgpu' ? 'gpu' : `gpu:${mode}`;
  const products = choiceFrom('RNN_GPU_PRODUCTS', productStyles) ?? (mode === 'webgpu' ? 'auto' : 'plain');
  const opened =
    mode === 'webgpu' || mode === 'software' ? await openWebGpu(mode === 'webgpu' ? 'hardware' : 'software') : null;
  const adapter = opened?.facts;
  const kernels = new Kernels(mode === 'software' ? 'webgpu' : mode, products);
  const mostInputs = adapter ? Math.min(MANY_INPUTS, adapter.limits.maxStorageBuffersPerShaderStage - 1) : MANY_INPUTS;
  const compiled = new WeakMap<Workload, CompiledJob[]>();
  const jobsOf = (workload: Workload): CompiledJob[] => {
    const known =
      compiled.get(workload) ??
      workload.jobs.map((job) => ({
        job,
        list: compilePasses(job.build(job.batch), {
          parameters: workload.parameters,
          update: workload.update,
          mostInputs,
          products: workload.interactive ? 'plain' : kernels.products,
        }),
      }));
    compiled.set(workload, known);
    return known;
  };
  const description = `${name}: ${adapter ? adapter.name : `gpu.js, mode ${mode}`}`;
  return {
    name,
    description,
    estimate: async (workload) => hostBytes(workload) + (adapter?.software === false ? 0 : planBytes(jobsOf(workload))),
    async compile(workload) {
      const jobs = jobsOf(workload);
      if (adapter) await refuseTooLarge(jobs, adapter);
      return new GpuExecutable(workload, jobs, {
        description,
        memoryBytes: planBytes(jobs),
        kernels,
        health: adapterHealth,
      });
    },
    close: async () => {
      try {
        await kernels.gpu.destroy();
      } catch {
        // The device may be lost already.
      }
      opened?.close();
    },
  };
}

/** Weights and slots as they are kept, handed over, brought back and staged; the gradients. */
function hostBytes({ parameters, update }: Workload): number {
  return 4 * countParameters(parameters) * (4 * (1 + (update?.slots.length ?? 0)) + 2);
}

/** Each job has a plan of one call and one of many, whose calls share buffers. */
function planBytes(jobs: readonly CompiledJob[]): number {
  return jobs.reduce((sum, { list }) => sum + 2 * bytesOf(list), 0);
}

/** Before anything is written for a run that could not make its first step. */
async function refuseTooLarge(jobs: readonly CompiledJob[], { name, limits }: AdapterFacts): Promise<void> {
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const largest = Math.max(
    ...jobs.flatMap(({ list }) => [...list.passes, ...list.arguments].map(({ shape }) => 4 * elementsOf(shape))),
  );
  if (largest > most) {
    throw tooLittleMemory(
      `this model and batch need a buffer of ${(largest / 2 ** 30).toFixed(1)} GiB, and ${name} allows ${(most / 2 ** 30).toFixed(1)} GiB`,
    );
  }
  if (!(await hasRoomFor(jobs.flatMap(({ list }) => buffersOf(list))))) throw tooLittleMemory();
}
