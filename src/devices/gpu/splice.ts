// Puts the WGSL of tiles.ts in the place of what gpu.js makes of a kernel. This overrides a method
// of gpu.js that is not public. Its version is pinned, and the build copies it into dist/:
// test/devices/gpu/tiles.test.ts checks everything that is taken for granted of it here.
import { type WebGpuKernel, WebGPUKernel } from './gpu-js.ts';
import { tiledPartOf } from './tiles.ts';

let installed = false;

/** Makes gpu.js look for tiles in the sources of its WebGPU kernels. */
export function installTiles(): void {
  if (installed) return;
  installed = true;
  const { prototype } = WebGPUKernel;
  const assemble = prototype.assembleWGSL;
  prototype.assembleWGSL = function assembleTiled() {
    return splice(this, assemble.call(this));
  };
}

/**
 * What gpu.js wrote, with tiles in the place of its entry point if the kernel's source has them.
 */
export function splice(kernel: WebGpuKernel, text: string): string {
  const tiled = typeof kernel.source === 'string' ? tiledPartOf(kernel.source) : null;
  if (tiled === null) return text;
  kernel.workgroupSize = [tiled.size, tiled.size, 1];
  return `${text.slice(0, text.indexOf('@compute'))}${tiled.wgsl}\n`;
}
