// Charts and pages for other programs. Wrong arguments are refused before anything is drawn.
import { chartNames, horizontals } from '../options/choices.ts';
import { type Sizes, compressedSizes as compressed, xzSize as xz } from '../evaluation/compressors.ts';
import { type CellsReport, cellsPage as pageOfCells } from '../reports/cells-page.ts';
import { type Chart, type ChartOptions, type NamedCurves, chartsOf as chartsOfRuns } from '../reports/charts.ts';
import { curvesPage as pageOfCurves } from '../reports/curves-page.ts';
import {
  type NetworkGradients,
  gradientCharts as chartsOfGradients,
  gradientsPage as pageOfGradients,
} from '../reports/gradients.ts';
import { storyPage as pageOfStory } from '../reports/story-page.ts';
import { type SurpriseReport, surprisePage as pageOfSurprise } from '../reports/surprise-page.ts';
import { svgOf as svgOfCharts } from '../reports/svg.ts';
import { type TextLook, dashboard as dashboardOf } from '../reports/terminal.ts';
import type { Stage } from '../training/curves.ts';
import { refuseUnknown, refuseUnless } from './checks.ts';

type Check = (value: unknown) => boolean;

const isA =
  (type: string): Check =>
  (value) =>
    typeof value === type && value !== null;
const [isString, isNumber, isObject] = [isA('string'), isA('number'), isA('object')];
const isBytes: Check = (value) => value instanceof Uint8Array;
const isNotEmpty: Check = (value) => Array.isArray(value) && value.length > 0;
const listOf =
  (holds: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((each) => holds(each));
const isList = listOf(() => true);
const has =
  <Whole>(members: { readonly [Name in keyof Whole]?: Check }): Check =>
  (value) =>
    isObject(value) &&
    Object.entries<Check | undefined>(members).every(([name, holds]) =>
      holds!((value as Record<string, unknown>)[name]),
    );

const isRun = has<NamedCurves>({
  name: isString,
  curves: has<NamedCurves['curves']>({ reports: isList, evaluations: isList }),
});
const isChart = has<Chart>({
  title: isString,
  series: listOf(has<Chart['series'][number]>({ name: isString, points: isList })),
});
const isNetwork = has<NetworkGradients>({ name: isString, flows: isList, singularValues: isList });
const isLook = has<TextLook>({ columns: isNumber, rows: isNumber, bold: isA('function'), dim: isA('function') });
const isCells = has<CellsReport>({
  name: isString,
  summary: isString,
  pieces: isNotEmpty,
  activations: isObject,
  findings: isList,
  saturation: isList,
});
const isSurprise = has<SurpriseReport>({
  run: isString,
  text: isString,
  model: isObject,
  pieces: isNotEmpty,
  surprise: isObject,
  ids: isObject,
  symbols: isList,
  others: isList,
});

/** @throws RnnError `usage` for a value of which that does not hold */
const refuser =
  (holds: Check, expectation: string) =>
  (name: string, value: unknown): void =>
    refuseUnless(holds(value), name, value, expectation);
const refuseOtherRuns = refuser(listOf(isRun), 'a list of runs, such as readRuns gives');
const refuseOtherCharts = refuser(listOf(isChart), 'a list of charts, such as chartsOf gives');
const refuseOtherNetworks = refuser(listOf(isNetwork), 'a list of what model.gradients gives');
const refuseOtherText = refuser(isString, 'a text');
const refuseOtherBytes = refuser(isBytes, 'bytes');

/**
 * The charts that have data. @throws RnnError `usage` for a value that is not a run, or a wrong
 * option
 */
export function chartsOf(runs: readonly NamedCurves[], options: ChartOptions): Chart[] {
  refuseOtherRuns('runs', runs);
  refuseUnknown(options, [
    'horizontal',
    'only',
    'smoothing',
    'logarithmicLoss',
    'places',
  ] satisfies (keyof ChartOptions)[]);
  const { horizontal, only = [], smoothing = 0 } = options;
  refuseUnless(horizontals.includes(horizontal), 'horizontal', horizontal, `one of ${horizontals.join(', ')}`);
  refuseUnless(
    listOf((name) => chartNames.includes(name as never))(only),
    'only',
    only,
    `a list of ${chartNames.join(', ')}`,
  );
  refuseUnless(smoothing >= 0 && smoothing < 1, 'smoothing', smoothing, 'a number from 0 to below 1');
  return chartsOfRuns(runs, options);
}

/** A picture. @throws RnnError `usage` for a value that is not a chart, or for no charts */
export async function svgOf(charts: readonly Chart[], title: string): Promise<string> {
  refuseOtherCharts('charts', charts);
  refuseOtherText('title', title);
  return svgOfCharts(charts, title);
}

/**
 * The first chart large, the others small below it, as lines of text. @throws RnnError `usage` for
 * a value that is not a chart
 */
export function dashboard(charts: readonly Chart[], look: TextLook): string[] {
  refuseOtherCharts('charts', charts);
  refuseUnless(isLook(look), 'the look', look, 'columns, rows and styles');
  return dashboardOf(charts, look);
}

/** @throws RnnError `usage` for a value that is not a run */
export function curvesPage(runs: readonly NamedCurves[]): string {
  refuseOtherRuns('runs', runs);
  return pageOfCurves(runs);
}

/** @throws RnnError `usage` for a value that is not a run, or not stages of one */
export function storyPage(run: NamedCurves, stages: readonly Stage[]): string {
  refuseUnless(isRun(run), 'the run', run, 'one that readRuns gives');
  const areStages = listOf(has<Stage>({ step: isNumber, text: isString }))(stages);
  refuseUnless(areStages, 'stages', stages, 'the stages of its curves');
  return pageOfStory(run, stages);
}

/** @throws RnnError `usage` for a value that is not such a report */
export function surprisePage(report: SurpriseReport): string {
  refuseUnless(isSurprise(report), 'the report', report, 'what model.surprise gives, with run, text and others');
  return pageOfSurprise(report);
}

/** @throws RnnError `usage` for a value that is not such a report */
export async function cellsPage(report: CellsReport): Promise<string> {
  refuseUnless(isCells(report), 'the report', report, 'what model.inspect gives, with name, summary and cell');
  return pageOfCells(report);
}

/**
 * Lines of one network have its colour. @throws RnnError `usage` for a value that is not such a
 * network
 */
export function gradientCharts(networks: readonly NetworkGradients[]): Chart[] {
  refuseOtherNetworks('networks', networks);
  return chartsOfGradients(networks);
}

/** @throws RnnError `usage` for a value that is not such a network */
export function gradientsPage(networks: readonly NetworkGradients[], text: string): string {
  refuseOtherNetworks('networks', networks);
  refuseOtherText('text', text);
  return pageOfGradients(networks, text);
}

/**
 * gzip and brotli at their best, both with their headers. A megabyte takes two seconds. @throws
 * RnnError `usage` for a value that is not bytes
 */
export async function compressedSizes(text: Uint8Array): Promise<Sizes> {
  refuseOtherBytes('text', text);
  return compressed(text);
}

/**
 * The size by the system's `xz -9e`; null if that program is missing or fails. @throws RnnError
 * `usage` as above
 */
export async function xzSize(text: Uint8Array, program = 'xz'): Promise<Sizes> {
  refuseOtherBytes('text', text);
  refuseOtherText('program', program);
  return xz(text, program);
}
