// The ways in which `rnn watch` shows a run: as JSON, as lines, or as charts that fill the terminal. They know nothing of where the log is.
import { chartsOf } from '../reports/charts.ts';
import { dashboard } from '../reports/terminal.ts';
import type { LogLine } from '../runs/store.ts';
import type { Curves } from '../training/curves.ts';
import { count, harmless, significant } from './format.ts';
import type { Io } from './io.ts';
import type { Output } from './output.ts';
import { progressLine } from './progress/line.ts';
import { endReasons } from './progress/text.ts';
import { lookOf } from './text-look.ts';

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

export class JsonView implements View {
  readonly #stdout: Output;
  #lines: LogLine[] = [];

  constructor(stdout: Output) {
    this.#stdout = stdout;
  }

  take(line: LogLine): void {
    this.#lines.push(line);
  }

  async show(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    if (lines.length > 0) await this.#stdout.writeJson(...lines);
  }

  async end(): Promise<void> {}

  close(): void {}
}

/** Of what was before, only where the run is by now. */
export class LineView implements View {
  readonly #stdout: Output;
  #lines: string[] = [];
  #hasBegun = false;

  constructor(stdout: Output) {
    this.#stdout = stdout;
  }

  take({ event }: LogLine, curves: Curves): void {
    const line =
      event === 'report' ? reportLine(curves.reports.at(-1)) : event === 'evaluation' ? evaluationLine(curves.lastEvaluation) : null;
    if (line !== null) this.#lines.push(`${line}\n`);
  }

  async show(): Promise<void> {
    const lines = this.#hasBegun ? this.#lines : this.#lines.slice(-1);
    this.#hasBegun = true;
    this.#lines = [];
    if (lines.length > 0) await this.#stdout.write(lines.join(''));
  }

  async end({ end }: Curves): Promise<void> {
    if (end !== null) await this.#stdout.write(`${endText(end)}\n`);
  }

  close(): void {}
}

const nats = (loss: number | null): string => (loss === null ? 'none' : `${loss.toFixed(3)} nats`);

function reportLine(report: Curves['reports'][number] | undefined): string | null {
  if (report === undefined) return null;
  const { step, lossNats, gradientNorm, learningRate, charactersPerSecond } = report;
  return [
    `step ${count(step)}`,
    `loss ${nats(lossNats)}`,
    gradientNorm === null ? '' : `gradient ${significant(gradientNorm)}`,
    learningRate === null ? '' : `lr ${significant(learningRate)}`,
    charactersPerSecond === null ? '' : `${count(charactersPerSecond)} char/s`,
  ]
    .filter((part) => part !== '')
    .join('  ');
}

const evaluationLine = (evaluation: Curves['lastEvaluation']): string | null =>
  evaluation === null ? null : `step ${count(evaluation.step)}  validation loss ${nats(evaluation.validationLossNats)}`;

const endText = (end: keyof typeof endReasons): string =>
  Object.hasOwn(endReasons, end) ? endReasons[end] : harmless(`ended: ${end}`).replaceAll('\n', '␊');

const enter = '\u001B[?1049h';
const leave = '\u001B[?1049l';
const home = '\u001B[H';
const eraseToRight = '\u001B[K';
const eraseBelow = '\u001B[J';
/** With fewer rows for the loss, the other charts are left out. */
const fewestRows = 8;
const rowsAtEnd = 16;
/** Less tells nothing of the time that is left. */
const leastProgress = 1e-9;

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
    if (event === 'report' && typeof progress === 'number' && progress >= leastProgress && progress <= 1) this.#progress = progress;
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
    const lines = this.#dashboard(curves, rowsAtEnd);
    await this.#stdout.write(`${[...lines, ...(curves.end === null ? [] : [endText(curves.end)])].join('\n')}\n`);
  }

  close(): void {
    if (this.#isOpen) this.#stdout.stream.write(leave);
    this.#isOpen = false;
    for (const forget of this.#forget.splice(0)) forget();
  }

  /** The whole screen: every line is written over the one that was there, so that nothing flickers. */
  #frame(): string {
    const { colour, rows } = this.#stdout;
    const lines = this.#curves === null ? [] : [this.#heading(this.#curves), '', ...this.#filling(this.#curves, rows - 3)];
    const shown = [...lines.slice(0, rows - 1), colour.dim('Ctrl-C leaves; the run goes on')];
    return `${home}${shown.map((line) => line + eraseToRight).join('\n')}${eraseBelow}`;
  }

  #heading({ reports, lastEvaluation }: Curves): string {
    const { colour, columns } = this.#stdout;
    const last = reports.at(-1);
    if (last === undefined) return `${colour.bold(this.#name)}  ${colour.dim('waiting for the first report')}`;
    const timeLeftMs = last.elapsedMs === null || this.#progress === 0 ? null : (last.elapsedMs / this.#progress) * (1 - this.#progress);
    const validationLossNats = lastEvaluation?.validationLossNats ?? null;
    return `${colour.bold(this.#name)}  ${progressLine({ ...last, progress: this.#progress, validationLossNats, timeLeftMs }, columns - this.#name.length - 3, colour)}`;
  }

  /** All charts, or the loss alone, with as many rows as make that many lines. */
  #filling(curves: Curves, lines: number): string[] {
    for (const only of [undefined, ['loss'] as const]) {
      const rows = lines + 1 - this.#dashboard(curves, 1, only).length;
      if (rows >= fewestRows || only !== undefined) return this.#dashboard(curves, Math.max(1, rows), only);
    }
    return [];
  }

  #dashboard(curves: Curves, rows: number, only?: readonly ['loss']): string[] {
    const look = lookOf(this.#stdout, rows);
    return dashboard(
      chartsOf([{ name: this.#name, curves }], { horizontal: 'step', places: look.columns * 2, ...(only === undefined ? {} : { only }) }),
      look,
    );
  }
}
