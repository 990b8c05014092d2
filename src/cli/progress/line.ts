// The progress line of a terminal: fields of fixed width and a bar in the remaining space. Pure.
import cliProgress from 'cli-progress';
import type { Activity } from '../../training/activity.ts';
import type { Colours } from '../output/colour.ts';
import { count } from '../../count.ts';
import { type Unit, bitsUnit } from '../../options/choices.ts';
import { toBits, formatBytes, formatCompact, formatDuration, lengthShown } from '../output/format.ts';

export interface ProgressState {
  readonly progress: number;
  readonly step: number;
  /** Whether the loss is per character or per byte. */
  readonly level?: Unit;
  readonly lossNats?: number | null;
  readonly validationLossNats?: number | null;
  readonly learningRate?: number | null;
  readonly charactersPerSecond?: number | null;
  readonly timeLeftMs?: number | null;
  /** The work that interrupts training, or null while the run trains. */
  readonly wait?: ShownWait | null;
}

/** Work other than training that takes time. */
export interface Wait {
  /** A participle: `validating`. */
  readonly label: string;
  readonly done: number;
  /** Null if the amount of work is unknown. */
  readonly total: number | null;
  /** How much is done, in words, or empty if the percentage is enough. */
  readonly detail: string;
}

/** A wait, and how long it has lasted. */
export interface ShownWait {
  readonly wait: Wait;
  readonly elapsedMs: number;
}

/** If the line is too narrow, the field with the highest rank is removed first. */
type Field = readonly [rank: number, text: string];

const GAP = '  ';
const MAX_BAR = 40;
/** Width of ` 42%` and the space between it and the bar. */
const PERCENTAGE_WIDTH = 5;
/** Width of `10m 05s`. */
const MAX_TIME_WIDTH = 7;
/** The ranks that a line shows, and its shortest bar, from the widest layout to the narrowest. */
const layouts = [
  ...[7, 6, 5, 4, 3, 2].map((maxRank) => ({ maxRank, minBar: 6 })),
  ...[3, 2, 1, 0].map((maxRank) => ({ maxRank, minBar: 0 })),
];
/** A moving sign shows that the program is running: the end of the bar, or a spinner instead of a bar. */
const movingEnd = ['░', '▒', '▓', '▒'];
const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * The progress of a run, in a line of at most `width` characters, not counting colours.
 * @param frame the number of redraws so far
 */
export const progressLine = (state: ProgressState, width: number, colour: Colours, frame = 0): string =>
  fittingLine(state.progress, fieldsOf(state, colour), width, colour, frame);

/** The progress of a wait outside a run, in such a line, or empty without a wait. */
export function waitLine(shown: ShownWait | null, width: number, colour: Colours, frame = 0): string {
  if (shown === null) return '';
  const { wait, elapsedMs } = shown;
  const left = leftOf(shown);
  const fields: Field[] = [
    [1, colour.bold(wait.label)],
    ...(wait.detail === '' ? [] : [[4, wait.detail] as const]),
    left === null ? [2, formatDuration(elapsedMs)] : timeLeft(left, colour.dim),
  ];
  return fittingLine(fractionOf(wait), fields, width, colour, frame);
}

/** Milliseconds that a wait will still take at its speed so far, or null if that is unknown. */
export function leftOf({ wait, elapsedMs }: ShownWait): number | null {
  const fraction = fractionOf(wait);
  return fraction === null || fraction === 0 ? null : (elapsedMs * (1 - fraction)) / fraction;
}

const fractionOf = ({ done, total }: Wait): number | null =>
  total === null || total === 0 ? null : Math.min(1, done / total);

/** The current work, as the line shows it, or null if it is finished. */
export function waitFor(activity: Activity): Wait | null {
  const { kind, done, total } = activity;
  if (total !== null && done >= total) return null;
  // With a total of 1, a percentage would be 0 or 100.
  return {
    label: kind,
    done,
    total: total === 1 && done === 0 ? null : total,
    detail: kind === 'reading' ? extent(activity) : '',
  };
}

/** `12 of 340 files, 45 MB of 137 MB`. */
function extent({ done, total, files }: Extract<Activity, { files: unknown }>): string {
  if (files.total === 0) return 'looking for files';
  const read = total === null ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`;
  return files.total === 1 ? read : `${count(files.done)} of ${count(files.total)} files, ${read}`;
}

/**
 * The first layout that fits. A narrow line loses the update step, the learning rate and similar
 * fields before the bar, and the loss and the time left after it.
 *
 * @param progress the fraction for the bar and the percentage, or null for a line without them
 */
function fittingLine(
  progress: number | null,
  fields: readonly Field[],
  width: number,
  colour: Colours,
  frame: number,
): string {
  const sign = colour.cyan(spinner[frame % spinner.length]);
  for (const { maxRank, minBar } of layouts) {
    const texts = fields.filter(([rank]) => rank <= maxRank).map(([, text]) => text);
    const room = width - texts.reduce((sum, text) => sum + GAP.length + lengthShown(text), 0);
    if (progress === null && room >= 0 && texts.length > 0) return `${sign} ${texts.join(GAP)}`;
    if (progress === null || room - PERCENTAGE_WIDTH < minBar) continue;
    const bounded = Math.min(1, Math.max(0, progress));
    const start = minBar === 0 ? sign : `${bar(bounded, Math.min(MAX_BAR, room - PERCENTAGE_WIDTH), colour, frame)} `;
    return [start + percentage(bounded), ...texts].join(GAP);
  }
  return width >= 1 ? sign : '';
}

/**
 * The fields keep their widths from one redraw to the next where possible, so that nothing jumps.
 */
function fieldsOf(
  {
    step,
    level = 'char',
    wait = null,
    lossNats = null,
    validationLossNats = null,
    learningRate = null,
    charactersPerSecond = null,
    timeLeftMs = null,
  }: ProgressState,
  { bold, dim }: Colours,
): Field[] {
  const isTraining = wait === null;
  const fields: Field[] = [isTraining ? [7, dim('step ') + count(step)] : [1, bold(waitText(wait))]];
  if (lossNats !== null) {
    const loss = lossNats.toFixed(3);
    fields.push(isTraining ? [1, dim('loss ') + bold(loss)] : [4, dim('loss ') + loss], [
      5,
      toBits(lossNats).toFixed(2) + dim(` ${bitsUnit(level)}`),
    ]);
  }
  if (validationLossNats !== null) fields.push([3, dim('val ') + validationLossNats.toFixed(3)]);
  // A wait has neither a learning rate nor a speed.
  if (isTraining && learningRate !== null)
    fields.push([6, dim('lr ') + (learningRate === 0 ? '0'.padEnd(6) : learningRate.toExponential(1))]);
  if (isTraining && charactersPerSecond !== null)
    fields.push([4, formatCompact(charactersPerSecond).padStart(5) + dim('/s')]);
  if (timeLeftMs !== null) fields.push(timeLeft(timeLeftMs, dim));
  return fields;
}

/** `validating  42%`, or `saving 3s` if the amount of work is unknown. */
function waitText({ wait, elapsedMs }: ShownWait): string {
  const fraction = fractionOf(wait);
  return `${wait.label} ${fraction === null ? formatDuration(elapsedMs) : percentage(fraction)}`;
}

function timeLeft(milliseconds: number, dim: Colours['dim']): Field {
  const left = formatDuration(milliseconds);
  return [2, left + dim(' left'.padEnd(' left'.length + MAX_TIME_WIDTH - left.length))];
}

/** ` 42%`, rounded down, so that 100 % appears only at the end. */
const percentage = (fraction: number): string => `${Math.floor(fraction * 100)}%`.padStart(4);

function bar(progress: number, width: number, colour: Colours, frame: number): string {
  const end = movingEnd[frame % movingEnd.length];
  const [complete, incomplete] = cliProgress.Format.BarFormat(progress, {
    barsize: width - 1, // without the moving end
    barCompleteString: '█'.repeat(width),
    barIncompleteString: '░'.repeat(width),
    barGlue: '|',
  }).split('|');
  return colour.cyan(complete + end) + colour.dim(incomplete);
}
