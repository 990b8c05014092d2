// The loss of a model in training on the held-out part, or on a sample of it.
import { scoredCharacters } from '../corpus/evaluation-windows.ts';
import type { Corpus } from '../corpus/read.ts';
import type { Executable } from '../devices/device.ts';
import type { ActivityListener } from './activity.ts';
import { evaluate } from './evaluation.ts';
import type { TrainingOptions } from '../options/training.ts';
import { startSymbolOf } from './windows.ts';

type Options = Pick<TrainingOptions, 'evaluationStreams' | 'sequenceLength' | 'textStarts' | 'validationCharacters'>;

export class Validation {
  readonly #corpus: Pick<Corpus, 'validation' | 'vocabulary'>;
  readonly #options: Options;
  readonly #onActivity: ActivityListener;

  constructor(corpus: Pick<Corpus, 'validation' | 'vocabulary'>, options: Options, onActivity: ActivityListener) {
    this.#corpus = corpus;
    this.#options = options;
    this.#onActivity = onActivity;
  }

  /** There is a text to validate on. */
  get isPossible(): boolean {
    return this.#corpus.validation.length > 1;
  }

  /** Characters that are held out. */
  get all(): number {
    return this.#corpus.validation.length;
  }

  /** Characters that an evaluation scores. @param characters to score at most; those of the run unless given */
  scored(characters = this.#ofRun): number {
    const split = { streams: this.#options.evaluationStreams, characters };
    return characters < this.all - 1 ? scoredCharacters(this.all, split) : this.all;
  }

  get #ofRun(): number {
    return this.#options.validationCharacters || Infinity;
  }

  /**
   * Mean nats per character, or null if there is none or it became urgent to end.
   *
   * @param executable with an evaluation job, and the weights to use
   * @param characters to score at most, in a sample; those of the run unless given
   */
  async loss(executable: Executable, isUrgent: () => boolean, characters = this.#ofRun): Promise<number | null> {
    if (!this.isPossible) return null;
    const { evaluationStreams: streams, sequenceLength } = this.#options;
    const startSymbol = startSymbolOf(this.#options, this.#corpus.vocabulary);
    const plan = { streams, sequenceLength, startSymbol, characters, isUrgent, onActivity: this.#onActivity };
    return evaluate(executable, 'evaluate', this.#corpus.validation, plan);
  }
}
