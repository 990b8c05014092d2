// Loads the WebAssembly kernels (assembly/, built to two modules) and gives them types. Knows how they are chosen, compiled and
// called; not what memory they work on, nor what a network is.
//
// In every kernel: addresses are in bytes (unsigned 32 bits: derive indices with `>>>`), all sizes and leading dimensions in
// elements, matrices row-major float32, identifiers and targets int32. Outputs must not overlap inputs unless it says so.
// The same call on the same data gives the same bits, every time and wherever the buffers lie.
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { fileURLToPath } from 'node:url';
import { RnnError } from '../../errors.ts';
import { artifactUrl } from './artifacts.ts';

/** `relaxed` uses fused multiply-add where the CPU has it; `portable` rounds alike on every machine. */
export type KernelVariant = 'relaxed' | 'portable';

/** A compiled module, which can be posted to worker threads, and which of the two builds it is. */
export type KernelModule = { readonly module: WebAssembly.Module; readonly variant: KernelVariant };

/** The kernels, bound to one memory. */
export type Kernels = {
  /**
   * Packs the panels [panelFrom, panelTo) of op(B) (K, N) to out[(j >> 3)·8K + 8k + (j & 7)], columns padded with zeros to a
   * multiple of 8. op(B) is B stored (K, N), or if `transposed` is 1 the transpose of B stored (N, K). There are ⌈N/8⌉ panels;
   * workers may pack disjoint ranges at once. `out` holds {@link packedPanelsSize} elements.
   */
  packPanels(b: number, ldb: number, K: number, N: number, transposed: number, out: number, panelFrom: number, panelTo: number): void;

  /**
   * C (M, N) = [C +] A (M, K) · B [+ bias (N)], with B from packPanels. `accumulate` 0 or 1; `bias` an address or 0; `scratch`
   * of {@link gemmPanelsScratch} elements. A row's result does not depend on M or on which row it is.
   */
  gemmPanels(
    M: number,
    N: number,
    K: number,
    a: number,
    lda: number,
    panels: number,
    c: number,
    ldc: number,
    accumulate: number,
    bias: number,
    scratch: number,
  ): void;

  /**
   * C (M, N) = [C +] Aᵀ·B with A stored (K, M) and B stored (K, N): a weight's gradient, summed over the K rows of a batch.
   * `scratch` of {@link gemmTransposedAScratch} elements.
   */
  gemmTransposedA(
    M: number,
    N: number,
    K: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    c: number,
    ldc: number,
    accumulate: number,
    scratch: number,
  ): void;

  /** out (rows, columns): out[r] = table[ids[r]] [+ bias (columns)]; `bias` an address or 0. */
  gather(rows: number, columns: number, table: number, ldt: number, ids: number, out: number, ldo: number, bias: number): void;

  /** table[ids[r]] += x[r] for the rows of x (rows, columns), in order. The caller zeroes the table. */
  scatterAdd(rows: number, columns: number, x: number, ldx: number, ids: number, table: number, ldt: number): void;

  /** out (columns) = [out +] the sum of x (rows, columns) over its rows. */
  columnSums(rows: number, columns: number, x: number, ldx: number, out: number, accumulate: number): void;

  /** to (rows, columns) = from */
  copyRows(rows: number, columns: number, from: number, ldf: number, to: number, ldt: number): void;

  /** to (columns, rows) = the transpose of from (rows, columns) */
  transposeRows(rows: number, columns: number, from: number, ldf: number, to: number, ldt: number): void;

  /** to (rows, columns) += from */
  addRows(rows: number, columns: number, from: number, ldf: number, to: number, ldt: number): void;

  /**
   * out (rows, columns) = `kept`, or 0 where dropout drops. `context` is the address of three int32: N of the whole batch, the first
   * row of it that is here, the call's key. `threshold` of dropoutThreshold; `stepRows` rows of out are one time step; 0 if
   * it is no part of a batch.
   */
  dropoutMask(
    rows: number,
    columns: number,
    stepRows: number,
    context: number,
    site: number,
    threshold: number,
    kept: number,
    out: number,
    ldo: number,
  ): void;

  /** Zeroes `bytes` bytes. */
  zero(address: number, bytes: number): void;

  /**
   * The sum over rows of log Σ_j e^logits[r, j] − logits[r, targets[r]], in nats and float64. If `gradient` is not 0, writes
   * (softmax − (1 − smoothing)·onehot − smoothing/columns)·scale there; it may be the address of the logits. Rows with a negative target
   * add no loss and have a gradient of zeros. Exponentials below e^−64 of a row's largest count as 0 (denormals are slow). A NaN logit
   * makes the loss NaN.
   */
  softmaxCrossEntropy(
    rows: number,
    columns: number,
    logits: number,
    ldl: number,
    targets: number,
    gradient: number,
    ldg: number,
    scale: number,
    smoothing: number,
  ): number;

  /** The sum of squares of `count` elements, in float64; NaN and infinity propagate. */
  sumOfSquares(x: number, count: number): number;

  /** to[i] = Σ_s from[s·stride + i] for i < count, shards in order; `to` may be the first shard. `stride` in elements. */
  reduceShards(from: number, stride: number, shards: number, count: number, to: number): void;

  /** e^x of one float32, within 1 ulp; results below the smallest normal number are 0. What the softmax computes with. */
  exp1(x: number): number;
};

/** Elements of the panels of a (K, N) matrix. */
export function packedPanelsSize(K: number, N: number): number {
  return Math.ceil(N / 8) * 8 * K;
}

/**
 * Elements of scratch memory that gemmPanels needs: zeros, a tile, and of A all of few rows, else a chunk of at most 288 rows in blocks of
 * at most 256 of K.
 */
export function gemmPanelsScratch(M: number, K: number): number {
  return 96 + (M <= 16 ? M * K : Math.min(M, 288) * Math.min(K, 256));
}

/** Elements of scratch memory that gemmTransposedA needs: those of gemmPanels and four panels of B. */
export function gemmTransposedAScratch(M: number, K: number): number {
  return 96 + (Math.min(M, 288) + 32) * Math.min(K, 256);
}

const compiled = new Map<KernelVariant, Promise<KernelModule>>();

/**
 * The fastest kernels this process can run, compiled once. `variant` asks for one of the builds; left out, the environment
 * variable RNN_WASM does (`portable` or `relaxed`), and without either it is relaxed where V8 has the instructions.
 * @throws RnnError `usage` if RNN_WASM is something else, `device` if a build is missing or cannot run here
 */
export function loadKernels(variant: KernelVariant | undefined = variantFromEnvironment()): Promise<KernelModule> {
  if (typeof WebAssembly === 'undefined') {
    throw new RnnError('device', 'this process of Node has no WebAssembly', {
      hint: 'start Node without --jitless (see NODE_OPTIONS), or use --device reference, which is slow',
    });
  }
  if (variant === undefined) return loadFastest();
  let loading = compiled.get(variant);
  if (loading === undefined) {
    loading = compile(variant);
    compiled.set(variant, loading);
  }
  return loading;
}

/** Binds a compiled module to a memory, which must be shared. Synchronous, for the start of a worker. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return instance.exports as unknown as Kernels;
}

function variantFromEnvironment(): KernelVariant | undefined {
  const value = process.env['RNN_WASM'];
  if (value === undefined || value === '' || value === 'portable' || value === 'relaxed') return value || undefined;
  throw new RnnError('usage', `RNN_WASM is "${value}"; expected "portable" or "relaxed"`, {
    hint: 'unset RNN_WASM to let rnn choose',
  });
}

async function loadFastest(): Promise<KernelModule> {
  return relaxedIsSupported(await readBuild('relaxed')) ? loadKernels('relaxed') : loadKernels('portable');
}

async function compile(variant: KernelVariant): Promise<KernelModule> {
  const bytes = await readBuild(variant);
  if (variant === 'relaxed' && !relaxedIsSupported(bytes)) {
    throw new RnnError('device', 'this version of Node cannot run the relaxed-SIMD kernels', { hint: 'set RNN_WASM=portable' });
  }
  return { module: await WebAssembly.compile(bytes), variant };
}

async function readBuild(variant: KernelVariant): Promise<Uint8Array<ArrayBuffer>> {
  const url = artifactUrl(`kernels-${variant}.wasm`);
  try {
    return new Uint8Array(await readFile(url));
  } catch (cause) {
    throw new RnnError('device', `cannot read the WebAssembly kernels at ${fileURLToPath(url)}`, { hint: 'npm run build', cause });
  }
}

/**
 * Whether V8 takes the relaxed build. Node 20 has the instructions behind a flag, which may be set while the process runs: it
 * counts for every thread and for modules validated after it.
 */
function relaxedIsSupported(bytes: Uint8Array<ArrayBuffer>): boolean {
  if (WebAssembly.validate(bytes)) return true;
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(bytes);
}
