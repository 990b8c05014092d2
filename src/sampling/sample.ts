// From a model to text: each drawn symbol is fed back as the next input. Knows no files and no terminal.
import { setImmediate } from 'node:timers/promises';
import { type TrainedModel, parameterVector } from '../checkpoint/store.ts';
import { Vocabulary } from '../corpus/vocabulary.ts';
import type { Device } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { Batch } from './batch.ts';
import { type SamplingOptions, SymbolSampler } from './filters.ts';
import { Network, type Start } from './network.ts';
import { Text } from './text.ts';

export interface SampleRequest {
  readonly prime: string;
  /** Characters to draw. */
  readonly length: number;
  /** Ends the text once it has been written; the prime does not count. */
  readonly stop: string | null;
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
  /** Whether texts may end before their length, by `stop`. */
  readonly stops?: boolean;
  /** Characters of the prime. Default 0. */
  readonly prime?: number;
}

/** Rows drawn at a time, at most: with more, a row costs no less, and there is only more to wait for. */
const MOST_ROWS = 32;
/** Characters that may wait in memory for their turn. */
const MOST_WAITING = 6.4e7;

/**
 * The model of a checkpoint, ready to write any number of texts.
 * @throws RnnError `checkpoint` if its tensors are not those of its model
 */
export async function openSampler(checkpoint: TrainedModel, device: Device, use: SamplerUse = {}): Promise<Sampler> {
  const parameters = parameterVector(checkpoint);
  const sampler = await Sampler.open(checkpoint.model, new Vocabulary(checkpoint.vocabulary), device, use);
  await sampler.load(parameters);
  return sampler;
}

/** A model ready to write, whose weights may be replaced: training takes its samples with one. */
export class Sampler {
  readonly #model: ModelConfiguration;
  readonly #vocabulary: Vocabulary;
  readonly #network: Network;
  readonly #rows: number;

  private constructor(model: ModelConfiguration, vocabulary: Vocabulary, network: Network, rows: number) {
    this.#model = model;
    this.#vocabulary = vocabulary;
    this.#network = network;
    this.#rows = rows;
  }

  static async open(
    model: ModelConfiguration,
    vocabulary: Vocabulary,
    device: Device,
    { texts = 1, length = 1, stops = false, prime = 0 }: SamplerUse = {},
  ): Promise<Sampler> {
    const most = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_WAITING / length)));
    // As many rows in each batch.
    const rows = Math.ceil(texts / Math.ceil(texts / most));
    return new Sampler(model, vocabulary, await Network.open(model, device, { rows, narrows: stops, prime }), rows);
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
   * Texts, each piece by piece as it is drawn; the prime is not repeated. Each is exactly what it would be alone. They are to be read one
   * after another: some are drawn at a time, and what is drawn of the later ones waits in memory. The request is checked here and now,
   * before the first piece is asked for, so that nobody shows a prime that is then refused.
   *
   * @throws RnnError `corpus` for characters in the prime that the model does not know, `usage` for options out of range
   */
  texts({ prime, length, stop, seeds, options }: TextsRequest): Iterable<AsyncGenerator<string>> {
    const { unknown } = this.#vocabulary.data;
    const symbols = new SymbolSampler(this.#model.vocabulary, {
      ...options,
      never: [...(options.never ?? []), ...(unknown === null ? [] : [unknown])],
    });
    const primed = this.#vocabulary.encode(prime);
    const end = stop === null ? null : this.#vocabulary.inKnownForm(stop);
    const context = primed.length > 0 ? primed : Int32Array.of(startSymbol(this.#vocabulary));
    const textOf = (seed: number): Text => new Text(symbols, this.#vocabulary.decoder(), { seed, length, stop: end });
    return this.#batches(context, seeds, textOf);
  }

  async close(): Promise<void> {
    await this.#network.close();
  }

  *#batches(context: Int32Array, seeds: Iterable<number>, textOf: (seed: number) => Text): Generator<AsyncGenerator<string>> {
    let start: Promise<Start> | null = null;
    const read = (): Promise<Start> => (start ??= this.#network.read(context, setImmediate));
    for (const group of groupsOf(seeds, this.#rows)) {
      const texts = group.map(textOf);
      let batch: Promise<Batch> | null = null;
      const begin = (): Promise<Batch> => (batch ??= read().then((from) => new Batch(this.#network, from, texts)));
      for (const text of texts) yield pieces(text, begin);
    }
  }
}

function* groupsOf(seeds: Iterable<number>, size: number): Generator<readonly number[]> {
  let group: number[] = [];
  for (const seed of seeds) {
    group.push(seed);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** @param begin gives the batch in which the text is drawn */
async function* pieces(text: Text, begin: () => Promise<Batch>): AsyncGenerator<string> {
  for (;;) {
    const piece = text.take();
    if (piece !== '') yield piece;
    else if (text.ended) return;
    else {
      const batch = await begin();
      await batch.advance();
      await setImmediate(); // lets signals and the output stream have their turn
    }
  }
}

/** What an unprimed text follows: a line's end if the model knows one, else a space, else the first symbol. */
function startSymbol(vocabulary: Vocabulary): number {
  const { symbols, unit } = vocabulary.data;
  const candidates = unit === 'byte' ? ['0a', '20'] : ['\n', ' '];
  return candidates.map((symbol) => symbols.indexOf(symbol)).find((id) => id >= 0) ?? 0;
}
