// The sentences about the events and the result of a run. Pure.
import type {
  EndEvent,
  EndReason,
  EvaluationEvent,
  InterimEvent,
  RecoveryEvent,
  ReportEvent,
  SampleEvent,
  StartEvent,
} from '../../training/events.ts';
import { type Unit, bitsUnit, tokenName } from '../../options/choices.ts';
import type { Fit, Verdict } from '../../training/verdict.ts';
import { type Colours, noColours } from '../output/colour.ts';
import { count } from '../../count.ts';
import {
  toBits,
  formatBytes,
  formatDuration,
  escapeControls,
  onOneLine,
  formatSignificant,
  wrap,
} from '../output/format.ts';
import { withLabel } from '../output/text-table.ts';

/** Columns of the labels in the first three lines. */
const NAME_WIDTH = 8;
const MAX_RULE = 60;
/** Characters of a sample on one line. */
const MAX_LINE_OF_SAMPLE = 80;

/** The text, the model and the device: a line each, or more in a narrow window. */
export function startText(event: StartEvent, colour: Colours, width: number): string {
  const { model, corpus } = event;
  const validation = corpus.validation === 0 ? 'no validation' : `${count(corpus.validation)} validation`;
  const test = corpus.test === 0 ? '' : `, ${count(corpus.test)} test`;
  const parts = `${count(corpus.train)} training, ${validation}${test}`;
  const length = event.totalSteps === null ? '' : `, ${count(event.totalSteps)} update steps`;
  const rows = [
    [
      'text',
      `${count(corpus.characters)} ${tokenName(corpus.level)}s (${parts}), vocabulary of ${count(corpus.symbols)} tokens`,
    ],
    ['model', `${model.cell}, ${model.layers} × ${model.hidden}, ${count(event.parameters)} parameters${length}`],
    ['device', `${event.device}, about ${formatBytes(event.memoryBytes)} of memory`],
  ];
  return rows.map(([name, value]) => withLabel(colour.dim(name), value, NAME_WIDTH, width)).join('\n');
}

/** The line of a report in a log. */
export function reportText(event: ReportEvent, timeLeftMs: number | null, level: Unit, colour: Colours): string {
  const left = timeLeftMs === null ? '' : `, ${formatDuration(timeLeftMs)} left`;
  return [
    `step ${count(event.step)}`,
    `epoch ${event.epoch.toFixed(2)}`,
    `loss ${lossText(event.lossNats, level, colour)}`,
    `lr ${formatSignificant(event.learningRate)}`,
    `${count(event.charactersPerSecond)} ${level}/s`,
    `${(event.progress * 100).toFixed(1)}%${left}`,
  ].join('  ');
}

export const validationText = (
  { step, validationLossNats }: EvaluationEvent | InterimEvent,
  level: Unit,
  colour: Colours,
): string => `step ${count(step)}  validation loss ${lossText(validationLossNats, level, colour)}`;

/** A loss in nats, and in bits per character (bpc) or bits per byte (bpb). */
export const lossText = (nats: number, level: Unit, { bold } = noColours): string =>
  `${bold(nats.toFixed(3))} nats, ${toBits(nats).toFixed(3)} ${bitsUnit(level)}`;

/**
 * A training sample between two rules, safe to print in a terminal.
 * @param width the maximum width of its lines, which are broken between words
 */
export function sampleText(event: SampleEvent, width: number, colour: Colours): string {
  const ruleWidth = Math.min(width, MAX_RULE);
  const title = `── sample at step ${count(event.step)} `;
  const text = escapeControls(event.text).replace(/\n+$/, '');
  return `${colour.dim(title.padEnd(ruleWidth, '─'))}\n${wrapText(text, width)}\n${colour.dim('─'.repeat(ruleWidth))}`;
}

/** The beginning of a sample on one line, for a log. */
export function sampleLine(event: SampleEvent): string {
  const characters = [...onOneLine(event.text.replace(/\n+$/, ''))];
  const isCut = characters.length > MAX_LINE_OF_SAMPLE;
  return `step ${count(event.step)}  sample: ${characters.slice(0, MAX_LINE_OF_SAMPLE).join('')}${isCut ? '…' : ''}`;
}

/**
 * Text in lines of at most `width` columns, broken between words. Indented lines stay whole,
 * because they are commands to copy.
 */
export const wrapText = (text: string, width: number): string =>
  text
    .split('\n')
    .flatMap((line) => (line.startsWith('  ') ? line : wrap(line, width)))
    .join('\n');

export const recoveryText = ({ step, reason }: RecoveryEvent): string => `step ${count(step)}: ${reason}`;

export const endReasons: Readonly<Record<EndReason, string>> = {
  epochs: 'all epochs are done',
  'max-steps': 'all update steps are done',
  budget: 'the time of --budget is over',
  'max-time': 'the time of --max-time is over',
  patience: 'early stopping: the validation loss has stopped falling',
  signal: 'stopped by a signal',
  'output-closed': 'stopped because the output was closed',
  finished: 'the run was already finished',
  diverged: 'the training diverged',
};

export function endText(
  { reason, step, elapsedMs, verdict, bestValidationLossNats: best }: EndEvent,
  level: Unit,
  colour: Colours,
): string {
  const quality = verdict
    ? verdictLines(verdict, level, colour)
    : best === null
      ? []
      : [`best validation loss ${lossText(best, level, colour)}`];
  return [`${endReasons[reason]}: step ${count(step)} after ${formatDuration(elapsedMs)}`, ...quality].join('\n');
}

/** The best loss, whether the model over- or underfitted, and the options to try next. */
export function verdictLines(verdict: Verdict, level: Unit, colour?: Colours): string[] {
  const { best, fit, advice } = verdict;
  const epoch = best.epoch === null ? '' : `, epoch ${best.epoch.toFixed(1)}`;
  const when = `step ${count(best.step)}${epoch}, ${Math.round(100 * best.fraction)} % of the run`;
  return [
    `best validation loss ${lossText(best.validationLossNats, level, colour)} at ${when}`,
    ...(fit === null ? [] : [`${explanations[fit](verdict, level)}${gapText(verdict, level)}`]),
    ...(advice.length === 0 ? [] : [`to lower the validation loss, try ${advice.join(' or ')}`]),
  ];
}

const explanations: Readonly<Record<Fit, (verdict: Verdict, level: Unit) => string>> = {
  overfitted: ({ riseNats }, level) => `the model overfitted: the loss then rose by ${lossText(riseNats, level)}`,
  underfitted: ({ isFalling }) =>
    isFalling
      ? 'the model underfitted: the loss still fell at the end'
      : 'the model underfitted: the loss is close to the training loss',
  good: () => 'the model fits well: the loss stopped falling and did not rise',
};

/** How far the validation loss was from the training loss. */
const gapText = ({ best: { gapNats } }: Verdict, level: Unit): string =>
  gapNats === null ? '' : ` (gap to the training loss ${lossText(gapNats, level)})`;
