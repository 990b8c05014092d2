// Samples text from a model: each sampled token is the next input.
import { setImmediate } from 'node:timers/promises';
import { type TrainedModel, parameterVector, startSymbolOf } from '../runs/store.ts';
import { Vocabulary } from '../corpus/vocabulary.ts';
import type { Device } from '../devices/device.ts';
import { usageError, corpusError } from '../errors.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { BatchSampler, type TextToSample } from './batch.ts';
import { type SamplingOptions, SymbolSampler } from './filters.ts';
import { Network, type StartState } from './network.ts';
import { BYTES, type SampledPieces, decoded, encoded, mapped, piecesOf, withOutcome } from './pieces.ts';
import { SampledText, type SampledTextOptions } from './text.ts';
import { flagOf } from '../options/flags.ts';

/** A text. A model of bytes also takes bytes that are not UTF-8. */
export type TextOrBytes = string | Uint8Array;

/** How to sample texts. */
export interface SampledTextsRequest extends Pick<SampledTextOptions, 'noRepeat' | 'isScored'> {
  /** The prompt of each text that has no separate prompt. */
  readonly prime: TextOrBytes;
  /** The prompt is from within a text, so no start token precedes it. Default false. */
  readonly midText?: boolean;
  /** Tokens to sample: characters or bytes. May be Infinity. */
  readonly length: number;
  /** Each ends the text once it has been sampled. The prompt does not count. */
  readonly stop: TextOrBytes | readonly TextOrBytes[] | null;
  /** Whether the stop that ends a text belongs to the text. Default true. */
  readonly keepStop?: boolean;
  readonly options: SamplingOptions;
  /** Read when rows become free, so there may be endlessly many. */
  readonly texts: Iterable<OneText>;
}

/** How to sample one text. */
export interface SampledTextRequest extends Omit<SampledTextsRequest, 'texts'> {
  readonly seed: number;
}

/** The seed of a text, and its prompt if it has a separate one. */
export interface OneText {
  readonly seed: number;
  readonly prime?: TextOrBytes;
}

/** The requests that a sampler must be able to answer. */
export interface SamplerUse {
  /** Texts of a request, at most. Default 1. */
  readonly texts?: number;
  /** Characters of each text, at most. May be Infinity. Default 1. */
  readonly length?: number;
}

const byteTexts: readonly string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

/**
 * Rows sampled at a time, at most. With more, the cost per row is the same, and the wait is longer.
 */
const MAX_ROWS = 32;
/** Characters of later texts that may wait in memory. */
const MAX_WAITING = 6.4e7;
/** Texts that may be sampled before they are read. */
const TEXTS_AHEAD = 8 * MAX_ROWS;

/**
 * Opens a checkpoint's model for sampling.
 *
 * @throws RnnError `checkpoint` if its tensors do not fit its model
 */
export async function openSampler(checkpoint: TrainedModel, device: Device, use: SamplerUse = {}): Promise<Sampler> {
  const parameters = parameterVector(checkpoint);
  const vocabulary = new Vocabulary(checkpoint.vocabulary);
  const sampler = await Sampler.open(checkpoint.model, vocabulary, device, {
    ...use,
    startSymbol: startSymbolOf(checkpoint),
  });
  await sampler.load(parameters);
  return sampler;
}

/** A model ready to sample, whose weights may be replaced: training takes its samples with it. */
export class Sampler {
  readonly #model: ModelConfiguration;
  readonly #vocabulary: Vocabulary;
  readonly #network: Network;
  readonly #startSymbol: number | null;

  private constructor(model: ModelConfiguration, vocabulary: Vocabulary, network: Network, startSymbol: number | null) {
    this.#model = model;
    this.#vocabulary = vocabulary;
    this.#network = network;
    this.#startSymbol = startSymbol;
  }

  /**
   * @param startSymbol the token that a zero state reads before a prompt, as in training. Null for
   * none
   */
  static async open(
    model: ModelConfiguration,
    vocabulary: Vocabulary,
    device: Device,
    { texts = 1, length = 1, startSymbol = null }: SamplerUse & { readonly startSymbol?: number | null } = {},
  ): Promise<Sampler> {
    const maxTexts = Math.min(MAX_ROWS, maxWaiting(length));
    // The same number of rows in each batch, as far as possible.
    const rows = texts === Infinity ? maxTexts : Math.ceil(texts / Math.ceil(texts / maxTexts));
    return new Sampler(model, vocabulary, await Network.open(model, device, rows), startSymbol);
  }

  async load(parameters: Float32Array): Promise<void> {
    await this.#network.load(parameters);
  }

  /** One text, as from `texts`. */
  text({ seed, ...request }: SampledTextRequest): SampledPieces<string> {
    const [text] = this.texts({ ...request, texts: [{ seed }] });
    return text;
  }

  /**
   * Samples texts, each piece by piece, without the prompt. Each is exactly as if it were sampled
   * alone. Read them one after another: some are sampled together, and the later ones wait in
   * memory. The request is checked immediately, before the first piece is requested, so that the
   * caller does not show a prompt that is then refused.
   *
   * @throws RnnError `corpus` for characters in the prompt that the model does not know, `usage`
   * for options out of range
   */
  texts(request: SampledTextsRequest): Iterable<SampledPieces<string>> {
    const units = this.#units(request);
    return this.#vocabulary.unit === 'byte' ? mapped(units, decoded) : units;
  }

  /**
   * The same as bytes: the bytes that a model of bytes samples, or the UTF-8 of characters.
   *
   * @throws RnnError as `texts` does
   */
  bytes(request: SampledTextsRequest): Iterable<SampledPieces<Uint8Array>> {
    const encoding = this.#vocabulary.unit === 'byte' ? BYTES : 'utf8';
    return mapped(this.#units(request), (units) => encoded(units, encoding));
  }

  async close(): Promise<void> {
    await this.#network.close();
  }

  /**
   * Texts as strings of UTF-16 code units, or, from a model of bytes, with a code unit for each
   * byte.
   */
  #units(request: SampledTextsRequest): Iterable<SampledPieces<string>> {
    const { prime, midText = false, length, stop, keepStop = true, texts, options, ...more } = request;
    const { unknown } = this.#vocabulary.data;
    const { end } = this.#vocabulary;
    const symbolsWithout = (...excluded: readonly (number | null)[]): SymbolSampler =>
      new SymbolSampler(this.#model.vocabulary, {
        ...options,
        never: [...(options.never ?? []), ...excluded.filter((id) => id !== null)],
      });
    const symbols = symbolsWithout(unknown);
    const stops = [stop ?? []].flat().map((each) => this.#stop(each));
    // No record is empty.
    const firstSymbols = end === null ? symbols : symbolsWithout(unknown, end);
    const textsOfTokens = this.#vocabulary.unit === 'byte' ? byteTexts : this.#vocabulary.data.symbols;
    const textOf = (seed: number, hasPrime: boolean): SampledText =>
      new SampledText(symbols, textsOfTokens, {
        ...more,
        seed,
        length,
        stops,
        keepStop,
        end,
        firstSymbols: hasPrime ? symbols : firstSymbols,
      });
    const context = this.#contextOf(prime, midText);
    let shared: Promise<StartState> | null = null;
    const readShared = (): Promise<StartState> => (shared ??= this.#network.read(context, setImmediate));
    const toSample = ({ seed, prime: own }: OneText): TextToSample => ({
      text: textOf(seed, (own ?? prime).length > 0),
      // A closure, so that the prompt is not read before the first piece is requested.
      start: own === undefined ? readShared : this.#contextOf(own, midText),
    });
    return this.#sampled(toSample, texts, maxWaiting(length));
  }

  /** The tokens that a text reads from a zero state, at least one. */
  #contextOf(prime: TextOrBytes, midText: boolean): Int32Array {
    const ids = this.#idsOf(prime);
    return ids.length === 0
      ? Int32Array.of(this.#vocabulary.startSymbol ?? 0)
      : contextOf(ids, midText ? null : this.#startSymbol);
  }

  #idsOf(prime: TextOrBytes): Int32Array {
    if (this.#vocabulary.unit === 'byte' && typeof prime !== 'string') return Int32Array.from(prime);
    return this.#vocabulary.encode(textOf(prime, 'the prompt'));
  }

  /** The stop in the code units of the sampled text. */
  #stop(stop: TextOrBytes): string {
    if (stop.length === 0) throw usageError('a stop is empty: expected some text', 'omit it for a text of full length');
    return this.#vocabulary.unit === 'byte'
      ? Buffer.from(stop).toString(BYTES)
      : this.#vocabulary.inKnownForm(textOf(stop, 'a stop'));
  }

  /** @param maxAhead how many texts may be sampled that were not read to their end */
  *#sampled(
    toSample: (each: OneText) => TextToSample,
    texts: Iterable<OneText>,
    maxAhead: number,
  ): Generator<SampledPieces<string>> {
    const asked = texts[Symbol.iterator]();
    const unread: SampledText[] = [];
    const waiting: TextToSample[] = [];
    let begun = 0;
    let read = 0;
    const ask = (): void => {
      const { done, value } = asked.next();
      if (done) return;
      const next = toSample(value);
      unread.push(next.text);
      waiting.push(next);
    };
    const takeNext = (): TextToSample | null => {
      if (begun - read >= maxAhead) return null;
      if (waiting.length === 0) ask();
      const next = waiting.shift() ?? null;
      if (next !== null) begun++;
      return next;
    };
    const batch = new BatchSampler(this.#network.rows, takeNext);
    for (;;) {
      if (unread.length === 0) ask();
      const text = unread.shift();
      if (text === undefined) return;
      yield withOutcome(
        piecesOf(text, batch, () => read++),
        () => text.outcome,
      );
    }
  }
}

/** How many texts of a length may wait in memory. */
const maxWaiting = (length: number): number =>
  length === Infinity ? MAX_ROWS : Math.max(1, Math.min(TEXTS_AHEAD, Math.floor(MAX_WAITING / length)));

/**
 * The tokens that are read from a zero state before the first character is sampled.
 *
 * @param startSymbol precedes the prompt. Null for none
 */
function contextOf(prime: Int32Array, startSymbol: number | null): Int32Array {
  if (startSymbol === null || prime[0] === startSymbol) return prime;
  const context = new Int32Array(prime.length + 1);
  context[0] = startSymbol;
  context.set(prime, 1);
  return context;
}

/** @throws RnnError `corpus` for bytes that are not UTF-8 */
function textOf(given: TextOrBytes, name: string): string {
  if (typeof given === 'string') return given;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(given);
  } catch (cause) {
    throw corpusError(
      `${name} is not UTF-8: expected text`,
      `use a model of bytes (${flagOf('unit')} byte) for other bytes`,
      {
        cause,
      },
    );
  }
}
