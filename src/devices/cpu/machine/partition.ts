// How a matrix product is divided: k into ranges, rows into chunks and tiles, columns into panels
// and groups of panels.
import type { InstructionSet } from './operands.ts';
import { panelColumns, adjacentPanels } from './tile.ts';

/** A range of rows or of k. */
export interface IndexRange {
  readonly from: number;
  readonly size: number;
}

/**
 * Divides 0 to `size` into the minimum number of parts of at most `maxSize`, whose sizes differ by
 * at most 1.
 */
export function evenRanges(size: number, maxSize: number): IndexRange[] {
  const parts = Math.ceil(size / maxSize);
  const start = (part: number): number => Math.floor((part * size) / parts);
  return Array.from({ length: parts }, (_, part) => ({ from: start(part), size: start(part + 1) - start(part) }));
}

/** Tiles of one height. */
export interface TileRows {
  readonly rows: number;
  readonly count: number;
}

/**
 * Divides rows into the minimum number of tiles of at most `maxRows` rows: tiles of one height,
 * then tiles with one row less.
 */
export function tileRowsOf(rows: number, maxRows: number): TileRows[] {
  const tiles = Math.ceil(rows / maxRows);
  const height = Math.floor(rows / tiles);
  const taller = rows % tiles;
  return [
    { rows: height + 1, count: taller },
    { rows: height, count: tiles - taller },
  ].filter(({ count }) => count > 0);
}

/**
 * `count` groups of `panels` adjacent panels. The last panel of a group has `lastColumns` columns.
 */
export interface PanelGroup {
  readonly count: number;
  readonly panels: number;
  readonly lastColumns: number;
}

/**
 * Divides the panels of B into groups that are multiplied together.
 *
 * @param rows the number of rows of C
 * @param maxPanels the maximum number of panels of a group, without a narrow panel
 */
export function panelGroupsOf(rows: number, columns: number, width: InstructionSet, maxPanels: number): PanelGroup[] {
  const wide = panelColumns(width);
  const adjacent = Math.min(adjacentPanels(rows, width), maxPanels);
  const lastColumns = columns % wide || wide;
  // A last panel with only one vector does not form a group, but is added to the last group.
  const isNarrow = lastColumns <= wide / 2 && columns > wide;
  const panels = Math.ceil(columns / wide) - Number(isNarrow);
  const [whole, rest] = [Math.floor(panels / adjacent), panels % adjacent];
  const lastGroup = { count: 1, panels: (rest || adjacent) + Number(isNarrow), lastColumns };
  const fullGroups = { count: rest > 0 ? whole : whole - 1, panels: adjacent, lastColumns: wide };
  return [fullGroups, lastGroup].filter(({ count }) => count > 0);
}
