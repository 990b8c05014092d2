// Which step writes each value, where, and when it is read: the bookkeeping of the layout. A slot
// is a region of memory from its writing to its last reading. A value has one slot, and another for
// each further place where it is stored. Views and joins have none: reading them reads the slots of
// the values that they consist of.
import { type Buffer, type Location, type Placement, fixedBuffer, sameLocation } from './placement.ts';
import { type Region, intersection, overlap, sameRegion, wholeRegion } from './region.ts';
import type { AnyStep } from './schedule.ts';
import { type Program, type Value, isView, sameShape, viewStart } from './value.ts';

/** A read of a slot. Rows and columns count from the start of the slot. */
export interface Read extends Region {
  /** The time of the step that reads. Infinity for a read after the last step. */
  readonly time: number;
  /** Null after the last step. */
  readonly by: AnyStep | null;
  /** Whether the step reads each element before it computes the element at the same position. */
  readonly isElementwise: boolean;
  /** The value that is read: the value of the slot, or a view or join of it. */
  readonly operand: Value;
}

/** A region of memory between the step that writes it and its last read. */
export interface Slot {
  readonly rows: number;
  readonly columns: number;
  location: Location | null;
  readonly writtenBy: AnyStep;
  readonly reads: Read[];
}

/** The slots of a program, with the steps that write and read them. */
export class Slots {
  readonly all: Slot[] = [];
  readonly #steps: readonly AnyStep[];
  readonly #locations: ReadonlyMap<Value, Location>;
  readonly #resultSlots = new Map<Value, Slot>();
  readonly #fixedLocations = new Map<Value, Location>();
  /** The slot of each piece of a join. Undefined if the piece is itself a join. */
  readonly #pieces = new Map<Value, readonly (Slot | undefined)[]>();

  constructor(program: Program, steps: readonly AnyStep[], { locations, extraLocations }: Placement) {
    this.#steps = steps;
    this.#locations = locations;
    for (const step of steps) {
      if (step.kind === 'copy') this.#add(step.value, step.to, step);
      else
        for (const value of computedValues(step))
          this.#resultSlots.set(value, this.#add(value, locations.get(value) ?? null, step));
    }
    for (const [value, locations] of extraLocations)
      for (const location of locations) this.#add(value, location, this.slotOf(value).writtenBy);
    this.#findPieces(program);
    this.#recordReads(program);
  }

  /** The slot of the result of an operation. */
  slotOf(value: Value): Slot {
    return this.#resultSlots.get(value)!;
  }

  /** Whether a step stores a value. */
  isStored(value: Value): boolean {
    return this.#resultSlots.has(value);
  }

  /**
   * Where to read a value.
   * @throws an Error if the value has no location yet, or is never read
   */
  locationOf(value: Value): Location {
    if (isView(value)) {
      const { buffer, row, column } = this.locationOf(value.inputs[0]);
      const start = viewStart(value);
      return { buffer, row: row + start.row, column: column + start.column };
    }
    const location =
      this.#fixedLocations.get(value) ?? this.#resultSlots.get(value)?.location ?? this.#locations.get(value);
    if (!location) throw new Error(`${value.kind} has no location`);
    return location;
  }

  /**
   * Whether this step is the last to read an operand, and reads it only as a whole. If so, the
   * result of the step may overwrite it.
   */
  isLastReadBy(operand: Value, step: AnyStep): boolean {
    if (this.#isInPlace(operand)) return false;
    let dying = true;
    let readsNow = 0;
    this.#visit(operand, wholeRegion(operand), (slot, region) => {
      if (slot.location?.buffer.space === 'gradient') dying = false;
      for (const use of slot.reads) {
        if (use.time < step.time || !overlap(use, region)) continue;
        // Two operands that overlap with an offset, such as h_0..h_{T-1} and h_1..h_T, do not share
        // an element at the same position.
        if (
          use.by !== step ||
          !use.isElementwise ||
          !sameRegion(use, region) ||
          !sameLocation(this.locationOf(use.operand), this.locationOf(operand))
        )
          dying = false;
        readsNow++;
      }
    });
    return dying && (isOneLoop(step) ? readsNow > 0 : readsNow === 1);
  }

  /** Whether a value, or the value that it is a part of, is computed wherever it is read. */
  #isInPlace(value: Value): boolean {
    if (isView(value)) return this.#isInPlace(value.inputs[0]);
    return value.kind !== 'join' && value.inputs.length > 0 && !this.#resultSlots.has(value);
  }

  #add({ rows, columns }: Value, location: Location | null, writtenBy: AnyStep): Slot {
    const slot: Slot = { rows, columns, location, writtenBy, reads: [] };
    this.all.push(slot);
    return slot;
  }

  #findPieces(program: Program): void {
    const slotAt = indexByCorner(this.all);
    for (const value of program.values) {
      if (value.kind === 'parameter' || value.kind === 'input')
        this.#fixedLocations.set(value, { buffer: fixedBuffer(value.kind, value), row: 0, column: 0 });
      if (value.kind !== 'join') continue;
      const { buffer, row, column } = this.#locations.get(value)!;
      this.#pieces.set(
        value,
        value.inputs.map((piece, index) => {
          const position = value.positions[index];
          const slot = slotAt({ buffer, row: row + position.row, column: column + position.column });
          return slot?.rows === piece.rows && slot.columns === piece.columns ? slot : undefined;
        }),
      );
    }
  }

  /** Outputs and gradients are read after the last step. */
  #recordReads(program: Program): void {
    const read = (operand: Value, by: AnyStep | null, isElementwise: boolean): void =>
      this.#visit(operand, wholeRegion(operand), (slot, region) =>
        slot.reads.push({
          ...region,
          time: by?.time ?? Infinity,
          by,
          isElementwise: isElementwise && !this.#isInPlace(operand),
          operand,
        }),
      );
    for (const step of this.#steps) {
      if (step.kind === 'copy') read(step.value, step, false);
      else for (const [operand, isElementwise] of readsOf(step)) read(operand, step, isElementwise);
    }
    for (const value of [...program.outputs.values(), ...program.gradients.values()]) read(value, null, false);
  }

  /** Visits the slots that hold a region of a value. */
  #visit(value: Value, region: Region, visitSlot: (slot: Slot, region: Region) => void): void {
    if (isView(value)) {
      const { row, column } = viewStart(value);
      this.#visit(value.inputs[0], { ...region, row: region.row + row, column: region.column + column }, visitSlot);
    } else if (value.kind === 'join') {
      for (const [index, piece] of value.inputs.entries()) {
        const position = value.positions[index];
        const part = intersection(region, { ...position, rows: piece.rows, columns: piece.columns });
        if (!part) continue;
        const within = { ...part, row: part.row - position.row, column: part.column - position.column };
        const slot = this.#pieces.get(value)![index];
        if (slot) visitSlot(slot, within);
        else this.#visit(piece, within, visitSlot);
      }
    } else {
      const slot = this.#resultSlots.get(value);
      if (slot) visitSlot(slot, region);
      // A value that no step makes is computed wherever it is read.
      else for (const input of value.inputs) this.#visit(input, wholeRegion(input), visitSlot);
    }
  }
}

/** The values that a step computes. */
export function computedValues(step: AnyStep): readonly Value[] {
  if (step.kind === 'copy') return [];
  return isOneLoop(step) ? step.values : [step.value];
}

/** Whether a step keeps intermediate values in registers, from one element to the next. */
export function isOneLoop(step: AnyStep): step is Extract<AnyStep, { kind: 'chain' | 'fusion' }> {
  return step.kind === 'chain' || step.kind === 'fusion';
}

/** The values that a step reads from memory. A chain keeps its intermediate values in registers. */
export function operandsOf(step: AnyStep): readonly Value[] {
  return readsOf(step).map(([operand]) => operand);
}

/**
 * The values that a step reads from memory, and whether it reads an element only to compute the
 * element at the same position.
 */
function readsOf(step: AnyStep): readonly (readonly [Value, boolean])[] {
  const computed = new Set<Value>(isOneLoop(step) ? step.values : []);
  return computedValues(step).flatMap((value) =>
    value.inputs.flatMap((input, index) =>
      computed.has(input) ? [] : [[input, isReadByElement(value, index)] as const],
    ),
  );
}

/** A row or a column that is repeated is read for other elements too. */
function isReadByElement(value: Value, index: number): boolean {
  const { kind, inputs } = value;
  if (kind === 'matmul') return value.plus && index === inputs.length - 1;
  if (kind === 'elementwise') return sameShape(inputs[index], value);
  return kind === 'crossEntropy' && index === 0;
}

function indexByCorner(slots: readonly Slot[]): (corner: Location) => Slot | undefined {
  const key = ({ row, column }: Location): string => `${row},${column}`;
  const byBuffer = new Map<Buffer, Map<string, Slot>>();
  for (const slot of slots) {
    if (!slot.location) continue;
    const { buffer } = slot.location;
    const slotsAt = byBuffer.get(buffer) ?? new Map<string, Slot>();
    if (slotsAt.has(key(slot.location))) throw new Error('cannot lay out two values at one place');
    byBuffer.set(buffer, slotsAt.set(key(slot.location), slot));
  }
  return (corner) => byBuffer.get(corner.buffer)?.get(key(corner));
}
