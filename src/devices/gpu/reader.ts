// Where the values of a program are found, and the text that reads an element of one. A value has a
// home in a node, or is a leaf that is read in another way, or has none yet: a join whose pieces no
// pass has copied together.
import {
  type OperationKind,
  type ParameterShape,
  type Position,
  type Uses,
  type Value,
  countParameters,
  isView,
} from '../../program/value.ts';
import { dropoutThreshold } from '../../random.ts';
import { type Body, type Node, type Placed, type Spot, shapeOf } from './nodes.ts';
import {
  type Buffer,
  type Index,
  KernelWriter,
  type Shape,
  elementsOf,
  numberArgument,
  plus,
  times,
} from './writer.ts';

/** Where in a node a value is. The plane is known only when the node is whole. */
interface Home extends Position {
  readonly node: Node;
  plane(): number;
}

/**
 * A value found: in a home, or a leaf that is read in another way. `step` is the row that views
 * begin at, which differs from step to step.
 */
interface Found extends Position {
  readonly home: Home | null;
  readonly leaf: Value;
  readonly step: number | null;
}

/** The argument that holds all weights, and the optimizer's vectors after them. */
export const WEIGHTS = 'weights';
/** Above zero where the carried state is to be taken for zeros. */
export const RESET = numberArgument('reset');

/**
 * The two numbers that bring the seed of a site of dropout: halves of 16 bits, which a float holds
 * exactly.
 */
export function seedNames(site: number): { high: string; low: string } {
  return { high: numberArgument(`seed ${site} high`), low: numberArgument(`seed ${site} low`) };
}

/** What is read without a home. */
const leaves = new Set<OperationKind>(['parameter', 'input', 'loadState', 'zeros', 'dropoutMask', 'gather']);

export class Reader {
  readonly #uses: Uses;
  readonly #homes = new Map<Value, Home>();
  /**
   * What has been found once stays where it is: a body is written several times, and must read the
   * same each time.
   */
  readonly #found = new Map<Value, Found>();
  readonly #placed = new Map<Node, Placed>();
  readonly #carried = new Map<string, Spot>();
  /** Where each weight begins in the vector of all. */
  readonly #offsets = new Map<string, number>();
  readonly #weights: Buffer;
  #watch: Set<Node> | null = null;

  /**
   * @param vectors how many vectors as long as the weights stand in their buffer: the weights and
   * the optimizer's slots
   */
  constructor(uses: Uses, parameters: readonly ParameterShape[], vectors: number) {
    this.#uses = uses;
    let offset = 0;
    for (const { name, rows, columns } of parameters) {
      this.#offsets.set(name, offset);
      offset += rows * columns;
    }
    this.#weights = {
      reference: { kind: 'argument', name: WEIGHTS },
      shape: { kind: 'vector', length: vectors * countParameters(parameters) },
    };
  }

  /** Says where the elements of a value are. */
  settle(value: Value, node: Node, { plane = () => 0, row = 0, column = 0 }: Partial<Omit<Home, 'node'>> = {}): void {
    this.#homes.set(value, { node, plane, row, column });
  }

  /** Says where the result of a node is. */
  put(node: Node, placed: Placed): void {
    this.#placed.set(node, placed);
  }

  /** Says where a state from the last call is. */
  carry(name: string, spot: Spot): void {
    this.#carried.set(name, spot);
  }

  /** Where the result of a node is, or will be. */
  placeOf(node: Node): Placed {
    this.#watch?.add(node);
    return this.#placed.get(node) ?? unplaced(`node ${node.id}`, node.shape);
  }

  /** Where a value that has a home stands, once every node has been put into a pass. */
  spotOf(value: Value): Spot {
    const { home, row, step, column } = this.find(value)!;
    const { buffer, plane } = this.placeOf(home!.node);
    return { buffer, plane: plane + home!.plane(), row: home!.row + row + (step ?? 0), column: home!.column + column };
  }

  /** The text of an element of a value. */
  read(writer: KernelWriter, value: Value, row: Index, column: Index): string {
    const found = this.find(value);
    if (found === null) throw new Error(`${value.kind} ${value.id} has not been put together`);
    const at = plus(row, found.row, found.step === null ? 0 : writer.integer(found.step));
    const across = plus(column, found.column);
    if (!found.home) return this.#readLeaf(writer, found.leaf, value, at, across);
    const { home } = found;
    const { buffer, plane } = this.placeOf(home.node);
    return writer.element(buffer, plane + home.plane(), plus(at, home.row), plus(across, home.column), part(value));
  }

  /** The text of an element of a node's result. */
  readNode(writer: KernelWriter, node: Node, row: Index, column: Index, plane = 0): string {
    const placed = this.placeOf(node);
    return writer.element(placed.buffer, placed.plane + plane, row, column, [node, elementsOf(node.shape)]);
  }

  /** An element of the vector of weights and slots. */
  weight(writer: KernelWriter, index: Index): string {
    return writer.element(this.#weights, 0, 0, index);
  }

  /** Where a value is; null if it has to be copied together first. */
  find(value: Value): Found | null {
    const known = this.#found.get(value);
    if (known) return known;
    const found = this.#findRegion(value, { row: 0, column: 0, step: null }, value.rows, value.columns);
    if (found) this.#found.set(value, found);
    return found;
  }

  /** The nodes that a read of a value touches; null if it is not there yet. */
  nodesOf(value: Value): Node[] | null {
    const found = this.find(value);
    if (found === null) return null;
    if (found.home) return [found.home.node];
    const nodes = found.leaf.inputs.map((input) => this.nodesOf(input));
    return nodes.includes(null) ? null : nodes.flatMap((each) => each!);
  }

  /** The lowest level that a node of these bodies can have. */
  levelOf(bodies: readonly Body[]): number {
    const seen = new Set<Node>();
    this.#watch = seen;
    for (const body of bodies) body(new KernelWriter());
    this.#watch = null;
    return 1 + Math.max(0, ...[...seen].map(({ level }) => level));
  }

  /**
   * Whether rows of a table are looked up wherever they are read: cheap if each is read once or
   * twice, not as an operand of a product.
   */
  readsInPlace(gather: Value): boolean {
    const all = (value: Value): Value[] =>
      this.#uses.usersOf(value).flatMap((user) => (isView(user) ? all(user) : [user]));
    const addsIt = (user: Value): boolean =>
      user.kind === 'matmul' && user.plus && !user.inputs.slice(0, -1).some((input) => baseOf(input) === gather);
    return (
      !this.#uses.isReadByCaller(gather) && all(gather).every((user) => user.kind === 'elementwise' || addsIt(user))
    );
  }

  /** The text of a row of a table that is looked up. */
  lookUp(writer: KernelWriter, gather: Value, row: Index, column: Index): string {
    const [table, ids, bias] = gather.inputs;
    const element = this.read(writer, table, writer.dialect.integer(this.read(writer, ids, row, 0)), column);
    return bias ? `(${element} + ${this.read(writer, bias, 0, column)})` : element;
  }

  #readLeaf(writer: KernelWriter, leaf: Value, value: Value, row: Index, column: Index): string {
    const { float, choose } = writer.dialect;
    const zero = float(0);
    switch (leaf.kind) {
      case 'zeros':
        return zero;
      case 'parameter':
        return writer.element(
          this.#weights,
          0,
          0,
          plus(leaf.rows === 1 ? 0 : times(row, leaf.columns), column, this.#offsets.get(leaf.name)!),
          part(value),
        );
      case 'input':
        return writer.element(inputBuffer(leaf), 0, 0, row, part(value));
      case 'loadState': {
        const spot = this.#carried.get(leaf.name) ?? {
          ...unplaced(`state ${leaf.name}`, shapeOf(leaf)),
          row: 0,
          column: 0,
        };
        return choose(
          `${writer.number(RESET)} > ${zero}`,
          zero,
          writer.element(spot.buffer, spot.plane, plus(row, spot.row), plus(column, spot.column), part(value)),
        );
      }
      case 'gather':
        return this.lookUp(writer, leaf, row, column);
      case 'dropoutMask':
        return this.#mask(writer, leaf, row, column);
      default:
        throw new Error(`${leaf.kind} has no home`);
    }
  }

  /**
   * Zero, or what is kept is multiplied by: `dropoutKeeps` with the threshold, which is even, in 31
   * bits.
   */
  #mask(writer: KernelWriter, { site, rate, columns }: Value<'dropoutMask'>, row: Index, column: Index): string {
    const { float, integer, hash, choose } = writer.dialect;
    const { high, low } = seedNames(site);
    const seed = `(${integer(writer.number(high))} * 65536 + ${integer(writer.number(low))})`;
    const drawn = hash(`(${plus(times(row, columns), column)}) ^ ${seed}`);
    return choose(`${drawn} >= ${dropoutThreshold(rate) / 2}`, float(1 / (1 - rate)), float(0));
  }

  #findRegion(value: Value, at: Position & Pick<Found, 'step'>, rows: number, columns: number): Found | null {
    const home = this.#homes.get(value);
    if (home) return { home, leaf: value, ...at };
    if (value.kind === 'rows')
      return this.#findRegion(value.inputs[0], { ...at, step: (at.step ?? 0) + value.first }, rows, columns);
    if (value.kind === 'columns')
      return this.#findRegion(value.inputs[0], { ...at, column: at.column + value.first }, rows, columns);
    if (value.kind !== 'join') {
      const isLeaf = leaves.has(value.kind) && (value.kind !== 'gather' || this.readsInPlace(value));
      return isLeaf ? { home: null, leaf: value, ...at } : null;
    }
    const row = at.row + (at.step ?? 0);
    const index = value.inputs.findIndex((piece, i) => {
      const place = value.positions[i];
      return (
        row >= place.row &&
        row + rows <= place.row + piece.rows &&
        at.column >= place.column &&
        at.column + columns <= place.column + piece.columns
      );
    });
    if (index < 0) return null;
    const place = value.positions[index];
    return this.#findRegion(
      value.inputs[index],
      { row: row - place.row, column: at.column - place.column, step: null },
      rows,
      columns,
    );
  }
}

/** What a view, or a view of a view, looks at. */
function baseOf(value: Value): Value {
  return isView(value) ? baseOf(value.inputs[0]) : value;
}

/** What is read of a buffer. */
function part(value: Value): [Value, number] {
  return [value, value.rows * value.columns];
}

function inputBuffer(input: Value<'input'>): Buffer {
  return { reference: { kind: 'argument', name: input.name }, shape: { kind: 'vector', length: input.rows } };
}

/** What stands for a buffer while its pass is not yet known. */
function unplaced(name: string, shape: Shape): Placed {
  return { buffer: { reference: { kind: 'argument', name }, shape }, plane: 0 };
}

/** How many distinct buffers bodies read. */
export function inputsOf(bodies: readonly Body[]): number {
  const writer = new KernelWriter();
  for (const body of bodies) body(writer);
  return writer.buffers.length;
}
