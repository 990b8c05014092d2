// The progress line of a terminal: fields of fixed width and a bar that takes what is left. Pure; knows no terminal.
import type { Colours } from '../colour.ts';
import { bits, compact, count, duration } from '../format.ts';

export interface ProgressState {
  readonly progress: number;
  readonly step: number;
  readonly lossNats: number | null;
  readonly validationLossNats: number | null;
  readonly learningRate: number | null;
  readonly charactersPerSecond: number | null;
  readonly timeLeftMs: number | null;
}

interface Field {
  /** The field with the highest rank is the first to go where the line is too narrow. */
  readonly rank: number;
  readonly width: number;
  readonly styled: string;
}

const gap = '  ';
const widestBar = 40;
/** 10m 05s */
const longestTime = 7;
/** Fields of a higher rank go before the bar does, the others after it. */
const rankOfBar = 3;

/** A line of at most `width` characters, colours not counted: the first of these that fits. */
export function progressLine(state: ProgressState, width: number, colour: Colours): string {
  const long = fieldsOf(state, colour, 'long');
  const short = fieldsOf(state, colour, 'short');
  const ranks = short.map(({ rank }) => rank).toSorted((a, b) => b - a);
  const upTo = (most: number): Field[] => short.filter(({ rank }) => rank <= most);
  const candidates = [
    { fields: long, narrowestBar: 12 },
    ...ranks.filter((rank) => rank >= rankOfBar).map((rank) => ({ fields: upTo(rank), narrowestBar: 6 })),
    { fields: upTo(rankOfBar - 1), narrowestBar: 6 },
    ...ranks.filter((rank) => rank <= rankOfBar).map((rank) => ({ fields: upTo(rank), narrowestBar: 0 })),
  ];
  for (const { fields, narrowestBar } of candidates) {
    const room = width - fields.reduce((sum, field) => sum + field.width, gap.length * (fields.length - 1));
    if (room < narrowestBar) continue;
    const line = fields.map(({ styled }) => styled).join(gap);
    return narrowestBar === 0 ? line : bar(state.progress, Math.min(widestBar, room), colour) + line;
  }
  return '';
}

/** Widths are kept from one redraw to the next as far as they can be, so that nothing jumps. */
function fieldsOf(state: ProgressState, colour: Colours, form: 'long' | 'short'): Field[] {
  const field = (rank: number, before: string, value: string, after = ''): Field => ({
    rank,
    width: before.length + value.length + after.length,
    styled: `${colour.dim(before)}${rank === 1 ? colour.bold(value) : value}${colour.dim(after)}`,
  });
  // Rounded down: 100 % is only said when it is true. Its padding is the gap after the bar.
  const fields = [field(0, '', `${Math.floor(state.progress * 100)}%`.padStart(5))];
  fields.push(field(7, 'step ', count(state.step)));
  if (state.lossNats !== null) {
    fields.push(field(1, 'loss ', state.lossNats.toFixed(3)));
    fields.push(field(5, '', bits(state.lossNats).toFixed(2), ' bits'));
  }
  if (state.validationLossNats !== null) fields.push(field(3, 'val ', state.validationLossNats.toFixed(3)));
  if (state.learningRate !== null)
    fields.push(field(6, 'lr ', state.learningRate === 0 ? '0'.padEnd(6) : state.learningRate.toExponential(1)));
  if (state.charactersPerSecond !== null)
    fields.push(field(4, '', compact(state.charactersPerSecond).padStart(5), form === 'long' ? ' char/s' : '/s'));
  if (state.timeLeftMs !== null) {
    const left = duration(state.timeLeftMs);
    fields.push(field(2, '', left, ' left'.padEnd(' left'.length + longestTime - left.length)));
  }
  return fields;
}

function bar(progress: number, width: number, colour: Colours): string {
  const done = Math.floor(Math.min(1, Math.max(0, progress)) * width);
  return colour.cyan('█'.repeat(done)) + colour.dim('░'.repeat(width - done));
}
