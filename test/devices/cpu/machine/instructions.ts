// Every form of instruction that the assembler writes, with its text in the syntax of Intel, as GNU
// `as` reads it.
import {
  Assembler,
  type Comparison,
  type JumpCondition,
  type VectorInstruction,
} from '../../../../src/devices/cpu/machine/assembler.ts';
import { Label, type Memory, RSP, type InstructionSet } from '../../../../src/devices/cpu/machine/operands.ts';
import type { Random } from '../../../../src/random.ts';

/** A value for the assembler, and its text for `as`. */
interface Operand<T> {
  readonly value: T;
  readonly text: string;
}

/** Chooses an operand at random. */
type Draw<T> = (program: Program) => Operand<T>;

/** Writes one instruction with random operands. Returns its text. */
type Write = (program: Program) => string;

/** One instruction: its text, and its bytes in the code. */
export interface Instruction {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const generals = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');
const generals32 = 'eax ecx edx ebx esp ebp esi edi r8d r9d r10d r11d r12d r13d r14d r15d'.split(' ');
const generalNumbers = [...generals.keys()];

/**
 * Displacements of 8 bits are multiplied by the size of the operand in memory: 1, 4 or 64 here.
 * `null` is any displacement.
 */
const displacements = [null, null, null, 0, 0, 0, 63, 127 * 64 - 1, 2 ** 31 - 1, -(2 ** 31)].concat(
  [1, 4, 64].flatMap((scale) => [1, -1, 127, -128, 128, -129].map((bytes) => bytes * scale)),
);
const addressings = ['base', 'base', 'index', 'index', 'index', 'label'] as const;

const signed32 = [0, 1, -1, 127, 128, -128, -129, 2 ** 31 - 1, -(2 ** 31)];
const unsigned32 = [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 0n, 2n ** 31n, 2n ** 32n - 1n];
const unsigned64 = [2 ** 32, 2 ** 53, 2n ** 32n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Code for one width, and the source text that must assemble to the same bytes. */
export class Program {
  readonly code: Assembler;
  readonly instructions: Instruction[] = [];
  readonly lines: string[] = [];
  readonly #random: Random;
  /**
   * Values that were not chosen yet, by form and role. A deck is shuffled again when it is empty.
   */
  readonly #decks = new Map<string, { readonly left: unknown[]; isFinished: boolean }>();
  readonly #names = new Map<Label, string>();
  readonly #placed: Label[] = [];
  readonly #pending: Label[] = [];
  #form = '';

  constructor(width: InstructionSet, random: Random) {
    this.code = new Assembler(width);
    this.#random = random;
    this.#put(new Label());
  }

  /** Writes one instruction. */
  write(form: string, write: Write): void {
    while (this.#pending.length > 0 && this.#below(3) === 0)
      this.#put(this.#pending.splice(this.#below(this.#pending.length), 1)[0]);
    this.#form = form;
    const start = this.code.length;
    const text = write(this);
    this.instructions.push({ text, start, end: this.code.length });
    // If the encoding of `as` is shorter, the next instruction still begins at the same place. If
    // it is longer, `as` reports this line.
    this.lines.push(`${text}; .org ${this.code.width} + ${this.code.length}, 0x06`);
  }

  /** Puts the labels that the code refers to and that are not put yet. */
  putPendingLabels(): void {
    for (const label of this.#pending) this.#put(label);
  }

  /** Forms and roles with values that were never chosen. */
  valuesNotCovered(): string[] {
    return [...this.#decks].filter(([, deck]) => !deck.isFinished).map(([key]) => key);
  }

  /** A random value. Every value is chosen once before any is chosen again. */
  choose<T>(role: string, values: readonly T[]): T {
    const key = `${this.code.width} ${this.#form}: ${role}`;
    const deck = this.#decks.get(key) ?? { left: [], isFinished: false };
    this.#decks.set(key, deck);
    if (deck.left.length === 0) deck.left.push(...values);
    const [value] = deck.left.splice(this.#below(deck.left.length), 1) as T[];
    deck.isFinished ||= deck.left.length === 0;
    return value;
  }

  vector(role: string): Operand<number> {
    const value = this.choose(role, [...Array(this.code.registers).keys()]);
    return { value, text: `${this.code.width === 'avx512' ? 'zmm' : 'ymm'}${value}` };
  }

  memory(): Operand<Memory> {
    const addressing = this.choose('addressing', addressings);
    if (addressing === 'label') {
      const label = this.label();
      return { value: { label: label.value }, text: `[rip + ${label.text}]` };
    }
    const base = this.choose('base', generalNumbers);
    const displacement = this.choose('displacement', displacements) ?? this.signed32().value;
    if (addressing === 'base') {
      // A displacement of zero may be omitted.
      if (displacement === 0) return { value: { base }, text: `[${generals[base]}]` };
      return { value: { base, displacement }, text: `[${generals[base]} + ${displacement}]` };
    }
    const index = this.choose(
      'index',
      generalNumbers.filter((number) => number !== RSP),
    );
    const scale = this.choose('scale', [1, 2, 4, 8, undefined] as const);
    const text = `[${generals[base]} + ${generals[index]}*${scale ?? 1} + ${displacement}]`;
    return { value: { base, index, scale, displacement }, text };
  }

  label(): Operand<Label> {
    if (this.choose('direction', ['backward', 'forward']) === 'backward') {
      const value = this.#placed[this.#below(this.#placed.length)];
      return { value, text: this.#name(value) };
    }
    const value = new Label();
    this.#pending.push(value);
    return { value, text: this.#name(value) };
  }

  /** Small ones are as frequent as large ones. */
  signed32(): Operand<number> {
    const value = (this.#random.uint32() | 0) >> this.#below(32);
    return { value, text: String(value) };
  }

  /** At least 2^32. */
  unsigned64(): Operand<bigint> {
    const upper = Math.max(1, this.#random.uint32() >>> this.#below(32));
    const value = (BigInt(upper) << 32n) | BigInt(this.#random.uint32());
    return { value, text: String(value) };
  }

  #below(bound: number): number {
    return this.#random.uint32() % bound;
  }

  #name(label: Label): string {
    if (!this.#names.has(label)) this.#names.set(label, `${this.code.width}_${this.#names.size}`);
    return this.#names.get(label)!;
  }

  #put(label: Label): void {
    this.code.put(label);
    this.lines.push(`${this.#name(label)}:`);
    this.#placed.push(label);
  }
}

function chosen<T>(role: string, values: readonly T[], textOf: (value: T) => string = String): Draw<T> {
  return (program) => {
    const value = program.choose(role, values);
    return { value, text: textOf(value) };
  };
}
const general = (role: string, names: readonly string[] = generals): Draw<number> =>
  chosen(role, generalNumbers, (number) => names[number]);
const mask = chosen('mask', [1, 2, 3, 4, 5, 6, 7], (number) => `k${number}`);
const vector =
  (role: string): Draw<number> =>
  (program) =>
    program.vector(role);
const memory: Draw<Memory> = (program) => program.memory();
const label: Draw<Label> = (program) => program.label();
/** A vector operand is one of these. */
const sources: readonly Draw<number | Memory>[] = [vector('source'), memory];

/**
 * An instruction with these operands.
 * @param text the name, or the full text if the operands do not simply follow the name
 */
function form<T extends readonly unknown[]>(
  text: string | ((...operands: string[]) => string),
  draws: { readonly [K in keyof T]: Draw<T[K]> },
  write: (code: Assembler, ...values: T) => void,
): Write {
  return (program) => {
    const operands: readonly Operand<unknown>[] = draws.map((draw) => draw(program));
    write(program.code, ...(operands.map(({ value }) => value) as unknown as T));
    const texts = operands.map((operand) => operand.text);
    return typeof text === 'string' ? `${text} ${texts.join(', ')}` : text(...texts);
  };
}

/** The names in `as` for 512 bits, and for 256 bits if they differ. */
const vectorNames: Record<VectorInstruction, readonly [avx512: string, avx2?: string]> = {
  vaddps: ['vaddps'],
  vmulps: ['vmulps'],
  vsubps: ['vsubps'],
  vminps: ['vminps'],
  vdivps: ['vdivps'],
  vmaxps: ['vmaxps'],
  vpand: ['vpandd', 'vpand'],
  vpandn: ['vpandnd', 'vpandn'],
  vpor: ['vpord', 'vpor'],
  vpxor: ['vpxord', 'vpxor'],
  vpaddd: ['vpaddd'],
  vfmadd132ps: ['vfmadd132ps'],
  vfmadd213ps: ['vfmadd213ps'],
  vfmadd231ps: ['vfmadd231ps'],
};

const comparisonNames: Record<Comparison, string> = {
  lessThan: 'vcmpltps',
  lessOrEqual: 'vcmpleps',
  notLessThan: 'vcmpnltps',
  notLessOrEqual: 'vcmpnleps',
  notGreaterThan: 'vcmpngtps',
  greaterThan: 'vcmpgtps',
};

const jumpNames: Record<JumpCondition, string> = {
  below: 'jb',
  aboveOrEqual: 'jae',
  zero: 'jz',
  notZero: 'jnz',
  belowOrEqual: 'jbe',
  above: 'ja',
};

/** Operations, with the digits that select them if an immediate follows. */
const arithmeticDigits: Record<Parameters<Assembler['arithmetic']>[0], number> = { add: 0, and: 4, sub: 5, cmp: 7 };

const entries = <K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] => Object.entries(record) as [K, V][];

/** Members of the assembler that do not write an instruction. */
type NotInstruction = 'width' | 'vectorBytes' | 'registers' | 'length' | 'finish' | 'rewind' | 'put' | 'align' | 'data';
type Method = Exclude<keyof Assembler, NotInstruction>;

const vectorForms = (width: 0 | 1): Write[] =>
  entries(vectorNames).flatMap(([name, names]) =>
    sources.map((source) =>
      form(names[width] ?? names[0], [vector('to'), vector('first'), source], (code, to, first, second) =>
        code.vector(name, to, first, second),
      ),
    ),
  );

function arithmeticImmediate(operation: keyof typeof arithmeticDigits, value: Draw<number>): Write {
  const write = form(operation, [general('to'), value], (code, to, operand) =>
    code.arithmeticImmediate(operation, to, operand),
  );
  return (program) => {
    const text = write(program);
    const immediate = / rax, (.*)/.exec(text)?.[1];
    if (immediate === undefined || (Number(immediate) >= -128 && Number(immediate) <= 127)) return text;
    // For RAX, `as` knows a form that is one byte shorter, and offers no way to avoid it.
    return `.byte 0x48, 0x81, 0xc0 | ${arithmeticDigits[operation]} << 3; .long ${immediate}`;
  };
}

/** The same for both widths. The type requires every method that writes an instruction. */
const shared: Record<Exclude<Method, keyof typeof avx512Only | keyof typeof avx2Only | 'vector'>, readonly Write[]> = {
  moveImmediate: [
    form('mov', [general('to', generals32), chosen('value', unsigned32)], (code, to, value) =>
      code.moveImmediate(to, value),
    ),
    ...[chosen('value', unsigned64), (program: Program) => program.unsigned64()].map((value) =>
      form('movabs', [general('to'), value], (code, to, whole) => code.moveImmediate(to, whole)),
    ),
  ],
  move: [form('mov', [general('to'), general('from')], (code, to, from) => code.move(to, from))],
  loadGeneral: [form('mov', [general('to'), memory], (code, to, from) => code.loadGeneral(to, from))],
  storeGeneral: [form('mov', [memory, general('from')], (code, to, from) => code.storeGeneral(to, from))],
  storeGeneral32: [
    form('mov', [memory, general('from', generals32)], (code, to, from) => code.storeGeneral32(to, from)),
  ],
  address: [form('lea', [general('to'), memory], (code, to, from) => code.address(to, from))],
  arithmetic: entries(arithmeticDigits).map(([name]) =>
    form(name, [general('to'), general('from')], (code, to, from) => code.arithmetic(name, to, from)),
  ),
  arithmeticImmediate: entries(arithmeticDigits).flatMap(([name]) => [
    arithmeticImmediate(name, chosen('value', signed32)),
    arithmeticImmediate(name, (program) => program.signed32()),
  ]),
  decrement: [form('dec', [general('register')], (code, register) => code.decrement(register))],
  push: [form('push', [general('register')], (code, register) => code.push(register))],
  pop: [form('pop', [general('register')], (code, register) => code.pop(register))],
  jump: [form('{disp32} jmp', [label], (code, to) => code.jump(to))],
  jumpIf: entries(jumpNames).map(([condition, name]) =>
    form(`{disp32} ${name}`, [label], (code, to) => code.jumpIf(condition, to)),
  ),
  call: [form('call', [label], (code, to) => code.call(to))],
  return: [form('ret', [], (code) => code.return())],
  cpuid: [form('cpuid', [], (code) => code.cpuid())],
  xgetbv: [form('xgetbv', [], (code) => code.xgetbv())],
  squareRoot: sources.map((source) =>
    form('vsqrtps', [vector('to'), source], (code, to, from) => code.squareRoot(to, from)),
  ),
  // {load}: `as` may otherwise write a move between registers as a store.
  load: sources.map((source) =>
    form('{load} vmovups', [vector('to'), source], (code, to, from) => code.load(to, from)),
  ),
  store: [form('vmovups', [memory, vector('from')], (code, to, from) => code.store(to, from))],
  broadcast: [form('vbroadcastss', [vector('to'), memory], (code, to, from) => code.broadcast(to, from))],
  zero: [
    form(
      (to) => `${to.startsWith('z') ? 'vpxord' : 'vpxor'} ${to}, ${to}, ${to}`,
      [vector('register')],
      (code, register) => code.zero(register),
    ),
  ],
  shiftLeft: [
    form(
      'vpslld',
      [vector('to'), vector('from'), chosen('count', [...Array(33).keys(), 255])],
      (code, to, from, count) => code.shiftLeft(to, from, count),
    ),
  ],
  prefetch: [form('prefetcht0', [memory], (code, from) => code.prefetch(from))],
  zeroUpper: [form('vzeroupper', [], (code) => code.zeroUpper())],
};

const avx512Only = {
  compareToMask: entries(comparisonNames).flatMap(([comparison, name]) =>
    sources.map((source) =>
      form(name, [mask, vector('first'), source], (code, to, first, second) =>
        code.compareToMask(comparison, to, first, second),
      ),
    ),
  ),
  moveToMask: [form('kmovw', [mask, general('from', generals32)], (code, to, from) => code.moveToMask(to, from))],
  loadMasked: sources.map((source) =>
    form(
      (to, from, where) => `{load} vmovups ${to}{${where}}{z}, ${from}`,
      [vector('to'), source, mask],
      (code, to, from, where) => code.loadMasked(to, from, where),
    ),
  ),
  storeMasked: [
    form(
      (to, from, where) => `vmovups ${to}{${where}}, ${from}`,
      [memory, vector('from'), mask],
      (code, to, from, where) => code.storeMasked(to, from, where),
    ),
  ],
};

const avx2Only = {
  compare: entries(comparisonNames).flatMap(([comparison, name]) =>
    sources.map((source) =>
      form(name, [vector('to'), vector('first'), source], (code, to, first, second) =>
        code.compare(comparison, to, first, second),
      ),
    ),
  ),
  loadWhere: [
    form('vmaskmovps', [vector('to'), vector('mask'), memory], (code, to, where, from) =>
      code.loadWhere(to, where, from),
    ),
  ],
  storeWhere: [
    form('vmaskmovps', [memory, vector('mask'), vector('from')], (code, to, where, from) =>
      code.storeWhere(to, where, from),
    ),
  ],
};

const methods = {
  avx512: { ...shared, ...avx512Only, vector: vectorForms(0) },
  avx2: { ...shared, ...avx2Only, vector: vectorForms(1) },
} satisfies Record<InstructionSet, Partial<Record<Method, readonly Write[]>>>;

/** Every form, with a name for messages. */
export const forms = entries<InstructionSet, Record<string, readonly Write[]>>(methods).flatMap(([width, writes]) =>
  entries(writes).flatMap(([method, list]) => list.map((write, i) => ({ width, name: `${method} ${i}`, write }))),
);
