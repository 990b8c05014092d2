// The gpu device: gpu.js compiles kernels, and they run on WebGPU, or without a GPU for tests.
import { type RnnError, usageError } from '../../errors.ts';
import { flagOf } from '../../options/flags.ts';
import { countParameters } from '../../program/value.ts';
import { runInSlices } from '../../run-in-slices.ts';
import type { Device, Workload } from '../device.ts';
import { Adapter, type AdapterFacts } from './adapter.ts';
import type { Backend, SpaceSizes } from './backend.ts';
import { type CompiledWorkload, compileInSlices } from './compile.ts';
import { GpuExecutable } from './executable.ts';
import { Interpreter } from './interpreter.ts';
import { stylesFor } from './style.ts';
import { OutOfMemoryError, WebGpuBackend } from './webgpu.ts';

export type GpuMode = 'webgpu' | 'software' | 'cpu';

/** @throws RnnError `device` if this machine does not have an adapter of that kind */
export async function openGpu(mode: GpuMode): Promise<Device> {
  const name = mode === 'webgpu' ? 'gpu' : `gpu:${mode}`;
  const adapter = mode === 'cpu' ? null : await Adapter.open(mode === 'webgpu' ? 'hardware' : 'software');
  const compiled = new WeakMap<Workload, Promise<CompiledWorkload>>();
  // Sampling sums a row in the same order however many rows there are. Software is slow where
  // threads wait for each other.
  const isPlain = ({ interactive }: Workload): boolean => interactive === true || adapter?.facts.software === true;
  const compiledFor = (workload: Workload): Promise<CompiledWorkload> => {
    const known = compiled.get(workload) ?? runInSlices(compileInSlices(workload, isPlain(workload)));
    compiled.set(workload, known);
    return known;
  };
  const description = `${name}: ${adapter ? adapter.facts.name : 'gpu.js without a GPU'}`;
  return {
    name,
    description,
    estimate: async (workload) =>
      hostBytes(workload) + (adapter?.facts.software === false ? 0 : (await compiledFor(workload)).bytes),
    async compile(workload) {
      const { jobs, sizes, bytes } = await compiledFor(workload);
      if (adapter) refuseTooLarge(sizes, adapter.facts);
      const open = async (): Promise<Backend> =>
        adapter
          ? WebGpuBackend.open(adapter, jobs, sizes, isPlain(workload) ? () => ['element'] : stylesFor)
          : new Interpreter(sizes);
      try {
        return await GpuExecutable.open(workload, jobs, {
          description,
          memoryBytes: bytes,
          sizes,
          open,
        });
      } catch (error) {
        throw error instanceof OutOfMemoryError ? tooLittleMemory() : error;
      }
    },
    close: async () => adapter?.close(),
  };
}

/** The copy from which memory is restored, and weights on their way to and from the GPU. */
function hostBytes({ parameters, update }: Workload): number {
  return 4 * countParameters(parameters) * (2 * (2 + (update?.slots.length ?? 0)));
}

/** Before anything is written for a run that could not make its first step. */
function refuseTooLarge({ arena, vectors, call }: SpaceSizes, { name, limits }: AdapterFacts): void {
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const largest = 4 * Math.max(arena, vectors, call);
  if (largest <= most) return;
  const inGiB = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  throw tooLittleMemory(`this model and batch need a buffer of ${inGiB(largest)}, and ${name} allows ${inGiB(most)}`);
}

function tooLittleMemory(message = 'the GPU has too little memory for this model and batch'): RnnError {
  return usageError(
    message,
    `lower ${flagOf('batchSize')} or ${flagOf('sequenceLength')}, then ${flagOf('hidden')} or ${flagOf('layers')}, or use ${flagOf('device')} cpu`,
  );
}
