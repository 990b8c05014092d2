// Text from a trained model: what may be asked for, and a sampler that stays open from one text to the next. Knows
// nothing of what else a model can do.
import { type TrainedModel, weightsIn } from '../checkpoint/store.ts';
import type { Device } from '../devices/device.ts';
import type { SamplingWork } from '../devices/open.ts';
import type { SamplingOptions } from '../sampling/filters.ts';
import { type Sampler, openSampler } from '../sampling/sample.ts';
import { refuseUnknown, refuseUnless, refuseUnlessText, refuseUnlessWhole } from './settings.ts';

export interface SampleOptions extends SamplingOptions {
  /** How the text starts; it is not repeated. A text starts after a line's end, with a prime or without. */
  readonly prime?: string;
  /** The prime is from within a text: nothing precedes it. Default false. */
  readonly midText?: boolean;
  /** Characters to write. Default 500. */
  readonly length?: number;
  /** Ends the text once this has been written. */
  readonly stop?: string;
  /** The same seed writes the same text; one by chance unless given. */
  readonly seed?: number;
}

export interface TextsOptions extends SampleOptions {
  /** How many, drawn together; text k has the seed `seed` + k, with which it can be had again alone. */
  readonly count: number;
}

export const sampleNames = [
  ...(['prime', 'midText', 'length', 'stop', 'seed'] as const),
  ...(['temperature', 'topK', 'topP', 'minP', 'never'] as const),
] satisfies readonly (keyof SampleOptions)[];
const defaultLength = 500;
/** Symbols. A longer prime is read by a sampler of its own, which is compiled for reading. */
const SHORT_PRIME = 64;

export class Writer {
  readonly #trained: TrainedModel;
  readonly #open: (work: SamplingWork) => Promise<Device>;
  #idle: OpenSampler | null = null;
  #isClosed = false;

  /** @param open gives a device, which the writer closes */
  constructor(trained: TrainedModel, open: (work: SamplingWork) => Promise<Device>) {
    this.#trained = trained;
    this.#open = open;
  }

  /** One text, piece by piece as it is drawn. */
  async *pieces(options: SampleOptions): AsyncGenerator<string, void, undefined> {
    refuseWrongChoice(options);
    const { prime = '', midText = false, length = defaultLength, stop = null, seed = seedOfChance(), ...filters } = options;
    const isShort = prime.length <= SHORT_PRIME;
    const sampler = (isShort ? this.#takeIdle() : null) ?? (await this.#openFor({ texts: 1, length, prime: isShort ? 0 : prime.length }));
    try {
      yield* sampler.sampler.text({ prime, midText, length, stop, seed, options: filters });
    } finally {
      await this.#giveBack(sampler, isShort);
    }
  }

  /** Whole texts, one after another. */
  async *texts(given: TextsOptions): AsyncGenerator<string, void, undefined> {
    refuseUnknown(given, ['count', ...sampleNames]);
    const { count, ...options } = given;
    refuseUnless(Number.isSafeInteger(count) && count >= 1, 'count', count, 'a whole number from 1 up');
    refuseWrongChoice(options);
    const { prime = '', midText = false, length = defaultLength, stop = null, seed = seedOfChance(), ...filters } = options;
    const sampler = await this.#openFor({ texts: count, length, prime: prime.length, stops: stop !== null });
    try {
      const seeds = Array.from({ length: count }, (_, index) => seed + index);
      for (const pieces of sampler.sampler.texts({ prime, midText, length, stop, seeds, options: filters })) {
        let text = '';
        for await (const piece of pieces) text += piece;
        yield text;
      }
    } finally {
      await sampler.close();
    }
  }

  /** Texts in hand end by themselves. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#takeIdle()?.close();
  }

  #takeIdle(): OpenSampler | null {
    const idle = this.#idle;
    this.#idle = null;
    return idle;
  }

  /** Of several texts that were drawn at once one sampler stays. */
  async #giveBack(sampler: OpenSampler, isShort: boolean): Promise<void> {
    if (this.#isClosed || !isShort || this.#idle !== null) await sampler.close();
    else this.#idle = sampler;
  }

  async #openFor(use: {
    readonly texts: number;
    readonly length: number;
    readonly prime: number;
    readonly stops?: boolean;
  }): Promise<OpenSampler> {
    const device = await this.#open({
      kind: 'sampling',
      multiplyAdds: use.texts > 1 ? use.texts * use.length * weightsIn(this.#trained) : 0,
    });
    try {
      const sampler = await openSampler(this.#trained, device, use);
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
}

/** What sampling/ looks at is left to it. @throws RnnError `usage` for an option that is none, or is not what it may be */
export function refuseWrongChoice(options: SampleOptions): void {
  refuseUnknown(options, sampleNames);
  const { prime, midText = false, length, stop, seed, never = [] } = options;
  refuseUnless(typeof midText === 'boolean', 'midText', midText, 'true or false');
  refuseUnlessText({ prime, stop });
  refuseUnlessWhole({ length });
  refuseUnlessWhole({ seed }, 0);
  refuseUnless(Array.isArray(never) && never.every((id) => Number.isSafeInteger(id) && id >= 0), 'never', never, 'a list of ids');
}

interface OpenSampler {
  readonly sampler: Sampler;
  close(): Promise<void>;
}

const seedOfChance = (): number => crypto.getRandomValues(new Uint32Array(1))[0];
