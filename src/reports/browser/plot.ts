// One chart of a page: its lines, their values where the pointer or the keyboard is, and zooming.
import { type DrawnChart, drawChart, strokeOf } from '../chart-svg.ts';
import type { Chart } from '../charts.ts';
import { escapeHtml } from '../html.ts';
import { tickText, valueText } from '../numbers.ts';
import type { Range } from '../scales.ts';
import { element } from './page.ts';

const margin = { left: 52, right: 14, top: 8, bottom: 40 };
/** By how much a key zooms, and how many points PageUp and PageDown move. */
const zoomFactor = 0.6;
const pageOfPoints = 10;
/** A press that moves the pointer by fewer pixels does not zoom. */
const MIN_DRAG = 4;

/** All charts of the page: where the cursor is in one of them, it is in all. */
const plots = new Set<Plot>();

export class Plot {
  readonly #chart: Chart;
  readonly #place: HTMLElement;
  readonly #values: readonly HTMLElement[];
  /** Every x of a line, from left to right. */
  readonly #xs: readonly number[];
  readonly #stop = new AbortController();
  #drawn!: DrawnChart;
  #range: Range | null = null;
  #cursor: number | null = null;
  /** The values at which the pointer is, and was pressed. */
  #pointer = 0;
  #pressed: number | null = null;

  /** @param onZoom is called when the user wants to see a part, or all of the horizontal axis */
  constructor(chart: Chart, range: Range | null, onZoom: (range: Range | null) => void) {
    this.#chart = chart;
    this.#place = element(chart.name);
    this.#xs = [...new Set(chart.series.flatMap(({ points }) => points.map(([x]) => x)))].toSorted((a, b) => a - b);
    const legend = element(`${chart.name}-legend`);
    const swatch = 'aria-hidden="true"><line x2="100%" y1="50%" y2="50%" stroke-width="3"';
    legend.innerHTML = chart.series
      .map((each) => `<li><svg ${swatch} ${strokeOf(each)}/></svg>${escapeHtml(each.name)}<b></b></li>`)
      .join('');
    this.#values = [...legend.querySelectorAll('b')];
    this.show(range);
    this.#listen(onZoom);
    plots.add(this);
  }

  show(range: Range | null): void {
    this.#range = range;
    const { clientWidth: width, clientHeight: height } = this.#place;
    this.#drawn = drawChart(this.#chart, { width, height, margin, range });
    this.#place.innerHTML = `<svg viewBox="0 0 ${width} ${height}" text-anchor="middle">${this.#drawn.svg}<g class="cursor"></g></svg>`;
    this.#showCursor(this.#seen().find((x) => x === this.#cursor) ?? null);
  }

  close(): void {
    this.#stop.abort();
    plots.delete(this);
  }

  #listen(onZoom: (range: Range | null) => void): void {
    const { signal } = this.#stop;
    const on = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      act: (event: HTMLElementEventMap[Name]) => void,
    ): void => this.#place.addEventListener(name, act, { signal });
    on('dblclick', () => onZoom(null));
    on('keydown', (event) => this.#press(event, onZoom));
    on('pointermove', (event) => {
      this.#pointer = this.#valueAt(event);
      Plot.setCursors(this.#nearest(this.#pointer));
    });
    on('pointerleave', () => Plot.setCursors(null));
    on('pointerdown', (event) => {
      if (event.button !== 0 || event.pointerType === 'touch') return;
      this.#pressed = this.#valueAt(event);
      this.#place.setPointerCapture(event.pointerId);
    });
    on('pointerup', (event) => {
      const [from, to] = [this.#pressed ?? 0, this.#valueAt(event)].toSorted((a, b) => a - b);
      const isDragged = this.#pressed !== null && this.#drawn.toX(to) - this.#drawn.toX(from) >= MIN_DRAG;
      this.#pressed = null;
      if (isDragged) onZoom([from, to]);
      this.#showCursor(this.#cursor);
    });
    const observer = new ResizeObserver(() => this.show(this.#range));
    observer.observe(this.#place);
    signal.addEventListener('abort', () => observer.disconnect());
  }

  /** Those of `#xs` that are seen. */
  #seen(): readonly number[] {
    const [min, max] = this.#range ?? [-Infinity, Infinity];
    return this.#xs.filter((x) => x >= min && x <= max);
  }

  #valueAt({ clientX }: PointerEvent): number {
    const { left, width } = this.#place.getBoundingClientRect();
    return this.#drawn.x.valueAt((clientX - left - margin.left) / (width - margin.left - margin.right));
  }

  #nearest(value: number): number | null {
    const isNearer = (x: number, best: number | null): boolean =>
      best === null || Math.abs(x - value) < Math.abs(best - value);
    return this.#seen().reduce<number | null>((best, x) => (isNearer(x, best) ? x : best), null);
  }

  /** Shows the values at an x, or at the ends of the lines; and what is selected. */
  #showCursor(x: number | null): void {
    this.#cursor = x;
    for (const [row, value] of this.#valuesAt(x).entries())
      this.#values[row].textContent = value === null ? '–' : valueText(value);
    const { toX, toY } = this.#drawn;
    const height = this.#place.clientHeight - margin.bottom;
    const marks = this.#chart.series.flatMap((series) => {
      const y = series.points.find(([at]) => at === x)?.[1] ?? null;
      return y === null ? [] : `<g ${strokeOf(series)}><circle cx="${toX(x!)}" cy="${toY(y)}" r="3.5"/></g>`;
    });
    const line = x === null ? '' : `<line x1="${toX(x)}" x2="${toX(x)}" y1="${margin.top}" y2="${height}"/>`;
    const [from, to] = [this.#pressed ?? 0, this.#pointer].map(toX).toSorted((a, b) => a - b);
    const selected =
      this.#pressed === null
        ? ''
        : `<rect x="${from}" y="${margin.top}" width="${to - from}" height="${height - margin.top}"/>`;
    this.#place.querySelector('.cursor')!.innerHTML = selected + line + marks.join('');
  }

  static setCursors(x: number | null): void {
    for (const plot of plots) plot.#showCursor(x);
  }

  #valuesAt(x: number | null): (number | null)[] {
    return this.#chart.series.map(
      ({ points }) => points.findLast(([at, y]) => at <= (x ?? Infinity) && y !== null)?.[1] ?? null,
    );
  }

  #press(event: KeyboardEvent, onZoom: (range: Range | null) => void): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { x } = this.#drawn;
    const [min, max] = [x.valueAt(0), x.valueAt(1)];
    const middle = this.#cursor ?? (min + max) / 2;
    const zoom = (factor: number): void => onZoom([middle - (middle - min) * factor, middle + (max - middle) * factor]);
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.#step(-1),
      ArrowRight: () => this.#step(1),
      PageUp: () => this.#step(-pageOfPoints),
      PageDown: () => this.#step(pageOfPoints),
      Home: () => this.#step(-Infinity),
      End: () => this.#step(Infinity),
      '+': () => zoom(zoomFactor),
      '=': () => zoom(zoomFactor),
      '-': () => zoom(1 / zoomFactor),
      0: () => onZoom(null),
      Escape: () => onZoom(null),
    };
    if (!(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  }

  /** Moves the cursor by so many of the points that are seen, and says what is there. */
  #step(by: number): void {
    const seen = this.#seen();
    if (seen.length === 0) return;
    const from = this.#cursor === null ? (by > 0 ? -1 : seen.length) : seen.indexOf(this.#cursor);
    const x = seen[Math.min(seen.length - 1, Math.max(0, from + by))];
    Plot.setCursors(x);
    const values = this.#valuesAt(x).map(
      (value, row) => `${this.#chart.series[row].name} ${value === null ? 'none' : valueText(value)}`,
    );
    element(`${this.#chart.name}-reading`).textContent =
      `${tickText(x)} ${this.#chart.horizontal}: ${values.join(', ')}`;
  }
}
