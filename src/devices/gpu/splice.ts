// Puts the WGSL of tiles.ts in the place of what gpu.js makes of a kernel. This overrides a method
// of gpu.js 2.24.1 that is not public, so everything it takes for granted is looked at first: where
// something is not as expected, gpu.js's own text stays, which computes the same, more slowly.
import { WebGPUKernel } from './gpu-js.ts';
import { tiledPartOf } from './tiles.ts';

/** What gpu.js calls what tells how many workgroups it starts. */
const DISPATCH = '_computeDispatch';

/** A kernel of gpu.js, as far as it is known here. */
interface WebGpuKernel {
  source: unknown;
  output: readonly number[];
  componentCount: number;
  /** Elements of the output that a workgroup makes: gpu.js starts as many as cover it. */
  workgroupSize: number[];
}

interface Prototype {
  assembleWGSL(this: WebGpuKernel): string;
  [DISPATCH](this: object, threads: readonly number[]): { groups: readonly number[] };
}

const ENTRY = '@compute';

let installed = false;
let refusal: string | null = null;

/** Why tiles were asked for and could not be had; null if all is well. */
export function whyNotTiled(): string | null {
  return refusal;
}

/** Makes gpu.js look for tiles in the sources of its WebGPU kernels. @returns whether it will */
export function installTiles(): boolean {
  if (installed) return true;
  const found = WebGPUKernel?.prototype as Partial<Prototype> | undefined;
  refusal = flawOf(found);
  if (refusal !== null) return false;
  const prototype = found as Prototype;
  const assemble = prototype.assembleWGSL;
  prototype.assembleWGSL = function assembleTiled() {
    return splice(this, assemble.call(this));
  };
  installed = true;
  return true;
}

function flawOf(prototype: Partial<Prototype> | undefined): string | null {
  if (typeof prototype?.assembleWGSL !== 'function') return 'gpu.js has no WebGPUKernel.assembleWGSL';
  if (typeof prototype[DISPATCH] !== 'function') return `gpu.js has no WebGPUKernel.${DISPATCH}`;
  const kernel = {
    workgroupSize: [32, 16, 1],
    output: [1, 1, 1],
    _device: { limits: { maxComputeWorkgroupsPerDimension: 65_535 } },
  };
  try {
    const groups = prototype[DISPATCH].call(kernel, [65, 33, 2]).groups.join();
    return groups === '3,3,2' ? null : `gpu.js starts ${groups} workgroups of 32×16 for 65×33×2 elements`;
  } catch (error) {
    return `gpu.js cannot tell how many workgroups it starts (${(error as Error).message})`;
  }
}

/**
 * What gpu.js wrote, with tiles in the place of its entry point if the kernel's source has them.
 */
export function splice(kernel: WebGpuKernel, text: string): string {
  const tiled = typeof kernel.source === 'string' ? tiledPartOf(kernel.source) : null;
  if (tiled === null) return text;
  const unexpected = missing(kernel, text, tiled.wgsl);
  if (unexpected !== null) {
    refusal = unexpected;
    return text;
  }
  kernel.workgroupSize = [tiled.size, tiled.size, 1];
  return `${text.slice(0, text.indexOf(ENTRY))}${tiled.wgsl}\n`;
}

/** What the WGSL of tiles needs and gpu.js has not written. */
function missing({ output, componentCount, workgroupSize }: WebGpuKernel, text: string, wgsl: string): string | null {
  const kept = text.slice(0, text.indexOf(ENTRY));
  const names = (pattern: RegExp): string[] => [...new Set([...wgsl.matchAll(pattern)].map(([, name]) => name))];
  const needed = [
    '@group(0) @binding(0) var<uniform> params : Params;',
    'var<storage, read_write> result : array<f32>;',
    ...names(/\bget_user_(\w+)\(/g).map((name) => `fn get_user_${name}(z : i32, y : i32, x : i32) -> f32 {`),
    ...names(/\bfn_(\w+)\(/g).map((name) => `fn fn_${name}(`),
    ...names(/\bparams\.user_(\w+)/g).map((name) => `user_${name} : f32,`),
  ].find((line) => !kept.includes(line));
  if (needed !== undefined) return `gpu.js writes no "${needed}"`;
  if (text.split(ENTRY).length !== 2) return 'gpu.js writes other than one entry point';
  if (componentCount !== 1) return `gpu.js stores ${componentCount} numbers an element`;
  if (output.length < 2 || workgroupSize?.join() !== '8,8,1') return 'gpu.js shares out the output in another way';
  return null;
}
