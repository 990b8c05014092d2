// Runs as a table, grouped by text and best first, for `rnn runs` and the end of `rnn sweep`.
import type { RunSummary } from '../../training/runs.ts';
import type { Colours } from '../output/colour.ts';
import { count } from '../../count.ts';
import { formatCompact, formatDuration, onOneLine } from '../output/format.ts';
import { optionsInWords } from '../option-words.ts';
import { joinTexts } from '../given-runs.ts';
import { textTable } from '../output/text-table.ts';

/** Names and options can be long, so they are at the end. */
const headings = ['loss', 'at step', 'steps', 'model', 'parameters', 'time', 'state', 'text', 'run', 'options'];
const align = 'rrrlrrl';
/** Characters of a digest that distinguish two texts. */
const SHORT_DIGEST = 7;
const MAX_OPTIONS = 4;

type HaveOneText = (a: RunSummary, b: RunSummary) => boolean;

/**
 * A line for each run, an empty line between two texts, and a line for each run that cannot be
 * read.
 *
 * @param runs the runs in the order of their ranks
 */
export function runsTable(runs: readonly RunSummary[], haveOneText: HaveOneText, colour: Colours): string[] {
  const rows = runs.map((run) => cellsOf(run, textLabel(run, runs, haveOneText)));
  const [heading, ...lines] = textTable([headings, ...rows], align);
  const groups = lines.flatMap((line, index) => {
    const run = runs[index];
    const begins = index === 0 || !haveOneText(runs[index - 1], run);
    const isBest = begins && run.bestValidationLossNats !== null && !isUnreadable(run);
    return [...(begins && index > 0 ? [''] : []), isBest ? colour.bold(line) : line];
  });
  const reasons = runs
    .filter(isUnreadable)
    .map(({ name, status, reason }) => colour.yellow(onOneLine(`${name}: ${reason ?? status}`)));
  return [colour.dim(heading), ...groups, ...reasons];
}

/** The name of the text, with its digest and sizes if other runs have another text of that name. */
function textLabel(run: RunSummary, runs: readonly RunSummary[], haveOneText: HaveOneText): string {
  if (run.text === null) return '';
  const { name, digest, train, validation } = run.text;
  const short = digest.slice(0, SHORT_DIGEST);
  const isAmbiguous = runs.some((other) => other.text?.name === name && !haveOneText(run, other));
  if (!isAmbiguous) return name ?? short;
  return `${name === null ? '' : `${name} `}${short} ${count(train)}+${count(validation)}`;
}

function isUnreadable({ status }: RunSummary): boolean {
  return status === 'damaged' || status === 'newer';
}

function cellsOf(run: RunSummary, text: string): string[] {
  const { bestValidationLossNats: loss, bestStep, step, totalSteps, cell, layers, hidden, parameters, trainedMs } = run;
  const { status, reason, name, changes } = run;
  const orDash = <Value>(value: Value | null, shown: (value: Value) => string): string =>
    value === null ? '–' : shown(value);
  return [
    orDash(loss, (nats) => nats.toFixed(4)),
    orDash(bestStep, count),
    `${orDash(step, count)}${totalSteps === null ? '' : `/${count(totalSteps)}`}`,
    orDash(cell, (known) => `${layers}×${hidden} ${known}`),
    orDash(parameters, formatCompact),
    orDash(trainedMs, formatDuration),
    isUnreadable(run) || reason === null ? status : `${status} (${reason})`,
    text,
    name,
    joinTexts(optionsInWords(changes), MAX_OPTIONS),
  ].map(onOneLine);
}
