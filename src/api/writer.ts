// Generates text with a trained model: the options of sampling, and a sampler that stays open from
// one text to the next. Knows nothing else about models.
import { constants } from 'node:buffer';
import { type TrainedModel, parameterCountOf } from '../runs/store.ts';
import { usageError } from '../errors.ts';
import type { SamplingOptions } from '../sampling/filters.ts';
import {
  type SampledTextRequest,
  type Sampler,
  type OneText,
  type SamplerUse,
  type SampledTextsRequest,
  openSampler,
} from '../sampling/sample.ts';
import type { SampledPieces } from '../sampling/pieces.ts';
import { sampleOptions } from '../options/trained.ts';
import { onOff, rule, wholeNumber } from '../options/kind.ts';
import { kindsOf, tableOf } from '../options/option.ts';
import { isTextOrBytes, listenerMember, refuseOther, refuseUnless, refuseWrong } from './checks.ts';
import type { MachineChoice } from './model-results.ts';
import type { ListenerOption } from './run-request.ts';
import { openOnDevice } from './trained.ts';

/** How to sample a text. */
export interface SampleOptions extends SamplingOptions, ListenerOption {
  /**
   * The prompt, which starts at the beginning of a line. It is not repeated in the output. A
   * byte-level model accepts any bytes.
   */
  readonly prime?: string | Uint8Array;
  /** The prompt is from the middle of a text, so it does not start a line. Default false. */
  readonly midText?: boolean;
  /** The number of characters to generate (bytes for a byte-level model). Default 500. */
  readonly length?: number;
  /** Ends the text when this string, or one of these strings, has been generated. */
  readonly stop?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Whether the `stop` string that ends the text is part of the output. Default true. */
  readonly keepStop?: boolean;
  /** The same seed gives the same text. Default: a random seed. */
  readonly seed?: number;
}

/** How to sample several texts at once. */
export interface SampleTextsOptions extends SampleOptions {
  /**
   * The number of texts. Text k has the seed `seed` + k, so that it can be generated alone with
   * that seed.
   */
  readonly count: number;
}

const { midText, length, seed, temperature, topK, topP, minP } = kindsOf(tableOf(sampleOptions));
/** The rules of the options for one text. */
export const sampleMembers = {
  midText,
  length,
  seed,
  temperature,
  topK,
  topP,
  minP,
  prime: rule('a text or bytes', isTextOrBytes),
  stop: rule('a text, bytes or a list of them', (given) => [given].flat().every(isTextOrBytes)),
  keepStop: onOff,
  listener: listenerMember,
  never: rule(
    'a list of ids',
    (given) => Array.isArray(given) && given.every((id) => Number.isSafeInteger(id) && id >= 0),
  ),
};
/** Characters to generate, unless the caller gives another length. */
export const DEFAULT_LENGTH = tableOf(sampleOptions).length.default;
const textsMembers = { count: wholeNumber(1), ...sampleMembers };

/**
 * Samples from a model on a device. It keeps the last sampler open for the next text, because
 * compiling takes time, and closes it with the model.
 */
export class Writer {
  readonly #trained: TrainedModel;
  readonly #machine: MachineChoice;
  #idleSampler: OpenSampler | null = null;
  #isClosed = false;

  constructor(trained: TrainedModel, machine: MachineChoice) {
    this.#trained = trained;
    this.#machine = machine;
  }

  /** Generates one text in pieces. */
  async *pieces<Piece>(options: SampleOptions, { draw }: Form<Piece>): AsyncGenerator<Piece, void, undefined> {
    this.refuseClosed();
    refuseWrong(options, sampleMembers);
    const { listener, ...sampleOptions } = options;
    const { seed, ...request } = requestOf(sampleOptions);
    const sampler = this.#takeIdleSampler() ?? (await this.#open({ texts: 1, length: request.length }, listener));
    try {
      for (const pieces of draw(sampler.sampler, { ...request, texts: [{ seed }] })) yield* pieces;
    } finally {
      await this.#returnSampler(sampler);
    }
  }

  /** Generates whole texts, one after another. */
  async *texts<Piece>(given: SampleTextsOptions, form: Form<Piece>): AsyncGenerator<Piece, void, undefined> {
    refuseWrong(given, textsMembers);
    const { length = 0 } = given;
    refuseUnless(
      length <= constants.MAX_STRING_LENGTH,
      'length',
      length,
      `at most ${constants.MAX_STRING_LENGTH} (use sample for a longer text in pieces)`,
    );
    for await (const text of this.piecesOfTexts(given, form)) {
      const pieces: Piece[] = [];
      for await (const piece of text) pieces.push(piece);
      yield form.join(pieces);
    }
  }

  /** Generates texts in pieces, one text after another. */
  async *piecesOfTexts<Piece>(
    given: SampleTextsOptions,
    { draw }: Form<Piece>,
  ): AsyncGenerator<SampledPieces<Piece>, void, undefined> {
    this.refuseClosed();
    refuseWrong(given, textsMembers);
    const { count, listener, ...options } = given;
    refuseOther('count', count, textsMembers.count);
    const { seed, ...request } = requestOf(options);
    // With a larger seed, two texts would have the same seed.
    const lastSeed = Number.MAX_SAFE_INTEGER - (count - 1);
    refuseUnless(
      options.seed === undefined || seed <= lastSeed,
      'seed',
      seed,
      `at most 2^53 − ${count} for ${count} texts`,
    );
    const sampler = await this.#open({ texts: count, length: request.length }, listener);
    try {
      yield* draw(sampler.sampler, { ...request, texts: seedsFrom(seed, count) });
    } finally {
      await sampler.close();
    }
  }

  /** Texts that are being generated end as usual. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#takeIdleSampler()?.close();
  }

  /** @throws RnnError `usage` once the model is closed */
  refuseClosed(): void {
    if (this.#isClosed) throw usageError('cannot use a closed model', 'open it again with openModel');
  }

  #takeIdleSampler(): OpenSampler | null {
    const idleSampler = this.#idleSampler;
    this.#idleSampler = null;
    return idleSampler;
  }

  /** Opens a sampler on the device that suits this number of texts. */
  async #open(use: Required<SamplerUse>, listener: ListenerOption['listener']): Promise<OpenSampler> {
    const work = { kind: 'sampling', multiplyAdds: use.texts * use.length * parameterCountOf(this.#trained) } as const;
    listener?.activity?.({ kind: 'compiling', done: 0, total: 1 });
    const { opened, close } = await openOnDevice(this.#machine, work, (device) =>
      openSampler(this.#trained, device, use),
    );
    listener?.activity?.({ kind: 'sampling', done: 0, total: null });
    return { sampler: opened, close };
  }

  /** Keeps one sampler open for the next text, and closes any other. */
  async #returnSampler(sampler: OpenSampler): Promise<void> {
    if (this.#isClosed || this.#idleSampler !== null) await sampler.close();
    else this.#idleSampler = sampler;
  }
}

function requestOf({
  prime = '',
  midText = false,
  length = DEFAULT_LENGTH,
  stop,
  keepStop = true,
  seed = randomSeed(),
  ...options
}: SampleOptions): SampledTextRequest {
  return { prime, midText, length, stop: stop ?? null, keepStop, seed, options };
}

function* seedsFrom(first: number, count: number): Generator<OneText> {
  for (let index = 0; index < count; index++) yield { seed: first + index };
}

/**
 * The form of texts, characters or bytes: how a sampler draws them, and how their pieces are
 * joined.
 */
interface Form<Piece> {
  draw(sampler: Sampler, request: SampledTextsRequest): Iterable<SampledPieces<Piece>>;
  join(pieces: readonly Piece[]): Piece;
}

/** Pieces are strings, which end at characters. */
export const textForm: Form<string> = {
  draw: (sampler, request) => sampler.texts(request),
  join: (pieces) => pieces.join(''),
};
/** Pieces are bytes, which may end inside a character. */
export const bytesForm: Form<Uint8Array> = { draw: (sampler, request) => sampler.bytes(request), join: Buffer.concat };

interface OpenSampler {
  readonly sampler: Sampler;
  close(): Promise<void>;
}

/** A seed for callers who give none. */
export const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0];
