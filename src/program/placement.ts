// Where joined values live: a piece of a join is made in its place, so that joining costs nothing.
// First stage of the layout.
//
// Two joins may want the same pieces: h_0..h_{T-1} (for the gradient of the recurrent weights) and
// h_1..h_T (the input of the layer above) become one buffer of T+1 blocks if all their pieces
// agree; else the later-placed join gets a buffer of its own, and the shared pieces are stored
// twice (elementwise results) or copied (everything else).
import { appendTo } from '../group.ts';
import { type Region, overlap } from './region.ts';
import { type ParameterShape, type Place, type Program, type Value, isView } from './value.ts';

/** A matrix in memory, row by row without gaps. */
export interface Buffer {
  /**
   * `arena` is working memory, shared over time; the others live elsewhere and are found by name.
   */
  readonly space: 'arena' | 'parameter' | 'gradient' | 'input';
  readonly name: string;
  /** Rows before row 0 that a join of earlier pieces has added. */
  before: number;
  rows: number;
  readonly columns: number;
}

/** The place of a value: `row` and `column` of its top left corner. */
export interface Home extends Place {
  readonly buffer: Buffer;
}

/** A value written to a second place. */
export interface Copy {
  readonly kind: 'copy';
  readonly value: Value;
  readonly to: Home;
}

export interface Placement {
  /** Homes of joins and of the values that are made inside one, and of gradients. */
  readonly homes: Map<Value, Home>;
  /** Further places where an elementwise result is stored. */
  readonly secondHomes: Map<Value, Home[]>;
  readonly copies: Map<Value | null, Copy[]>;
}

export function arenaBuffer(rows: number, columns: number): Buffer {
  return { space: 'arena', name: '', before: 0, rows, columns };
}

export function fixedBuffer(space: Exclude<Buffer['space'], 'arena'>, { name, rows, columns }: ParameterShape): Buffer {
  return { space, name, before: 0, rows, columns };
}

export function placeJoins(program: Program): Placement {
  const homes = new Map<Value, Home>();
  const secondHomes = new Map<Value, Home[]>();
  const copies = new Map<Value | null, Copy[]>();
  const occupied = new Map<Buffer, Region[]>();

  const put = (value: Value, home: Home, owner: Value | null): void => {
    const own = homes.get(value);
    if (own && sameHome(own, home)) return;
    const { rows, columns } = value;
    appendTo(occupied, home.buffer, { row: home.row, column: home.column, rows, columns });
    if (!own && isPlaceable(value)) homes.set(value, home);
    else if (value.kind === 'elementwise') appendTo(secondHomes, value, home);
    else appendTo(copies, owner, { kind: 'copy', value, to: home });
  };

  for (const [name, value] of program.gradients) {
    put(
      value,
      { buffer: fixedBuffer('gradient', { name, rows: value.rows, columns: value.columns }), row: 0, column: 0 },
      null,
    );
  }
  // Outermost first: a join that contains other joins stands after them.
  for (const join of program.values.toReversed()) {
    if (join.kind !== 'join') continue;
    const home = homes.get(join) ??
      agreedHome(join, homes, occupied) ?? { buffer: arenaBuffer(join.rows, join.columns), row: 0, column: 0 };
    homes.set(join, home);
    home.buffer.before = Math.max(home.buffer.before, -home.row);
    home.buffer.rows = Math.max(home.buffer.rows, home.row + join.rows);
    join.inputs.forEach((piece, index) => {
      const { row, column } = join.places[index];
      put(piece, { buffer: home.buffer, row: home.row + row, column: home.column + column }, join);
    });
  }
  return { homes, secondHomes, copies };
}

/**
 * The home that the already placed pieces of a join imply, if they agree and the other pieces fit
 * around them.
 */
function agreedHome(
  join: Value<'join'>,
  homes: ReadonlyMap<Value, Home>,
  occupied: ReadonlyMap<Buffer, readonly Region[]>,
): Home | null {
  let agreed: Home | null = null;
  for (const [index, piece] of join.inputs.entries()) {
    const own = homes.get(piece);
    if (!own) {
      if (!isPlaceable(piece)) return null;
      continue;
    }
    const { row, column } = join.places[index];
    const implied = { buffer: own.buffer, row: own.row - row, column: own.column - column };
    if (agreed && !sameHome(agreed, implied)) return null;
    agreed = implied;
  }
  if (!agreed || agreed.buffer.space !== 'arena' || agreed.column !== 0 || agreed.buffer.columns !== join.columns)
    return null;
  const { buffer, row: origin } = agreed;
  const free = join.inputs.every(({ rows, columns }, index) => {
    const { row, column } = join.places[index];
    const place = { row: origin + row, column, rows, columns };
    const own = homes.get(join.inputs[index]);
    const isThere = own !== undefined && sameHome(own, { buffer, ...place });
    return isThere || (occupied.get(buffer) ?? []).every((other) => !overlap(other, place));
  });
  return free ? agreed : null;
}

/**
 * Views and what is given from outside are where they are; everything else can be made where it is
 * wanted.
 */
function isPlaceable(value: Value): boolean {
  return !isView(value) && value.kind !== 'parameter' && value.kind !== 'input';
}

export function sameHome(a: Home, b: Home): boolean {
  return a.buffer === b.buffer && a.row === b.row && a.column === b.column;
}
