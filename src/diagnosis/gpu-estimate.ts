// Estimates how long a list of dispatches takes on some GPUs, from published figures. No GPU has been
// measured. docs/architecture.md has the formula, and the sources of the numbers. Pure.

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
  /** Microseconds of a dispatch that computes nothing, after another. Assumed. */
  readonly dispatchMicroseconds: number;
}

export const gpus: readonly GpuFigures[] = [
  { gpu: 'NVIDIA H200', teraflops: 67, bandwidth: 4800, dispatchMicroseconds: 5 },
  { gpu: 'NVIDIA RTX 4090', teraflops: 82.6, bandwidth: 1008, dispatchMicroseconds: 5 },
  { gpu: 'Apple M2 Pro', teraflops: 6.8, bandwidth: 200, dispatchMicroseconds: 10 },
];

/** The part of the peak that a tile kernel reaches which is not tuned for the GPU. */
const PART_OF_PEAK = 0.25;
/** Microseconds to record and submit a dispatch on the host. */
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
