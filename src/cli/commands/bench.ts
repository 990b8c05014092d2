// `rnn bench`: how fast this machine's devices are for a given model, as a table or JSON.
// diagnosis/ measures.
import { withCleanup } from '../../files/cleanup.ts';
import type { BenchResult } from '../../diagnosis/bench.ts';
import { RnnError } from '../../errors.ts';
import { benchOptions, exclusiveOf } from '../../options/commands.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { refuseKernelsWithout } from '../devices.ts';
import { count } from '../../count.ts';
import { formatBytes, formatCompact, formatMilliseconds, formatSignificant } from '../output/format.ts';
import { estimatesText } from '../results/gpu-estimates.ts';
import { profileText } from '../results/profile.ts';
import { textTable } from '../output/text-table.ts';

type BenchFlags = CommandOptionValues<typeof benchOptions>;

export const { define } = defineCommand({
  description: 'Measure how fast this machine trains and samples a model, on random tokens.',
  options: benchOptions,
  exclusive: exclusiveOf.bench,
  examples: [
    ['rnn bench', 'the cpu, and a gpu if there is one'],
    ['rnn bench --device cpu --hidden 512 --layers 3', 'a larger model'],
    ['rnn bench --dry-run', 'memory, operation counts, and estimates for three GPUs'],
  ],
  run: (_: undefined, flags, context) => benchAll(flags, context),
});

async function benchAll(flags: BenchFlags, context: Context): Promise<void> {
  const {
    cell,
    layers,
    hidden,
    batchSize,
    sequenceLength,
    threads,
    kernels,
    milliseconds: time,
    dryRun,
    profile,
    json,
  } = flags;
  const model = { cell, layers, hidden, batchSize, sequenceLength };
  const request = { ...model, threads, kernels, profile, milliseconds: dryRun ? null : time };
  const { stdout, stderr, waiting } = context;
  const { bench } = await import('../../api/machine.ts');
  const { VOCABULARY } = await import('../../diagnosis/bench.ts');
  const results: BenchResult[] = [];
  const names = new Set(flags.device ?? ['cpu', 'gpu']);
  refuseKernelsWithout(kernels, [...names]);
  const measure = async (): Promise<void> => {
    // One device after another, so that they do not slow each other down.
    for (const name of names) {
      let isOpen = false;
      const activity = (): void => {
        isOpen = true;
        waiting?.begin(`measuring ${name}`);
      };
      try {
        const measured = await bench({ ...request, device: name, listener: { activity } });
        // The name that the user gave, because several modes of the gpu are one device.
        results.push({ ...measured, device: name });
      } catch (error) {
        const isMissing = !isOpen && error instanceof RnnError && error.kind === 'device';
        if (!isMissing || flags.device !== undefined || name === 'cpu') throw error;
        stderr.note(error.message);
        continue;
      }
      if (json) await stdout.writeJson({ event: 'bench', ...model, vocabulary: VOCABULARY, ...results.at(-1) });
    }
  };
  const show = async (): Promise<void> => {
    if (json || results.length === 0) return;
    const sizes = `${cell} ${layers} × ${hidden}, batch ${batchSize}, ${sequenceLength} time steps, ${VOCABULARY} tokens`;
    const title = stdout.colour.bold(`${sizes}: ${count(results[0].parameters)} parameters`);
    const descriptions = results.map(({ description }) => description);
    await stdout.write(`${[title, ...descriptions, '', table(results, stdout.colour.dim)].join('\n')}\n`);
    for (const { estimates } of results)
      if (estimates) await stdout.write(`\n${estimatesText(estimates, stdout.colour)}\n`);
    if (profile) for (const result of results) await stdout.write(`\n${profileText(result, stdout.colour)}\n`);
  };
  // If a device fails, the results of earlier devices are still shown.
  await withCleanup(measure, show);
}

const rows: readonly (readonly [name: string, cell: (result: BenchResult) => string | null])[] = [
  ['training, characters/s', ({ training }) => training && count(training.charactersPerSecond)],
  ['an update step', ({ training }) => training && formatMilliseconds(training.stepMs)],
  [
    'update steps per call',
    ({ training }) => training && `${count(training.callsPerRun)}${training.settled ? '' : ' so far'}`,
  ],
  ['sampling, characters/s', ({ sampling }) => sampling && count(sampling.charactersPerSecond)],
  ['compiling for training', ({ training, compileMs }) => training && formatMilliseconds(compileMs)],
  ['planning for training', ({ training, compileMs }) => (training === null ? formatMilliseconds(compileMs) : null)],
  ['compiling for sampling', ({ sampling }) => sampling && formatMilliseconds(sampling.compileMs)],
  ['memory for training', ({ memoryBytes }) => formatBytes(memoryBytes)],
  ['operations per step', ({ operations }) => count(operations)],
  ['dispatches per step', ({ cost }) => cost && count(cost.dispatches)],
  ['dispatches per layer and time step', ({ cost }) => cost && formatSignificant(cost.dispatchesPerLayerStep)],
  ['kernels', ({ cost }) => cost && count(cost.kernels)],
  ['multiply-adds per step', ({ multiplyAdds }) => large(multiplyAdds)],
  ['read and written per step', ({ cost }) => cost && formatBytes(cost.bytes)],
  ['sent to the device per step', ({ cost }) => cost && formatBytes(cost.bytesUp)],
  ['sent back per step', ({ cost }) => cost && formatBytes(cost.bytesBack)],
  ['GFLOP/s reached', ({ training }) => training && formatSignificant(training.gigaflops)],
  [
    'processor peak reached',
    ({ training }) => (training && training.partOfPeak !== null ? `${Math.round(100 * training.partOfPeak)} %` : null),
  ],
  [
    'GB/s reached',
    ({ training }) =>
      training && training.gigabytesPerSecond !== null ? formatSignificant(training.gigabytesPerSecond) : null,
  ],
];

const large = (value: number): string =>
  value < 999.5e6 ? formatCompact(value) : `${formatSignificant(value / 1e9)}G`;

/** A row for each figure that at least one device has, and a column for each device. */
function table(results: readonly BenchResult[], dim: (text: string) => string): string {
  const lines = rows
    .map(([name, cell]) => [dim(name), ...results.map((result) => cell(result) ?? '')])
    .filter(([, ...cells]) => cells.some((cell) => cell !== ''));
  return textTable([['', ...results.map(({ device }) => device)], ...lines], 'lr').join('\n');
}
