// gpu.js, imported here and nowhere else. The build puts the library itself in the place of this
// file (build/rolldown.config.js), so that whoever installs the package gets neither the second
// WebGPU nor the headless-gl that gpu.js asks for. Knows nothing of programs.
import gpuJs from 'gpu.js';

/** A kernel of gpu.js, as far as splice.ts knows it. */
export interface WebGpuKernel {
  readonly source: unknown;
  /** Elements of the output that a workgroup makes: gpu.js starts as many as cover it. */
  workgroupSize: readonly number[];
}

// A CommonJS package without named exports.
export const { GPU, Input } = gpuJs;
/** Not among the types of gpu.js, and not for its users: for splice.ts. */
export const { WebGPUKernel } = gpuJs as unknown as {
  WebGPUKernel: { prototype: { assembleWGSL(this: WebGpuKernel): string } };
};
/** One mode of gpu.js, with its kernels and pipelines. */
export type Gpu = InstanceType<typeof GPU>;
