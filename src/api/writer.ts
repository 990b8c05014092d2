// Generates text with a trained model.
import { constants } from 'node:buffer';
import { type TrainedModel, parameterCountOf } from '../runs/store.ts';
import { usageError } from '../errors.ts';
import { type OneText, type Sampler, type SamplerUse, openSampler } from '../sampling/sample.ts';
import type { SampledPieces } from '../sampling/pieces.ts';
import { refuseOther, refuseUnless, refuseWrong } from './checks.ts';
import { type Form, chosenTexts, planTexts, refuseLastSeed } from './chosen-texts.ts';
import type { MachineChoice } from './model-results.ts';
import type { ListenerOption } from './run-request.ts';
import {
  type Sample,
  type SampleOptions,
  type SampledModel,
  type SampleTextsOptions,
  requestOf,
  sampleMembers,
  sampledModelOf,
  selectingOptions,
  textsMembers,
} from './sample-options.ts';
import { openOnDevice } from './trained.ts';

/**
 * Samples from a model on a device. Compiling takes time, so the sampler of `pieces` stays open for
 * the next call of `pieces`, until the model is closed.
 */
export class Writer {
  readonly #trained: TrainedModel;
  readonly #path: string | null;
  readonly #machine: MachineChoice;
  readonly #model: SampledModel;
  #idleSampler: OpenSampler | null = null;
  #isClosed = false;

  /** @param path the file of the model, or null */
  constructor(trained: TrainedModel, path: string | null, machine: MachineChoice) {
    this.#trained = trained;
    this.#path = path;
    this.#machine = machine;
    this.#model = sampledModelOf(trained);
  }

  /** Generates one text in pieces. */
  async *pieces<Piece>(options: SampleOptions, { draw }: Form<Piece>): AsyncGenerator<Piece, void, undefined> {
    this.refuseClosed();
    refuseWrong(options, sampleMembers);
    const { listener } = options;
    const { seed, ...request } = requestOf(this.#model, options);
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
    for await (const { text, error } of this.samples(given, form, false)) {
      if (error !== null) throw error;
      yield text!;
    }
  }

  /**
   * Generates whole texts that meet conditions, with their log-probabilities.
   *
   * @param isScored whether to compute log-probabilities
   */
  async *samples<Piece>(
    given: SampleTextsOptions,
    form: Form<Piece>,
    isScored = true,
  ): AsyncGenerator<Sample<Piece>, void, undefined> {
    this.refuseClosed();
    refuseWrong(given, textsMembers);
    const plan = await planTexts(given, this.#model, this.#path, isScored);
    const sampler = await this.#open(plan.use, given.listener);
    try {
      yield* chosenTexts(sampler.sampler, form, plan, this.#model);
    } finally {
      await sampler.close();
    }
  }

  /** Generates texts in pieces, one text after another. */
  async *piecesOfTexts<Piece>(
    given: SampleTextsOptions,
    { draw }: Form<Piece>,
  ): AsyncGenerator<SampledPieces<Piece>, void, undefined> {
    this.refuseClosed();
    refuseWrong(given, textsMembers);
    const { count, listener } = given;
    const selecting = selectingOptions.find((name) => given[name] !== undefined && given[name] !== false);
    if (selecting !== undefined)
      throw usageError(
        `cannot use ${selecting} for texts in pieces`,
        'use samples or sampleMany, which yield whole texts',
      );
    refuseOther('count', count, textsMembers.count);
    const { seed, ...request } = requestOf(this.#model, given);
    if (given.seed !== undefined) refuseLastSeed(seed, count!);
    const sampler = await this.#open({ texts: count!, length: request.length }, listener);
    try {
      yield* draw(sampler.sampler, { ...request, texts: seedsFrom(seed, count!) });
    } finally {
      await sampler.close();
    }
  }

  /** Closes the idle sampler. Texts in progress are still completed. */
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

function* seedsFrom(first: number, count: number): Generator<OneText> {
  for (let index = 0; index < count; index++) yield { seed: first + index };
}

interface OpenSampler {
  readonly sampler: Sampler;
  close(): Promise<void>;
}
