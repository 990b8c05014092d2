// Texts of a model while it learns. Knows nothing of when they are due.
import type { Vocabulary } from '../corpus/vocabulary.ts';
import type { Device } from '../devices/device.ts';
import { openDevice } from '../devices/open.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { Sampler } from '../sampling/sample.ts';
import { reporting } from './activity.ts';
import type { TrainingRun } from './run.ts';

/** `machine.threads` are the most if the cpu samples for another device. */
type Surroundings = Pick<TrainingRun, 'device' | 'onActivity'> & Partial<Pick<TrainingRun, 'machine'>>;

export class ProgressSampler {
  readonly #model: ModelConfiguration;
  readonly #vocabulary: Vocabulary;
  readonly #surroundings: Surroundings;
  #sampler: Sampler | null = null;
  /** The device that samples, if it is not the device that trains. */
  #cpu: Device | null = null;

  constructor(model: ModelConfiguration, vocabulary: Vocabulary, surroundings: Surroundings) {
    this.#model = model;
    this.#vocabulary = vocabulary;
    this.#surroundings = surroundings;
  }

  /** A text of the model with these weights, or null if it became urgent to end. */
  async text(parameters: Float32Array, length: number, seed: number, isUrgent: () => boolean): Promise<string | null> {
    const { onActivity } = this.#surroundings;
    this.#sampler ??= await reporting(onActivity, 'compiling', async () =>
      Sampler.open(this.#model, this.#vocabulary, await this.#samplingDevice()),
    );
    await this.#sampler.load(parameters);
    let text = '';
    let done = 0;
    onActivity?.({ kind: 'sampling', done, total: length });
    for await (const piece of this.#sampler.text({ prime: '', length, stop: null, seed, options: {} })) {
      if (isUrgent()) return null;
      text += piece;
      done += [...piece].length;
      onActivity?.({ kind: 'sampling', done, total: length });
    }
    return text;
  }

  async close(): Promise<void> {
    await this.#sampler?.close();
    await this.#cpu?.close();
  }

  /**
   * The cpu samples one character after another faster than a GPU, to which all weights would have
   * to go for each character.
   */
  async #samplingDevice(): Promise<Device> {
    const { device, machine } = this.#surroundings;
    if (!device.name.startsWith('gpu')) return device;
    return (this.#cpu ??= await openDevice('cpu', {
      work: { kind: 'sampling', multiplyAdds: 0 },
      ...(machine?.threads && { threads: machine.threads }),
    }));
  }
}
