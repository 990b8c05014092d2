// Buffers in place of buffers: the gradients of a sequence's gates take the place of the gates, each step's as soon as the
// backward pass has read them. Third stage of the layout.
import { type Read, type Region, type Slot, intersection, sameRegion } from './layout.ts';
import type { Buffer } from './placement.ts';
import type { Step } from './schedule.ts';

/**
 * For each buffer that may take another's place, that other. It may if both have one shape and every piece is written no earlier
 * than the last read of what was there: in the same step only if that step is a chain, which reads each element before it writes it.
 */
export function overlay(slots: readonly Slot[], steps: readonly Step<unknown>[]): Map<Buffer, Buffer> {
  const contents = new Map<Buffer, Slot[]>();
  for (const slot of slots) {
    if (slot.home?.buffer.space !== 'arena') continue;
    const here = contents.get(slot.home.buffer);
    if (here) here.push(slot);
    else contents.set(slot.home.buffer, [slot]);
  }
  const firstWrite = (buffer: Buffer): number => contents.get(buffer)!.reduce((first, slot) => Math.min(first, slot.written), Infinity);
  const sequences = [...contents.keys()].filter((buffer) => contents.get(buffer)!.length > 1).toSorted((a, b) => firstWrite(a) - firstWrite(b));
  const merged = new Map<Buffer, Buffer>();
  for (const [index, later] of sequences.entries()) {
    const earlier = sequences.slice(0, index).find((candidate) =>
      !merged.has(candidate) && candidate.columns === later.columns && candidate.rows + candidate.before === later.rows + later.before
      && fits(contents.get(candidate)!, contents.get(later)!, steps));
    if (!earlier) continue;
    merged.set(later, earlier);
    contents.get(earlier)!.push(...contents.get(later)!);
  }
  return merged;
}

function fits(there: readonly Slot[], coming: readonly Slot[], steps: readonly Step<unknown>[]): boolean {
  return coming.every((slot) => {
    const place = regionOf(slot);
    const inChain = steps[slot.written].kind === 'chain';
    return there.every((old) => {
      if (!intersection(regionOf(old), place)) return true;
      return old.written < slot.written && old.reads.every((read) => {
        const region = readRegion(old, read);
        return read.step < slot.written || !intersection(region, place) || (read.step === slot.written && inChain && sameRegion(region, place));
      });
    });
  });
}

/** In coordinates of the buffer's memory. */
function regionOf({ home, rows, columns }: Slot): Region {
  return { row: home!.row + home!.buffer.before, column: home!.column, rows, columns };
}

function readRegion(slot: Slot, read: Read): Region {
  const { row, column } = regionOf(slot);
  return { row: row + read.row, column: column + read.column, rows: read.rows, columns: read.columns };
}
