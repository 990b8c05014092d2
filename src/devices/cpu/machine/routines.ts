// Functions in machine code that call each other and read constants. Each function is written once,
// followed by the functions and constants that it uses.
import { CACHE_LINE_BYTES } from '../sizes.ts';
import { Assembler } from './assembler.ts';
import { Label, type InstructionSet } from './operands.ts';

export class Routines {
  readonly code: Assembler;
  readonly #routines = new Map<string, Label>();
  readonly #unwritten: (() => void)[] = [];
  readonly #everyLane = new Map<number, Label>();
  readonly #constants = new Map<string, { readonly label: Label; readonly bytes: Uint8Array }>();

  constructor(width: InstructionSet) {
    this.code = new Assembler(width);
  }

  /**
   * The label of a function. The function is written after the current function, unless one with
   * this key exists.
   */
  routine(key: string, write: () => void): Label {
    const known = this.#routines.get(key);
    if (known !== undefined) return known;
    const label = new Label();
    this.#routines.set(key, label);
    this.#unwritten.push(() => {
      this.code.align(16);
      this.code.put(label);
      write();
    });
    return label;
  }

  /** The label of these bytes, which lie at a multiple of 64 from the start of the code. */
  constant(bytes: Uint8Array): Label {
    const key = bytes.join();
    const known = this.#constants.get(key);
    if (known !== undefined) return known.label;
    const label = new Label();
    this.#constants.set(key, { label, bytes });
    return label;
  }

  /** The label of a vector with the same 32 bits in every lane. */
  everyLane(bits: number): Label {
    let known = this.#everyLane.get(bits);
    if (known === undefined) this.#everyLane.set(bits, (known = new Label()));
    return known;
  }

  /** The label of a vector of 32-bit integers. */
  integers(values: readonly number[]): Label {
    return this.constant(new Uint8Array(Int32Array.from(values).buffer));
  }

  /** Writes all remaining functions and constants, and returns the whole code. */
  finish(): Uint8Array<ArrayBuffer> {
    for (let next; (next = this.#unwritten.shift());) next();
    const lanes = this.code.vectorBytes / 4;
    const vectors = Array.from(this.#everyLane, ([bits, label]) => ({
      label,
      bytes: new Uint8Array(new Int32Array(lanes).fill(bits).buffer),
    }));
    for (const { label, bytes } of [...this.#constants.values(), ...vectors]) {
      this.code.align(CACHE_LINE_BYTES);
      this.code.put(label);
      this.code.data(bytes);
    }
    return this.code.finish();
  }
}
