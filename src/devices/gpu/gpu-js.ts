// gpu.js, imported here and nowhere else. The build puts the library itself in the place of this
// file (build/rolldown.config.js), so that an installation of the package has neither the second
// WebGPU nor the headless-gl that gpu.js depends on.
import gpuJs from 'gpu.js';

/** The part of a kernel of gpu.js for WebGPU that translate.ts uses. */
interface WebGpuKernel {
  /** The body of the kernel, and the functions that it calls, in WGSL. */
  readonly translatedBody: string;
  readonly translatedFunctions: string;
  /** Translates the source for arguments of these types. */
  build(...values: readonly unknown[]): Promise<void>;
}

// A CommonJS package without named exports.
export const { GPU, Input } = gpuJs;
/** Not among the types of gpu.js. */
export const { WebGPUKernel } = gpuJs as unknown as {
  WebGPUKernel: new (source: string, settings: object) => WebGpuKernel;
};
/** One mode of gpu.js, with its kernels. */
export type Gpu = InstanceType<typeof GPU>;
