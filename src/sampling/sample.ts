// From a model to text: each drawn symbol is fed back as the next input. Knows no files and no
// terminal.
import { setImmediate } from 'node:timers/promises';
import { type TrainedModel, parameterVector, startSymbolOf } from '../runs/store.ts';
import { Vocabulary } from '../corpus/vocabulary.ts';
import type { Device } from '../devices/device.ts';
import { usageError, corpusError } from '../errors.ts';
import { chunksOf } from '../group.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { type Draw, batchOf } from './batch.ts';
import { type SamplingOptions, SymbolSampler } from './filters.ts';
import { Network, type Start } from './network.ts';
import { Text } from './text.ts';
import { flagOf } from '../options/flags.ts';

/** A text; bytes that need not be UTF-8 are for models of bytes. */
export type Given = string | Uint8Array;

export interface SampleRequest {
  readonly prime: Given;
  /**
   * The prime is from within a text, and not where one starts: no start symbol precedes it. Default
   * false.
   */
  readonly midText?: boolean;
  /** Symbols to draw: characters, or bytes. */
  readonly length: number;
  /** Each ends the text once it has been written; the prime does not count. */
  readonly stop: Given | readonly Given[] | null;
  /** Whether the stop that ends a text belongs to the text. Default true. */
  readonly keepStop?: boolean;
  readonly seed: number;
  readonly options: SamplingOptions;
}

/** Texts that go on from one place, each with a seed of its own. */
export interface TextsRequest extends Omit<SampleRequest, 'seed'> {
  readonly seeds: Iterable<number>;
}

/** What a sampler will be asked for. */
export interface SamplerUse {
  /** Texts of a request, at most. Default 1. */
  readonly texts?: number;
  /** Characters of each text, at most. Default: not many. */
  readonly length?: number;
}

/** A string with a unit for each byte. */
const BYTES = 'latin1';
const byteTexts: readonly string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

/**
 * Rows drawn at a time, at most: with more, a row costs no less, and there is only more to wait
 * for.
 */
const MOST_ROWS = 32;
/** Characters that may wait in memory for their turn. */
const MOST_WAITING = 6.4e7;

/**
 * The model of a checkpoint, ready to write any number of texts.
 * @throws RnnError `checkpoint` if its tensors are not those of its model
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

/** A model ready to write, whose weights may be replaced: training takes its samples with one. */
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

  /** @param startSymbol what a zero state reads before a prime, as in training; null for nothing */
  static async open(
    model: ModelConfiguration,
    vocabulary: Vocabulary,
    device: Device,
    { texts = 1, length = 1, startSymbol = null }: SamplerUse & { readonly startSymbol?: number | null } = {},
  ): Promise<Sampler> {
    const most = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_WAITING / length)));
    // As many rows in each batch.
    const rows = Math.ceil(texts / Math.ceil(texts / most));
    return new Sampler(model, vocabulary, await Network.open(model, device, rows), rows, startSymbol);
  }

  async load(parameters: Float32Array): Promise<void> {
    await this.#network.load(parameters);
  }

  /** One text, as `texts` gives it. */
  text({ seed, ...request }: SampleRequest): AsyncGenerator<string> {
    const [text] = this.texts({ ...request, seeds: [seed] });
    return text;
  }

  /**
   * Texts, each piece by piece as it is drawn; the prime is not repeated. Each is exactly what it
   * would be alone. They are to be read one after another: some are drawn at a time, and what is
   * drawn of the later ones waits in memory. The request is checked here and now, before the first
   * piece is asked for, so that nobody shows a prime that is then refused.
   *
   * @throws RnnError `corpus` for characters in the prime that the model does not know, `usage` for
   * options out of range
   */
  texts(request: TextsRequest): Iterable<AsyncGenerator<string>> {
    return mapped(this.#units(request), this.#vocabulary.unit === 'byte' ? decoded : (units) => units);
  }

  /**
   * The same as bytes: those that a model of bytes draws, or the UTF-8 of characters. @throws
   * RnnError as `texts` does
   */
  bytes(request: TextsRequest): Iterable<AsyncGenerator<Uint8Array>> {
    const encoding = this.#vocabulary.unit === 'byte' ? BYTES : 'utf8';
    return mapped(this.#units(request), (units) => encoded(units, encoding));
  }

  async close(): Promise<void> {
    await this.#network.close();
  }

  /** Texts as strings of UTF-16 code units or, of a model of bytes, with a unit for each byte. */
  #units({
    prime,
    midText = false,
    length,
    stop,
    keepStop = true,
    seeds,
    options,
  }: TextsRequest): Iterable<AsyncGenerator<string>> {
    const { unknown } = this.#vocabulary.data;
    const symbols = new SymbolSampler(this.#model.vocabulary, {
      ...options,
      never: [...(options.never ?? []), ...(unknown === null ? [] : [unknown])],
    });
    const stops = [stop ?? []].flat().map((each) => this.#stop(each));
    const primed = this.#idsOf(prime);
    const context =
      primed.length === 0
        ? Int32Array.of(this.#vocabulary.startSymbol ?? 0)
        : contextOf(primed, midText ? null : this.#startSymbol);
    const texts = this.#vocabulary.unit === 'byte' ? byteTexts : this.#vocabulary.data.symbols;
    return this.#batches(context, seeds, (seed) => new Text(symbols, texts, { seed, length, stops, keepStop }));
  }

  #idsOf(prime: Given): Int32Array {
    if (this.#vocabulary.unit === 'byte' && typeof prime !== 'string') return Int32Array.from(prime);
    return this.#vocabulary.encode(textOf(prime, 'the prime'));
  }

  /** In the units that a text is drawn in. */
  #stop(stop: Given): string {
    if (stop.length === 0)
      throw usageError('a stop is empty, expected some text', 'leave it out for a text of full length');
    return this.#vocabulary.unit === 'byte'
      ? Buffer.from(stop).toString(BYTES)
      : this.#vocabulary.inKnownForm(textOf(stop, 'a stop'));
  }

  *#batches(
    context: Int32Array,
    seeds: Iterable<number>,
    textOf: (seed: number) => Text,
  ): Generator<AsyncGenerator<string>> {
    let start: Promise<Start> | null = null;
    const read = (): Promise<Start> => (start ??= this.#network.read(context, setImmediate));
    for (const group of chunksOf(seeds, this.#rows)) {
      const texts = group.map(textOf);
      let batch: Promise<Draw> | null = null;
      const begin = (): Promise<Draw> => (batch ??= read().then((from) => batchOf(this.#network, from, texts)));
      for (const text of texts) yield pieces(text, begin);
    }
  }
}

/** @param begin gives the batch in which the text is drawn */
async function* pieces(text: Text, begin: () => Promise<Draw>): AsyncGenerator<string> {
  for (;;) {
    const piece = text.take();
    if (piece !== '') yield piece;
    else if (text.ended) return;
    else {
      const draw = await begin();
      await draw();
      await setImmediate(); // lets signals and the output stream have their turn
    }
  }
}

/**
 * What is read from a zero state before the first character is drawn. @param startSymbol precedes
 * the prime; null for nothing
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

/** The text of bytes that come as units; U+FFFD stands for bytes that are not UTF-8. */
async function* decoded(units: AsyncIterable<string>): AsyncGenerator<string> {
  // ignoreBOM keeps a byte order mark: bytes of a text are all the text's own.
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
function textOf(given: Given, name: string): string {
  if (typeof given === 'string') return given;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(given);
  } catch (cause) {
    throw corpusError(`${name} is not UTF-8`, `only a model of bytes (${flagOf('unit')} byte) takes any bytes`, {
      cause,
    });
  }
}
