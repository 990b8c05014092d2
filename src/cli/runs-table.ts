// Runs as a table, the best first: for `rnn runs` and the end of `rnn sweep`.
import type { RunSummary } from '../training/runs.ts';
import type { Colours } from './colour.ts';
import { compact, count, duration, harmless } from './format.ts';

/** Names may be long, and stand at the end. */
const headings = ['loss', 'at step', 'steps', 'model', 'weights', 'time', 'state', 'run'] as const;
const leftAligned = new Set<string>(['model', 'state', 'run']);

/** One line for each run, and one that says what is in them. */
export function runsTable(runs: readonly RunSummary[], colour: Colours): string[] {
  const rows = runs.map(cellsOf);
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((cells) => cells[column].length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (leftAligned.has(headings[column]) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd();
  const reasons = runs.filter(isUnreadable).map(({ name, status, reason }) => colour.yellow(harmless(`${name}: ${reason ?? status}`)));
  return [
    colour.dim(line(headings)),
    ...rows.map((cells, index) =>
      index === 0 && runs[0].bestValidationLossNats !== null && !isUnreadable(runs[0]) ? colour.bold(line(cells)) : line(cells),
    ),
    ...reasons,
  ];
}

function isUnreadable({ status }: RunSummary): boolean {
  return status === 'damaged' || status === 'newer';
}

function cellsOf(run: RunSummary): string[] {
  const {
    bestValidationLossNats: loss,
    bestStep,
    step,
    totalSteps,
    cell,
    layers,
    hidden,
    parameters,
    trainedMs,
    status,
    reason,
    name,
  } = run;
  const orDash = <Value>(value: Value | null, text: (value: Value) => string): string => (value === null ? '–' : text(value));
  return [
    orDash(loss, (nats) => nats.toFixed(4)),
    orDash(bestStep, count),
    `${orDash(step, count)}${totalSteps === null ? '' : `/${count(totalSteps)}`}`,
    orDash(cell, (known) => `${known} ${layers}×${hidden}`),
    orDash(parameters, compact),
    orDash(trainedMs, duration),
    isUnreadable(run) || reason === null ? status : `${status} (${reason})`,
    name,
  ].map((text) => harmless(text).replaceAll('\n', '␊'));
}
