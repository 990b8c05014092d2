// A session that keeps the state of a trained model from call to call, for chat bots and editors.
import { isDeepStrictEqual } from 'node:util';
import { tokenTexts } from '../evaluation/scored-text.ts';
import { usageError } from '../errors.ts';
import { number, rule, wholeNumber } from '../options/kind.ts';
import { Random } from '../random.ts';
import { type TrainedModel, parameterCountOf } from '../runs/store.ts';
import type { SamplingOptions, SymbolSampler } from '../sampling/filters.ts';
import { likeliestTokens } from '../sampling/likeliest.ts';
import type { PromptRules } from '../sampling/model-text.ts';
import { decodeUnits } from '../sampling/pieces.ts';
import { TextSession } from '../sampling/session.ts';
import { isTextOrBytes, listenerMember, refuseOther, refuseUnless, refuseWrong } from './checks.ts';
import type { MachineChoice } from './model-results.ts';
import type { ListenerOption } from './run-request.ts';
import { openOnDevice } from './trained.ts';
import {
  type SampleOptions,
  type SampledModel,
  DEFAULT_LENGTH,
  randomSeed,
  requestOf,
  sampleMembers,
  sampledModelOf,
} from './sample-options.ts';

/** How a session reads its text. */
export interface SessionOptions extends PromptRules, ListenerOption {}

/** How to sample the next character. */
export interface NextOptions extends Pick<SampleOptions, 'topK' | 'topP' | 'minP' | 'never' | 'seed'> {
  /** As in `SampleOptions`, but only one number. */
  readonly temperature?: number | undefined;
}

/** How to sample a text that continues a session. */
export interface ContinuationOptions
  extends SamplingOptions, Pick<SampleOptions, 'length' | 'stop' | 'keepStop' | 'ban' | 'noRepeat' | 'seed'> {}

/** A character that may follow, and its probability. */
export interface CharacterProbability {
  /** The id of its token, as in `never`. */
  readonly id: number;
  /**
   * The character. A byte of a byte-level model that is not ASCII is written like `\xc3`. Null is the
   * end of a record.
   */
  readonly text: string | null;
  readonly probability: number;
  /** The surprisal, −ln of the probability. */
  readonly nats: number;
}

const { prime: _, midText, unknown, listener: __, ...continuationMembers } = sampleMembers;
const { topK, topP, minP, seed, never } = continuationMembers;
const nextMembers = { temperature: number({ min: 0 }), topK, topP, minP, never, seed };
const sessionMembers = { midText, unknown, listener: listenerMember };
const someText = rule('a text or bytes', isTextOrBytes);
const positive = wholeNumber(1);

/** A text that you and a model write in turn. Calls run one after another. */
export class ModelSession {
  readonly #text: TextSession;
  readonly #model: SampledModel;
  readonly #close: () => Promise<void>;
  #random = new Random(randomSeed());
  #seed: number | undefined;
  #options: NextOptions | null = null;
  #symbols: SymbolSampler | null = null;
  /** Settles when the last call has ended. */
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(text: TextSession, model: SampledModel, close: () => Promise<void>) {
    this.#text = text;
    this.#model = model;
    this.#close = close;
  }

  /**
   * Opens a session on the device that suits sampling. `Model.session` calls it.
   *
   * @param onClose called when the session is closed
   */
  static async open(
    trained: TrainedModel,
    machine: MachineChoice,
    options: SessionOptions,
    onClose: (session: ModelSession) => void,
  ): Promise<ModelSession> {
    refuseWrong(options, sessionMembers);
    const { listener, ...rules } = options;
    listener?.activity?.({ kind: 'compiling', done: 0, total: 1 });
    const work = { kind: 'sampling', multiplyAdds: DEFAULT_LENGTH * parameterCountOf(trained) } as const;
    const { opened, close } = await openOnDevice(machine, work, (device) => TextSession.open(trained, device, rules));
    listener?.activity?.({ kind: 'sampling', done: 0, total: null });
    const session: ModelSession = new ModelSession(opened, sampledModelOf(trained), async () => {
      onClose(session);
      await close();
    });
    return session;
  }

  /**
   * Appends a text to the text so far, and reads it. The first text starts at the beginning of a line or a record,
   * unless the session has `midText`.
   *
   * @throws RnnError `corpus` for characters that the model does not know. In that case, nothing is read
   */
  read(text: string | Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      refuseOther('text', text, someText);
      await this.#text.read(text);
    });
  }

  /**
   * Samples the next character, and adds it to the text. A byte-level model samples all bytes of the
   * character.
   *
   * @param options a seed that differs from the last seed starts the random numbers again
   * @returns null at the end of a record, after which the text is reset, but not the random numbers
   * @throws RnnError `usage` for options out of range
   */
  next(options: NextOptions = {}): Promise<string | null> {
    return this.#inTurn(async () => {
      const symbols = this.#symbolsFor(options);
      for (;;) {
        const text = await this.#text.next(symbols, this.#random);
        if (text !== '') return text;
      }
    });
  }

  /**
   * Adds a token to the text as if it had been sampled.
   *
   * @param id as in the results of `probabilities`
   * @throws RnnError `usage` for an id that is not in the vocabulary
   */
  choose(id: number): Promise<void> {
    return this.#inTurn(async () => {
      const { size } = this.#text.vocabulary;
      refuseUnless(Number.isSafeInteger(id) && id >= 0 && id < size, 'id', id, `a whole number from 0 to ${size - 1}`);
      await this.#text.logits(); // starts the text if it has not started yet
      this.#text.push(id);
    });
  }

  /**
   * The likeliest next characters, in descending order. The text does not change.
   *
   * @param count the maximum number of characters. Default: all
   * @throws RnnError `usage` unless the count is a whole number of at least 1
   */
  probabilities(count?: number): Promise<readonly CharacterProbability[]> {
    return this.#inTurn(async () => {
      if (count !== undefined) refuseOther('count', count, positive);
      const { vocabulary } = this.#text;
      const texts = tokenTexts(vocabulary);
      return likeliestTokens(await this.#text.logits(), count ?? Infinity).map((each) => ({
        ...each,
        text: each.id === vocabulary.end ? null : texts[each.id],
      }));
    });
  }

  /**
   * Samples a text in pieces, and adds it to the text so far. To end it early, stop iterating.
   *
   * @throws RnnError `usage` for options out of range
   */
  async *sample(options: ContinuationOptions = {}): AsyncGenerator<string, void, undefined> {
    const units = this.#unitsOf(options);
    yield* this.#text.vocabulary.unit === 'byte' ? decodeUnits(units) : units;
  }

  /** Forgets the text: the next text starts from a zero state. */
  reset(): Promise<void> {
    return this.#inTurn(async () => {
      this.#text.reset();
      this.#seed = undefined;
    });
  }

  /** Frees threads and memory. May be called more than once. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#turn;
    await this.#close();
  }

  async *#unitsOf(options: ContinuationOptions): AsyncGenerator<string, void, undefined> {
    refuseWrong(options, continuationMembers);
    const { prime: _, seed, ...request } = requestOf(this.#model, options);
    const pieces = this.#text.sample(request, seed);
    for (;;) {
      const { done, value } = await this.#inTurn(() => pieces.next());
      if (done) return;
      yield value;
    }
  }

  /** Runs `work` after all earlier calls have ended. */
  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw usageError('cannot use a closed session', 'open another session with model.session');
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  #symbolsFor(options: NextOptions): SymbolSampler {
    refuseWrong(options, nextMembers);
    const { seed, ...filters } = options;
    if (seed !== undefined && seed !== this.#seed) {
      this.#random = new Random(seed);
      this.#seed = seed;
    }
    if (this.#symbols === null || !isDeepStrictEqual(filters, this.#options)) {
      this.#symbols = this.#text.text.symbols(filters);
      this.#options = filters;
    }
    return this.#symbols;
  }
}
