// How long an update step might take on some GPUs, as `rnn bench --dry-run` prints it. Pure.
import type { GpuEstimate } from '../../diagnosis/gpu-estimate.ts';
import type { Colours } from '../output/colour.ts';
import { count } from '../../count.ts';
import { textTable } from '../output/text-table.ts';

/** A table of estimates with two digits, because no GPU has been measured. */
export function estimatesText(estimates: readonly GpuEstimate[], { bold, dim }: Pick<Colours, 'bold' | 'dim'>): string {
  const inTwoDigits = (value: number): number => Number(value.toPrecision(2));
  const rows = estimates.map(({ gpu, stepMs, charactersPerSecond }) => [
    gpu,
    `${inTwoDigits(stepMs)} ms`,
    count(inTwoDigits(charactersPerSecond)),
  ]);
  const [head, ...lines] = textTable([['GPU', 'an update step', 'characters/s'], ...rows], 'lrr');
  return [
    `${bold('estimates')}, not measurements: no GPU has been measured (docs/gpu.md has the formula)`,
    dim(head),
    ...lines,
  ].join('\n');
}
