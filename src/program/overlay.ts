// Buffers in place of buffers: the gradients of a sequence's gates take the place of the gates,
// each step's as soon as the backward pass has read them. Third stage of the layout.
import { appendTo, groupBy } from '../group.ts';
import type { Buffer } from './placement.ts';
import { type Region, intersection, sameRegion } from './region.ts';
import type { Step } from './schedule.ts';
import type { Slot } from './slots.ts';

/**
 * For each buffer that may take another's place, that other. It may if both have one shape and
 * every piece is written no earlier than the last read of what was there: in the same step only if
 * that step is a chain, which reads each element before it writes it.
 */
export function overlay(slots: readonly Slot[], steps: readonly Step<unknown>[]): Map<Buffer, Buffer> {
  const contents = groupBy(
    slots.filter(({ home }) => home?.buffer.space === 'arena'),
    ({ home }) => home!.buffer,
  );
  const firstWrite = (buffer: Buffer): number =>
    contents.get(buffer)!.reduce((first, slot) => Math.min(first, slot.written), Infinity);
  const sequences = [...contents.keys()]
    .filter((buffer) => contents.get(buffer)!.length > 1)
    .toSorted((a, b) => firstWrite(a) - firstWrite(b));
  const merged = new Map<Buffer, Buffer>();
  for (const [index, later] of sequences.entries()) {
    const earlier = sequences
      .slice(0, index)
      .find(
        (candidate) =>
          !merged.has(candidate) &&
          candidate.columns === later.columns &&
          candidate.rows + candidate.before === later.rows + later.before &&
          fits(contents.get(candidate)!, contents.get(later)!, steps),
      );
    if (!earlier) continue;
    merged.set(later, earlier);
    contents.get(earlier)!.push(...contents.get(later)!);
  }
  return merged;
}

function fits(there: readonly Slot[], coming: readonly Slot[], steps: readonly Step<unknown>[]): boolean {
  const height = coming.reduce((least, slot) => Math.min(least, slot.rows), Infinity);
  const writes = new Bands<{ readonly region: Region; readonly step: number }>(height);
  const reads = new Bands<{ readonly region: Region; readonly step: number }>(height);
  for (const old of there) {
    const region = regionOf(old);
    writes.add({ region, step: old.written });
    for (const read of old.reads)
      reads.add({
        region: {
          row: region.row + read.row,
          column: region.column + read.column,
          rows: read.rows,
          columns: read.columns,
        },
        step: read.step,
      });
  }
  return coming.every((slot) => {
    const place = regionOf(slot);
    const inChain = steps[slot.written].kind === 'chain';
    return (
      writes.at(place).every(({ region, step }) => step < slot.written || !intersection(region, place)) &&
      reads
        .at(place)
        .every(
          ({ region, step }) =>
            step < slot.written ||
            !intersection(region, place) ||
            (step === slot.written && inChain && sameRegion(region, place)),
        )
    );
  });
}

/**
 * Regions by the bands of rows that they touch, so that those near a place are found without
 * looking at all.
 */
class Bands<Item extends { readonly region: Region }> {
  readonly #height: number;
  readonly #bands = new Map<number, Item[]>();

  constructor(height: number) {
    this.#height = height;
  }

  add(item: Item): void {
    for (const band of this.#touched(item.region)) appendTo(this.#bands, band, item);
  }

  /** All that may overlap a region; some of it more than once. */
  at(region: Region): Item[] {
    return this.#touched(region).flatMap((band) => this.#bands.get(band) ?? []);
  }

  #touched({ row, rows }: Region): number[] {
    const first = Math.floor(row / this.#height);
    return Array.from({ length: Math.floor((row + rows - 1) / this.#height) - first + 1 }, (_, index) => first + index);
  }
}

/** In coordinates of the buffer's memory. */
function regionOf({ home, rows, columns }: Slot): Region {
  return { row: home!.row + home!.buffer.before, column: home!.column, rows, columns };
}
