// The charts of a page: their lines, their values at the pointer or the keyboard cursor, and
// zooming.
import { chartsHtml, pointPositions } from '../chart-html.ts';
import { type DrawnChart, drawChart, strokeOf } from '../chart-svg.ts';
import type { Chart } from '../charts.ts';
import { tickText, valueText } from '../numbers.ts';
import type { Interval } from '../scales.ts';
import { element, onKeys } from './page.ts';

const margin = { left: 52, right: 14, top: 8, bottom: 40 };
/** The zoom factor of a key, and the number of points that PageUp and PageDown move. */
const zoomFactor = 0.6;
const pageOfPoints = 10;
/** Dragging by fewer pixels does not zoom. */
const MIN_DRAG = 4;

/** The visible range and the cursor of an axis, shared by all charts with that axis. */
interface View {
  range: Interval | null;
  cursor: number | null;
}

/** Views by title of the axis. */
const views = new Map<string, View>();
let plots: readonly Plot[] = [];

/** Replaces the charts of the page. */
export function showCharts(charts: readonly Chart[]): void {
  element('charts').innerHTML = chartsHtml(charts);
  plots = charts.map((chart) => new Plot(chart));
}

/** The position of the cursor on an axis. */
export const cursorOver = (horizontal: string): number | null => viewOf(horizontal).cursor;

/** Moves the cursor on an axis, or hides it (null). */
export function moveCursor(horizontal: string, x: number | null): void {
  const view = viewOf(horizontal);
  view.cursor = x;
  for (const plot of plots) if (plot.view === view) plot.drawCursor();
}

function viewOf(horizontal: string): View {
  const view = views.get(horizontal) ?? { range: null, cursor: null };
  views.set(horizontal, view);
  return view;
}

addEventListener('resize', () => {
  for (const plot of plots) plot.draw();
});

class Plot {
  readonly #chart: Chart;
  readonly #place: HTMLElement;
  readonly #xs: readonly number[];
  readonly view: View;
  #drawn!: DrawnChart;
  /** The values at the pointer, and where it was pressed. */
  #pointer = 0;
  #pressed: number | null = null;

  constructor(chart: Chart) {
    this.#chart = chart;
    this.#place = element(chart.name);
    this.#xs = pointPositions(chart);
    this.view = viewOf(chart.horizontal);
    this.draw();
    this.#listen();
  }

  draw(): void {
    const { clientWidth: width, clientHeight: height } = this.#place;
    this.#drawn = drawChart(this.#chart, { width, height, margin, range: this.view.range });
    this.#place.innerHTML = `<svg viewBox="0 0 ${width} ${height}" text-anchor="middle">${this.#drawn.svg}<g class="cursor"></g></svg>`;
    this.drawCursor();
  }

  #listen(): void {
    const on = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      act: (event: HTMLElementEventMap[Name]) => void,
    ): void => this.#place.addEventListener(name, act);
    const zoomBy = (factor: number): void => {
      const { valueAt } = this.#drawn.x;
      const [min, max] = [valueAt(0), valueAt(1)];
      const middle = this.view.cursor ?? (min + max) / 2;
      this.#zoom([middle - (middle - min) * factor, middle + (max - middle) * factor]);
    };
    onKeys(this.#place, {
      ArrowLeft: () => this.#step(-1),
      ArrowRight: () => this.#step(1),
      PageUp: () => this.#step(-pageOfPoints),
      PageDown: () => this.#step(pageOfPoints),
      Home: () => this.#step(-Infinity),
      End: () => this.#step(Infinity),
      '+': () => zoomBy(zoomFactor),
      '=': () => zoomBy(zoomFactor),
      '-': () => zoomBy(1 / zoomFactor),
      0: () => this.#zoom(null),
    });
    on('dblclick', () => this.#zoom(null));
    on('pointermove', (event) => {
      this.#pointer = this.#valueAt(event);
      const distance = (x: number): number => Math.abs(x - this.#pointer);
      const visible = this.#visiblePoints();
      this.#read(visible.length === 0 ? null : visible.reduce((best, x) => (distance(x) < distance(best) ? x : best)));
    });
    on('pointerleave', () => this.#read(null));
    on('pointerdown', (event) => {
      if (event.button !== 0 || event.pointerType === 'touch') return;
      this.#pressed = this.#valueAt(event);
      this.#place.setPointerCapture(event.pointerId);
    });
    on('pointerup', (event) => {
      const [from, to] = [this.#pressed ?? 0, this.#valueAt(event)].toSorted((a, b) => a - b);
      const isDragged = this.#pressed !== null && this.#drawn.toX(to) - this.#drawn.toX(from) >= MIN_DRAG;
      this.#pressed = null;
      if (isDragged) this.#zoom([from, to]);
      this.drawCursor();
    });
  }

  #zoom(range: Interval | null): void {
    this.view.range = range;
    for (const plot of plots) if (plot.view === this.view) plot.draw();
  }

  #read(x: number | null): void {
    moveCursor(this.#chart.horizontal, x);
  }

  /** The visible ones of `#xs`. */
  #visiblePoints(): readonly number[] {
    const [min, max] = this.view.range ?? [-Infinity, Infinity];
    return this.#xs.filter((x) => x >= min && x <= max);
  }

  #valueAt({ clientX }: PointerEvent): number {
    const { left, width } = this.#place.getBoundingClientRect();
    return this.#drawn.x.valueAt((clientX - left - margin.left) / (width - margin.left - margin.right));
  }

  /**
   * Shows the values at the cursor, or at the ends of the lines without a cursor, and the selected
   * range.
   */
  drawCursor(): void {
    const x = this.view.cursor;
    const texts = this.#valuesAt(x).map((value) => (value === null ? '–' : valueText(value)));
    for (const [row, value] of element(`${this.#chart.name}-legend`).querySelectorAll('b').entries())
      value.textContent = texts[row];
    const { toX, toY } = this.#drawn;
    const height = this.#place.clientHeight - margin.bottom;
    const marks = this.#chart.series.flatMap((series) => {
      const y = series.points.find(([at]) => at === x)?.[1] ?? null;
      return y === null
        ? []
        : `<circle ${strokeOf(series)} fill="currentColor" cx="${toX(x!)}" cy="${toY(y)}" r="3.5"/>`;
    });
    const line = x === null ? '' : `<line x1="${toX(x)}" x2="${toX(x)}" y1="${margin.top}" y2="${height}"/>`;
    const [from, to] = [this.#pressed ?? 0, this.#pointer].map(toX).toSorted((a, b) => a - b);
    const selected =
      this.#pressed === null
        ? ''
        : `<rect x="${from}" y="${margin.top}" width="${to - from}" height="${height - margin.top}"/>`;
    this.#place.querySelector('.cursor')!.innerHTML = selected + line + marks.join('');
  }

  #valuesAt(x: number | null): (number | null)[] {
    return this.#chart.series.map(
      ({ points }) => points.findLast(([at, y]) => at <= (x ?? Infinity) && y !== null)?.[1] ?? null,
    );
  }

  /** Moves the cursor by a number of visible points, and announces the values. */
  #step(by: number): void {
    const seen = this.#visiblePoints();
    if (seen.length === 0) return;
    const from = this.view.cursor === null ? (by > 0 ? -1 : seen.length) : seen.indexOf(this.view.cursor);
    const x = seen[Math.min(seen.length - 1, Math.max(0, from + by))];
    this.#read(x);
    const values = this.#valuesAt(x).map(
      (value, row) => `${this.#chart.series[row].name} ${value === null ? 'none' : valueText(value)}`,
    );
    element(`${this.#chart.name}-reading`).textContent =
      `${tickText(x)} ${this.#chart.horizontal}: ${values.join(', ')}`;
  }
}
