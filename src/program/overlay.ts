// Buffers that take over the memory of other buffers: the gradients of the gates of a sequence
// overwrite the gates, each time step as soon as the backward pass has read it. Third stage of the
// layout.
import { groupBy } from '../group.ts';
import type { Buffer } from './placement.ts';
import { type Region, overlap, sameRegion } from './region.ts';
import type { ExecutionStep } from './schedule.ts';
import type { Slot } from './slots.ts';

/**
 * Maps each buffer that may take over the memory of another to that other buffer. Both must have
 * the same shape, and every piece must be written after the last read of the old content. A chain
 * may also write a piece in the step that reads it last, because it reads each element before it
 * writes it.
 */
export function overlayBuffers(slots: readonly Slot[], steps: readonly ExecutionStep[]): Map<Buffer, Buffer> {
  const contents = groupBy(
    slots.filter(({ location }) => location?.buffer.space === 'arena'),
    ({ location }) => location!.buffer,
  );
  const firstWrite = (buffer: Buffer): number =>
    contents.get(buffer)!.reduce((first, slot) => Math.min(first, slot.writeStep), Infinity);
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
          fitsInTime(contents.get(candidate)!, contents.get(later)!, steps),
      );
    if (!earlier) continue;
    merged.set(later, earlier);
    contents.get(earlier)!.push(...contents.get(later)!);
  }
  return merged;
}

/** @param earlierSlots the slots of the earlier buffer @param laterSlots the slots of the later buffer */
function fitsInTime(
  earlierSlots: readonly Slot[],
  laterSlots: readonly Slot[],
  steps: readonly ExecutionStep[],
): boolean {
  const uses = earlierSlots.flatMap((slot) => {
    const region = regionOf(slot);
    const reads = slot.reads.map(({ step, row, column, rows, columns }) => ({
      step,
      region: { row: region.row + row, column: region.column + column, rows, columns },
      isRead: true,
    }));
    return [{ step: slot.writeStep, region, isRead: false }, ...reads];
  });
  return laterSlots.every((slot) => {
    const slotRegion = regionOf(slot);
    const inChain = steps[slot.writeStep].kind === 'chain';
    return uses.every(
      ({ step, region, isRead }) =>
        step < slot.writeStep ||
        !overlap(region, slotRegion) ||
        (isRead && step === slot.writeStep && inChain && sameRegion(region, slotRegion)),
    );
  });
}

/** In coordinates of the buffer's memory. */
function regionOf({ location, rows, columns }: Slot): Region {
  return { row: location!.row + location!.buffer.before, column: location!.column, rows, columns };
}
