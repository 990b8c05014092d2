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
export class LineView implements View {
  readonly #stdout: Output;
  readonly #isJson: boolean;
  #lines: string[] = [];
  #hasBegun: boolean;

  constructor(stdout: Output, isJson: boolean) {
    this.#stdout = stdout;
    this.#isJson = isJson;
    this.#hasBegun = isJson;
  }

  take(line: LogLine, curves: Curves): void {
    const text = this.#isJson ? this.#stdout.json(line) : textOf(line, curves);
    if (text !== null) this.#lines.push(`${text}\n`);
  }

  async show(): Promise<void> {
    const lines = this.#hasBegun ? this.#lines : this.#lines.slice(-1);
    this.#hasBegun = true;
    this.#lines = [];
    if (lines.length > 0) await this.#stdout.write(lines.join(''));
  }

  async end({ end }: Curves): Promise<void> {
    if (end !== null && !this.#isJson) await this.#stdout.write(`${endText(end)}\n`);
  }

  close(): void {}
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

export class ScreenView implements View {
  readonly #stdout: Output;
  readonly #name: string;
  readonly #forget: (() => void)[];
  readonly #redraw = (): void => void this.#stdout.stream.write(enter + this.#frame());
  #curves: Curves | null = null;
  #progress = 0;
  #isChanged = true;
  #isOpen = false;

  constructor(stdout: Output, io: Io, name: string) {
    this.#stdout = stdout;
    this.#name = name;
    stdout.stream.on('resize', this.#redraw);
    this.#forget = [
      io.onStop(() => void stdout.stream.write(leave)),
      io.onContinue(this.#redraw),
      () => void stdout.stream.off('resize', this.#redraw),
    ];
  }

  take({ event, progress }: LogLine): void {
    this.#isChanged = true;
    if (event === 'report' && typeof progress === 'number' && progress >= MIN_PROGRESS && progress <= 1)
      this.#progress = progress;
  }

  async show(curves: Curves): Promise<void> {
    this.#curves = curves;
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const opening = this.#isOpen ? '' : enter;
    this.#isOpen = true;
    await this.#stdout.write(opening + this.#frame());
  }

  async end(curves: Curves): Promise<void> {
    const end = curves.end === null ? [] : [endText(curves.end)];
    await this.#stdout.write(`${[...this.#dashboard(curves, ROWS_AT_END), ...end].join('\n')}\n`);
  }

  close(): void {
    if (this.#isOpen) this.#stdout.stream.write(leave);
    this.#isOpen = false;
    for (const forget of this.#forget) forget();
  }

  /**
   * The whole screen: every line is written over the one that was there, so that nothing flickers.
   */
  #frame(): string {
    const { colour, rows } = this.#stdout;
    const lines =
      this.#curves === null ? [] : [this.#heading(this.#curves), '', ...this.#filling(this.#curves, rows - 3)];
    const shown = [...lines.slice(0, rows - 1), colour.dim('Ctrl-C leaves; the run goes on')];
    return `${home}${shown.map((line) => line + eraseToRight).join('\n')}${eraseBelow}`;
  }

  #heading({ reports, lastEvaluation }: Curves): string {
    const { colour, columns } = this.#stdout;
    const last = reports.at(-1);
    if (last === undefined) return `${colour.bold(this.#name)}  ${colour.dim('waiting for the first report')}`;
    const timeLeftMs =
      last.elapsedMs === null || this.#progress === 0 ? null : (last.elapsedMs / this.#progress) * (1 - this.#progress);
    const validationLossNats = lastEvaluation?.validationLossNats ?? null;
    const state = { ...last, progress: this.#progress, validationLossNats, timeLeftMs };
    return `${colour.bold(this.#name)}  ${progressLine(state, columns - this.#name.length - 3, colour)}`;
  }

  /** All charts, or the loss alone, with as many rows as make that many lines. */
  #filling(curves: Curves, lines: number): string[] {
    const rowsFor = (only?: readonly ['loss']): number => lines + 1 - this.#dashboard(curves, 1, only).length;
    const rows = rowsFor();
    return rows >= MIN_ROWS
      ? this.#dashboard(curves, rows)
      : this.#dashboard(curves, Math.max(1, rowsFor(['loss'])), ['loss']);
  }

  #dashboard(curves: Curves, rows: number, only?: readonly ['loss']): string[] {
    const look = this.#stdout.look(rows);
    const options = { horizontal: 'step', places: look.columns * 2, ...(only === undefined ? {} : { only }) } as const;
    return dashboard(chartsOf([{ name: this.#name, curves }], options), look);
  }
}
