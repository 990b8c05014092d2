// Samples text from a model: each sampled token is the next input.
import { setImmediate } from 'node:timers/promises';
import { type TrainedModel, parameterVector, startSymbolOf } from '../runs/store.ts';
import { Vocabulary } from '../corpus/vocabulary.ts';
import type { Device } from '../devices/device.ts';
import { usageError, corpusError } from '../errors.ts';
import { chunksOf } from '../group.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { type SampleMore, createBatchSampler } from './batch.ts';
import { type SamplingOptions, SymbolSampler } from './filters.ts';
import { Network, type StartState } from './network.ts';
import { SampledText } from './text.ts';
import { flagOf } from '../options/flags.ts';

/** A text. A model of bytes also takes bytes that are not UTF-8. */
export type TextOrBytes = string | Uint8Array;

export interface SampledTextRequest {
  readonly prime: TextOrBytes;
  /** The prompt is from within a text, so no start token precedes it. Default false. */
  readonly midText?: boolean;
  /** Tokens to sample: characters or bytes. */
  readonly length: number;
  /** Each ends the text once it has been sampled. The prompt does not count. */
  readonly stop: TextOrBytes | readonly TextOrBytes[] | null;
  /** Whether the stop that ends a text belongs to the text. Default true. */
  readonly keepStop?: boolean;
  readonly seed: number;
  readonly options: SamplingOptions;
}

/** Texts that continue from one place, each with a separate seed. */
export interface SampledTextsRequest extends Omit<SampledTextRequest, 'seed'> {
  readonly seeds: Iterable<number>;
}

/** The requests that a sampler must be able to answer. */
export interface SamplerUse {
  /** Texts of a request, at most. Default 1. */
  readonly texts?: number;
  /** Characters of each text, at most. Default 1. */
  readonly length?: number;
}

/** A string with a code unit for each byte. */
const BYTES = 'latin1';
const byteTexts: readonly string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

/**
 * Rows sampled at a time, at most. With more, the cost per row is the same, and the wait is longer.
 */
const MAX_ROWS = 32;
/** Characters of later texts that may wait in memory. */
const MAX_WAITING = 6.4e7;

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
  readonly #rows: number;
  readonly #startSymbol: number | null;

  private constructor(
    model: ModelConfiguration,
    vocabulary: Vocabulary,
    network: Network,
    rows: number,
    startSymbol: number | null,
  ) {
    this.#model = model;
    this.#vocabulary = vocabulary;
    this.#network = network;
    this.#rows = rows;
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
    const maxTexts = Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_WAITING / length)));
    // The same number of rows in each batch, as far as possible.
    const rows = Math.ceil(texts / Math.ceil(texts / maxTexts));
    return new Sampler(model, vocabulary, await Network.open(model, device, rows), rows, startSymbol);
  }

  async load(parameters: Float32Array): Promise<void> {
    await this.#network.load(parameters);
  }

  /** One text, as from `texts`. */
  text({ seed, ...request }: SampledTextRequest): AsyncGenerator<string> {
    const [text] = this.texts({ ...request, seeds: [seed] });
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
  texts(request: SampledTextsRequest): Iterable<AsyncGenerator<string>> {
    return mapped(this.#units(request), this.#vocabulary.unit === 'byte' ? decoded : (units) => units);
  }

  /**
   * The same as bytes: the bytes that a model of bytes samples, or the UTF-8 of characters.
   *
   * @throws RnnError as `texts` does
   */
  bytes(request: SampledTextsRequest): Iterable<AsyncGenerator<Uint8Array>> {
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
  #units({
    prime,
    midText = false,
    length,
    stop,
    keepStop = true,
    seeds,
    options,
  }: SampledTextsRequest): Iterable<AsyncGenerator<string>> {
    const { unknown } = this.#vocabulary.data;
    const { end } = this.#vocabulary;
    const symbolsWithout = (...excluded: readonly (number | null)[]): SymbolSampler =>
      new SymbolSampler(this.#model.vocabulary, {
        ...options,
        never: [...(options.never ?? []), ...excluded.filter((id) => id !== null)],
      });
    const symbols = symbolsWithout(unknown);
    const stops = [stop ?? []].flat().map((each) => this.#stop(each));
    const primed = this.#idsOf(prime);
    const context =
      primed.length === 0
        ? Int32Array.of(this.#vocabulary.startSymbol ?? 0)
        : contextOf(primed, midText ? null : this.#startSymbol);
    const texts = this.#vocabulary.unit === 'byte' ? byteTexts : this.#vocabulary.data.symbols;
    // No record is empty.
    const firstSymbols = end !== null && primed.length === 0 ? symbolsWithout(unknown, end) : symbols;
    return this.#batches(
      context,
      seeds,
      (seed) => new SampledText(symbols, texts, { seed, length, stops, keepStop, end, firstSymbols }),
    );
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

  *#batches(
    context: Int32Array,
    seeds: Iterable<number>,
    textOf: (seed: number) => SampledText,
  ): Generator<AsyncGenerator<string>> {
    let start: Promise<StartState> | null = null;
    const read = (): Promise<StartState> => (start ??= this.#network.read(context, setImmediate));
    for (const group of chunksOf(seeds, this.#rows)) {
      const texts = group.map(textOf);
      let batch: Promise<SampleMore> | null = null;
      const begin = (): Promise<SampleMore> =>
        (batch ??= read().then((from) => createBatchSampler(this.#network, from, texts)));
      for (const text of texts) yield pieces(text, begin);
    }
  }
}

/** @param begin returns the batch in which the text is sampled */
async function* pieces(text: SampledText, begin: () => Promise<SampleMore>): AsyncGenerator<string> {
  for (;;) {
    const piece = text.takeText();
    if (piece !== '') yield piece;
    else if (text.isEnded) return;
    else {
      const draw = await begin();
      await draw();
      await setImmediate(); // gives signals and the output stream a turn
    }
  }
}

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

function* mapped<From, To>(all: Iterable<From>, change: (each: From) => To): Generator<To> {
  for (const each of all) yield change(each);
}

/** Decodes bytes that come as code units. U+FFFD replaces bytes that are not UTF-8. */
async function* decoded(units: AsyncIterable<string>): AsyncGenerator<string> {
  // ignoreBOM keeps a byte order mark, because all bytes belong to the text.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const piece of units) {
    const text = decoder.decode(Buffer.from(piece, BYTES), { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

async function* encoded(units: AsyncIterable<string>, encoding: 'utf8' | typeof BYTES): AsyncGenerator<Uint8Array> {
  for await (const piece of units) yield Buffer.from(piece, encoding);
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
