// One text while it is sampled: its random numbers, its end, and the part of it that was not passed
// on yet. Independent of models: takes logits and returns the next token.
import { Random } from '../random.ts';
import type { SymbolSampler } from './filters.ts';
import { RepeatGuard } from './repeats.ts';

export interface SampledTextOptions {
  readonly seed: number;
  /** Tokens to sample. May be Infinity. */
  readonly length: number;
  /** Each ends the text once it has been sampled. */
  readonly stops: readonly string[];
  /** Whether the stop that ends the text belongs to it. */
  readonly keepStop: boolean;
  /** Id of the token that ends a record, which never belongs to the text. Null for other models. */
  readonly end?: number | null;
  /** Samples the first token, where other tokens may be excluded. Default: as all tokens. */
  readonly firstSymbols?: SymbolSampler;
  /** No passage of this many tokens occurs twice in the text. Null for no such rule. */
  readonly noRepeat?: number | null;
  /** Whether to compute the log-probability of the text. Default false. */
  readonly isScored?: boolean;
  /** Called for each sampled token, with the logits that it was sampled from. */
  readonly onToken?: (id: number, logits: Float32Array) => void;
}

/** How a text ended, and how likely the model considers it. */
export interface TextOutcome {
  /** The text reached its maximum length before a stop or the end of a record. */
  readonly isCut: boolean;
  /** Sampled tokens, with the token that ends a record. */
  readonly tokens: number;
  /**
   * The sum of ln p of these tokens, by the probabilities of the model without any sampling
   * option. Null if it was not requested.
   */
  readonly logProbability: number | null;
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
  readonly #length: number;
  readonly #repeats: RepeatGuard | null;
  readonly #onToken: SampledTextOptions['onToken'];
  #pending = '';
  /** The end of the text, as long as the longest stop. */
  #end = '';
  #tokens = 0;
  #isEnded: boolean;
  #isAbandoned = false;
  #isCut = false;
  #logProbability: number | null;
  #failure: unknown = null;

  /** @param texts the texts of the tokens, by their ids */
  constructor(
    symbols: SymbolSampler,
    texts: readonly string[],
    {
      seed,
      length,
      stops,
      keepStop,
      end = null,
      firstSymbols = symbols,
      noRepeat = null,
      isScored = false,
      onToken,
    }: SampledTextOptions,
  ) {
    this.#symbols = symbols;
    this.#nextSymbols = firstSymbols;
    this.#texts = texts;
    this.#random = new Random(seed);
    this.#stops = stops;
    this.#longestStop = Math.max(0, ...stops.map((stop) => stop.length));
    this.#keepStop = keepStop;
    this.#endToken = end;
    this.#length = length;
    this.#isEnded = length === 0;
    this.#repeats = noRepeat === null ? null : new RepeatGuard(noRepeat);
    this.#logProbability = isScored ? 0 : null;
    this.#onToken = onToken;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Complete once the text has ended. */
  get outcome(): TextOutcome {
    return { isCut: this.#isCut, tokens: this.#tokens, logProbability: this.#logProbability };
  }

  /** Whether the caller has ended the text. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Ends a text that the caller stopped reading. */
  end(): void {
    this.#isEnded = this.#isAbandoned = true;
  }

  /**
   * Samples the next token and returns its id. An error ends the text and is thrown when the caller
   * takes the rest of it.
   */
  sampleToken(logits: Float32Array): number {
    try {
      const fraction = this.#tokens / (this.#length - 1);
      const id = this.#nextSymbols.draw(logits, this.#random, fraction, this.#repeats?.repeating);
      this.#nextSymbols = this.#symbols;
      this.#tokens++;
      this.#onToken?.(id, logits);
      if (this.#logProbability !== null) this.#logProbability += logProbabilityOf(id, logits);
      if (id === this.#endToken) {
        this.#isEnded = true;
        return id;
      }
      this.#repeats?.push(id);
      this.#write(this.#texts[id]);
      if (!this.#isEnded && this.#tokens >= this.#length) this.#isEnded = this.#isCut = true;
      return id;
    } catch (error) {
      this.#failure = error;
      this.#isEnded = true;
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
    this.#isEnded = true;
    if (!this.#keepStop) this.#pending = this.#pending.slice(0, -Math.max(...stopped.map((stop) => stop.length)));
  }

  /** How many code units at the end of the text may be the beginning of a stop. */
  #possibleStopLength(): number {
    for (let length = this.#longestStop - 1; length > 0; length--)
      if (this.#stops.some((stop) => stop.length > length && this.#end.endsWith(stop.slice(0, length)))) return length;
    return 0;
  }
}

/** ln p of a token, from the logits that predict it. */
export function logProbabilityOf(id: number, logits: Float32Array): number {
  let largest = -Infinity;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return logits[id] - largest - Math.log(sum);
}
