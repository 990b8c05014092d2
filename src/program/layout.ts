// Lays out a program for a device with one flat memory: assigns a location to every value, and lets
// values that are not needed at the same time share memory. Pure.
//
//   1. Pieces of joins get their place in the joined matrix (placement.ts).
//   2. All other values get a location, in the order in which they are computed. A result
//      overwrites an operand that is read for the last time: a gate overwrites its pre-activation,
//      and the gradient of the logits overwrites the logits. Otherwise it gets its own buffer.
//   3. Whole buffers take over the memory of other buffers, region by region (overlay.ts).
//   4. Buffers whose lifetimes do not overlap share memory (allocate.ts).
import type { SlicedWork } from '../sliced-work.ts';
import { allocateBuffers } from './allocate.ts';
import { overlayBuffers } from './overlay.ts';
import { type Buffer, type Location, type Placement, arenaBuffer, placeJoins, sameLocation } from './placement.ts';
import { type AnyStep, type ExecutionStep, schedule } from './schedule.ts';
import { Slots, computedValues, isOneLoop, operandsOf } from './slots.ts';
import { type Program, type Value, sameShape } from './value.ts';

/** The order of a program's steps, and the place of every value in memory. */
export interface Layout<Step extends AnyStep = ExecutionStep> {
  readonly steps: readonly Step[];
  /** The memory that all buffers of the arena need together, in elements. */
  readonly arenaElements: number;
  /** Where to read a value. @throws an Error for a value that is never read */
  locationOf(value: Value): Location;
  /**
   * Every place where the step that makes a value must store it. Empty if nothing reads it from
   * memory.
   */
  storesOf(value: Value): readonly Location[];
  /** Whether a step stores a value. If not, it is computed wherever it is read. */
  isStored(value: Value): boolean;
  /** The first element of a buffer, as an offset in the arena. */
  offsetOf(buffer: Buffer): number;
}

/** Lays out a program whose steps run one after another. */
export function layOut(program: Program): SlicedWork<Layout> {
  return layOutSteps(program, ({ copies }) => schedule(program, copies));
}

/**
 * Lays out a program in the given steps. Yields after each stage, because each stage takes a
 * fraction of a second for a long sequence.
 * @param stepsOf the steps in the order of their times
 */
export function* layOutSteps<Step extends AnyStep>(
  program: Program,
  stepsOf: (placement: Placement) => readonly Step[],
): SlicedWork<Layout<Step>> {
  const placement = placeJoins(program);
  yield;
  const steps = stepsOf(placement);
  yield;
  const slots = new Slots(program, steps, placement);
  yield;
  assignLocations(slots, steps);
  yield;
  const overlays = overlayBuffers(slots.all);
  yield;
  const { offsets, elements } = allocateBuffers(slots.all, overlays);
  return {
    steps,
    arenaElements: elements,
    locationOf: (value) => slots.locationOf(value),
    storesOf(value) {
      const { location, reads } = slots.slotOf(value);
      return [...(location && reads.length > 0 ? [location] : []), ...(placement.extraLocations.get(value) ?? [])];
    },
    isStored: (value) => slots.isStored(value),
    offsetOf: (buffer) => offsets.get(buffer)!,
  };
}

/**
 * Gives each result that is read, and that has no location yet, the location of an operand that is
 * not read again, or a new buffer.
 */
function assignLocations(slots: Slots, steps: readonly AnyStep[]): void {
  for (const step of steps) {
    const takenLocations: Location[] = [];
    const operands = overwritable(step);
    for (const value of computedValues(step)) {
      const slot = slots.slotOf(value);
      if (slot.location || slot.reads.length === 0) continue;
      const operandToOverwrite = operands.find(
        (operand) =>
          sameShape(operand, value) &&
          slots.isLastReadBy(operand, step) &&
          !takenLocations.some((location) => sameLocation(location, slots.locationOf(operand))),
      );
      slot.location = operandToOverwrite
        ? slots.locationOf(operandToOverwrite)
        : { buffer: arenaBuffer(value.rows, value.columns), row: 0, column: 0 };
      takenLocations.push(slot.location);
    }
  }
}

/**
 * The operands that the result of a step may overwrite, because the step reads each element before
 * it writes it.
 */
function overwritable(step: AnyStep): readonly Value[] {
  if (isOneLoop(step)) return operandsOf(step);
  if (step.kind === 'copy') return [];
  const { value } = step;
  if (value.kind === 'matmul' && value.plus) return value.inputs.slice(-1);
  return value.kind === 'crossEntropy' ? value.inputs.slice(0, 1) : [];
}
