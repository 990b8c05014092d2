// One chart of a page: its lines, what they come to where the pointer or the keyboard is, and zooming. uPlot draws it.
import uPlot from 'uplot';
import uPlotStyle from 'uplot/dist/uPlot.min.css';
import { type Chart, type Series, isCounted, lonePoints } from '../charts.ts';
import { dashOf } from '../dashes.ts';
import { decimalLogarithms, tickText, valueText } from '../numbers.ts';
import { element } from './page.ts';

export type Range = readonly [from: number, to: number];

export interface PlotOptions {
  /** What is to be seen of the horizontal axis; all of it if null. */
  readonly range: Range | null;
  /** Whoever looks wants to see this part. */
  readonly onZoom: (range: Range | null) => void;
}

const axisFont = '12px system-ui, sans-serif';
/** By how much a key moves, and zooms. */
const zoomFactor = 0.6;
const pageOfPoints = 10;

document.head.prepend(Object.assign(document.createElement('style'), { textContent: uPlotStyle }));

export class Plot {
  readonly #chart: Chart;
  readonly #plot: uPlot;
  readonly #place: HTMLElement;
  readonly #values: HTMLElement[];
  readonly #stop = new AbortController();

  constructor(chart: Chart, { range, onZoom }: PlotOptions) {
    this.#chart = chart;
    this.#place = element(chart.name);
    this.#place.replaceChildren();
    this.#values = legend(chart);
    // An x that one of the lines does not have is no gap in it: what is undefined is passed over, what is null is not.
    const data = uPlot.join(
      chart.series.map(({ points }) => [
        points.map(([x]) => x),
        points.map(([, y]) => (y === null || !chart.isLogarithmic ? y : Math.log10(y))),
      ]),
    );
    this.#plot = new uPlot(this.#options(onZoom), data, this.#place);
    if (range !== null) this.show(range);
    this.#listen(onZoom);
    this.#read();
  }

  show(range: Range | null): void {
    const [xs] = this.#plot.data;
    const [min, max] = range ?? [xs[0], xs.at(-1)!];
    this.#plot.setScale('x', { min, max });
    this.#plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  close(): void {
    this.#stop.abort();
    this.#plot.destroy();
  }

  #options(onZoom: PlotOptions['onZoom']): uPlot.Options {
    const { isLogarithmic, hasZero, series, horizontal } = this.#chart;
    const tickTexts = (ticks: (number | null)[], isShown: (tick: number) => boolean): string[] =>
      ticks.map((tick) => (tick === null || !isShown(tick) ? '' : tickText(tick)));
    const [isWhole, isAny] = [isCounted(this.#chart) ? Number.isInteger : () => true, () => true];
    const [ink, line] = [colourOf('--muted'), colourOf('--line')];
    const axis = {
      stroke: ink,
      font: axisFont,
      labelFont: axisFont,
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
      values: (_: uPlot, ticks: (number | null)[]) => tickTexts(ticks, isAny),
    };
    return {
      ...sizeOf(this.#place),
      legend: { show: false },
      padding: [8, 14, 0, 0],
      scales: {
        x: { time: false },
        y: hasZero ? { range: (_, _least, most) => [0, most * 1.05 || 1] } : {},
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          values: (_: uPlot, ticks: (number | null)[]) => tickTexts(ticks, isWhole),
          label: horizontal,
          labelSize: 18,
          size: 28,
        },
        // uPlot's own logarithmic axis ends at 1e-16: here it is one of logarithms, by the names of their numbers.
        {
          ...axis,
          size: 52,
          space: 36,
          ...(isLogarithmic
            ? {
                splits: (_: uPlot, __: number, least: number, most: number) => decimalLogarithms(least, most),
                values: (_: uPlot, ticks: (number | null)[]) =>
                  ticks.map((tick) => (tick === null ? '' : tickText(Number((10 ** tick).toPrecision(2))))),
              }
            : {}),
        },
      ],
      series: [
        {},
        ...series.map((each) => ({
          stroke: strokeOf(each),
          width: each.dash > 0 ? 2.5 : 1.75,
          dash: [...dashOf(each).lengths],
          points: this.#lone(each),
          pxAlign: 0,
        })),
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        sync: { key: 'runs', filters: { pub: (type) => type === 'mousemove' } },
        points: { size: 7 },
      },
      hooks: {
        setCursor: [() => this.#read()],
        setSelect: [
          (plot) => {
            if (plot.select.width > 0)
              onZoom([plot.posToVal(plot.select.left, 'x'), plot.posToVal(plot.select.left + plot.select.width, 'x')]);
          },
        ],
      },
    };
  }

  /** Points that no line shows are drawn as points. */
  #lone(series: Series): uPlot.Series.Points {
    const lone = lonePoints(series.points).map(([x]) => x);
    return {
      show: false,
      size: 11,
      fill: strokeOf(series),
      filter: ({ data: [xs] }) => (lone.length === 0 ? null : lone.map((x) => xs.indexOf(x))),
    };
  }

  #listen(onZoom: PlotOptions['onZoom']): void {
    const { signal } = this.#stop;
    this.#plot.over.addEventListener('dblclick', () => onZoom(null), { signal });
    this.#place.addEventListener('keydown', (event) => this.#press(event, onZoom), { signal });
    const observer = new ResizeObserver(() => this.#plot.setSize(sizeOf(this.#place)));
    observer.observe(this.#place);
    signal.addEventListener('abort', () => observer.disconnect());
  }

  /** What the lines come to at the cursor, or at their ends. */
  #read(): void {
    const index = this.#plot?.cursor.idx ?? null;
    for (const [row, value] of this.#valuesAt(index).entries()) this.#values[row].textContent = value === null ? '–' : valueText(value);
  }

  #valuesAt(index: number | null): (number | null)[] {
    const x = index === null ? Infinity : this.#plot.data[0][index];
    return this.#chart.series.map(({ points }) => points.findLast(([at, y]) => at <= x && y !== null)?.[1] ?? null);
  }

  #press(event: KeyboardEvent, onZoom: PlotOptions['onZoom']): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { min, max } = this.#plot.scales.x as { min: number; max: number };
    const middle = this.#plot.cursor.idx == null ? (min + max) / 2 : this.#plot.data[0][this.#plot.cursor.idx];
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

  /** Moves the cursor by so many points of those that are to be seen, and says what is there. */
  #step(by: number): void {
    const [xs] = this.#plot.data;
    const { min, max } = this.#plot.scales.x as { min: number; max: number };
    const [first, last] = [xs.findIndex((x) => x >= min), xs.findLastIndex((x) => x <= max)];
    const from = this.#plot.cursor.idx ?? (by > 0 ? first - 1 : last + 1);
    const index = Math.min(last, Math.max(first, from + by));
    // Its types leave out that others may be told.
    const setCursor = this.#plot.setCursor as (at: { left: number; top: number }, fire: boolean, publish: boolean) => void;
    setCursor({ left: this.#plot.valToPos(xs[index], 'x'), top: this.#plot.over.clientHeight / 2 }, true, true);
    const values = this.#valuesAt(index).map(
      (value, row) => `${this.#chart.series[row].name} ${value === null ? 'none' : valueText(value)}`,
    );
    element(`${this.#chart.name}-reading`).textContent = `${tickText(xs[index])} ${this.#chart.horizontal}: ${values.join(', ')}`;
  }
}

/** One entry for each line; gives the elements for their values. */
function legend({ name, series }: Chart): HTMLElement[] {
  const entries = series.map((each) => {
    const [entry, value] = [document.createElement('li'), document.createElement('b')];
    entry.append(swatch(each), each.name, value);
    return { entry, value };
  });
  element(`${name}-legend`).replaceChildren(...entries.map(({ entry }) => entry));
  return entries.map(({ value }) => value);
}

/** A piece of its line. */
function swatch(series: Series): Element {
  const [piece, line] = ['svg', 'line'].map((name) => document.createElementNS('http://www.w3.org/2000/svg', name));
  for (const [name, value] of [
    ['x2', '100%'],
    ['y1', '50%'],
    ['y2', '50%'],
    ['stroke', strokeOf(series)],
    ['stroke-width', '3'],
    ['stroke-dasharray', dashOf(series).lengths.join(' ') || 'none'],
  ])
    line.setAttribute(name, value);
  piece.setAttribute('aria-hidden', 'true');
  piece.append(line);
  return piece;
}

const colourOf = (variable: string): string => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();

const strokeOf = ({ colour }: Series): string => colourOf(`--series-${(colour % 8) + 1}`);

const sizeOf = ({ clientWidth, clientHeight }: HTMLElement): { width: number; height: number } => ({
  width: clientWidth,
  height: clientHeight,
});
