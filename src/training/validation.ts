// The loss of a model in training on the held-out part, or on a sample of it.
import { scoredCharacters } from '../corpus/evaluation-windows.ts';
import type { Executable } from '../devices/device.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import type { TrainingRun } from './run.ts';

export class Validation {
  readonly #run: Pick<TrainingRun, 'corpus' | 'options' | 'onActivity'>;

  constructor(run: Pick<TrainingRun, 'corpus' | 'options' | 'onActivity'>) {
    this.#run = run;
  }

  /** There is a text to validate on. */
  get isPossible(): boolean {
    return this.all > 1;
  }

  /** Characters that are held out. */
  get all(): number {
    return this.#run.corpus.validation.length;
  }

  /**
   * Characters that an evaluation scores. @param characters to score at most; those of the run if
   * left out
   */
  scored(characters = this.#ofRun): number {
    return characters < this.all - 1
      ? scoredCharacters(this.all, { streams: this.#run.options.evaluationStreams, characters })
      : this.all;
  }

  get #ofRun(): number {
    return this.#run.options.validationCharacters || Infinity;
  }

  /**
   * Mean nats per character, or null if there is none or it became urgent to end.
   *
   * @param executable with an evaluation job, and the weights to use
   * @param characters to score at most, in a sample; those of the run if left out
   */
  async loss(executable: Executable, isUrgent: () => boolean, characters = this.#ofRun): Promise<number | null> {
    if (!this.isPossible) return null;
    const { options, corpus, onActivity } = this.#run;
    const { evaluationStreams: streams, sequenceLength } = options;
    const onProgress = (done: number, total: number): void => onActivity?.({ kind: 'validating', done, total });
    return evaluate(executable, 'evaluate', corpus.validation, {
      streams,
      sequenceLength,
      startSymbol: options.textStarts ? corpus.vocabulary.startSymbol : null,
      characters,
      isUrgent,
      onProgress,
    });
  }
}
