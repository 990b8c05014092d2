// Charts and pages for other programs. Wrong arguments are refused before anything is drawn.
import { type Sizes, compressedSizes as compressed, xzSize as xz } from '../evaluation/compressors.ts';
import { type CellsReport, cellsPage as pageOfCells } from '../reports/cells-page.ts';
import { type Chart, type ChartOptions, type NamedCurves, chartNames, chartsOf as chartsOfRuns, horizontals } from '../reports/charts.ts';
import { curvesPage as pageOfCurves } from '../reports/curves-page.ts';
import { type NetworkGradients, gradientCharts as chartsOfGradients, gradientsPage as pageOfGradients } from '../reports/gradients.ts';
import { storyPage as pageOfStory } from '../reports/story-page.ts';
import { type SurpriseReport, surprisePage as pageOfSurprise } from '../reports/surprise-page.ts';
import { svgOf as svgOfCharts } from '../reports/svg.ts';
import { type TextLook, dashboard as dashboardOf } from '../reports/terminal.ts';
import type { Stage } from '../training/curves.ts';
import { refuseUnknown, refuseUnless } from './settings.ts';

/** The charts that have data. @throws RnnError `usage` for a value that is not a run, or a wrong option */
export function chartsOf(runs: readonly NamedCurves[], options: ChartOptions): Chart[] {
  refuseUnlessRuns(runs);
  refuseUnknown(options, ['horizontal', 'only', 'smoothing', 'logarithmicLoss', 'places'] satisfies (keyof ChartOptions)[]);
  const { horizontal, only = [], smoothing = 0 } = options;
  refuseUnless(horizontals.includes(horizontal), 'horizontal', horizontal, `one of ${horizontals.join(', ')}`);
  refuseUnless(
    isListOf(only, (name) => chartNames.includes(name as never)),
    'only',
    only,
    `a list of ${chartNames.join(', ')}`,
  );
  refuseUnless(smoothing >= 0 && smoothing < 1, 'smoothing', smoothing, 'a number from 0 to below 1');
  return chartsOfRuns(runs, options);
}

/** A picture. @throws RnnError `usage` for a value that is not a chart, or for no charts */
export async function svgOf(charts: readonly Chart[], title: string): Promise<string> {
  refuseUnlessCharts(charts);
  refuseUnlessText('title', title);
  return svgOfCharts(charts, title);
}

/** The first chart large, the others small below it, as lines of text. @throws RnnError `usage` for a value that is not a chart */
export function dashboard(charts: readonly Chart[], look: TextLook): string[] {
  refuseUnlessCharts(charts);
  const isLook = hasAll<TextLook>(look, { columns: isNumber, rows: isNumber, bold: isFunction, dim: isFunction });
  refuseUnless(isLook, 'the look', look, 'columns, rows and styles');
  return dashboardOf(charts, look);
}

/** @throws RnnError `usage` for a value that is not a run */
export function curvesPage(runs: readonly NamedCurves[]): string {
  refuseUnlessRuns(runs);
  return pageOfCurves(runs);
}

/** @throws RnnError `usage` for a value that is not a run, or not stages of one */
export function storyPage(run: NamedCurves, stages: readonly Stage[]): string {
  refuseUnless(isRun(run), 'the run', run, 'one that readRuns gives');
  const isStage = (stage: unknown): boolean => hasAll<Stage>(stage, { step: isNumber, text: isText });
  refuseUnless(isListOf(stages, isStage), 'stages', stages, 'the stages of its curves');
  return pageOfStory(run, stages);
}

/** @throws RnnError `usage` for a value that is not such a report */
export function surprisePage(report: SurpriseReport): string {
  const members = { run: isText, text: isText, model: isObject, pieces: isNotEmpty, surprise: isObject, ids: isObject, symbols: isList };
  const isReport = hasAll<SurpriseReport>(report, { ...members, others: isList });
  refuseUnless(isReport, 'the report', report, 'what model.surprise gives, with run, text and others');
  return pageOfSurprise(report);
}

/** @throws RnnError `usage` for a value that is not such a report */
export async function cellsPage(report: CellsReport): Promise<string> {
  const members = { name: isText, summary: isText, pieces: isNotEmpty, activations: isObject, findings: isList, saturation: isList };
  refuseUnless(hasAll<CellsReport>(report, members), 'the report', report, 'what model.inspect gives, with name, summary and cell');
  return pageOfCells(report);
}

/** Lines of one network have its colour. @throws RnnError `usage` for a value that is not such a network */
export function gradientCharts(networks: readonly NetworkGradients[]): Chart[] {
  refuseUnlessNetworks(networks);
  return chartsOfGradients(networks);
}

/** @throws RnnError `usage` for a value that is not such a network */
export function gradientsPage(networks: readonly NetworkGradients[], text: string): string {
  refuseUnlessNetworks(networks);
  refuseUnlessText('text', text);
  return pageOfGradients(networks, text);
}

/** gzip and brotli at their best, both with their headers. A megabyte takes two seconds. @throws RnnError `usage` for a value that is not bytes */
export async function compressedSizes(text: Uint8Array): Promise<Sizes> {
  refuseUnless(text instanceof Uint8Array, 'text', text, 'bytes');
  return compressed(text);
}

/** The size by the system's `xz -9e`; null if that program is missing or fails. @throws RnnError `usage` as above */
export async function xzSize(text: Uint8Array, program = 'xz'): Promise<Sizes> {
  refuseUnless(text instanceof Uint8Array, 'text', text, 'bytes');
  refuseUnlessText('program', program);
  return xz(text, program);
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isNotEmpty = (value: unknown): boolean => isList(value) && value.length > 0;
const isListOf = (value: unknown, holds: (each: unknown) => boolean): boolean => isList(value) && value.every(holds);

const hasAll = <Whole>(value: unknown, members: { readonly [Name in keyof Whole]?: (value: unknown) => boolean }): boolean =>
  isObject(value) && Object.entries<((value: unknown) => boolean) | undefined>(members).every(([name, holds]) => holds?.(value[name]));

const isCurves = (value: unknown): boolean => hasAll<NamedCurves['curves']>(value, { reports: isList, evaluations: isList });
const isRun = (value: unknown): boolean => hasAll<NamedCurves>(value, { name: isText, curves: isCurves });
const isSeries = (value: unknown): boolean => hasAll<Chart['series'][number]>(value, { name: isText, points: isList });

function refuseUnlessRuns(runs: unknown): void {
  refuseUnless(isListOf(runs, isRun), 'runs', runs, 'a list of runs, such as readRuns gives');
}

function refuseUnlessCharts(charts: unknown): void {
  const isChart = (value: unknown): boolean => hasAll<Chart>(value, { title: isText, series: (series) => isListOf(series, isSeries) });
  refuseUnless(isListOf(charts, isChart), 'charts', charts, 'a list of charts, such as chartsOf gives');
}

function refuseUnlessNetworks(networks: unknown): void {
  const isNetwork = (value: unknown): boolean => hasAll<NetworkGradients>(value, { name: isText, flows: isList, singularValues: isList });
  refuseUnless(isListOf(networks, isNetwork), 'networks', networks, 'a list of what model.gradients gives');
}

function refuseUnlessText(name: string, value: unknown): void {
  refuseUnless(isText(value), name, value, 'a text');
}
