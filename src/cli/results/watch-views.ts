// The views of `rnn watch`: JSON, lines, or charts that fill the terminal. They know nothing of the
// log file.
import { chartsOf } from '../../reports/charts.ts';
import { terminalCharts } from '../../reports/terminal.ts';
import type { Unit } from '../../options/choices.ts';
import type { LogLine } from '../../runs/store.ts';
import type { Curves } from '../../training/curves.ts';
import { count } from '../../count.ts';
import { onOneLine, formatSignificant } from '../output/format.ts';
import type { Io } from '../process/io.ts';
import type { Output } from '../output/output.ts';
import { progressLine } from '../progress/line.ts';
import { endReasons, lossText } from '../progress/text.ts';

interface View {
  /** Takes a line of the log, and the curves that include it. */
  take(line: LogLine, curves: Curves): void;
  /** Called when all current lines have been taken. */
  show(curves: Curves): Promise<void>;
  /** Shows the end of the run. */
  end(curves: Curves): Promise<void>;
  /** Restores the terminal. May be called more than once. */
  close(): void;
}

/**
 * As JSON, a line for each event. As text, a line for each report and evaluation, but only the last
 * line from before this process began.
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
      const newLines = hasBegun ? lines : lines.slice(-1);
      hasBegun = true;
      lines = [];
      if (newLines.length > 0) await stdout.write(newLines.join(''));
    },
    async end({ end }) {
      if (end !== null && !isJson) await stdout.write(`${endText(end)}\n`);
    },
    close() {},
  };
}

function textOf({ event }: LogLine, { reports, lastEvaluation, level }: Curves): string | null {
  const report = reports.at(-1);
  if (event === 'evaluation' && lastEvaluation !== null)
    return `step ${count(lastEvaluation.step)}  validation loss ${nats(lastEvaluation.validationLossNats, level)}`;
  if (event !== 'report' || report === undefined) return null;
  const { step, lossNats, gradientNorm, learningRate, charactersPerSecond } = report;
  return [
    `step ${count(step)}`,
    `loss ${nats(lossNats, level)}`,
    ...(gradientNorm === null ? [] : [`gradient ${formatSignificant(gradientNorm)}`]),
    ...(learningRate === null ? [] : [`lr ${formatSignificant(learningRate)}`]),
    ...(charactersPerSecond === null ? [] : [`${count(charactersPerSecond)} ${level}/s`]),
  ].join('  ');
}

const nats = (loss: number | null, level: Unit): string => (loss === null ? 'none' : lossText(loss, level));

const endText = (end: keyof typeof endReasons): string =>
  Object.hasOwn(endReasons, end) ? endReasons[end] : onOneLine(`ended: ${end}`);

const enter = '\u001B[?1049h';
const leave = '\u001B[?1049l';
const home = '\u001B[H';
const eraseToRight = '\u001B[K';
const eraseBelow = '\u001B[J';
/** If the loss would get fewer rows, only the loss is drawn. */
const MIN_ROWS = 8;
const ROWS_AT_END = 16;
/** Progress below this is too small to estimate the time left. */
const MIN_PROGRESS = 1e-9;

/** Charts that fill the terminal, on its alternate screen. */
export function screenView(stdout: Output, io: Io, name: string): View {
  const { stream, colour } = stdout;
  let lastCurves: Curves | null = null;
  let progress = 0;
  let isChanged = true;
  let isOpen = false;

  const charts = (curves: Curves, rows: number, only?: readonly ['loss']): string[] => {
    const look = stdout.look(rows);
    const options = { horizontal: 'step', places: look.columns * 2, ...(only === undefined ? {} : { only }) } as const;
    return terminalCharts(chartsOf([{ name, curves }], options), look);
  };

  /** All charts, or the loss alone, in the given number of lines. */
  const filling = (curves: Curves, lines: number): string[] => {
    const rowsFor = (only?: readonly ['loss']): number => lines + 1 - charts(curves, 1, only).length;
    const rows = rowsFor();
    return rows >= MIN_ROWS ? charts(curves, rows) : charts(curves, Math.max(1, rowsFor(['loss'])), ['loss']);
  };

  const heading = ({ reports, lastEvaluation, level }: Curves): string => {
    const last = reports.at(-1);
    if (last === undefined) return `${colour.bold(name)}  ${colour.dim('waiting for the first report')}`;
    const timeLeftMs = last.elapsedMs === null || progress === 0 ? null : (last.elapsedMs / progress) * (1 - progress);
    const validationLossNats = lastEvaluation?.validationLossNats ?? null;
    const state = { ...last, level, progress, validationLossNats, timeLeftMs };
    return `${colour.bold(name)}  ${progressLine(state, stdout.columns - name.length - 3, colour)}`;
  };

  /** The whole screen. Each line overwrites the previous line, so that nothing flickers. */
  const frame = (): string => {
    const { rows } = stdout;
    const lines = lastCurves === null ? [] : [heading(lastCurves), '', ...filling(lastCurves, rows - 3)];
    const screenLines = [...lines.slice(0, rows - 1), colour.dim('Ctrl-C leaves this view, and the run continues')];
    return `${home}${screenLines.map((line) => line + eraseToRight).join('\n')}${eraseBelow}`;
  };

  const redraw = (): void => void stream.write(enter + frame());
  stream.on('resize', redraw);
  const removeListeners = [
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
      lastCurves = curves;
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
      for (const each of removeListeners) each();
    },
  };
}
