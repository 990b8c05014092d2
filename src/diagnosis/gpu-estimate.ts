// Estimates how long a list of dispatches takes on some GPUs, from published figures. No GPU has been
// measured. Pure. The formula leaves out the latency of memory, and that small matrices do not fill a
// large GPU. Therefore, small models take longer. docs/gpu.md has the formula for users.

/** One start of a kernel. */
export interface DispatchCost {
  /** Multiply-adds of matrix products. */
  readonly multiplyAdds: number;
  /** Bytes that it reads and writes. */
  readonly bytes: number;
}

export interface GpuEstimate {
  readonly gpu: string;
  readonly stepMs: number;
  readonly charactersPerSecond: number;
}

interface GpuFigures {
  readonly gpu: string;
  /** Peak in float32 without tensor cores: TFLOP/s. */
  readonly teraflops: number;
  /** GB/s of the memory. */
  readonly bandwidth: number;
  /**
   * Microseconds of a dispatch that computes nothing, after another. Assumed. Measured through WebGPU,
   * an operation that is submitted alone costs 24 to 71 µs (https://arxiv.org/abs/2604.02344). Here all
   * dispatches are prepared and share passes.
   */
  readonly dispatchMicroseconds: number;
}

/** Peaks and bandwidths are the figures that the vendors publish. The M2 Pro has 19 cores. */
export const gpus: readonly GpuFigures[] = [
  { gpu: 'NVIDIA H200', teraflops: 67, bandwidth: 4800, dispatchMicroseconds: 5 },
  { gpu: 'NVIDIA RTX 4090', teraflops: 82.6, bandwidth: 1008, dispatchMicroseconds: 5 },
  { gpu: 'Apple M2 Pro', teraflops: 6.8, bandwidth: 200, dispatchMicroseconds: 10 },
];

/**
 * The part of the peak that a tile kernel reaches which is not tuned for the GPU. Assumed. Published
 * kernels of this kind reach 13 to 69 % of cuBLAS on an A6000 (https://siboehm.com/articles/22/CUDA-MMM),
 * and through WebGPU 35 % of the peak of an M1 (https://github.com/FL33TW00D/wgpu-mm).
 */
const PART_OF_PEAK = 0.25;
/**
 * Microseconds to record and submit a dispatch on the host. Measured: 1.3 to 2.5 with Dawn's null
 * backend on two cores (bench/encode.js).
 */
const RECORD_MICROSECONDS = 2.5;

/**
 * The time of an update step on each GPU: the larger of the time to record all dispatches on the
 * host, and the sum over dispatches of the largest of the time to start, to compute and to move the
 * bytes.
 *
 * @param characters of an update step: N·T
 */
export function estimateOnGpus(dispatches: readonly DispatchCost[], characters: number): GpuEstimate[] {
  return gpus.map((figures) => {
    const computing = dispatches.reduce((sum, dispatch) => sum + dispatchMicroseconds(dispatch, figures), 0);
    const stepMs = Math.max(dispatches.length * RECORD_MICROSECONDS, computing) / 1000;
    return { gpu: figures.gpu, stepMs, charactersPerSecond: (1000 * characters) / stepMs };
  });
}

function dispatchMicroseconds({ multiplyAdds, bytes }: DispatchCost, figures: GpuFigures): number {
  const computing = (2 * multiplyAdds) / (PART_OF_PEAK * figures.teraflops * 1e6);
  const moving = bytes / (figures.bandwidth * 1e3);
  return Math.max(figures.dispatchMicroseconds, computing, moving);
}
