// Charts and pages for other programs. Wrong arguments are refused before anything is drawn.
import { chartNames } from '../options/choices.ts';
import { type CompressedSizes, compressedSizes as compressed, xzSize as xz } from '../evaluation/compressors.ts';
import { type UnitsReport, unitsPage as pageOfCells } from '../reports/cells-page.ts';
import { type Chart, type ChartOptions, type NamedCurves, chartsOf as chartsOfRuns } from '../reports/charts.ts';
import { curvesPage as pageOfCurves } from '../reports/curves-page.ts';
import {
  type NetworkGradients,
  gradientCharts as chartsOfGradients,
  gradientsPage as pageOfGradients,
} from '../reports/gradients.ts';
import { storyPage as pageOfStory } from '../reports/story-page.ts';
import { type SurprisalReport, surprisalPage as pageOfSurprisal } from '../reports/surprisal-page.ts';
import { svgOf as svgOfCharts } from '../reports/svg.ts';
import { type TextLook, terminalCharts as dashboardOf } from '../reports/terminal.ts';
import type { Stage } from '../training/curves.ts';
import { plotOptions } from '../options/commands.ts';
import { type Rule, list, rule } from '../options/kind.ts';
import { kindsOf, tableOf } from '../options/option.ts';
import { refuseOther, refuseWrong } from './checks.ts';

type Check = Rule['holds'];

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
const isCells = has<UnitsReport>({
  name: isString,
  summary: isString,
  pieces: isNotEmpty,
  activations: isObject,
  findings: isList,
  saturation: isList,
});
const isSurprisal = has<SurprisalReport>({
  run: isString,
  text: isString,
  model: isObject,
  pieces: isNotEmpty,
  surprisal: isObject,
  ids: isObject,
  symbols: isList,
  others: isList,
});

const runsGiven = rule('a list of runs, as returned by readRuns', listOf(isRun));
const runGiven = rule('a run, as returned by readRuns', isRun);
const charts = rule('a list of charts, as returned by chartsOf', listOf(isChart));
const networks = rule('a list of results of model.gradients', listOf(isNetwork));
const stages = rule('the stages of its curves', listOf(has<Stage>({ step: isNumber, text: isString })));
const aText = rule('a text', isString);
const bytes = rule('bytes', isBytes);
const { horizontal, smoothing, logarithmicLoss } = kindsOf(tableOf(plotOptions));
const chartMembers = {
  horizontal,
  smoothing,
  only: list(chartNames),
  logarithmicLoss,
  places: rule('a number', isNumber),
};

/** The function with a check of its arguments. The error names the argument. */
const checked =
  <Arguments extends unknown[], Result>(
    act: (...given: Arguments) => Result,
    kinds: Readonly<Record<string, Rule>>,
  ): ((...given: Arguments) => Result) =>
  (...given) => {
    for (const [index, [name, kind]] of Object.entries(kinds).entries()) refuseOther(name, given[index], kind);
    return act(...given);
  };

/**
 * The charts that have data.
 *
 * @throws RnnError `usage` for a value that is not a run, or a wrong option
 */
export function chartsOf(runs: readonly NamedCurves[], options: ChartOptions): Chart[] {
  refuseOther('runs', runs, runsGiven);
  refuseWrong(options, chartMembers);
  refuseOther('horizontal', options.horizontal, horizontal);
  return chartsOfRuns(runs, options);
}

/**
 * Charts as one SVG picture.
 *
 * @throws RnnError `usage` for a value that is not a chart, or for no charts
 */
export const svgOf = checked(
  async (drawn: readonly Chart[], title: string): Promise<string> => svgOfCharts(drawn, title),
  { charts, title: aText },
);

/**
 * The first chart large and all others small below it, as lines of text for a terminal.
 *
 * @throws RnnError `usage` for a value that is not a chart
 */
export const terminalCharts = checked(dashboardOf, { charts, 'the look': rule('columns, rows and styles', isLook) });

/**
 * An HTML page with the curves of runs.
 *
 * @throws RnnError `usage` for a value that is not a run
 */
export const curvesPage = checked(pageOfCurves, { runs: runsGiven });

/**
 * An HTML page with the samples that a run generated while it learnt.
 *
 * @throws RnnError `usage` for a value that is not a run, or for stages that are not a run's
 */
export const storyPage = checked(pageOfStory, { 'the run': runGiven, stages });

/**
 * An HTML page of a text, coloured by the loss of each character.
 *
 * @throws RnnError `usage` for a value that is not a result of `surprisalOf` with `run`, `text` and
 * `others`
 */
export const surprisalPage = checked(pageOfSurprisal, {
  'the report': rule('a result of model.surprisal, with run, text and others', isSurprisal),
});

/**
 * An HTML page of a text, coloured by the activation of any unit.
 *
 * @throws RnnError `usage` for a value that is not an `Inspection` with `name`, `summary` and
 * `unit`
 */
export const unitsPage = checked(async (report: UnitsReport): Promise<string> => pageOfCells(report), {
  'the report': rule('a result of model.inspect, with name, summary and unit', isCells),
});

/**
 * The charts of gradients through time. All lines of one network have the same colour.
 *
 * @throws RnnError `usage` for a value that is not a result of `model.gradients`
 */
export const gradientCharts = checked(chartsOfGradients, { networks });

/**
 * An HTML page of how far back gradients flow in each network.
 *
 * @throws RnnError `usage` for a value that is not a result of `model.gradients`
 */
export const gradientsPage = checked(pageOfGradients, { networks, text: aText });

/**
 * The sizes in bytes of a text compressed by gzip and brotli at their highest levels, including
 * headers. A megabyte takes two seconds.
 *
 * @throws RnnError `usage` for a value that is not bytes
 */
export const compressedSizes = checked(async (text: Uint8Array): Promise<CompressedSizes> => compressed(text), {
  text: bytes,
});

/**
 * The size in bytes of a text compressed by the system's `xz -9e`. Null if that program is missing
 * or fails.
 *
 * @throws RnnError `usage` for a value that is not bytes
 */
export async function xzSize(text: Uint8Array, program = 'xz'): Promise<CompressedSizes> {
  refuseOther('text', text, bytes);
  refuseOther('program', program, aText);
  return xz(text, program);
}
