// One text while it is drawn: its own random numbers, where it ends, and what of it has not been handed on. Knows no model: it is
// given logits and gives the symbol that comes next.
import type { Decoder } from '../corpus/vocabulary.ts';
import { Random } from '../random.ts';
import type { SymbolSampler } from './filters.ts';

/** UTF-16 code units that wait until they become a string: one string for many characters, and none for each. */
const UNITS = 1024;

export class Text {
  readonly #symbols: SymbolSampler;
  readonly #random: Random;
  readonly #decoder: Decoder;
  readonly #stop: Stop | null;
  readonly #units = new Uint16Array(UNITS);
  #waiting = 0;
  #written = '';
  #left: number;
  #failure: unknown = null;

  /** @param length symbols to draw; @param stop ends the text once it has been written */
  constructor(symbols: SymbolSampler, decoder: Decoder, { seed, length, stop }: { seed: number; length: number; stop: string | null }) {
    this.#symbols = symbols;
    this.#random = new Random(seed);
    this.#decoder = decoder;
    this.#stop = stop === null ? null : new Stop(stop);
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
      this.#write(this.#decoder.push(id));
      return id;
    } catch (error) {
      this.#failure = error;
      this.#left = 0;
      return 0;
    }
  }

  /** What was written since the last time. */
  take(): string {
    this.#gather();
    const written = this.#written;
    this.#written = '';
    if (written === '' && this.#failure !== null) throw this.#failure;
    return written;
  }

  #write(piece: string): void {
    // A piece may hold several characters: a byte completes what came before it. Nothing follows the stop.
    for (let i = 0; i < piece.length; i++) {
      const unit = piece.charCodeAt(i);
      if (this.#waiting === UNITS) this.#gather();
      this.#units[this.#waiting++] = unit;
      if (this.#stop === null || !this.#stop.isReachedBy(unit)) continue;
      this.#left = 0;
      return;
    }
    if (this.#left > 0) return;
    this.#gather();
    this.#written += this.#decoder.end();
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
  /** Units of the stop with which the text ends at present. */
  #matched = 0;

  constructor(stop: string) {
    this.#stop = Uint16Array.from({ length: stop.length }, (_, i) => stop.charCodeAt(i));
    this.#shorter = new Uint32Array(stop.length + 1);
    for (let length = 2; length <= stop.length; length++)
      this.#shorter[length] = this.#extend(this.#shorter[length - 1], this.#stop[length - 1]);
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
