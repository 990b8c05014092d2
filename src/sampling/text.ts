// One text while it is sampled: its random numbers, its end, and the part of it that was not passed
// on yet. Independent of models: takes logits and returns the next token.
import { Random } from '../random.ts';
import type { SymbolSampler } from './filters.ts';

export interface SampledTextOptions {
  readonly seed: number;
  /** Tokens to sample. */
  readonly length: number;
  /** Each ends the text once it has been sampled. */
  readonly stops: readonly string[];
  /** Whether the stop that ends the text belongs to it. */
  readonly keepStop: boolean;
  /** Id of the token that ends a record, which never belongs to the text. Null for other models. */
  readonly end?: number | null;
  /** Samples the first token, where other tokens may be excluded. Default: as all tokens. */
  readonly firstSymbols?: SymbolSampler;
}

export class SampledText {
  readonly #symbols: SymbolSampler;
  /** Samples the next token. */
  #nextSymbols: SymbolSampler;
  readonly #texts: readonly string[];
  readonly #random: Random;
  readonly #stops: readonly string[];
  readonly #longestStop: number;
  readonly #keepStop: boolean;
  readonly #endToken: number | null;
  #pending = '';
  /** The end of the text, as long as the longest stop. */
  #end = '';
  #tokensLeft: number;
  #failure: unknown = null;

  /** @param texts the texts of the tokens, by their ids */
  constructor(
    symbols: SymbolSampler,
    texts: readonly string[],
    { seed, length, stops, keepStop, end = null, firstSymbols = symbols }: SampledTextOptions,
  ) {
    this.#symbols = symbols;
    this.#nextSymbols = firstSymbols;
    this.#texts = texts;
    this.#random = new Random(seed);
    this.#stops = stops;
    this.#longestStop = Math.max(0, ...stops.map((stop) => stop.length));
    this.#keepStop = keepStop;
    this.#endToken = end;
    this.#tokensLeft = length;
  }

  get isEnded(): boolean {
    return this.#tokensLeft === 0;
  }

  /**
   * Samples the next token and returns its id. An error ends the text and is thrown when the caller
   * takes the rest of it.
   */
  sampleToken(logits: Float32Array): number {
    try {
      const id = this.#nextSymbols.draw(logits, this.#random);
      this.#nextSymbols = this.#symbols;
      if (id === this.#endToken) {
        this.#tokensLeft = 0;
        return id;
      }
      this.#tokensLeft--;
      this.#write(this.#texts[id]);
      return id;
    } catch (error) {
      this.#failure = error;
      this.#tokensLeft = 0;
      return 0;
    }
  }

  /** The text since the last call, without the beginning of a stop that is not kept. */
  takeText(): string {
    const held = this.#keepStop || this.isEnded ? 0 : this.#possibleStopLength();
    const taken = this.#pending.slice(0, this.#pending.length - held);
    this.#pending = this.#pending.slice(taken.length);
    if (taken === '' && this.#failure !== null) throw this.#failure;
    return taken;
  }

  #write(piece: string): void {
    this.#pending += piece;
    if (this.#stops.length === 0) return;
    this.#end = `${this.#end}${piece}`.slice(-this.#longestStop);
    const stopped = this.#stops.filter((stop) => this.#end.endsWith(stop));
    if (stopped.length === 0) return;
    this.#tokensLeft = 0;
    if (!this.#keepStop) this.#pending = this.#pending.slice(0, -Math.max(...stopped.map((stop) => stop.length)));
  }

  /** How many code units at the end of the text may be the beginning of a stop. */
  #possibleStopLength(): number {
    for (let length = this.#longestStop - 1; length > 0; length--)
      if (this.#stops.some((stop) => stop.length > length && this.#end.endsWith(stop.slice(0, length)))) return length;
    return 0;
  }
}
