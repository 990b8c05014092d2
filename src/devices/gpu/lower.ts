// From a program to nodes: what is done in one pass over one matrix. Fuses: activations go into the product that feeds them, runs
// of elementwise operations become one node with a plane for each result, views and most joins are only other indices.
//
// A node has a level, one above all that it reads. Elementwise operations join a node only where that leaves its level as it is;
// passes.ts then puts nodes of one level and shape into one pass.
import { type ParameterShape, type Program, type Value, isView } from '../../program/value.ts';
import { expression } from './elementwise.ts';
import { type Buffer, type Index, KernelWriter, type Shape, numberArgument, plus, times } from './writer.ts';

export interface Node {
  readonly id: number;
  readonly kind: 'product' | 'chain' | 'copy' | 'sum' | 'scatter' | 'loss' | 'update';
  /** Of one plane, or of the vector. */
  readonly shape: Shape;
  readonly level: number;
  /** For each plane what it returns for the element of this thread. */
  bodies(): readonly Body[];
  readonly multiplyAdds: number;
}

export type Body = (writer: KernelWriter) => string;

/** Where a value's elements are. */
interface Home {
  readonly node: Node;
  plane(): number;
  readonly row: number;
  readonly column: number;
}

/** A value found: in a home, or a leaf that is read in another way. `step` is the row that views begin at, which differs from step to step. */
interface Found {
  readonly home: Home | null;
  readonly leaf: Value;
  readonly row: number;
  readonly step: number | null;
  readonly column: number;
}

interface Chain extends Node {
  readonly values: Value<'elementwise'>[];
}

/** Operations on the columns of a product's result that are done before it is stored. */
interface Epilogue {
  readonly first: number;
  readonly columns: number;
  /** What the first of them reads as the result. */
  readonly start: Value;
  readonly values: readonly Value<'elementwise'>[];
}

interface Term {
  readonly a: Value;
  readonly transposeA: boolean;
  readonly b: Value;
  readonly transposeB: boolean;
  /** Where in the inner dimension of b this term begins. */
  readonly first: number;
  readonly inner: number;
}

/** Where the result of a node has been put: the pass's buffer, and the node's first plane in it. */
export interface Placed {
  readonly buffer: Buffer;
  readonly plane: number;
}

export const [ROW, COLUMN] = ['this.thread.y', 'this.thread.x'];
/** Loops over the inner dimension of a product do so many terms at a time: 1.3 times as fast as one by one. */
const UNROLL = 4;
/** Rows that one thread adds up before a sum is split. */
const SUM_ROWS = 64;
/** Parts that a loss comes in. */
const LOSS_PARTS = 64;

/** The argument that holds all weights, and the optimizer's vectors after them. */
export const WEIGHTS = 'weights';
export const RESET = numberArgument('reset');

/** Where in a buffer a matrix begins. */
export interface Spot extends Placed {
  readonly row: number;
  readonly column: number;
}

export interface LowerOptions {
  readonly parameters: readonly ParameterShape[];
  /** Vectors as long as the weights that stand in one buffer: the weights and the optimizer's slots. */
  readonly vectors: number;
  /** Buffers that one kernel may read. */
  readonly mostInputs: number;
}

export class Lowering {
  readonly nodes: Node[] = [];
  /** The sums of losses, in parts. */
  readonly losses: Node[] = [];
  readonly #options: LowerOptions;
  readonly #program: Program;
  readonly #homes = new Map<Value, Home>();
  readonly #users = new Map<Value, Value[]>();
  /** Read from outside the program: outputs, gradients. */
  readonly #wanted: Set<Value>;
  readonly #chainOf = new Map<Value, Chain>();
  /** Products that another product adds to its own. */
  readonly #absorbed = new Set<Value>();
  readonly #offsets = new Map<string, number>();
  /** Stacks of a sequence that another stack holds one step later or earlier. */
  readonly #shifted = new Map<Value, Value>();
  readonly #readersOf = new Map<Node, Set<Chain>>();
  readonly #placed = new Map<Node, Placed>();
  readonly #carried = new Map<string, Spot>();
  /** Leaves that leave the call: what reads them within it does so in place. */
  readonly #copies = new Map<Value, Node>();
  readonly #weights: Buffer;
  #watch: Set<Node> | null = null;

  constructor(program: Program, options: LowerOptions) {
    this.#program = program;
    this.#options = options;
    this.#wanted = new Set([...program.outputs.values(), ...program.gradients.values()]);
    let offset = 0;
    for (const { name, rows, columns } of options.parameters) {
      this.#offsets.set(name, offset);
      offset += rows * columns;
    }
    this.#weights = { reference: { kind: 'argument', name: WEIGHTS }, shape: { kind: 'vector', length: options.vectors * offset } };
    for (const value of program.values) for (const input of value.inputs) this.#users.set(input, [...(this.#users.get(input) ?? []), value]);
    this.#findShifted();
    this.#findAbsorbed();
    for (const value of program.values) this.#lower(value);
    for (const value of program.outputs.values()) this.#keep(value);
    for (const value of program.gradients.values()) this.ready(value);
  }

  /** Where a value that leaves the call stands, once every node has been put into a pass. */
  spotOf(value: Value): Spot {
    const copy = this.#copies.get(value);
    const { home, row, step, column } = copy ? { home: { node: copy, plane: () => 0, row: 0, column: 0 }, row: 0, step: null, column: 0 } : this.#find(value)!;
    const { buffer, plane } = this.#place(home!.node);
    return { buffer, plane: plane + home!.plane(), row: home!.row + row + (step ?? 0), column: home!.column + column };
  }

  /** Says where the result of a node is. */
  put(node: Node, placed: Placed): void {
    this.#placed.set(node, placed);
  }

  /** Says where a state from the last call is. */
  carry(name: string, spot: Spot): void {
    this.#carried.set(name, spot);
  }

  /** An element of the vector of weights and slots. */
  weight(writer: KernelWriter, index: Index): string {
    return writer.element(this.#weights, 0, 0, index);
  }

  /** Adds a node, at the lowest level that what it reads allows. */
  add(kind: Node['kind'], shape: Shape, bodies: readonly Body[], multiplyAdds = 0): Node {
    const node: Node = { id: this.nodes.length, kind, shape, level: this.#levelOf(bodies), bodies: () => bodies, multiplyAdds };
    this.nodes.push(node);
    return node;
  }

  /** Makes sure that a value can be read anywhere, copying together the steps of a stack if need be. */
  ready(value: Value): void {
    if (this.#find(value) === null) this.#gather(value);
  }

  /** The text of an element of a value. */
  read(writer: KernelWriter, value: Value, row: Index, column: Index): string {
    const found = this.#find(value);
    if (found === null) throw new Error(`${value.kind} ${value.id} has not been put together`);
    const at = plus(row, found.row, found.step === null ? 0 : writer.integer(found.step));
    const across = plus(column, found.column);
    if (found.home) {
      const { buffer, plane } = this.#place(found.home.node);
      return writer.element(buffer, plane + found.home.plane(), plus(at, found.home.row), plus(across, found.home.column));
    }
    return this.#readLeaf(writer, found.leaf, at, across);
  }

  /** The text of an element of a node's result. */
  readNode(writer: KernelWriter, node: Node, row: Index, column: Index, plane = 0): string {
    const placed = this.#place(node);
    return writer.element(placed.buffer, placed.plane + plane, row, column);
  }

  /** How many distinct buffers bodies read. */
  inputsOf(bodies: readonly Body[]): number {
    const writer = new KernelWriter();
    for (const body of bodies) body(writer);
    return writer.buffers.length;
  }

  #readLeaf(writer: KernelWriter, leaf: Value, row: Index, column: Index): string {
    switch (leaf.kind) {
      case 'zeros': return '0';
      case 'parameter': return this.weight(writer, plus(leaf.rows === 1 ? 0 : times(row, leaf.columns), column, this.#offsets.get(leaf.name)!));
      case 'input': return writer.element(inputBuffer(leaf), 0, 0, row);
      case 'state': {
        const spot = this.#carried.get(leaf.name) ?? { ...unplaced(`state ${leaf.name}`, shapeOf(leaf)), row: 0, column: 0 };
        return `(${writer.number(RESET)} > 0 ? 0 : ${writer.element(spot.buffer, spot.plane, plus(row, spot.row), plus(column, spot.column))})`;
      }
      case 'oneHot': return `(${this.read(writer, leaf.inputs[0], row, 0)} === ${column} ? 1 : 0)`;
      case 'gather': {
        const [table, ids, bias] = leaf.inputs;
        const element = this.read(writer, table, `(${this.read(writer, ids, row, 0)} | 0)`, column);
        return bias ? `(${element} + ${this.read(writer, bias, 0, column)})` : element;
      }
      case 'dropoutMask': {
        const buffer: Buffer = { reference: { kind: 'argument', name: maskName(leaf) }, shape: { kind: 'planes', planes: 1, rows: leaf.rows, columns: leaf.columns } };
        return writer.element(buffer, 0, row, column);
      }
      default: throw new Error(`${leaf.kind} has no home`);
    }
  }

  #find(value: Value): Found | null {
    return this.#findRegion(value, { row: 0, column: 0, step: null }, value.rows, value.columns);
  }

  #findRegion(value: Value, at: { row: number; column: number; step: number | null }, rows: number, columns: number): Found | null {
    const home = this.#homes.get(value);
    if (home) return { home, leaf: value, ...at };
    if (value.kind === 'rows') return this.#findRegion(value.inputs[0], { ...at, step: (at.step ?? 0) + value.first }, rows, columns);
    if (value.kind === 'columns') return this.#findRegion(value.inputs[0], { ...at, column: at.column + value.first }, rows, columns);
    if (value.kind !== 'join') return value.kind === 'gather' && !this.#readInPlace(value) ? null : { home: null, leaf: value, ...at };
    const row = at.row + (at.step ?? 0);
    const index = value.inputs.findIndex((piece, i) => {
      const place = value.places[i];
      return row >= place.row && row + rows <= place.row + piece.rows && at.column >= place.column && at.column + columns <= place.column + piece.columns;
    });
    if (index < 0) return null;
    const place = value.places[index];
    return this.#findRegion(value.inputs[index], { row: row - place.row, column: at.column - place.column, step: null }, rows, columns);
  }

  /** Whether rows of a table are looked up wherever they are read: cheap if each is read once or twice, not as an operand of a product. */
  #readInPlace(gather: Value): boolean {
    const all = (value: Value): Value[] => (this.#users.get(value) ?? []).flatMap((user) => (isView(user) ? all(user) : [user]));
    const operandOf = (user: Value): boolean => user.kind === 'elementwise' || (user.kind === 'matmul' && user.plus && user.inputs.lastIndexOf(gather) !== 0);
    return !this.#wanted.has(gather) && all(gather).every(operandOf);
  }

  #lower(value: Value): void {
    switch (value.kind) {
      case 'matmul':
        if (!this.#absorbed.has(value)) this.#product(value);
        return;
      case 'elementwise':
        if (!this.#homes.has(value)) this.#elementwise(value);
        return;
      case 'gather':
        value.inputs.forEach((input) => this.ready(input));
        if (!this.#readInPlace(value)) this.#settle(value, this.add('copy', shapeOf(value), [(writer) => `return ${this.#readLeaf(writer, value, ROW, COLUMN)};`]));
        return;
      case 'scatter': return this.#scatter(value);
      case 'columnSums': return this.#columnSums(value);
      case 'crossEntropy': return this.#crossEntropy(value);
      case 'keep': return this.#keep(value.inputs[0]);
      default:
    }
  }

  #settle(value: Value, node: Node, plane = 0): void {
    this.#homes.set(value, { node, plane: () => plane, row: 0, column: 0 });
  }

  /** What leaves a call must stand in a buffer of its own making. */
  #keep(value: Value): void {
    this.ready(value);
    const found = this.#find(value)!;
    if (!found.home && !this.#copies.has(value)) this.#copies.set(value, this.add('copy', shapeOf(value), [(writer) => `return ${this.read(writer, value, ROW, COLUMN)};`]));
  }

  #product(value: Value<'matmul'>): void {
    const terms: Term[] = [];
    const addends: Value[] = [];
    this.#collect(value, terms, addends);
    const { rows, columns } = value;
    const sum: Body = (writer) => [
      'let sum = 0;',
      ...terms.map((term) => this.#accumulate(writer, term)),
      ...addends.map((addend) => `sum += ${this.read(writer, addend, addend.rows === 1 ? 0 : ROW, COLUMN)};`),
    ].join('\n');
    const multiplyAdds = rows * columns * terms.reduce((total, { inner }) => total + inner, 0);
    const epilogues = this.#epilogues(value, this.#levelOf([sum]));
    const body: Body = (writer) => [sum(writer), ...epilogues.map((epilogue) => this.#finish(writer, epilogue, columns))].join('\n');
    const node = this.add('product', shapeOf(value), [body], multiplyAdds);
    this.#settle(value, node);
    for (const { first, values } of epilogues) if (values.length > 0) this.#homes.set(values[values.length - 1], { node, plane: () => 0, row: 0, column: first });
  }

  #collect(value: Value<'matmul'>, terms: Term[], addends: Value[]): void {
    const [a, b] = value.inputs;
    this.ready(b);
    const pieces = !value.transposeA && this.#find(a) === null ? columnPieces(a) : null;
    if (pieces && pieces.every(({ value: piece }) => this.#find(piece) !== null)) {
      for (const piece of pieces) terms.push({ a: piece.value, transposeA: false, b, transposeB: value.transposeB, first: piece.column, inner: piece.value.columns });
    } else {
      this.ready(a);
      terms.push({ a, transposeA: value.transposeA, b, transposeB: value.transposeB, first: 0, inner: value.transposeA ? a.rows : a.columns });
    }
    if (value.bias) addends.push(value.inputs[2]);
    if (!value.plus) return;
    const running = value.inputs[value.inputs.length - 1];
    if (running.kind === 'matmul' && this.#absorbed.has(running)) return this.#collect(running, terms, addends);
    this.ready(running);
    addends.push(running);
  }

  /** Σ_k a(y, k)·b(k, x), some terms at a time. */
  #accumulate(writer: KernelWriter, { a, transposeA, b, transposeB, first, inner }: Term): string {
    const term = (k: Index): string => {
      const left = transposeA ? this.read(writer, a, k, ROW) : this.read(writer, a, ROW, k);
      const right = transposeB ? this.read(writer, b, COLUMN, plus(k, first)) : this.read(writer, b, plus(k, first), COLUMN);
      return `${left} * ${right}`;
    };
    const rounds = Math.floor(inner / UNROLL);
    const together = Array.from({ length: UNROLL }, (_, i) => term(plus(`${UNROLL} * k`, i))).join(' + ');
    const rest = Array.from({ length: inner % UNROLL }, (_, i) => term(rounds * UNROLL + i)).join(' + ');
    return [
      ...(rounds > 0 ? [`for (let k = 0; k < ${rounds}; k++) { sum += ${together}; }`] : []),
      ...(rest ? [`sum += ${rest};`] : []),
    ].join('\n');
  }

  #finish(writer: KernelWriter, { first, columns, start, values }: Epilogue, width: number): string {
    const names = new Map<Value, string>();
    const lines = values.map((value) => {
      const operands = value.inputs.map((input) => (input === start ? 'sum' : names.get(input) ?? this.read(writer, input, input.rows === 1 ? 0 : ROW, input.columns === 1 ? 0 : plus(COLUMN, -first))));
      const name = writer.local();
      names.set(value, name);
      return `const ${name} = ${expression(value.apply, operands, value.constant)};`;
    });
    const result = values.length > 0 ? names.get(values[values.length - 1])! : 'sum';
    const text = [...lines, `return ${result};`].join('\n');
    return first + columns < width ? `if (this.thread.x < ${first + columns}) {\n${text}\n}` : text;
  }

  /**
   * For each run of columns of a product, the elementwise operations that alone read it, one after another, as long as their other
   * operands are there at a lower level than the product's own.
   */
  #epilogues(product: Value<'matmul'>, level: number): Epilogue[] {
    const plain = [{ first: 0, columns: product.columns, start: product, values: [] }];
    const users = this.#users.get(product) ?? [];
    if (this.#wanted.has(product) || users.length === 0) return plain;
    const regions = users.every((user) => user.kind === 'columns')
      ? (users as Value<'columns'>[]).map((view) => ({ first: view.first, value: view as Value }))
      : [{ first: 0, value: product as Value }];
    if (regions.length === 1 && regions[0].value === product && users.length > 1) return plain;
    const tiled = [...regions].sort((a, b) => a.first - b.first);
    const epilogues: Epilogue[] = [];
    let reached = 0;
    for (const { first, value } of tiled) {
      if (first < reached) return plain; // regions overlap
      if (first > reached) epilogues.push({ first: reached, columns: first - reached, start: product, values: [] });
      epilogues.push({ first, columns: value.columns, start: value, values: this.#follow(value, level) });
      reached = first + value.columns;
    }
    if (reached < product.columns) epilogues.push({ first: reached, columns: product.columns - reached, start: product, values: [] });
    return epilogues;
  }

  #follow(start: Value, level: number): Value<'elementwise'>[] {
    const values: Value<'elementwise'>[] = [];
    for (let current = start; ;) {
      const users = this.#users.get(current) ?? [];
      const [user] = users;
      if (users.length !== 1 || this.#wanted.has(current) || user.kind !== 'elementwise' || user.rows !== start.rows || user.columns !== start.columns) return values;
      const others = user.inputs.filter((input) => input !== current);
      if (others.length === user.inputs.length || user.inputs.filter((input) => input === current).length > 1) return values;
      if (!others.every((other) => this.#nodesOf(other)?.every((node) => node.level < level))) return values;
      values.push(user);
      current = user;
    }
  }

  /** The nodes that a read of a value touches; null if it is not there yet. */
  #nodesOf(value: Value): Node[] | null {
    const found = this.#find(value);
    if (found === null) return null;
    if (found.home) return [found.home.node];
    switch (found.leaf.kind) {
      case 'parameter': case 'input': case 'state': case 'zeros': case 'dropoutMask': return [];
      case 'gather': case 'oneHot': {
        const nodes = found.leaf.inputs.map((input) => this.#nodesOf(input));
        return nodes.includes(null) ? null : nodes.flatMap((each) => each!);
      }
      default: return null;
    }
  }

  #elementwise(value: Value<'elementwise'>): void {
    for (const input of value.inputs) this.ready(input);
    const within = (input: Value, chain: Chain): boolean => this.#chainOf.get(input) === chain;
    const sources = value.inputs.map((input) => ({ input, nodes: this.#nodesOf(input)! }));
    const fits = (chain: Chain): boolean => sameSize(chain.shape, value) && sources.every(({ input, nodes }) => within(input, chain) || nodes.every((node) => node.level < chain.level));
    const candidates = [
      ...value.inputs.map((input) => this.#chainOf.get(input)),
      // A chain that reads what this reads.
      ...sources.flatMap(({ nodes }) => nodes).flatMap((node) => [...this.#readersOf.get(node) ?? []]),
    ].filter((chain) => chain !== undefined);
    const lowest = 1 + Math.max(0, ...sources.flatMap(({ nodes }) => nodes.map((node) => node.level)));
    const home = candidates.find((chain) => fits(chain) && chain.level <= lowest && this.#hasRoom(chain, value));
    this.#join(home ?? this.#openChain(value, lowest), value, sources.flatMap(({ nodes }) => nodes));
  }

  #join(chain: Chain, value: Value<'elementwise'>, reads: readonly Node[]): void {
    chain.values.push(value);
    this.#chainOf.set(value, chain);
    for (const node of reads) {
      if (node === chain) continue;
      const readers = this.#readersOf.get(node) ?? new Set();
      readers.add(chain);
      this.#readersOf.set(node, readers);
    }
    this.#homes.set(value, { node: chain, plane: () => this.#resultsOf(chain).indexOf(value), row: 0, column: 0 });
  }

  #hasRoom(chain: Chain, value: Value<'elementwise'>): boolean {
    const buffers = new KernelWriter();
    for (const each of [...chain.values, value]) {
      for (const input of each.inputs) if (!chain.values.includes(input as Value<'elementwise'>)) this.read(buffers, input, 0, 0);
    }
    return buffers.buffers.length <= this.#options.mostInputs;
  }

  #openChain(value: Value, level: number): Chain {
    const values: Value<'elementwise'>[] = [];
    const chain: Chain = { id: this.nodes.length, kind: 'chain', shape: shapeOf(value), level, values, bodies: () => this.#resultsOf(chain).map((result) => this.#chainBody(chain, result)), multiplyAdds: 0 };
    this.nodes.push(chain);
    return chain;
  }

  /** The values of a chain that anything outside it reads. */
  #resultsOf(chain: Chain): Value[] {
    return chain.values.filter((value) => this.#wanted.has(value) || (this.#users.get(value) ?? []).some((user) => this.#chainOf.get(user) !== chain));
  }

  #chainBody(chain: Chain, result: Value): Body {
    const needed = new Set<Value>([result]);
    for (const value of chain.values.toReversed()) if (needed.has(value)) value.inputs.forEach((input) => needed.add(input));
    return (writer) => {
      const names = new Map<Value, string>();
      const lines: string[] = [];
      const nameOf = (value: Value): string => {
        const known = names.get(value);
        if (known) return known;
        const name = writer.local();
        names.set(value, name);
        lines.push(`const ${name} = ${this.read(writer, value, value.rows === 1 ? 0 : ROW, value.columns === 1 ? 0 : COLUMN)};`);
        return name;
      };
      for (const value of chain.values) {
        if (!needed.has(value)) continue;
        const text = expression(value.apply, value.inputs.map(nameOf), value.constant);
        const name = writer.local();
        names.set(value, name);
        lines.push(`const ${name} = ${text};`);
      }
      return [...lines, `return ${names.get(result)};`].join('\n');
    };
  }

  #scatter(value: Value<'scatter'>): void {
    const [x, ids] = value.inputs;
    value.inputs.forEach((input) => this.ready(input));
    this.#settle(value, this.add('scatter', shapeOf(value), [(writer) => [
      'let sum = 0;',
      `for (let k = 0; k < ${x.rows}; k++) { if (${this.read(writer, ids, 'k', 0)} === this.thread.y) { sum += ${this.read(writer, x, 'k', COLUMN)}; } }`,
      'return sum;',
    ].join('\n')], x.rows * value.columns));
  }

  /** In two passes where there are many rows: parts of the sum, and their sum. */
  #columnSums(value: Value<'columnSums'>): void {
    const [x] = value.inputs;
    this.ready(x);
    const { columns } = value;
    const parts = x.rows > SUM_ROWS ? Math.min(SUM_ROWS, Math.ceil(x.rows / SUM_ROWS)) : 1;
    const first = this.add('sum', planeOf(parts, columns), [(writer) => sumOf(x.rows, parts, ROW, (row) => this.read(writer, x, row, COLUMN))]);
    this.#settle(value, parts === 1 ? first : this.add('sum', planeOf(1, columns), [(writer) => sumOf(parts, 1, '0', (row) => this.readNode(writer, first, row, COLUMN))]));
  }

  /** The highest logit of each row, the sum of the exponentials relative to it, and the row's loss; the gradient, if anything reads it; the sum of the losses in parts. */
  #crossEntropy(value: Value<'crossEntropy'>): void {
    const [logits, targets] = value.inputs;
    value.inputs.forEach((input) => this.ready(input));
    const { rows, columns: V } = value;
    const each = (writer: KernelWriter, k: Index): string => this.read(writer, logits, COLUMN, k);
    const statistics = this.add('loss', planeOf(3, rows), [(writer) => [
      `let most = ${each(writer, 0)};`,
      `for (let k = 1; k < ${V}; k++) { most = Math.max(most, ${each(writer, 'k')}); }`,
      'if (this.thread.y < 1) { return most; }',
      'let total = 0;',
      `for (let k = 0; k < ${V}; k++) { total += Math.exp(${each(writer, 'k')} - most); }`,
      'if (this.thread.y < 2) { return total; }',
      `const target = ${this.read(writer, targets, COLUMN, 0)};`,
      'if (target < 0) { return 0; }',
      `return Math.log(total) + (most - ${each(writer, '(target | 0)')});`,
    ].join('\n')]);
    if (this.#users.has(value) || this.#wanted.has(value)) {
      this.#settle(value, this.add('loss', shapeOf(value), [(writer) => [
        `const target = ${this.read(writer, targets, ROW, 0)};`,
        'if (target < 0) { return 0; }',
        `const p = Math.exp(${this.read(writer, logits, ROW, COLUMN)} - ${this.readNode(writer, statistics, 0, ROW)}) / ${this.readNode(writer, statistics, 1, ROW)};`,
        `if (target === this.thread.x) { return (p - 1) * ${value.scale}; }`,
        `return p * ${value.scale};`,
      ].join('\n')]));
    }
    const parts = Math.min(rows, LOSS_PARTS);
    this.losses.push(this.add('loss', { kind: 'vector', length: parts }, [(writer) => sumOf(rows, parts, COLUMN, (row) => this.readNode(writer, statistics, 2, row))]));
  }

  /** Copies a join into a matrix, in passes that read as many buffers each as a kernel may. */
  #gather(value: Value): void {
    const base = isView(value) ? value.inputs[0] : value;
    if (isView(value)) {
      if (this.#find(base) === null) this.#gather(base);
      if (this.#find(value) === null) throw new Error(`${value.kind} ${value.id} cannot be read`);
      return;
    }
    if (value.kind !== 'join') throw new Error(`${value.kind} ${value.id} has not been made`);
    const other = this.#shifted.get(value);
    if (other && [...value.inputs, ...other.inputs].every((piece) => this.#canRead(piece))) return this.#gatherShifted(value, other);
    const stacked = value.inputs.every((piece) => piece.columns === value.columns);
    for (const piece of value.inputs) {
      if (stacked) this.#readyPiece(piece);
      else this.ready(piece);
    }
    this.#settle(value, stacked ? this.#stack(value.inputs) : this.#tile(value));
  }

  /** A sequence and the same one step later: one buffer of one step more. */
  #gatherShifted(a: Value, b: Value): void {
    const [early, late] = isLater(b, a) ? [a, b] : [b, a];
    const node = this.#stack([early.inputs[0], ...late.inputs]);
    this.#homes.set(early, { node, plane: () => 0, row: 0, column: 0 });
    this.#homes.set(late, { node, plane: () => 0, row: early.inputs[0].rows, column: 0 });
  }

  #canRead(piece: Value): boolean {
    if (piece.kind === 'join' && this.#find(piece) === null) return piece.inputs.every((inner) => this.#canRead(inner));
    return this.#nodesOf(piece) !== null;
  }

  /** A piece that is itself made of columns is read through. */
  #readyPiece(piece: Value): void {
    if (this.#find(piece) !== null) return;
    const columns = columnPieces(piece);
    if (columns?.every(({ value }) => this.#find(value) !== null)) return;
    this.ready(piece);
  }

  /** Matrices of one width on top of each other. */
  #stack(pieces: readonly Value[]): Node {
    const { mostInputs } = this.#options;
    const groups: Value[][] = [[]];
    for (const piece of pieces) {
      const group = groups[groups.length - 1];
      if (group.length > 0 && this.inputsOf([(writer) => this.#copyStack(writer, [...group, piece])]) > mostInputs) groups.push([piece]);
      else group.push(piece);
    }
    const columns = pieces[0].columns;
    const rowsOf = (group: readonly Value[]): number => group.reduce((sum, { rows }) => sum + rows, 0);
    let parts = groups.map((group) => this.add('copy', planeOf(rowsOf(group), columns), [(writer) => this.#copyStack(writer, group)]));
    while (parts.length > 1) {
      const next: Node[] = [];
      for (let i = 0; i < parts.length; i += mostInputs) next.push(this.#stackNodes(parts.slice(i, i + mostInputs), columns));
      parts = next;
    }
    return parts[0];
  }

  #copyStack(writer: KernelWriter, pieces: readonly Value[]): string {
    let first = 0;
    return pieces.map((piece, i) => {
      const row = plus(ROW, -first);
      first += piece.rows;
      const text = this.#copyPiece(writer, piece, row);
      return i < pieces.length - 1 ? `if (this.thread.y < ${first}) {\n${text}\n}` : text;
    }).join('\n');
  }

  #copyPiece(writer: KernelWriter, piece: Value, row: Index): string {
    const columns = this.#find(piece) === null ? columnPieces(piece) : null;
    if (!columns) return `return ${this.read(writer, piece, row, COLUMN)};`;
    return columns.map(({ value, column }, i) => {
      const text = `return ${this.read(writer, value, row, plus(COLUMN, -column))};`;
      return i < columns.length - 1 ? `if (this.thread.x < ${column + value.columns}) { ${text} }` : text;
    }).join('\n');
  }

  #stackNodes(parts: readonly Node[], columns: number): Node {
    if (parts.length === 1) return parts[0];
    const rows = parts.map(({ shape }) => (shape.kind === 'planes' ? shape.rows : 0));
    return this.add('copy', planeOf(rows.reduce((sum, each) => sum + each, 0), columns), [(writer) => {
      let first = 0;
      return parts.map((part, i) => {
        const text = `return ${this.readNode(writer, part, plus(ROW, -first), COLUMN)};`;
        first += rows[i];
        return i < parts.length - 1 ? `if (this.thread.y < ${first}) { ${text} }` : text;
      }).join('\n');
    }]);
  }

  /** Pieces that tile in any way: each pass lays some of them over what the one before made. */
  #tile(value: Value<'join'>): Node {
    let before: Node | null = null;
    const pieces = value.inputs.map((piece, i) => ({ piece, place: value.places[i] }));
    const most = Math.max(1, this.#options.mostInputs - 1);
    for (let i = 0; i < pieces.length; i += most) {
      const base: Node | null = before;
      before = this.add('copy', shapeOf(value), [(writer) => [
        ...pieces.slice(i, i + most).map(({ piece, place }) => {
          const inside = `this.thread.y >= ${place.row} && this.thread.y < ${place.row + piece.rows} && this.thread.x >= ${place.column} && this.thread.x < ${place.column + piece.columns}`;
          return `if (${inside}) { return ${this.read(writer, piece, plus(ROW, -place.row), plus(COLUMN, -place.column))}; }`;
        }),
        `return ${base ? this.readNode(writer, base, ROW, COLUMN) : '0'};`,
      ].join('\n')]);
    }
    return before!;
  }

  #levelOf(bodies: readonly Body[]): number {
    const seen = new Set<Node>();
    this.#watch = seen;
    for (const body of bodies) body(new KernelWriter());
    this.#watch = null;
    return 1 + Math.max(0, ...[...seen].map(({ level }) => level));
  }

  #place(node: Node): Placed {
    this.#watch?.add(node);
    return this.#placed.get(node) ?? unplaced(`node ${node.id}`, node.shape);
  }

  #findAbsorbed(): void {
    for (const value of this.#program.values) {
      if (value.kind !== 'matmul' || !value.plus) continue;
      const running = value.inputs[value.inputs.length - 1];
      if (running.kind === 'matmul' && this.#users.get(running)!.length === 1 && !this.#wanted.has(running)) this.#absorbed.add(running);
    }
  }

  #findShifted(): void {
    const stacks = this.#program.values.filter((value) => value.kind === 'join' && value.inputs.length > 1 && value.inputs.every((piece) => piece.columns === value.columns && piece.rows === value.inputs[0].rows));
    const bySecond = new Map(stacks.map((stack) => [stack.inputs[1], stack]));
    for (const late of stacks) {
      const early = bySecond.get(late.inputs[0]);
      if (!early || !isLater(late, early)) continue;
      this.#shifted.set(early, late);
      this.#shifted.set(late, early);
    }
  }
}

function isLater(late: Value, early: Value): boolean {
  return late !== early && late.inputs.length === early.inputs.length && early.inputs.slice(1).every((piece, i) => piece === late.inputs[i]);
}

/** The mask that an argument brings for a site of dropout. */
export function maskName(mask: Value<'dropoutMask'>): string {
  return `mask ${mask.site}`;
}

function inputBuffer(input: Value<'input'>): Buffer {
  return { reference: { kind: 'argument', name: input.name }, shape: { kind: 'vector', length: input.rows } };
}

/** What stands for a buffer while its pass is not yet known. */
function unplaced(name: string, shape: Shape): Placed {
  return { buffer: { reference: { kind: 'argument', name }, shape }, plane: 0 };
}

export function planeOf(rows: number, columns: number): Shape {
  return { kind: 'planes', planes: 1, rows, columns };
}

function shapeOf({ rows, columns }: Value): Shape {
  return planeOf(rows, columns);
}

function sameSize(shape: Shape, { rows, columns }: Value): boolean {
  return shape.kind === 'planes' && shape.rows === rows && shape.columns === columns;
}

/** The pieces of a join of matrices side by side, from the left. */
function columnPieces(value: Value): { value: Value; column: number }[] | null {
  if (value.kind !== 'join' || value.inputs.some((piece) => piece.rows !== value.rows)) return null;
  return value.inputs.map((piece, i) => ({ value: piece, column: value.places[i].column })).toSorted((a, b) => a.column - b.column);
}

/** The sum of every `parts`-th of `count` elements, from `first` on. */
export function sumOf(count: number, parts: number, first: Index, element: (index: Index) => string): string {
  const index = parts === 1 ? 'i' : plus(`i * ${parts}`, first);
  const add = `sum += ${element(index)};`;
  return [
    'let sum = 0;',
    `for (let i = 0; i < ${Math.ceil(count / parts)}; i++) { ${count % parts === 0 ? add : `if (${index} < ${count}) { ${add} }`} }`,
    'return sum;',
  ].join('\n');
}
