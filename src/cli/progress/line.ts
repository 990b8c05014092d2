// The progress line of a terminal: fields of fixed width and a bar that takes what is left, formatted by cli-progress. Pure; knows no
// terminal.
import cliProgress, { type Options } from 'cli-progress';
import type { Colours } from '../colour.ts';
import { bits, compact, count, duration } from '../format.ts';
import type { ShownWait, Wait } from './wait.ts';

export interface ProgressState {
  readonly progress: number;
  readonly step: number;
  readonly lossNats: number | null;
  readonly validationLossNats: number | null;
  readonly learningRate: number | null;
  readonly charactersPerSecond: number | null;
  readonly timeLeftMs: number | null;
  /** The work that interrupts training; null while the run trains. */
  readonly wait?: ShownWait | null;
}

interface Field {
  /** The field with the highest rank is the first to go where the line is too narrow. */
  readonly rank: number;
  readonly width: number;
  readonly styled: string;
}

/** The parts of a line. */
interface Parts {
  /** Of the bar and the percentage; null for a line without them. */
  readonly progress: number | null;
  readonly long: readonly Field[];
  /** The same fields in fewer characters. */
  readonly short: readonly Field[];
}

const { BarFormat, Formatter } = cliProgress.Format;

const gap = '  ';
const widestBar = 40;
/** Of ` 42%`, and the space between it and the bar. */
const percentageWidth = 5;
/** 10m 05s */
const longestTime = 7;
/** Fields of a higher rank go before the bar does, the others after it. */
const rankOfBar = 3;
/** A sign that moves in every line and shows that the program works: the end of the bar, or a spinner if there is no bar. */
const movingEnd = ['░', '▒', '▓', '▒'];
const movingFull = ['█', '▓', '▒', '▓'];
const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * Where a run is, in a line of at most `width` characters, colours not counted.
 * @param frame counts the redraws
 */
export function progressLine(state: ProgressState, width: number, colour: Colours, frame = 0): string {
  const parts = { progress: state.progress, long: fieldsOf(state, colour, 'long'), short: fieldsOf(state, colour, 'short') };
  return fittingLine(parts, width, colour, frame);
}

/** How far a wait is that belongs to no run, in such a line. */
export function waitLine({ wait, elapsedMs }: ShownWait, width: number, colour: Colours, frame = 0): string {
  const progress = fractionOf(wait);
  const left = leftOf({ wait, elapsedMs });
  const field = fieldsIn(colour);
  const fields = [
    field(1, '', wait.label),
    ...(wait.detail === '' ? [] : [field(4, '', wait.detail)]),
    left === null ? field(2, '', duration(elapsedMs)) : timeLeft(left, field),
  ];
  return fittingLine({ progress, long: fields, short: fields }, width, colour, frame);
}

/** Milliseconds that a wait will still take at the speed that it has had; null where nothing can be said. */
export function leftOf({ wait, elapsedMs }: ShownWait): number | null {
  const fraction = fractionOf(wait);
  return fraction === null || fraction === 0 ? null : (elapsedMs * (1 - fraction)) / fraction;
}

const fractionOf = ({ done, total }: Wait): number | null => (total === null || total === 0 ? null : Math.min(1, done / total));

/** The first that fits: all fields, then fewer and fewer. */
function fittingLine({ progress, long, short }: Parts, width: number, colour: Colours, frame: number): string {
  const ranks = short.map(({ rank }) => rank).toSorted((a, b) => b - a);
  const upTo = (most: number): Field[] => short.filter(({ rank }) => rank <= most);
  const candidates = [
    { fields: long, narrowestBar: 12 },
    ...ranks.filter((rank) => rank >= rankOfBar).map((rank) => ({ fields: upTo(rank), narrowestBar: 6 })),
    { fields: upTo(rankOfBar - 1), narrowestBar: 6 },
    ...ranks.filter((rank) => rank <= rankOfBar).map((rank) => ({ fields: upTo(rank), narrowestBar: 0 })),
    { fields: [], narrowestBar: 0 },
  ];
  const sign = colour.cyan(spinner[frame % spinner.length]);
  for (const { fields, narrowestBar } of candidates) {
    const room = width - (progress === null ? 0 : percentageWidth) - fields.reduce((sum, field) => sum + gap.length + field.width, 0);
    const texts = fields.map(({ styled }) => styled);
    if (progress === null && room >= 0 && fields.length > 0) return `${sign} ${texts.join(gap)}`;
    if (progress === null || room < narrowestBar) continue;
    const before = narrowestBar === 0 ? sign : '{bar} ';
    const bounded = Math.min(1, Math.max(0, progress));
    return [formatted(`${before}{percentage}%`, bounded, Math.min(widestBar, room), colour, frame), ...texts].join(gap);
  }
  return width >= 1 ? sign : '';
}

/** Widths are kept from one redraw to the next as far as they can be, so that nothing jumps. */
function fieldsOf(state: ProgressState, colour: Colours, form: 'long' | 'short'): Field[] {
  const field = fieldsIn(colour);
  const { wait = null, lossNats, validationLossNats } = state;
  const fields = [wait === null ? field(7, 'step ', count(state.step)) : field(1, '', waitText(wait))];
  if (lossNats !== null) {
    fields.push(field(wait === null ? 1 : 4, 'loss ', lossNats.toFixed(3)));
    fields.push(field(5, '', bits(lossNats).toFixed(2), ' bits'));
  }
  if (validationLossNats !== null) fields.push(field(3, 'val ', validationLossNats.toFixed(3)));
  // While the run does something else it has neither a learning rate nor a speed.
  if (wait === null && state.learningRate !== null)
    fields.push(field(6, 'lr ', state.learningRate === 0 ? '0'.padEnd(6) : state.learningRate.toExponential(1)));
  if (wait === null && state.charactersPerSecond !== null)
    fields.push(field(4, '', compact(state.charactersPerSecond).padStart(5), form === 'long' ? ' char/s' : '/s'));
  if (state.timeLeftMs !== null) fields.push(timeLeft(state.timeLeftMs, field));
  return fields;
}

/** `validating  42%`, or `saving 3s` if the amount of work is unknown. */
function waitText({ wait, elapsedMs }: ShownWait): string {
  const fraction = fractionOf(wait);
  return `${wait.label} ${fraction === null ? duration(elapsedMs) : `${Math.floor(fraction * 100)}%`.padStart(4)}`;
}

type MakeField = (rank: number, before: string, value: string, after?: string) => Field;

const fieldsIn =
  (colour: Colours): MakeField =>
  (rank, before, value, after = '') => ({
    rank,
    width: before.length + value.length + after.length,
    styled: `${colour.dim(before)}${rank === 1 ? colour.bold(value) : value}${colour.dim(after)}`,
  });

function timeLeft(milliseconds: number, field: MakeField): Field {
  const left = duration(milliseconds);
  return field(2, '', left, ' left'.padEnd(' left'.length + longestTime - left.length));
}

/**
 * The percentage is rounded down: 100 % is only said when it is true.
 *
 * @param format of cli-progress, with its names for the bar and the percentage
 * @param width of the bar
 */
function formatted(format: string, progress: number, width: number, colour: Colours, frame: number): string {
  const end = (progress >= 1 ? movingFull : movingEnd)[frame % movingEnd.length];
  const options = {
    format,
    autopadding: true,
    autopaddingChar: '   ',
    barsize: width - 1, // and its end
    barCompleteString: '█'.repeat(width),
    barIncompleteString: '░'.repeat(width),
    barGlue: '|',
    formatBar: (done: number, bar: Options): string => {
      const [complete, incomplete] = BarFormat(done, bar).split('|');
      return colour.cyan(complete + end) + colour.dim(incomplete);
    },
  };
  return Formatter(options, { progress, value: progress, total: 1, eta: 0, startTime: 0, stopTime: 0, maxWidth: 0 }, {});
}
