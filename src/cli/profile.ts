// Where the time of a training step goes, as `rnn bench --profile` prints it: by the passes of a GPU or the operations of the cpu. Pure.
import type { PassTime } from '../devices/device.ts';
import type { BenchResult } from '../diagnosis/bench.ts';
import type { Colours } from './colour.ts';
import { count, milliseconds, significant } from './format.ts';
import { textTable } from './text-table.ts';

const MOST_ROWS = 10;

const header = ['share', 'times', 'µs each', 'kind', 'shape', 'GFLOP/s'] as const;
/** Columns of words. */
const words: readonly string[] = ['kind', 'shape'];

const wordings = {
  cpu: {
    step: "the first thread's share of a training step",
    kinds: 'operations',
    alone: 'without the other threads',
    difference: 'threads wait for each other, and share memory',
  },
  gpu: {
    step: 'a training step',
    kinds: 'kernels',
    alone: 'each by itself',
    difference: 'they differ by host work, transfers, and passes that overlap',
  },
} as const;

export function profileText({ device, profile, training }: BenchResult, { bold, dim }: Pick<Colours, 'bold' | 'dim'>): string {
  if (profile === null || training === null) return `${bold(device)} has no profile`;
  const { step, kinds, alone, difference } = wordings[device === 'cpu' ? 'cpu' : 'gpu'];
  const sum = profile.reduce((total, time) => total + totalMs(time), 0);
  const times = profile.reduce((total, time) => total + time.passes, 0);
  const few = profile.slice(0, MOST_ROWS);
  return [
    `${bold(device)}, ${step}: ${few.length < profile.length ? `the ${few.length} of ${profile.length}` : `all ${few.length}`} ${kinds} that take most`,
    ...table(
      few.map((time) => row(time, sum)),
      dim,
    ),
    `all ${count(times)}, ${alone}: ${milliseconds(sum)}; a whole step: ${milliseconds(training.stepMs)} ${dim(`(${difference})`)}`,
    `the host's processor works ${milliseconds(training.cpuMs)} a step`,
  ].join('\n');
}

function totalMs({ passes, microseconds }: PassTime): number {
  return (passes * microseconds) / 1000;
}

function row(time: PassTime, sum: number): string[] {
  const { kind, shape, passes, microseconds, multiplyAdds } = time;
  return [
    sum > 0 ? `${((100 * totalMs(time)) / sum).toFixed(1)} %` : '',
    count(passes),
    significant(microseconds),
    kind,
    [shape.rows, shape.columns, ...(shape.planes > 1 ? [shape.planes] : [])].join(' × '),
    multiplyAdds > 0 && microseconds > 0 ? significant((2 * multiplyAdds) / microseconds / 1000) : '',
  ];
}

function table(rows: readonly string[][], dim: (text: string) => string): string[] {
  const [heading, ...lines] = textTable([header, ...rows], { isLeft: (column) => words.includes(header[column]) });
  return [dim(heading), ...lines];
}
