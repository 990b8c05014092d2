// How the threads of a dispatch share its sums on a GPU.
import type { Dispatch } from './compile.ts';
import type { Style } from './kernel.ts';
import { tileCount, tilesFor } from './tiles.ts';

/** Workgroups that keep a GPU busy: the largest have about 140 multiprocessors. */
const ENOUGH_WORKGROUPS = 140;
/** Fewer results of more terms are summed by whole workgroups. */
const FEW_RESULTS = 65_535;
const MANY_TERMS = 128;

/**
 * The styles that suit a dispatch, the likely fastest first. All of them add the terms of a sum in
 * the same order, so they give the same results.
 */
export function stylesFor({ planes, isByRow }: Dispatch): readonly Style[] {
  if (isByRow) return ['row'];
  const terms = planes.flatMap(({ sums }) => sums.flat());
  const tiles = tilesFor(planes);
  if (tiles.length > 0) {
    const likely = tiles.find((size) => tileCount(planes, size) >= ENOUGH_WORKGROUPS) ?? tiles[tiles.length - 1];
    return [likely, ...tiles.filter((size) => size !== likely)];
  }
  const [{ rows, columns }] = planes;
  const isLong = terms.some(({ count }) => count >= MANY_TERMS);
  return [isLong && rows * columns * planes.length <= FEW_RESULTS ? 'workgroup' : 'element'];
}
