// Texts of a model while it learns. Knows nothing of when they are due.
import type { VocabularyData } from '../corpus/vocabulary.ts';
import { Vocabulary } from '../corpus/vocabulary.ts';
import type { Device } from '../devices/device.ts';
import { openDevice } from '../devices/open.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { Sampler } from '../sampling/sample.ts';
import { type ActivityListener, reporting } from './activity.ts';

/** How long a text is, its seed, and what tells that it became urgent to end. */
interface SampleWish {
  readonly length: number;
  readonly seed: number;
  readonly isUrgent: () => boolean;
}

export class ProgressSampler {
  readonly #model: ModelConfiguration;
  readonly #vocabulary: Vocabulary;
  readonly #device: Device;
  readonly #threads: number | null;
  readonly #onActivity: ActivityListener;
  #sampler: Sampler | null = null;
  /** Where texts are drawn, if not where the model is trained. */
  #cpu: Device | null = null;

  /** @param threads maximum if the cpu samples for another device; null for one per core */
  constructor(
    model: ModelConfiguration,
    vocabulary: VocabularyData,
    device: Device,
    threads: number | null,
    onActivity: ActivityListener = () => {},
  ) {
    this.#model = model;
    this.#vocabulary = new Vocabulary(vocabulary);
    this.#device = device;
    this.#threads = threads;
    this.#onActivity = onActivity;
  }

  /** A text of the model with these weights, or null if it became urgent to end. */
  async text(parameters: Float32Array, { length, seed, isUrgent }: SampleWish): Promise<string | null> {
    this.#sampler ??= await this.#open();
    await this.#sampler.load(parameters);
    let text = '';
    let done = 0;
    this.#onActivity({ kind: 'sampling', done, total: length });
    for await (const piece of this.#sampler.text({ prime: '', length, stop: null, seed, options: {} })) {
      if (isUrgent()) return null;
      text += piece;
      done += [...piece].length;
      this.#onActivity({ kind: 'sampling', done, total: length });
    }
    return text;
  }

  #open(): Promise<Sampler> {
    return reporting(this.#onActivity, 'compiling', async () => Sampler.open(this.#model, this.#vocabulary, await this.#samplingDevice()));
  }

  async close(): Promise<void> {
    await this.#sampler?.close();
    await this.#cpu?.close();
  }

  /** The cpu writes one character after another faster than a GPU, to which all weights would have to go for each. */
  async #samplingDevice(): Promise<Device> {
    if (!this.#device.name.startsWith('gpu')) return this.#device;
    const threads = this.#threads === null ? {} : { threads: this.#threads };
    return (this.#cpu ??= await openDevice('cpu', { work: { kind: 'sampling', multiplyAdds: 0 }, ...threads }));
  }
}
