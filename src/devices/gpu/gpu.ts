// The gpu device: programs as kernels of gpu.js, on WebGPU where there is a GPU, or in one of gpu.js's other modes for comparison.
import type { Device, Workload } from '../device.ts';
import { provideWebGpu } from './adapter.ts';
import { type CompiledJob, GpuExecutable } from './executable.ts';
import { compilePasses } from './passes.ts';
import { Kernels, type Mode, openGpuJs } from './plan.ts';

export type GpuMode = 'webgpu' | 'software' | 'webasm' | 'cpu';

const names: Readonly<Record<GpuMode, string>> = { webgpu: 'gpu', software: 'gpu:software', webasm: 'gpu:webasm', cpu: 'gpu:cpu' };
/** Buffers that a kernel may read where nothing limits them. */
const MANY_INPUTS = 15;

/** @throws RnnError `device` if there is no such adapter here */
export async function openGpu(mode: GpuMode): Promise<Device> {
  const adapter = mode === 'webgpu' || mode === 'software' ? await provideWebGpu(mode === 'webgpu' ? 'hardware' : 'software') : null;
  const gpuJsMode: Mode = mode === 'software' ? 'webgpu' : mode;
  const kernels = new Kernels(openGpuJs(gpuJsMode), gpuJsMode);
  const mostInputs = adapter ? Math.min(MANY_INPUTS, adapter.limits.maxStorageBuffersPerShaderStage - 1) : MANY_INPUTS;
  const compiled = new WeakMap<Workload, CompiledJob[]>();
  const jobsOf = (workload: Workload): CompiledJob[] => {
    const known = compiled.get(workload) ?? workload.jobs.map((job) => ({ job, list: compilePasses(job.build(job.batch), { parameters: workload.parameters, update: workload.update, mostInputs }) }));
    compiled.set(workload, known);
    return known;
  };
  const description = `${names[mode]}: ${adapter ? adapter.name : `gpu.js, mode ${mode}`}`;
  return {
    name: names[mode],
    description,
    estimate: (workload) => jobsOf(workload).length,
    compile: (workload) => Promise.resolve(new GpuExecutable(workload, jobsOf(workload), kernels, { description, memoryBytes: 0 })),
    close: async () => {
      await kernels.gpu.destroy();
    },
  };
}
