// A small picture made of characters: points and lines on a grid, as Braille dots (2 × 4 per
// character) or as one mark per character. Written here because the terminal-plot libraries that we
// tried do not support coloured lines with gaps over a numeric axis.

import { splitAtGaps } from './charts.ts';

/** The bits of the dots of a Braille character, row by row. */
const DOT_BITS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const EMPTY_BRAILLE = 0x2800;

/** The dots in one character, and the series that drew them. */
interface Glyph {
  readonly dotBits: number;
  readonly series: number;
}

type Dot = readonly [x: number, y: number];

/** A grid of characters that lines are drawn on. */
export class Raster {
  readonly #glyphs: (Glyph | null)[][];
  readonly #dotsAcross: number;
  readonly #dotsDown: number;
  readonly #marks: readonly string[] | null;

  /** @param marks one for each series, or null for Braille */
  constructor(columns: number, rows: number, marks: readonly string[] | null) {
    this.#glyphs = Array.from({ length: rows }, () => new Array<Glyph | null>(columns).fill(null));
    this.#marks = marks;
    [this.#dotsAcross, this.#dotsDown] = marks === null ? [columns * 2, rows * 4] : [columns, rows];
  }

  /**
   * Draws a line from point to point. Coordinates range from 0 to 1, to the right and up. A
   * null leaves a gap. A point without neighbours is four dots, or one mark. Later series cover
   * earlier series.
   *
   * @param pattern repeating pattern of dots, in which `#` is drawn. Lines of marks are always
   * solid
   */
  line(series: number, points: readonly (readonly [number, number] | null)[], pattern = '#'): void {
    const places = points.map((point): Dot | null =>
      point === null
        ? null
        : [Math.round(point[0] * (this.#dotsAcross - 1)), Math.round((1 - point[1]) * (this.#dotsDown - 1))],
    );
    for (const piece of splitAtGaps(places)) {
      if (piece.length === 1) this.#drawPoint(series, piece[0]);
      const line = piece.flatMap((place, index) => (index === 0 ? [place] : dotsBetween(piece[index - 1], place)));
      for (const [index, [x, y]] of line.entries())
        if (this.#marks !== null || pattern[index % pattern.length] === '#') this.#drawDot(series, x, y);
    }
  }

  /**
   * Returns the text of each row, split where the series changes. The series of empty characters is
   * null.
   */
  rows(): { readonly text: string; readonly series: number | null }[][] {
    return this.#glyphs.map((row) => {
      const pieces: { text: string; series: number | null }[] = [];
      for (const cell of row) {
        const series = cell?.series ?? null;
        const last = pieces.at(-1);
        if (last !== undefined && last.series === series) last.text += this.#character(cell);
        else pieces.push({ text: this.#character(cell), series });
      }
      return pieces;
    });
  }

  #character(cell: Glyph | null): string {
    if (cell === null) return ' ';
    return this.#marks === null
      ? String.fromCharCode(EMPTY_BRAILLE + cell.dotBits)
      : this.#marks[cell.series % this.#marks.length];
  }

  /** Draws a point without neighbours, as 2 × 2 dots within one character or as one mark. */
  #drawPoint(series: number, [x, y]: Dot): void {
    if (this.#marks !== null) return this.#drawDot(series, x, y);
    const [left, top] = [x - (x % 2), Math.min(y, y - (y % 4) + 2)];
    for (const [across, down] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ])
      this.#drawDot(series, left + across, top + down);
  }

  #drawDot(series: number, x: number, y: number): void {
    const [across, down] = this.#marks === null ? [2, 4] : [1, 1];
    const row = this.#glyphs[Math.floor(y / down)];
    const column = Math.floor(x / across);
    const existing = row[column];
    row[column] = {
      series,
      dotBits: (existing?.series === series ? existing.dotBits : 0) | DOT_BITS[y % down][x % across],
    };
  }
}

/** The dots from one point to the next, without the first point. */
function dotsBetween([x0, y0]: Dot, [x1, y1]: Dot): Dot[] {
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0));
  return Array.from({ length: steps }, (_, step) => [
    Math.round(x0 + ((x1 - x0) * (step + 1)) / steps),
    Math.round(y0 + ((y1 - y0) * (step + 1)) / steps),
  ]);
}
