// Text from a trained model: what may be asked for, and a sampler that stays open from one text to
// the next. Knows nothing of what else a model can do.
import { constants } from 'node:buffer';
import { type TrainedModel, weightsIn } from '../runs/store.ts';
import { openDevice } from '../devices/open.ts';
import { usageError } from '../errors.ts';
import type { SamplingOptions } from '../sampling/filters.ts';
import {
  type SampleRequest,
  type Sampler,
  type SamplerUse,
  type TextsRequest,
  openSampler,
} from '../sampling/sample.ts';
import { sampleOptions } from '../options/commands.ts';
import { onOff, rule, wholeNumber } from '../options/kind.ts';
import { kindsOf, tableOf } from '../options/option.ts';
import { isText, listenerMember, refuseOther, refuseUnless, refuseWrong } from './checks.ts';
import type { MachineChoice } from './model-results.ts';
import type { Listening } from './run-request.ts';

export interface SampleOptions extends SamplingOptions, Listening {
  /**
   * How the text starts, after a line's end; it is not repeated. A model of bytes takes any bytes.
   */
  readonly prime?: string | Uint8Array;
  /** The prime is from within a text: nothing precedes it. Default false. */
  readonly midText?: boolean;
  /** Characters to write, or bytes. Default 500. */
  readonly length?: number;
  /** Ends the text once this, or one of these, has been written. */
  readonly stop?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Whether the stop that ends the text is part of it. Default true. */
  readonly keepStop?: boolean;
  /** The same seed writes the same text; one by chance unless given. */
  readonly seed?: number;
}

export interface TextsOptions extends SampleOptions {
  /**
   * How many, drawn together; text k has the seed `seed` + k, with which it can be had again alone.
   */
  readonly count: number;
}

const { midText, length, seed, temperature, topK, topP, minP } = kindsOf(tableOf(sampleOptions));
export const sampleMembers = {
  midText,
  length,
  seed,
  temperature,
  topK,
  topP,
  minP,
  prime: rule('a text or bytes', isText),
  stop: rule('a text, bytes or a list of them', (given) => [given].flat().every(isText)),
  keepStop: onOff,
  listener: listenerMember,
  never: rule(
    'a list of ids',
    (given) => Array.isArray(given) && given.every((id) => Number.isSafeInteger(id) && id >= 0),
  ),
};
const defaultLength = tableOf(sampleOptions).length.default;
const textsMembers = { count: wholeNumber(1), ...sampleMembers };

export class Writer {
  readonly #trained: TrainedModel;
  readonly #machine: MachineChoice;
  #idle: OpenSampler | null = null;
  #isClosed = false;

  constructor(trained: TrainedModel, machine: MachineChoice) {
    this.#trained = trained;
    this.#machine = machine;
  }

  /** One text, piece by piece as it is drawn. */
  async *pieces<Piece>(options: SampleOptions, { draw }: Form<Piece>): AsyncGenerator<Piece, void, undefined> {
    this.refuseClosed();
    refuseWrong(options, sampleMembers);
    const { listener, ...asked } = options;
    const { seed, ...request } = requestOf(asked);
    const sampler = this.#takeIdle() ?? (await this.#open({ texts: 1, length: request.length }, listener));
    try {
      for (const pieces of draw(sampler.sampler, { ...request, seeds: [seed] })) yield* pieces;
    } finally {
      await this.#giveBack(sampler);
    }
  }

  /** Whole texts, one after another. */
  async *texts<Piece>(given: TextsOptions, form: Form<Piece>): AsyncGenerator<Piece, void, undefined> {
    refuseWrong(given, textsMembers);
    const { length = 0 } = given;
    refuseUnless(
      length <= constants.MAX_STRING_LENGTH,
      'length',
      length,
      `at most ${constants.MAX_STRING_LENGTH}: sample gives a longer text in pieces`,
    );
    for await (const text of this.piecesOfTexts(given, form)) {
      const pieces: Piece[] = [];
      for await (const piece of text) pieces.push(piece);
      yield form.join(pieces);
    }
  }

  /** Texts, one after another, each piece by piece. */
  async *piecesOfTexts<Piece>(
    given: TextsOptions,
    { draw }: Form<Piece>,
  ): AsyncGenerator<AsyncGenerator<Piece>, void, undefined> {
    this.refuseClosed();
    refuseWrong(given, textsMembers);
    const { count, listener, ...options } = given;
    refuseOther('count', count, textsMembers.count);
    const { seed, ...request } = requestOf(options);
    // Beyond it two texts would have one seed.
    const lastSeed = Number.MAX_SAFE_INTEGER - (count - 1);
    refuseUnless(
      options.seed === undefined || seed <= lastSeed,
      'seed',
      seed,
      `at most 2^53 − ${count} for ${count} texts`,
    );
    const sampler = await this.#open({ texts: count, length: request.length }, listener);
    try {
      yield* draw(sampler.sampler, { ...request, seeds: seedsFrom(seed, count) });
    } finally {
      await sampler.close();
    }
  }

  /** Texts that are being sampled end as usual. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#takeIdle()?.close();
  }

  /** @throws RnnError `usage` once the model is closed */
  refuseClosed(): void {
    if (this.#isClosed) throw usageError('this model is closed', 'open it again by openModel');
  }

  #takeIdle(): OpenSampler | null {
    const idle = this.#idle;
    this.#idle = null;
    return idle;
  }

  /** A sampler on the device that suits so many texts. */
  async #open(use: Required<SamplerUse>, listener: Listening['listener']): Promise<OpenSampler> {
    const { device: name = 'auto', threads, kernels } = this.#machine;
    const multiplyAdds = use.texts * use.length * weightsIn(this.#trained);
    listener?.activity?.({ kind: 'compiling', done: 0, total: 1 });
    const device = await openDevice(name, { threads, kernels, work: { kind: 'sampling', multiplyAdds } });
    try {
      const sampler = await openSampler(this.#trained, device, use);
      listener?.activity?.({ kind: 'sampling', done: 0, total: null });
      const close = async (): Promise<void> => {
        await sampler.close();
        await device.close();
      };
      return { sampler, close };
    } catch (error) {
      await device.close();
      throw error;
    }
  }

  /** Of several texts that were drawn at once one sampler stays. */
  async #giveBack(sampler: OpenSampler): Promise<void> {
    if (this.#isClosed || this.#idle !== null) await sampler.close();
    else this.#idle = sampler;
  }
}

function requestOf({
  prime = '',
  midText = false,
  length = defaultLength,
  stop,
  keepStop = true,
  seed = seedOfChance(),
  ...options
}: SampleOptions): SampleRequest {
  return { prime, midText, length, stop: stop ?? null, keepStop, seed, options };
}

function* seedsFrom(first: number, count: number): Generator<number> {
  for (let index = 0; index < count; index++) yield first + index;
}

/**
 * Texts as characters or as bytes: how a sampler draws them, and how a whole is made of its pieces.
 */
interface Form<Piece> {
  draw(sampler: Sampler, request: TextsRequest): Iterable<AsyncGenerator<Piece>>;
  join(pieces: readonly Piece[]): Piece;
}

export const asText: Form<string> = {
  draw: (sampler, request) => sampler.texts(request),
  join: (pieces) => pieces.join(''),
};
export const asBytes: Form<Uint8Array> = { draw: (sampler, request) => sampler.bytes(request), join: Buffer.concat };

interface OpenSampler {
  readonly sampler: Sampler;
  close(): Promise<void>;
}

const seedOfChance = (): number => crypto.getRandomValues(new Uint32Array(1))[0];
