// Samples text from a model: each sampled token is the next input.
import { setImmediate } from 'node:timers/promises';
import { type TrainedModel, parameterVector, startSymbolOf } from '../runs/store.ts';
import { Vocabulary } from '../corpus/vocabulary.ts';
import type { Device } from '../devices/device.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { BatchSampler, type TextToSample } from './batch.ts';
import { ModelText, type PromptRules, type TextOrBytes, type TextRules } from './model-text.ts';
import { Network, type StartState } from './network.ts';
import { BYTES, type SampledPieces, decodeUnits, encodeUnits, mapped, piecesOf, withOutcome } from './pieces.ts';
import type { SampledText } from './text.ts';

export type { TextOrBytes } from './model-text.ts';

/** How to sample texts. */
export interface SampledTextsRequest extends TextRules, PromptRules {
  /** The prompt of each text that has no separate prompt. */
  readonly prime: TextOrBytes;
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
  readonly #text: ModelText;
  readonly #network: Network;

  private constructor(text: ModelText, network: Network) {
    this.#text = text;
    this.#network = network;
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
    return new Sampler(new ModelText(vocabulary, startSymbol), await Network.open(model, device, rows));
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
    return this.#text.vocabulary.unit === 'byte' ? mapped(units, decodeUnits) : units;
  }

  /**
   * The same as bytes: the bytes that a model of bytes samples, or the UTF-8 of characters.
   *
   * @throws RnnError as `texts` does
   */
  bytes(request: SampledTextsRequest): Iterable<SampledPieces<Uint8Array>> {
    const encoding = this.#text.vocabulary.unit === 'byte' ? BYTES : 'utf8';
    return mapped(this.#units(request), (units) => encodeUnits(units, encoding));
  }

  async close(): Promise<void> {
    await this.#network.close();
  }

  /**
   * Texts as strings of UTF-16 code units, or, from a model of bytes, with a code unit for each
   * byte.
   */
  #units(request: SampledTextsRequest): Iterable<SampledPieces<string>> {
    const { prime, midText, unknown, texts, ...rules } = request;
    const how = { midText, unknown };
    const textOf = this.#text.textsOf(rules);
    const shared = this.#text.promptOf(prime, how);
    let start: Promise<StartState> | null = null;
    // A closure, so that the prompt is not read before the first piece is requested.
    const readShared = (): Promise<StartState> => (start ??= this.#network.read(shared.context, setImmediate));
    const toSample = ({ seed, prime: own }: OneText): TextToSample => {
      const prompt = own === undefined ? shared : this.#text.promptOf(own, how);
      return { text: textOf(seed, prompt.ids.length > 0), start: own === undefined ? readShared : prompt.context };
    };
    return this.#sampled(toSample, texts, maxWaiting(rules.length));
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
    const batch = new BatchSampler(this.#network, takeNext);
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
