// The layout: for a device with one flat memory, where every value lives and which values share a place over time. Pure: from a
// program to homes and offsets.
//
//   1. placement.ts puts pieces of joins in their place.
//   2. The other values in order of time: a result takes the place of an operand that is read for the last time (a gate that of its
//      pre-activation, the gradient of the logits that of the logits), or gets a buffer of its own.
//   3. Whole buffers take the place of others, region by region (overlay.ts).
//   4. Buffers whose lifetimes do not meet share memory (allocate.ts).
import { allocate } from './allocate.ts';
import { overlay } from './overlay.ts';
import { type Buffer, type Home, arenaBuffer, fixedBuffer, placeJoins } from './placement.ts';
import { type Step, schedule } from './schedule.ts';
import { type Program, type Value, isView } from './value.ts';

export interface Region {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

export interface Read extends Region {
  readonly step: number;
  /** What is read: the value itself, or a view or join of it. */
  readonly operand: Value;
}

/** One stretch of memory in the time from its writing to its last reading. */
export interface Slot {
  readonly rows: number;
  readonly columns: number;
  home: Home | null;
  /** The step that writes it. */
  written: number;
  /** What is read of it, in its own coordinates. */
  readonly reads: Read[];
}

export interface Layout {
  readonly steps: readonly Step<Home>[];
  /** The memory that all buffers of the arena need together, in elements. */
  readonly arenaElements: number;
  /** Where to read a value; throws for one that is never read. */
  homeOf(value: Value): Home;
  /** Every place where the step that makes a value must store it; none if nothing reads it from memory. */
  storesOf(value: Value): readonly Home[];
  /** First element of a buffer in the arena. */
  offsetOf(buffer: Buffer): number;
}

export function layOut(program: Program): Layout {
  const { homes, secondHomes, copies } = placeJoins(program);
  const steps = schedule(program, copies);
  const slots = new Map<Value, Slot>();
  /** The slot of each piece of a join; none where the piece is itself a join. */
  const pieceSlots = new Map<Value, readonly (Slot | undefined)[]>();
  const all: Slot[] = [];
  const fixed = new Map<Value, Home>();

  const newSlot = (value: Value, home: Home | null, written: number): Slot => {
    const slot: Slot = { rows: value.rows, columns: value.columns, home, written, reads: [] };
    all.push(slot);
    return slot;
  };
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'copy') newSlot(step.value, step.to, index);
    else for (const value of step.kind === 'chain' ? step.values : [step.value]) slots.set(value, newSlot(value, homes.get(value) ?? null, index));
  }
  for (const [value, places] of secondHomes) for (const home of places) newSlot(value, home, slots.get(value)!.written);
  const slotAt = indexByCorner(all);
  for (const value of program.values) {
    if (value.kind === 'parameter' || value.kind === 'input') fixed.set(value, { buffer: fixedBuffer(value.kind, value), row: 0, column: 0 });
    if (value.kind === 'join') {
      const { buffer, row, column } = homes.get(value)!;
      pieceSlots.set(value, value.inputs.map((piece, index) => {
        const place = value.places[index];
        const slot = slotAt({ buffer, row: row + place.row, column: column + place.column });
        return slot?.rows === piece.rows && slot.columns === piece.columns ? slot : undefined;
      }));
    }
  }

  const homeOf = (value: Value): Home => {
    if (isView(value)) {
      const { buffer, row, column } = homeOf(value.inputs[0]);
      return value.kind === 'rows' ? { buffer, row: row + value.first, column } : { buffer, row, column: column + value.first };
    }
    const home = fixed.get(value) ?? slots.get(value)?.home ?? homes.get(value);
    if (!home) throw new Error(`${value.kind} has no home`);
    return home;
  };

  /** Visits the slots that hold a region of a value. */
  const visit = (value: Value, region: Region, found: (slot: Slot, region: Region) => void): void => {
    if (isView(value)) {
      visit(value.inputs[0], value.kind === 'rows' ? { ...region, row: region.row + value.first } : { ...region, column: region.column + value.first }, found);
    } else if (value.kind === 'join') {
      for (let index = firstPiece(value, region.row); index < value.inputs.length; index++) {
        const piece = value.inputs[index];
        if (value.places[index].row >= region.row + region.rows && inOrder(value)) break;
        const part = intersection(region, { ...value.places[index], rows: piece.rows, columns: piece.columns });
        if (!part) continue;
        const within = { ...part, row: part.row - value.places[index].row, column: part.column - value.places[index].column };
        const slot = pieceSlots.get(value)![index];
        if (slot) found(slot, within);
        else visit(piece, within, found);
      }
    } else {
      const slot = slots.get(value);
      if (slot) found(slot, region);
    }
  };
  const read = (value: Value, step: number): void => visit(value, whole(value), (slot, region) => slot.reads.push({ ...region, step, operand: value }));
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'chain') {
      const made = new Set<Value>(step.values);
      for (const value of step.values) for (const input of value.inputs) if (!made.has(input)) read(input, index);
    } else if (step.kind === 'copy') read(step.value, index);
    else step.value.inputs.forEach((input) => read(input, index));
  }
  for (const value of [...program.outputs.values(), ...program.gradients.values()]) read(value, Infinity);

  /** Whether an operand is read for the last time in this step, and there only as itself: then the result may overwrite it. */
  const dies = (operand: Value, step: number): boolean => {
    let dying = true;
    let readsNow = 0;
    visit(operand, whole(operand), (slot, region) => {
      if (slot.home?.buffer.space === 'gradient') dying = false;
      for (const use of slot.reads) {
        if (!intersection(use, region)) continue;
        if (use.step > step) dying = false;
        if (use.step !== step) continue;
        readsNow++;
        // Two operands that lie shifted over one another, such as h_0..h_{T-1} and h_1..h_T, share no element at one place.
        if (!sameRegion(use, region) || !sameCorner(homeOf(use.operand), homeOf(operand))) dying = false;
      }
    });
    return dying && (steps[step].kind === 'chain' ? readsNow > 0 : readsNow === 1);
  };
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'copy') continue;
    const taken: Home[] = [];
    const chain = step.kind === 'chain';
    const made = new Set<Value>(chain ? step.values : []);
    const operands = chain ? step.values.flatMap((value) => value.inputs).filter((input) => !made.has(input)) : overwritable(step.value);
    for (const value of chain ? step.values : [step.value]) {
      const slot = slots.get(value)!;
      if (slot.home || slot.reads.length === 0) continue;
      const place = operands.find((operand) => operand.rows === value.rows && operand.columns === value.columns && dies(operand, index)
        && !taken.some((home) => sameCorner(home, homeOf(operand))));
      slot.home = place ? homeOf(place) : { buffer: arenaBuffer(value.rows, value.columns), row: 0, column: 0 };
      taken.push(slot.home);
    }
  }

  const merged = overlay(all, steps);
  const { offsets, elements } = allocate(all, merged);
  return {
    steps,
    arenaElements: elements,
    homeOf,
    storesOf(value) {
      const own = slots.get(value)!;
      const main = own.home && (own.reads.length > 0 || own.home.buffer.space === 'gradient') ? [own.home] : [];
      return [...main, ...(secondHomes.get(value) ?? [])];
    },
    offsetOf: (buffer) => offsets.get(buffer)!,
  };
}

function indexByCorner(slots: readonly Slot[]): (corner: Home) => Slot | undefined {
  const key = ({ row, column }: Home): string => `${row},${column}`;
  const byBuffer = new Map<Buffer, Map<string, Slot>>();
  for (const slot of slots) {
    if (!slot.home) continue;
    const { buffer } = slot.home;
    const here = byBuffer.get(buffer) ?? new Map<string, Slot>();
    if (here.has(key(slot.home))) throw new Error('two values were laid out at one place');
    byBuffer.set(buffer, here.set(key(slot.home), slot));
  }
  return (corner) => byBuffer.get(corner.buffer)?.get(key(corner));
}

/** Whether the pieces stand in the order of their rows, as in a stack: then a part of it is found without looking at all of them. */
const orders = new WeakMap<Value, boolean>();
function inOrder(join: Value<'join'>): boolean {
  const known = orders.get(join) ?? join.places.every(({ row }, index) => index === 0 || row >= join.places[index - 1].row + join.inputs[index - 1].rows);
  orders.set(join, known);
  return known;
}

/** The index of the first piece that may reach a row. */
function firstPiece(join: Value<'join'>, row: number): number {
  if (!inOrder(join)) return 0;
  let [low, high] = [0, join.places.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (join.places[middle].row <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The operands whose place a single operation's result may take, because it reads each element before it writes it. */
function overwritable(value: Value): readonly Value[] {
  if (value.kind === 'matmul' && value.plus) return value.inputs.slice(-1);
  return value.kind === 'crossEntropy' ? value.inputs.slice(0, 1) : [];
}

export function whole({ rows, columns }: { readonly rows: number; readonly columns: number }): Region {
  return { row: 0, column: 0, rows, columns };
}

export function intersection(a: Region, b: Region): Region | null {
  const row = Math.max(a.row, b.row);
  const column = Math.max(a.column, b.column);
  const rows = Math.min(a.row + a.rows, b.row + b.rows) - row;
  const columns = Math.min(a.column + a.columns, b.column + b.columns) - column;
  return rows > 0 && columns > 0 ? { row, column, rows, columns } : null;
}

export function sameRegion(a: Region, b: Region): boolean {
  return a.row === b.row && a.column === b.column && a.rows === b.rows && a.columns === b.columns;
}

function sameCorner(a: Home, b: Home): boolean {
  return a.buffer === b.buffer && a.row === b.row && a.column === b.column;
}
