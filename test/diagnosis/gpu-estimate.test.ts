import { describe, expect, it } from 'vitest';
import { estimateOnGpus } from '../../src/diagnosis/gpu-estimate.ts';

/** Milliseconds by GPU of dispatches that each compute and move this much. */
function milliseconds(count: number, multiplyAdds: number, bytes: number): Record<string, number> {
  const estimates = estimateOnGpus(
    Array.from({ length: count }, () => ({ multiplyAdds, bytes })),
    1,
  );
  return Object.fromEntries(estimates.map(({ gpu, stepMs }) => [gpu, stepMs]));
}

describe('the estimate of an update step on a GPU', () => {
  it('is the time to start dispatches that compute little', () => {
    expect(milliseconds(100, 1, 1)).toEqual({ 'NVIDIA H200': 0.5, 'NVIDIA RTX 4090': 0.5, 'Apple M2 Pro': 1 });
  });

  it('is the time to compute large products at a quarter of the peak', () => {
    // 2e12 operations at 67, 82.6 and 6.8 TFLOP/s.
    const { 'NVIDIA H200': h200, 'NVIDIA RTX 4090': rtx, 'Apple M2 Pro': m2 } = milliseconds(2, 0.5e12, 1);
    expect(h200).toBeCloseTo((1000 * 4 * 2) / 67, 6);
    expect(rtx).toBeCloseTo((1000 * 4 * 2) / 82.6, 6);
    expect(m2).toBeCloseTo((1000 * 4 * 2) / 6.8, 6);
  });

  it('is the time to move many bytes at the bandwidth of the memory', () => {
    const times = milliseconds(3, 1, 1.6e9);
    expect(times['NVIDIA H200']).toBeCloseTo(1, 9);
    expect(times['Apple M2 Pro']).toBeCloseTo(24, 9);
  });

  it('takes the slowest part of each dispatch, and adds them', () => {
    const [{ stepMs, charactersPerSecond }] = estimateOnGpus(
      [
        { multiplyAdds: 0, bytes: 0 },
        { multiplyAdds: 0, bytes: 4.8e9 },
      ],
      2500,
    );
    expect(stepMs).toBeCloseTo(0.005 + 1, 9);
    expect(charactersPerSecond).toBeCloseTo(2_500_000 / 1.005, 3);
  });
});
