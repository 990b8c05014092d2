// Memory for buffers. Two buffers whose lifetimes do not overlap may share it. Last stage of the
// layout.
import type { Buffer } from './placement.ts';
import type { Slot } from './slots.ts';

/** Buffers start on a cache line of 64 bytes. */
const ALIGNMENT = 16;

interface Span {
  readonly elements: number;
  first: number;
  last: number;
  offset: number;
}

/**
 * Offsets of all buffers of the arena, in elements. The largest buffers come first, each at the
 * lowest offset that is free during its whole lifetime.
 * @param merged maps a buffer to the buffer whose memory it takes over
 */
export function allocateBuffers(
  slots: readonly Slot[],
  merged: ReadonlyMap<Buffer, Buffer>,
): { offsets: Map<Buffer, number>; elements: number } {
  const spans = new Map<Buffer, Span>();
  for (const { location, writtenBy, reads } of slots) {
    if (location?.buffer.space !== 'arena') continue;
    const buffer = merged.get(location.buffer) ?? location.buffer;
    const elements = Math.ceil(((buffer.rows + buffer.before) * buffer.columns) / ALIGNMENT) * ALIGNMENT;
    const span = spans.get(buffer) ?? { elements, first: Infinity, last: -Infinity, offset: 0 };
    span.first = Math.min(span.first, writtenBy.time);
    span.last = reads.reduce((last, { time }) => Math.max(last, time), Math.max(span.last, writtenBy.time));
    spans.set(buffer, span);
  }

  const placed: Span[] = [];
  let elements = 0;
  for (const span of [...spans.values()].toSorted((a, b) => b.elements - a.elements || a.first - b.first)) {
    for (const other of placed) {
      if (other.last < span.first || other.first > span.last) continue;
      if (other.offset >= span.offset + span.elements) break;
      span.offset = Math.max(span.offset, other.offset + other.elements);
    }
    const index = placed.findIndex((other) => other.offset > span.offset);
    placed.splice(index < 0 ? placed.length : index, 0, span);
    elements = Math.max(elements, span.offset + span.elements);
  }

  const offsets = new Map<Buffer, number>();
  for (const { location } of slots) {
    if (location?.buffer.space === 'arena')
      offsets.set(location.buffer, spans.get(merged.get(location.buffer) ?? location.buffer)!.offset);
  }
  return { offsets, elements };
}
