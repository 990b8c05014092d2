// How a product is cut: k into ranges, rows into chunks and tiles, columns into panels and groups of
// panels.
import type { VectorWidth } from './operands.ts';
import { panelColumns, panelsAbreast } from './tile.ts';

/** A part of rows or of k. */
export interface Range {
  readonly from: number;
  readonly size: number;
}

/** The fewest parts of at most so many, as even as can be. */
export function cut(size: number, most: number): Range[] {
  const parts = Math.ceil(size / most);
  const start = (part: number): number => Math.floor((part * size) / parts);
  return Array.from({ length: parts }, (_, part) => ({ from: start(part), size: start(part + 1) - start(part) }));
}

/** Tiles of at most so many rows: those of one height, then those of a row less. */
export function heights(rows: number, most: number): { readonly rows: number; readonly count: number }[] {
  const tiles = Math.ceil(rows / most);
  const height = Math.floor(rows / tiles);
  const taller = rows % tiles;
  return [
    { rows: height + 1, count: taller },
    { rows: height, count: tiles - taller },
  ].filter(({ count }) => count > 0);
}

/** So many times so many panels beside each other, of which the last is so wide. */
export interface Group {
  readonly count: number;
  readonly panels: number;
  readonly lastColumns: number;
}

/**
 * Panels of so many columns of B in groups, which are multiplied at once.
 *
 * @param rows of C
 * @param most panels of a group, but for a narrow one
 */
export function groupsOf(rows: number, columns: number, width: VectorWidth, most: number): Group[] {
  const wide = panelColumns(width);
  const abreast = Math.min(panelsAbreast(rows, width), most);
  const lastColumns = columns % wide || wide;
  // A last panel of which only the first vector counts is no group, but is added to one.
  const isNarrow = lastColumns <= wide / 2 && columns > wide;
  const all = Math.ceil(columns / wide) - Number(isNarrow);
  const [whole, rest] = [Math.floor(all / abreast), all % abreast];
  const last = { count: 1, panels: (rest || abreast) + Number(isNarrow), lastColumns };
  const others = { count: rest > 0 ? whole : whole - 1, panels: abreast, lastColumns: wide };
  return [others, last].filter(({ count }) => count > 0);
}
