// The sentences that the bar and the plain reporter have in common. Pure.
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
import type { Colours } from '../colour.ts';
import { bits, bytes, count, duration, harmless, onOneLine, significant, wrap } from '../format.ts';
import { lossText, verdictLines } from './verdict.ts';

/** Columns of the names in the first three lines. */
const NAME_WIDTH = 8;
/** Characters of a sample on one line. */
const MAX_LINE_OF_SAMPLE = 80;

/** The text, the model and the device: a line each, or more in a narrow window. */
export function startText(event: StartEvent, colour: Colours, width = Infinity): string {
  const { model, corpus } = event;
  const validation = corpus.validation === 0 ? 'none to validate' : `${count(corpus.validation)} to validate`;
  const test = corpus.test === 0 ? '' : `, ${count(corpus.test)} to test`;
  const length = event.totalSteps === null ? '' : `, ${count(event.totalSteps)} steps`;
  const rows = [
    [
      'text',
      `${count(corpus.characters)} characters, ${count(corpus.symbols)} symbols; ${count(corpus.train)} to train on, ${validation}${test}`,
    ],
    ['model', `${model.cell}, ${model.layers} × ${model.hidden}, ${count(event.parameters)} parameters${length}`],
    ['device', `${event.device}; about ${bytes(event.memoryBytes)} of memory`],
  ];
  return rows
    .map(([name, value]) => `${colour.dim(name.padEnd(NAME_WIDTH))}${wrap(value, width - NAME_WIDTH).join(`\n${' '.repeat(NAME_WIDTH)}`)}`)
    .join('\n');
}

export function reportText(event: ReportEvent, timeLeftMs: number | null, colour: Colours): string {
  const left = timeLeftMs === null ? '' : `, ${duration(timeLeftMs)} left`;
  return [
    `step ${count(event.step)}`,
    `epoch ${event.epoch.toFixed(2)}`,
    `loss ${colour.bold(event.lossNats.toFixed(3))} nats, ${bits(event.lossNats).toFixed(3)} bits`,
    `lr ${significant(event.learningRate)}`,
    `${count(event.charactersPerSecond)} char/s`,
    `${(event.progress * 100).toFixed(1)}%${left}`,
  ].join('  ');
}

export function evaluationText(event: EvaluationEvent, colour: Colours): string {
  const loss = event.validationLossNats;
  const best = event.best ? colour.green('  best so far') : '';
  return `step ${count(event.step)}  validation loss ${colour.bold(loss.toFixed(3))} nats, ${bits(loss).toFixed(3)} bits${best}`;
}

export function interimText({ step, validationLossNats: loss, characters }: InterimEvent, colour: Colours): string {
  const where = colour.dim(`on ${count(characters)} characters`);
  return `step ${count(step)}  validation loss ${colour.bold(loss.toFixed(3))} nats, ${bits(loss).toFixed(3)} bits  ${where}`;
}

/**
 * A training sample between two rules, with nothing in it that could disturb a terminal.
 * @param width of its lines, which are broken between words
 */
export function sampleText(event: SampleEvent, width: number, ruleWidth: number, colour: Colours): string {
  const title = `── a sample at step ${count(event.step)} `;
  const text = harmless(event.text).replace(/\n+$/, '');
  return `${colour.dim(title.padEnd(ruleWidth, '─'))}\n${wrapped(text, width)}\n${colour.dim('─'.repeat(ruleWidth))}`;
}

/** The beginning of a sample, for a log that is not a terminal. */
export function sampleLine(event: SampleEvent): string {
  const characters = [...onOneLine(event.text.replace(/\n+$/, ''))];
  const isCut = characters.length > MAX_LINE_OF_SAMPLE;
  return `step ${count(event.step)}  sample: ${characters.slice(0, MAX_LINE_OF_SAMPLE).join('')}${isCut ? '…' : ''}`;
}

/** Text in lines of at most `width` columns, broken between words. Indented lines stay whole: they are commands to copy. */
export const wrapped = (text: string, width: number): string =>
  text
    .split('\n')
    .flatMap((line) => (line.startsWith('  ') ? line : wrap(line, width)))
    .join('\n');

export function recoveryText(event: RecoveryEvent): string {
  return `step ${count(event.step)}: ${event.reason}`;
}

export const endReasons: Readonly<Record<EndReason, string>> = {
  epochs: 'all epochs are done',
  'max-steps': 'all steps are done',
  budget: 'the time of --budget is spent',
  'max-time': 'the time of --max-time is over',
  patience: 'the validation loss has stopped falling',
  signal: 'stopped by a signal',
  'output-closed': 'stopped because its output was closed',
  finished: 'the run was already finished',
  diverged: 'the training diverged',
};

export function endText({ reason, step, elapsedMs, verdict, bestValidationLossNats: best }: EndEvent, colour: Colours): string {
  const quality = verdict ? verdictLines(verdict, colour) : best === null ? [] : [`best validation loss ${lossText(best, colour)}`];
  return [`${endReasons[reason]}: step ${count(step)} after ${duration(elapsedMs)}`, ...quality].join('\n');
}
