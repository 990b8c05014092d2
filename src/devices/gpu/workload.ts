// All jobs of a workload as dispatches, and the memory that the jobs share. Knows no adapter.
import type { Workload } from '../device.ts';
import type { SpaceSizes } from './backend.ts';
import { type CompiledJob, compileJob, placeStates } from './compile.ts';
import { vectorElements } from './finish.ts';

export interface CompiledWorkload {
  readonly jobs: readonly CompiledJob[];
  readonly sizes: SpaceSizes;
}

export function compileWorkload({ parameters, jobs, update }: Workload): CompiledWorkload {
  const built = jobs.map((job) => ({ job, program: job.build(job.batch) }));
  const states = placeStates(built);
  const compiled = built.map(({ job, program }) => compileJob(job, program, { parameters, update, states }));
  return {
    jobs: compiled,
    sizes: {
      arena: Math.max(...compiled.map(({ arenaElements }) => arenaElements)),
      vectors: (2 + (update?.slots.length ?? 0)) * vectorElements(parameters),
      call: Math.max(...compiled.map(({ call }) => call.elements)),
    },
  };
}

/** The memory on the GPU. */
export function bytesOf({ sizes }: CompiledWorkload): number {
  return 4 * (sizes.arena + sizes.vectors + sizes.call);
}
