// A text that is read and sampled by turns: the network keeps its state from one call to the next.
import { setImmediate } from 'node:timers/promises';
import type { TokenDecoder, Vocabulary } from '../corpus/vocabulary.ts';
import type { Device } from '../devices/device.ts';
import { Random } from '../random.ts';
import { type TrainedModel, parameterVector } from '../runs/store.ts';
import type { SymbolSampler } from './filters.ts';
import { type ModelText, type PromptRules, type TextOrBytes, type TextRules, modelTextOf } from './model-text.ts';
import { Network, type NetworkRows } from './network.ts';
import type { SampledText } from './text.ts';

/** Work is done for this long before other work gets the thread. */
const TURN_MS = 8;
/** The maximum number of bytes of an incomplete character. */
const MAX_INCOMPLETE_BYTES = 3;

/** A model with the text that it has read so far. */
export class TextSession {
  readonly text: ModelText;
  readonly #network: Network;
  readonly #row: NetworkRows;
  readonly #rules: PromptRules;
  /** Has the bytes of a character that the text does not complete. */
  #decoder: TokenDecoder;
  /** Tokens that the network has not read yet. */
  #unread: number[] = [];
  /**
   * `empty`: nothing was read. `start`: the network has read only the token before a text, which is
   * read again with the text. `text`: a part of the text was read or sampled.
   */
  #progress: 'empty' | 'start' | 'text' = 'empty';

  private constructor(text: ModelText, network: Network, rules: PromptRules) {
    this.text = text;
    this.#network = network;
    this.#row = network.rowsOf(1);
    this.#rules = rules;
    this.#decoder = text.vocabulary.decoder();
  }

  /** @throws RnnError `checkpoint` if the tensors do not fit the model */
  static async open(trained: TrainedModel, device: Device, rules: PromptRules = {}): Promise<TextSession> {
    const parameters = parameterVector(trained);
    const network = await Network.open(trained.model, device);
    await network.load(parameters);
    return new TextSession(modelTextOf(trained), network, rules);
  }

  get vocabulary(): Vocabulary {
    return this.text.vocabulary;
  }

  /** Whether no part of a text has been read or sampled since the start or the last reset. */
  get isAtStart(): boolean {
    return this.#progress !== 'text';
  }

  /**
   * Reads a text after the text so far.
   *
   * @throws RnnError `corpus` for unknown characters, of which nothing is read
   */
  async read(text: TextOrBytes): Promise<void> {
    const ids = this.isAtStart ? this.#firstIds(text) : this.text.idsOf(text, this.#rules.unknown);
    if (ids.length === 0) return;
    if (this.isAtStart) await this.#begin();
    this.#progress = 'text';
    this.#decoder = this.vocabulary.decoder();
    for (const id of ids.slice(-MAX_INCOMPLETE_BYTES)) this.#decoder.push(id);
    await this.#advance(ids);
  }

  /** The prediction of the next token. Valid until the next call. */
  async logits(): Promise<Float32Array> {
    if (this.#progress === 'empty') {
      await this.#begin();
      this.#progress = 'start';
      await this.#advance(this.text.promptOf('').context);
    }
    await this.#advance();
    return this.#row.logits[0];
  }

  /**
   * Adds a sampled token to the text. The end token resets the text.
   *
   * @returns the text that this token completes, empty while a character of several bytes is
   * incomplete, or null for the end token
   */
  push(id: number): string | null {
    if (id === this.vocabulary.end) {
      this.reset();
      return null;
    }
    this.#progress = 'text';
    this.#unread.push(id);
    return this.#decoder.push(id);
  }

  /**
   * Samples a token and adds it to the text.
   *
   * @returns as `push`
   * @throws RnnError `checkpoint` for logits that are not finite
   */
  async next(symbols: SymbolSampler, random: Random): Promise<string | null> {
    return this.push(symbols.draw(await this.logits(), random));
  }

  /**
   * Samples a text in pieces of code units, and adds it to the text so far.
   *
   * @throws RnnError as `ModelText.textsOf` does
   */
  async *sample(rules: TextRules, seed: number): AsyncGenerator<string, void, undefined> {
    const text = this.text.textsOf(rules)(seed, !this.isAtStart);
    let began = performance.now();
    while (!text.isEnded) {
      this.push(text.sampleToken(await this.logits()));
      if (performance.now() - began < TURN_MS) continue;
      yield* restOf(text);
      await setImmediate(); // gives signals and the output stream a turn
      began = performance.now();
    }
    yield* restOf(text);
  }

  /** Forgets the text. */
  reset(): void {
    this.#unread = [];
    this.#progress = 'empty';
    this.#decoder = this.vocabulary.decoder();
  }

  async close(): Promise<void> {
    await this.#network.close();
  }

  #firstIds(text: TextOrBytes): Int32Array {
    const { context, ids } = this.text.promptOf(text, this.#rules);
    return ids.length === 0 ? ids : context;
  }

  /** Starts from a zero state. */
  async #begin(): Promise<void> {
    await this.#row.setStates(new Map([[0, null]]));
  }

  async #advance(more: Iterable<number> = []): Promise<void> {
    const ids = [...this.#unread, ...more];
    this.#unread = [];
    let began = performance.now();
    for (const id of ids) {
      this.#row.ids[0] = id;
      const stepping = this.#row.advance();
      if (stepping) await stepping;
      if (performance.now() - began < TURN_MS) continue;
      await setImmediate();
      began = performance.now();
    }
  }
}

/** The sampled text that was not passed on yet. */
function* restOf(text: SampledText): Generator<string> {
  for (let piece = text.takeText(); piece !== ''; piece = text.takeText()) yield piece;
}
