// Compares runs: their results, and the options that differ. Knows nothing of files.
import { count } from '../../count.ts';
import { type Unit, bitsUnit } from '../../options/choices.ts';
import { toBits, formatCompact, formatDuration, onOneLine } from '../output/format.ts';
import { textTable } from '../output/text-table.ts';
import { keyOfOption, valueInWords } from '../option-words.ts';

/** A run of a comparison. */
export interface ComparedRun {
  readonly name: string;
  readonly text: string;
  readonly parameters: number;
  readonly vocabulary: number;
  readonly level: Unit;
  readonly step: number;
  readonly epoch: number;
  readonly trainedMs: number | null;
  readonly lossNats: number | null;
  readonly validationLossNats: number | null;
  readonly bestValidationLossNats: number | null;
  /** The options of the run, and the members of its network that are not options. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The options that differ, with the value of each run, or undefined if a run does not have the
 * option.
 */
export function differingOptions(runs: readonly ComparedRun[]): Record<string, readonly unknown[]> {
  const names = new Set(runs.flatMap(({ options }) => Object.keys(options)));
  const values = [...names].map((name) => [name, runs.map(({ options }) => options[name])] as const);
  return Object.fromEntries(
    values.filter(([, [first, ...others]]) => others.some((other) => JSON.stringify(other) !== JSON.stringify(first))),
  );
}

const loss = (nats: number | null, { level }: ComparedRun): string =>
  nats === null ? '–' : `${nats.toFixed(4)} (${toBits(nats).toFixed(3)} ${bitsUnit(level)})`;

const rows: readonly (readonly [name: string, cell: (run: ComparedRun) => string])[] = [
  ['text', ({ text }) => text],
  ['best validation', (run) => loss(run.bestValidationLossNats, run)],
  ['validation', (run) => loss(run.validationLossNats, run)],
  ['loss', (run) => loss(run.lossNats, run)],
  ['parameters', ({ parameters }) => formatCompact(parameters)],
  ['vocabulary', ({ vocabulary }) => count(vocabulary)],
  ['update steps', ({ step }) => count(step)],
  ['epochs', ({ epoch }) => epoch.toFixed(2)],
  ['time', ({ trainedMs }) => (trainedMs === null ? '–' : formatDuration(trainedMs))],
];

/** A column for each run: first the results, then the options that differ. */
export function comparisonTable(runs: readonly ComparedRun[], dim: (text: string) => string): string {
  const options = Object.entries(differingOptions(runs)).map(([name, values]) => [
    keyOfOption(name),
    ...values.map((value) => (value === undefined || value === null ? '–' : valueInWords(name, value))),
  ]);
  const table = [
    ['', ...runs.map(({ name }) => name)],
    ...rows.map(([name, cell]) => [name, ...runs.map(cell)]),
    ...options,
  ].map((cells) => cells.map(onOneLine));
  const lines = textTable(
    table.map(([name, ...cells]) => [dim(name), ...cells]),
    'l',
  );
  const split = rows.length + 1;
  const isOneText = runs.every(({ text }) => text === runs[0].text);
  return [
    ...lines.slice(0, split),
    '',
    ...(options.length === 0 ? ['all options are the same'] : lines.slice(split)),
    ...(isOneText ? [] : ['', 'the losses cannot be compared, because the texts differ']),
  ].join('\n');
}
