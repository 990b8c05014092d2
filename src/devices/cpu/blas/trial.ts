// Whether a BLAS computes what the embedded kernels compute: small products of both, side by side.
import { Random } from '../../../random.ts';
import { addressOf } from '../foreign.ts';
import {
  type KernelModule,
  type Kernels,
  gemmPanelsScratch,
  gemmTransposedAScratch,
  instantiateKernels,
  packedPanelsSize,
} from '../kernels.ts';
import { sharedMemory } from '../memory.ts';
import { type BlasLibrary, type Sgemm, bindSgemm } from './library.ts';

/** Awkward sizes, and one that a library may treat as small. */
const shapes = [
  { M: 7, N: 70, K: 53 },
  { M: 25, N: 64, K: 128 },
  { M: 131, N: 33, K: 260 },
] as const;
const PAGES = 32;
const FIRST = 1024;

/**
 * The largest difference from the embedded kernels, of sums of a few hundred terms below 1/4; NaN
 * if a product is.
 */
export function worstOf(library: BlasLibrary, kernels: KernelModule): number {
  return worstOfSgemm(bindSgemm(library), kernels);
}

export function worstOfSgemm(
  sgemm: Sgemm,
  { module }: KernelModule,
  base: (memory: WebAssembly.Memory) => number = addressOf,
): number {
  const products = new Products(sgemm, module, base);
  return Math.max(...shapes.map((shape) => products.difference(shape)));
}

/** Of a product A (M, K) · B (K, N). */
export interface Shape {
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/**
 * Whether a library gives the very bits of the embedded kernels, asked shape by shape: M and N at
 * most 64, K at most 256. Which sums it makes in which order depends on the shape alone, so random
 * numbers tell.
 */
export function bitComparison(library: BlasLibrary, kernels: KernelModule): (shape: Shape) => boolean {
  return compareBits(bindSgemm(library), kernels);
}

export function compareBits(
  sgemm: Sgemm,
  { module }: KernelModule,
  base: (memory: WebAssembly.Memory) => number = addressOf,
): (shape: Shape) => boolean {
  const products = new Products(sgemm, module, base);
  const known = new Map<string, boolean>();
  return (shape) => {
    const key = `${shape.M} ${shape.N} ${shape.K}`;
    const answer = known.get(key) ?? products.isBitwiseAlike(shape);
    known.set(key, answer);
    return answer;
  };
}

class Products {
  readonly #sgemm: Sgemm;
  readonly #kernels: Kernels;
  readonly #floats: Float32Array;
  readonly #base: number;
  #next = FIRST;

  constructor(sgemm: Sgemm, module: WebAssembly.Module, base: (memory: WebAssembly.Memory) => number) {
    const memory = sharedMemory(PAGES);
    this.#sgemm = sgemm;
    this.#kernels = instantiateKernels(module, memory);
    this.#floats = new Float32Array(memory.buffer);
    this.#base = base(memory);
  }

  /** Of A·B, A·Bᵀ and Aᵀ·B, each added to what is there. */
  difference({ M, N, K }: Shape): number {
    this.#next = FIRST;
    const [a, b, panels] = [this.#random(M * K), this.#random(K * N), this.#take(packedPanelsSize(K, N))];
    const [ours, theirs] = [this.#take(M * N), this.#take(M * N)];
    const scratch = this.#take(gemmPanelsScratch(M, K) + gemmTransposedAScratch(M, K));
    const differences = [0, 1].map((transposed) => {
      this.#startAlike(ours, theirs, M * N);
      this.#kernels.packPanels(b, transposed ? K : N, K, N, transposed, panels, 0, Math.ceil(N / 8));
      this.#kernels.gemmPanels(M, N, K, a, K, panels, ours, N, 1, 0, scratch);
      this.#call(0, transposed, { M, N, K }, [a, K], [b, transposed ? K : N], [theirs, N]);
      return this.#largestDifference(ours, theirs, M * N);
    });
    this.#startAlike(ours, theirs, M * N);
    this.#kernels.gemmTransposedA(M, N, K, a, M, b, N, ours, N, 1, scratch);
    this.#call(1, 0, { M, N, K }, [a, M], [b, N], [theirs, N]);
    return Math.max(...differences, this.#largestDifference(ours, theirs, M * N));
  }

  /** Of A·B, added to what is there and not. */
  isBitwiseAlike({ M, N, K }: Shape): boolean {
    this.#next = FIRST;
    const [a, b, panels] = [this.#random(M * K), this.#random(K * N), this.#take(packedPanelsSize(K, N))];
    const [ours, theirs, scratch] = [this.#take(M * N), this.#take(M * N), this.#take(gemmPanelsScratch(M, K))];
    this.#kernels.packPanels(b, N, K, N, 0, panels, 0, Math.ceil(N / 8));
    this.#startAlike(ours, theirs, M * N);
    return [1, 0].every((accumulate) => {
      this.#kernels.gemmPanels(M, N, K, a, K, panels, ours, N, accumulate, 0, scratch);
      this.#sgemm(0, 0, M, N, K, this.#base + a, K, this.#base + b, N, accumulate, this.#base + theirs, N);
      return this.#largestDifference(ours, theirs, M * N) === 0;
    });
  }

  #call(
    transposeA: number,
    transposeB: number,
    { M, N, K }: Shape,
    a: readonly [number, number],
    b: readonly [number, number],
    c: readonly [number, number],
  ): void {
    this.#sgemm(
      transposeA,
      transposeB,
      M,
      N,
      K,
      this.#base + a[0],
      a[1],
      this.#base + b[0],
      b[1],
      1,
      this.#base + c[0],
      c[1],
    );
  }

  #largestDifference(left: number, right: number, count: number): number {
    let largest = 0;
    for (let i = 0; i < count; i++) {
      // Of anything and NaN, the larger is NaN.
      largest = Math.max(largest, Math.abs(this.#floats[left / 4 + i] - this.#floats[right / 4 + i]));
    }
    return largest;
  }

  #startAlike(left: number, right: number, count: number): void {
    for (const address of [left, right]) this.#floats.fill(0.5, address / 4, address / 4 + count);
  }

  #random(count: number): number {
    const address = this.#take(count);
    const random = new Random(count);
    for (let i = 0; i < count; i++) this.#floats[address / 4 + i] = random.uniform() - 0.5;
    return address;
  }

  #take(count: number): number {
    const address = this.#next;
    this.#next += Math.ceil(count / 16) * 64;
    return address;
  }
}
