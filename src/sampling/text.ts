// One text while it is drawn: its own random numbers, where it ends, and what of it has not been handed on. Knows no model: it is
// given logits and gives the symbol that comes next.
import { Random } from '../random.ts';
import type { SymbolSampler } from './filters.ts';

/** UTF-16 code units that wait until they become a string: one string for many characters, and none for each. */
const UNITS = 1024;

export interface TextOptions {
  readonly seed: number;
  /** Symbols to draw. */
  readonly length: number;
  /** Each ends the text once it has been written. */
  readonly stops: readonly string[];
  /** Whether the stop that ends the text belongs to it. */
  readonly keepStop: boolean;
}

export class Text {
  readonly #symbols: SymbolSampler;
  readonly #texts: readonly string[];
  readonly #random: Random;
  readonly #stops: readonly Stop[];
  readonly #keepStop: boolean;
  readonly #units = new Uint16Array(UNITS);
  #waiting = 0;
  #written = '';
  #left: number;
  #failure: unknown = null;

  /** @param texts of the symbols, by their ids */
  constructor(symbols: SymbolSampler, texts: readonly string[], { seed, length, stops, keepStop }: TextOptions) {
    this.#symbols = symbols;
    this.#texts = texts;
    this.#random = new Random(seed);
    this.#stops = stops.map((stop) => new Stop(stop));
    this.#keepStop = keepStop;
    this.#left = length;
  }

  get ended(): boolean {
    return this.#left === 0;
  }

  /** Draws the next symbol and gives its id. What goes wrong ends the text, and is thrown by whoever takes the rest of it. */
  draw(logits: Float32Array): number {
    try {
      const id = this.#symbols.draw(logits, this.#random);
      this.#left--;
      this.#write(this.#texts[id]);
      return id;
    } catch (error) {
      this.#failure = error;
      this.#left = 0;
      return 0;
    }
  }

  /** What was written since the last time, without the beginning of a stop that is not to be kept. */
  take(): string {
    this.#gather();
    const written = this.#written;
    const held = this.#keepStop || this.ended ? 0 : this.#begun();
    const taken = written.slice(0, written.length - held);
    this.#written = written.slice(taken.length);
    if (taken === '' && this.#failure !== null) throw this.#failure;
    return taken;
  }

  #write(piece: string): void {
    for (let i = 0; i < piece.length; i++) {
      if (this.#waiting === UNITS) this.#gather();
      const unit = piece.charCodeAt(i);
      this.#units[this.#waiting++] = unit;
      const stopped = this.#stoppedBy(unit);
      if (stopped === 0) continue;
      this.#left = 0;
      if (!this.#keepStop) this.#drop(stopped);
      return;
    }
  }

  /** The length of the longest stop that this unit completes; 0 if there is none. */
  #stoppedBy(unit: number): number {
    let longest = 0;
    for (const stop of this.#stops) if (stop.isReachedBy(unit)) longest = Math.max(longest, stop.length);
    return longest;
  }

  #drop(units: number): void {
    this.#gather();
    this.#written = this.#written.slice(0, this.#written.length - units);
  }

  /** How many units at the end of the text may be the beginning of a stop. */
  #begun(): number {
    return this.#stops.reduce((longest, { matched }) => Math.max(longest, matched), 0);
  }

  #gather(): void {
    if (this.#waiting > 0) this.#written += String.fromCharCode.apply(null, this.#units.subarray(0, this.#waiting) as unknown as number[]);
    this.#waiting = 0;
  }
}

/** Looks for the text that ends a text, unit by unit, without looking back (Knuth, Morris and Pratt, 1977). */
class Stop {
  readonly #stop: Uint16Array;
  /** By the length of a beginning of the stop: the longest shorter beginning with which that ends. */
  readonly #shorter: Uint32Array;
  #matched = 0;

  constructor(stop: string) {
    this.#stop = Uint16Array.from({ length: stop.length }, (_, i) => stop.charCodeAt(i));
    this.#shorter = new Uint32Array(stop.length + 1);
    for (let length = 2; length <= stop.length; length++)
      this.#shorter[length] = this.#extend(this.#shorter[length - 1], this.#stop[length - 1]);
  }

  get length(): number {
    return this.#stop.length;
  }

  /** Units of the stop with which the text ends at present. */
  get matched(): number {
    return this.#matched;
  }

  isReachedBy(unit: number): boolean {
    this.#matched = this.#extend(this.#matched, unit);
    return this.#matched === this.#stop.length;
  }

  /** The longest beginning of the stop with which a text ends that ended with so many units of it, and goes on with this one. */
  #extend(matched: number, unit: number): number {
    let length = matched;
    while (length > 0 && this.#stop[length] !== unit) length = this.#shorter[length];
    return this.#stop[length] === unit ? length + 1 : 0;
  }
}
