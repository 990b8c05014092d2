// `rnn plot`: the training curves of runs, in the terminal or as a file. api/ reads them, and
// reports/ draws them.
import type { Chart, ChartOptions } from '../../reports/charts.ts';
import { type RnnError, checkpointError } from '../../errors.ts';
import type { Run } from '../../api/runs.ts';
import type { Context } from '../context.ts';
import { plotOptions } from '../../options/commands.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { joinTexts, emptyLogError, readGivenRuns } from '../given-runs.ts';
import { openOutputs } from '../output/output-files.ts';

type PlotFlags = CommandOptionValues<typeof plotOptions>;

const rows = 16;
/** Points of a curve at most: the width of a picture in points, or a fine resolution for JSON. */
const places = { picture: 450, json: 2000 };

export const { define } = defineCommand({
  description:
    'Draw training curves: training and validation loss, gradient norm, learning rate and speed. Several runs share the charts.',
  argument: 'Run folders or folders of them [default: the newest run]',
  options: plotOptions,
  examples: [
    ['rnn plot', 'the newest run, in the terminal'],
    ['rnn plot checkpoints/a checkpoints/b --horizontal time', 'two runs in one chart'],
    ['rnn plot --html curves.html', 'a page with zoom'],
    ['rnn plot --only loss --smoothing 0.9 --svg loss.svg', 'a picture of the loss'],
  ],
  run: plot,
});

async function plot(given: readonly string[], flags: PlotFlags, context: Context): Promise<void> {
  const { stdout } = context;
  const outputs = { '--html': flags.html, '--svg': flags.svg, '--json': flags.json };
  const files = await openOutputs(outputs, { force: flags.force, runFolders: given }, context);
  const runs = drawable(await readGivenRuns(given), context);
  const { chartsOf, describeMissing: whatIsMissing } = await import('../../reports/charts.ts');
  const { terminalCharts } = await import('../../reports/terminal.ts');
  const options = {
    ...flags,
    only: flags.only && [flags.only],
  };
  const isPageAlone = flags.html !== undefined && flags.svg === undefined && !flags.json;
  // A page first shows all curves over update steps, and the reader can choose another axis.
  const first: ChartOptions = isPageAlone ? { horizontal: 'step' } : options;
  if (chartsOf(runs, first).length === 0) throw nothingToDraw(whatIsMissing(first), runs);
  const draw = (places: number): Chart[] => chartsOf(runs, { ...options, places });
  if (flags.html !== undefined)
    await files.write('--html', (await import('../../reports/curves-page.ts')).curvesPage(runs));
  if (flags.svg !== undefined)
    await files.write(
      '--svg',
      (await import('../../reports/svg.ts')).svgOf(draw(places.picture), runs.map(({ name }) => name).join(', ')),
    );
  if (flags.json) return writeCharts(draw(places.json), runs, context);
  if (flags.html !== undefined || flags.svg !== undefined) return;
  await stdout.write(`${terminalCharts(draw(stdout.columns * 2), stdout.look(rows)).join('\n')}\n`);
}

/** The runs with anything to draw. @throws RnnError `checkpoint` if no run has */
function drawable(runs: readonly Run[], { stderr }: Context): Run[] {
  const has = ({ curves }: Run): boolean => curves.reports.length + curves.evaluations.length > 0;
  const empty = runs.filter((run) => !has(run)).map(({ path }) => path);
  if (empty.length === runs.length) throw emptyLogError(joinTexts(empty));
  if (empty.length > 0) stderr.note(`skipped ${joinTexts(empty)}: the log is empty`);
  return runs.filter(has);
}

const nothingToDraw = (missing: string, runs: readonly Run[]): RnnError =>
  checkpointError(
    `cannot draw ${missing}: values not found in the log of ${joinTexts(runs.map(({ path }) => path))}`,
    'choose other curves with --horizontal and --only, or run rnn plot RUN to draw all curves over update steps (a logarithmic axis, as for the gradient norm, shows only values above zero)',
  );

async function writeCharts(charts: readonly Chart[], runs: readonly Run[], { stdout }: Context): Promise<void> {
  for (const { name: chart, unit, horizontal, series } of charts) {
    for (const { run, dash, points } of series)
      await stdout.writeJson({
        event: 'curve',
        chart,
        part: dash === 1 ? 'validation' : 'training',
        run: runs[run].path,
        unit,
        over: horizontal,
        points,
      });
  }
}
