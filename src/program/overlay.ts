// Buffers that take over the memory of other buffers: the gradients of the gates of a sequence
// overwrite the gates, each time step as soon as the backward pass has read it. Third stage of the
// layout.
import { groupBy } from '../group.ts';
import type { Buffer } from './placement.ts';
import { type Region, overlap, sameRegion } from './region.ts';
import { type Slot, isOneLoop } from './slots.ts';

/**
 * Maps each buffer that may take over the memory of another to that other buffer. Both must have
 * the same shape, and every piece must be written after the last read of the old content. A chain
 * may also write a piece in the step that reads it last, because it reads each element before it
 * writes it.
 */
export function overlayBuffers(slots: readonly Slot[]): Map<Buffer, Buffer> {
  const contents = groupBy(
    slots.filter(({ location }) => location?.buffer.space === 'arena'),
    ({ location }) => location!.buffer,
  );
  const firstWrite = (buffer: Buffer): number =>
    contents.get(buffer)!.reduce((first, slot) => Math.min(first, slot.writtenBy.time), Infinity);
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
          fitsInTime(contents.get(candidate)!, contents.get(later)!),
      );
    if (!earlier) continue;
    merged.set(later, earlier);
    contents.get(earlier)!.push(...contents.get(later)!);
  }
  return merged;
}

/** @param earlierSlots the slots of the earlier buffer @param laterSlots the slots of the later buffer */
function fitsInTime(earlierSlots: readonly Slot[], laterSlots: readonly Slot[]): boolean {
  const uses = earlierSlots.flatMap((slot) => {
    const region = regionOf(slot);
    const reads = slot.reads.map(({ time, by, isElementwise, row, column, rows, columns }) => ({
      time,
      by: isElementwise && by && isOneLoop(by) ? by : null,
      region: { row: region.row + row, column: region.column + column, rows, columns },
    }));
    return [{ time: slot.writtenBy.time, by: null, region }, ...reads];
  });
  return laterSlots.every((slot) => {
    const slotRegion = regionOf(slot);
    return uses.every(
      ({ time, by, region }) =>
        time < slot.writtenBy.time ||
        !overlap(region, slotRegion) ||
        (by === slot.writtenBy && sameRegion(region, slotRegion)),
    );
  });
}

/** In coordinates of the buffer's memory. */
function regionOf({ location, rows, columns }: Slot): Region {
  return { row: location!.row + location!.buffer.before, column: location!.column, rows, columns };
}
