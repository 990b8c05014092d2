// The ways in which `rnn watch` shows a run: as JSON, as lines, or as charts that fill the
// terminal. They know nothing of where the log is.
import { chartsOf } from '../../reports/charts.ts';
import { dashboard } from '../../reports/terminal.ts';
import type { LogLine } from '../../runs/store.ts';
import type { Curves } from '../../training/curves.ts';
import { count } from '../../count.ts';
import { onOneLine, significant } from '../output/format.ts';
import type { Io } from '../process/io.ts';
import type { Output } from '../output/output.ts';
import { progressLine } from '../progress/line.ts';
import { endReasons } from '../progress/text.ts';

interface View {
  /** A line of the log, and the curves with it. */
  take(line: LogLine, curves: Curves): void;
  /** All lines are taken that there are for now. */
  show(curves: Curves): Promise<void>;
  /** The run is over. */
  end(curves: Curves): Promise<void>;
  /** Leaves the terminal as it was found. May be called more than once. */
  close(): void;
}

/**
 * A line for each event, as JSON, or for each report and evaluation, of which only the last one
 * before this process began.
 */
export function lineView(stdout: Output, isJson: boolean): View {
  let lines: string[] = [];
  let hasBegun = isJson;
  return {
    take(line, curves) {
      const text = isJson ? stdout.json(line) : textOf(line, curves);
      if (text !== null) lines.push(`${text}\n`);
    },
    async show() {
      const shown = hasBegun ? lines : lines.slice(-1);
      hasBegun = true;
      lines = [];
      if (shown.length > 0) await stdout.write(shown.join(''));
    },
    async end({ end }) {
      if (end !== null && !isJson) await stdout.write(`${endText(end)}\n`);
    },
    close() {},
  };
}

function textOf({ event }: LogLine, { reports, lastEvaluation }: Curves): string | null {
  const report = reports.at(-1);
  if (event === 'evaluation' && lastEvaluation !== null)
    return `step ${count(lastEvaluation.step)}  validation loss ${nats(lastEvaluation.validationLossNats)}`;
  if (event !== 'report' || report === undefined) return null;
  const { step, lossNats, gradientNorm, learningRate, charactersPerSecond } = report;
  return [
    `step ${count(step)}`,
    `loss ${nats(lossNats)}`,
    ...(gradientNorm === null ? [] : [`gradient ${significant(gradientNorm)}`]),
    ...(learningRate === null ? [] : [`lr ${significant(learningRate)}`]),
    ...(charactersPerSecond === null ? [] : [`${count(charactersPerSecond)} char/s`]),
  ].join('  ');
}

const nats = (loss: number | null): string => (loss === null ? 'none' : `${loss.toFixed(3)} nats`);

const endText = (end: keyof typeof endReasons): string =>
  Object.hasOwn(endReasons, end) ? endReasons[end] : onOneLine(`ended: ${end}`);

const enter = '\u001B[?1049h';
const leave = '\u001B[?1049l';
const home = '\u001B[H';
const eraseToRight = '\u001B[K';
const eraseBelow = '\u001B[J';
/** With fewer rows for the loss, the other charts are left out. */
const MIN_ROWS = 8;
const ROWS_AT_END = 16;
/** From less, no time left can be estimated. */
const MIN_PROGRESS = 1e-9;

export function screenView(stdout: Output, io: Io, name: string): View {
  const { stream, colour } = stdout;
  let shown: Curves | null = null;
  let progress = 0;
  let isChanged = true;
  let isOpen = false;

  const charts = (curves: Curves, rows: number, only?: readonly ['loss']): string[] => {
    const look = stdout.look(rows);
    const options = { horizontal: 'step', places: look.columns * 2, ...(only === undefined ? {} : { only }) } as const;
    return dashboard(chartsOf([{ name, curves }], options), look);
  };

  /** All charts, or the loss alone, with as many rows as make that many lines. */
  const filling = (curves: Curves, lines: number): string[] => {
    const rowsFor = (only?: readonly ['loss']): number => lines + 1 - charts(curves, 1, only).length;
    const rows = rowsFor();
    return rows >= MIN_ROWS ? charts(curves, rows) : charts(curves, Math.max(1, rowsFor(['loss'])), ['loss']);
  };

  const heading = ({ reports, lastEvaluation }: Curves): string => {
    const last = reports.at(-1);
    if (last === undefined) return `${colour.bold(name)}  ${colour.dim('waiting for the first report')}`;
    const timeLeftMs = last.elapsedMs === null || progress === 0 ? null : (last.elapsedMs / progress) * (1 - progress);
    const validationLossNats = lastEvaluation?.validationLossNats ?? null;
    const state = { ...last, progress, validationLossNats, timeLeftMs };
    return `${colour.bold(name)}  ${progressLine(state, stdout.columns - name.length - 3, colour)}`;
  };

  /**
   * The whole screen: every line is written over the one that was there, so that nothing flickers.
   */
  const frame = (): string => {
    const { rows } = stdout;
    const lines = shown === null ? [] : [heading(shown), '', ...filling(shown, rows - 3)];
    const all = [...lines.slice(0, rows - 1), colour.dim('Ctrl-C leaves; the run goes on')];
    return `${home}${all.map((line) => line + eraseToRight).join('\n')}${eraseBelow}`;
  };

  const redraw = (): void => void stream.write(enter + frame());
  stream.on('resize', redraw);
  const forget = [
    io.onStop(() => void stream.write(leave)),
    io.onContinue(redraw),
    () => void stream.off('resize', redraw),
  ];
  return {
    take({ event, progress: reached }) {
      isChanged = true;
      if (event === 'report' && typeof reached === 'number' && reached >= MIN_PROGRESS && reached <= 1)
        progress = reached;
    },
    async show(curves) {
      shown = curves;
      if (!isChanged) return;
      isChanged = false;
      const opening = isOpen ? '' : enter;
      isOpen = true;
      await stdout.write(opening + frame());
    },
    async end(curves) {
      const end = curves.end === null ? [] : [endText(curves.end)];
      await stdout.write(`${[...charts(curves, ROWS_AT_END), ...end].join('\n')}\n`);
    },
    close() {
      if (isOpen) stream.write(leave);
      isOpen = false;
      for (const each of forget) each();
    },
  };
}
