// Loads the WebAssembly kernels and gives them types. Their source is assembly/, which documents
// each kernel and its operands and is built to two modules. This file knows how kernels are chosen,
// compiled and called, but not the memory they work on, nor networks.
//
// Conventions of all kernels: addresses are in bytes (unsigned 32 bits: compute indices with
// `>>>`), all sizes and leading dimensions are in elements, matrices are row-major float32, and ids
// and targets are int32. Outputs must not overlap inputs unless the kernel allows it. The same call
// on the same data gives the same bits, every time and at every address.
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { fileURLToPath } from 'node:url';
import { RnnError } from '../../errors.ts';
import { builtUrl } from '../artifacts.ts';
import type { kernelCalls } from './calls.ts';
import { flagOf } from '../../options/flags.ts';

/**
 * The builds of the kernels. `relaxed` uses fused multiply-add where the CPU has it. `portable` rounds in the same way on
 * every machine.
 */
export const kernelVariants = ['relaxed', 'portable'] as const;
export type KernelVariant = (typeof kernelVariants)[number];

/** A compiled module, which can be posted to worker threads, and its variant. */
export type KernelModule = { readonly module: WebAssembly.Module; readonly variant: KernelVariant };

/** The kernels, bound to one memory. */
export type KernelFunctions = Readonly<
  Record<keyof typeof kernelCalls | 'sumOfSquares' | 'reduceShards', (...operands: number[]) => number>
>;

/** Elements of the panels of a (K, N) matrix. */
export function packedPanelsSize(K: number, N: number): number {
  return Math.ceil(N / 8) * 8 * K;
}

/**
 * Elements of scratch memory that gemmPanels needs: zeros, a tile, and packed rows of A. With few
 * rows it packs all of A, else a chunk of at most 288 rows in blocks of at most 256 of K.
 */
export function gemmPanelsScratch(M: number, K: number): number {
  return 96 + (M <= 16 ? M * K : Math.min(M, 288) * Math.min(K, 256));
}

/**
 * Elements of scratch memory that gemmTransposedA needs: zeros and a tile, a packed chunk of A, and
 * four panels of B.
 */
export function gemmTransposedAScratch(M: number, K: number): number {
  return 96 + (Math.min(M, 288) + 32) * Math.min(K, 256);
}

const compiled = new Map<KernelVariant | undefined, Promise<KernelModule>>();

/**
 * The fastest kernels that this process can run, with fused multiply-add where V8 has the
 * instructions. Compiled once.
 *
 * @param variant the build to load instead of the fastest
 * @throws RnnError `device` if a build is missing or cannot run here
 */
export function loadKernels(variant?: KernelVariant): Promise<KernelModule> {
  if (typeof WebAssembly === 'undefined') {
    throw new RnnError('device', 'cannot use WebAssembly: this process of Node disables it', {
      hint: `start Node without --jitless (see NODE_OPTIONS), or use ${flagOf('device')} reference, which is slow`,
    });
  }
  const loading = compiled.get(variant) ?? compile(variant);
  compiled.set(variant, loading);
  return loading;
}

/**
 * Binds a compiled module to a shared memory. Synchronous, because a worker needs the kernels
 * before it can receive commands.
 */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelFunctions {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return instance.exports as unknown as KernelFunctions;
}

async function compile(variant: KernelVariant | undefined): Promise<KernelModule> {
  if (variant !== 'portable') {
    const bytes = await readBuild('relaxed');
    if (relaxedIsSupported(bytes)) return { module: await WebAssembly.compile(bytes), variant: 'relaxed' };
    if (variant === 'relaxed')
      throw new RnnError('device', 'cannot run the relaxed-SIMD kernels: this version of Node does not support them', {
        hint: `use ${flagOf('kernels')} wasm-portable`,
      });
  }
  return { module: await WebAssembly.compile(await readBuild('portable')), variant: 'portable' };
}

async function readBuild(variant: KernelVariant): Promise<Uint8Array<ArrayBuffer>> {
  const url = builtUrl(`cpu/kernels-${variant}.wasm`);
  try {
    return new Uint8Array(await readFile(url));
  } catch (cause) {
    throw new RnnError('device', `cannot read the WebAssembly kernels at ${fileURLToPath(url)}`, {
      hint: 'run npm run build',
      cause,
    });
  }
}

/**
 * Whether V8 accepts the relaxed build. Node 20 has the instructions behind a flag, which can be
 * set while the process runs. It applies to every thread and to modules validated after it.
 */
function relaxedIsSupported(bytes: Uint8Array<ArrayBuffer>): boolean {
  if (WebAssembly.validate(bytes)) return true;
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(bytes);
}
