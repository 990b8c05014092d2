// A chart in words, for who does not see it: a sentence for each line, and a table. Written into a
// page, and anew whenever a program there changes the chart.
import type { Chart, Point } from './charts.ts';
import { escapeHtml, table } from './html.ts';
import { tickText, valueText } from './numbers.ts';

const tableRows = 12;

/** What it shows, and where each line begins and ends. */
export const chartLabel = ({ title, unit, horizontal, series }: Chart): string =>
  `${title}, ${unit}. ${series.map((each) => described(each, horizontal)).join(' ')}`;

function described({ name, points }: Chart['series'][number], horizontal: string): string {
  const known = points.filter(([, y]) => y !== null) as [number, number][];
  const [first, last] = [known[0], known.at(-1)!];
  return `${name}: ${valueText(first[1])} at ${tickText(first[0])} ${horizontal}, ${valueText(last[1])} at ${tickText(last[0])}.`;
}

/** As HTML: some places, from the first to the last, and what each series was by then. */
export function chartTable({ series, horizontal }: Chart): string {
  const steps = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].toSorted((a, b) => a - b);
  const shown =
    steps.length <= tableRows
      ? steps
      : Array.from({ length: tableRows }, (_, row) => steps[Math.round((row * (steps.length - 1)) / (tableRows - 1))]);
  return table(
    [horizontal, ...series.map(({ name }) => escapeHtml(name))],
    shown.map((step) => [
      step.toLocaleString('en'),
      ...series.map(({ points }) => cellText(points.findLast(([x]) => x <= step))),
    ]),
  );
}

const cellText = (point: Point | undefined): string =>
  point === undefined || point[1] === null ? '–' : valueText(point[1]);
