// Where joined values live: a piece of a join is written directly to its place in the joined
// matrix, so that joining costs nothing. First stage of the layout.
//
// Two joins may need the same pieces. For example, h_0..h_{T-1} (for the gradient of the recurrent
// weights) and h_1..h_T (the input of the layer above) become one buffer of T+1 blocks if all their
// pieces agree. Otherwise the join that is placed later gets its own buffer. The shared pieces are
// then stored twice (elementwise results) or copied (all other values).
import { appendTo } from '../group.ts';
import { type Region, overlap } from './region.ts';
import { type ParameterShape, type Position, type Program, type Value, isView } from './value.ts';

/** A matrix in memory, row by row without gaps. */
export interface Buffer {
  /**
   * `arena` is working memory that buffers share over time. Buffers of the other spaces live
   * elsewhere and have a name.
   */
  readonly space: 'arena' | 'parameter' | 'gradient' | 'input';
  readonly name: string;
  /** Rows before row 0 that a join of earlier pieces has added. */
  before: number;
  rows: number;
  readonly columns: number;
}

/** Where a value lives: `row` and `column` of its top left corner in a buffer. */
export interface Location extends Position {
  readonly buffer: Buffer;
}

/** A value written to a second place. */
export interface Copy {
  readonly kind: 'copy';
  readonly value: Value;
  readonly to: Location;
}

/** The result of `placeJoins`. */
export interface Placement {
  /** Locations of joins, of values that are made inside a join, and of gradients. */
  readonly locations: Map<Value, Location>;
  /** Further places where an elementwise result is stored. */
  readonly extraLocations: Map<Value, Location[]>;
  /** By the join that they complete. Under `null`: copies to gradients, at the end. */
  readonly copies: Map<Value | null, Copy[]>;
}

/** A buffer of rows × columns elements in working memory, without a name. */
export function arenaBuffer(rows: number, columns: number): Buffer {
  return { space: 'arena', name: '', before: 0, rows, columns };
}

/** The buffer of a parameter, its gradient or an input, which exists outside the working memory. */
export function fixedBuffer(space: Exclude<Buffer['space'], 'arena'>, { name, rows, columns }: ParameterShape): Buffer {
  return { space, name, before: 0, rows, columns };
}

/** Places all joins and gradients of a program. */
export function placeJoins(program: Program): Placement {
  const locations = new Map<Value, Location>();
  const extraLocations = new Map<Value, Location[]>();
  const copies = new Map<Value | null, Copy[]>();
  const occupied = new Map<Buffer, Region[]>();

  const put = (value: Value, location: Location, owner: Value | null): void => {
    const currentLocation = locations.get(value);
    if (currentLocation && sameLocation(currentLocation, location)) return;
    const { rows, columns } = value;
    appendTo(occupied, location.buffer, { row: location.row, column: location.column, rows, columns });
    if (!currentLocation && isPlaceable(value)) locations.set(value, location);
    else if (value.kind === 'elementwise') appendTo(extraLocations, value, location);
    else appendTo(copies, owner, { kind: 'copy', value, to: location });
  };

  for (const [name, value] of program.gradients) {
    put(
      value,
      { buffer: fixedBuffer('gradient', { name, rows: value.rows, columns: value.columns }), row: 0, column: 0 },
      null,
    );
  }
  // Outermost first: a join comes after the joins that it contains.
  for (const join of program.values.toReversed()) {
    if (join.kind !== 'join') continue;
    const location = locations.get(join) ??
      agreedLocation(join, locations, occupied) ?? { buffer: arenaBuffer(join.rows, join.columns), row: 0, column: 0 };
    locations.set(join, location);
    location.buffer.before = Math.max(location.buffer.before, -location.row);
    location.buffer.rows = Math.max(location.buffer.rows, location.row + join.rows);
    join.inputs.forEach((piece, index) => {
      const { row, column } = join.positions[index];
      put(piece, { buffer: location.buffer, row: location.row + row, column: location.column + column }, join);
    });
  }
  return { locations, extraLocations, copies };
}

/**
 * The location of a join that its already placed pieces imply. Null if they disagree, or if the
 * other pieces do not fit around them.
 */
function agreedLocation(
  join: Value<'join'>,
  locations: ReadonlyMap<Value, Location>,
  occupied: ReadonlyMap<Buffer, readonly Region[]>,
): Location | null {
  let agreed: Location | null = null;
  for (const [index, piece] of join.inputs.entries()) {
    const pieceLocation = locations.get(piece);
    if (!pieceLocation) {
      if (!isPlaceable(piece)) return null;
      continue;
    }
    const { row, column } = join.positions[index];
    const implied = {
      buffer: pieceLocation.buffer,
      row: pieceLocation.row - row,
      column: pieceLocation.column - column,
    };
    if (agreed && !sameLocation(agreed, implied)) return null;
    agreed = implied;
  }
  if (!agreed || agreed.buffer.space !== 'arena' || agreed.column !== 0 || agreed.buffer.columns !== join.columns)
    return null;
  const { buffer, row: origin } = agreed;
  const isFree = join.inputs.every(({ rows, columns }, index) => {
    const { row, column } = join.positions[index];
    const region = { row: origin + row, column, rows, columns };
    const pieceLocation = locations.get(join.inputs[index]);
    const isThere = pieceLocation !== undefined && sameLocation(pieceLocation, { buffer, ...region });
    return isThere || (occupied.get(buffer) ?? []).every((other) => !overlap(other, region));
  });
  return isFree ? agreed : null;
}

/** Whether a value can be written to any place. Views, parameters and inputs already have one. */
function isPlaceable(value: Value): boolean {
  return !isView(value) && value.kind !== 'parameter' && value.kind !== 'input';
}

/** Whether two locations begin at the same element of the same buffer. */
export function sameLocation(a: Location, b: Location): boolean {
  return a.buffer === b.buffer && a.row === b.row && a.column === b.column;
}
