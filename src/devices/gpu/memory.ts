// How much memory a plan takes: gpu.js gives a pass the buffer of an earlier one of the same shape
// that nothing reads any more.
import type { PassList } from './passes.ts';
import { dimensionsOf, elementsOf } from './writer.ts';

/** Bytes of the buffers of one plan, its arguments included. */
export function bytesOf(list: PassList): number {
  return buffersOf(list).reduce((sum, bytes) => sum + bytes, 0);
}

/** The size in bytes of each of these buffers. */
export function buffersOf({ passes, states, outputs, losses, training, arguments: given }: PassList): number[] {
  const last = lastReads(passes);
  const leaving = [
    ...[...states.values(), ...outputs.values()].map(({ pass }) => pass),
    ...losses,
    ...(training ? [training.gradients, training.norm, training.weights] : []),
  ];
  for (const pass of leaving) last[pass] = Infinity;
  /** For each shape, until when each of its buffers is read. */
  const buffers = new Map<string, number[]>();
  const elements = given.map(({ shape }) => elementsOf(shape));
  passes.forEach(({ shape }, index) => {
    const key = dimensionsOf(shape).join();
    const occupied = buffers.get(key) ?? [];
    buffers.set(key, occupied);
    const free = occupied.findIndex((until) => until < index);
    occupied[free < 0 ? occupied.length : free] = last[index];
    if (free < 0) elements.push(elementsOf(shape));
  });
  return elements.map((count) => 4 * count);
}

function lastReads(passes: PassList['passes']): number[] {
  const last = passes.map(() => -1);
  passes.forEach(({ operands }, reader) => {
    for (const operand of operands) if (operand.kind === 'pass') last[operand.index] = reader;
  });
  return last;
}
