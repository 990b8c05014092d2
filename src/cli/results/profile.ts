// The time of an update step by dispatches of a GPU or operations of the cpu, as `rnn bench --profile`
// prints it. Pure.
import type { OperationTime } from '../../devices/device.ts';
import type { BenchResult } from '../../diagnosis/bench.ts';
import type { Colours } from '../output/colour.ts';
import { count } from '../../count.ts';
import { formatMilliseconds, formatSignificant } from '../output/format.ts';
import { textTable } from '../output/text-table.ts';

const MAX_ROWS = 10;

/** The profile of a device: a table of its slowest operations, and the total times. */
export function profileText(
  { device, profile, training }: BenchResult,
  { bold, dim }: Pick<Colours, 'bold' | 'dim'>,
): string {
  if (profile === null || training === null) return `${bold(device)} has no profile`;
  const totalMs = (time: OperationTime): number => (time.count * time.microseconds) / 1000;
  const sumMs = profile.reduce((total, time) => total + totalMs(time), 0);
  const total = profile.reduce((sum, time) => sum + time.count, 0);
  const few = profile.slice(0, MAX_ROWS);
  const rows = few.map((time) => [
    sumMs > 0 ? `${((100 * totalMs(time)) / sumMs).toFixed(1)} %` : '',
    count(time.count),
    formatSignificant(time.microseconds),
    time.kind,
    [time.shape.rows, time.shape.columns, ...(time.shape.planes > 1 ? [time.shape.planes] : [])].join(' × '),
    time.multiplyAdds > 0 && time.microseconds > 0
      ? formatSignificant((2 * time.multiplyAdds) / time.microseconds / 1000)
      : '',
  ]);
  const [head, ...lines] = textTable([['share', 'times', 'µs each', 'kind', 'shape', 'GFLOP/s'], ...rows], 'rrrllr');
  const step = device === 'cpu' ? "the first thread's share of an update step" : 'an update step';
  return [
    `${bold(device)}, ${step}: the slowest operations, ${few.length} of ${profile.length}`,
    dim(head),
    ...lines,
    `sum of all ${count(total)}: ${formatMilliseconds(sumMs)}, whole step: ${formatMilliseconds(training.stepMs)} ${dim('(the difference is waiting and overlap)')}`,
    `the processor of the host works ${formatMilliseconds(training.cpuMs)} per step`,
  ].join('\n');
}
