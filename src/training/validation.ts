// The loss of a model in training on the held-out part, or on a sample of it.
import { scoredCharacters } from '../corpus/evaluation-windows.ts';
import type { Executable } from '../devices/device.ts';
import { evaluateTokens } from '../evaluation/evaluate.ts';
import type { TrainingRun } from './run.ts';

export function validationOf({ corpus, options, onActivity }: Pick<TrainingRun, 'corpus' | 'options' | 'onActivity'>) {
  const { evaluationStreams: streams, sequenceLength, textStarts } = options;
  /** Characters that are held out. */
  const { length: all } = corpus.validation;
  const ofRun = options.validationCharacters || Infinity;
  /** Whether there is a text to validate on. */
  const isPossible = all > 1;
  return {
    all,
    isPossible,

    /**
     * Characters that an evaluation scores.
     *
     * @param characters to score at most. By default as in the run
     */
    scored: (characters = ofRun): number =>
      characters < all - 1 ? scoredCharacters(all, { streams, characters }) : all,

    /**
     * Mean nats per character, or null if there is no text to validate on or the run must end soon.
     *
     * @param executable with an evaluation job, and the weights to use
     * @param characters to score at most, in a sample. By default as in the run
     */
    async loss(executable: Executable, isUrgent: () => boolean, characters = ofRun): Promise<number | null> {
      if (!isPossible) return null;
      return evaluateTokens(executable, 'evaluate', corpus.validation, {
        streams,
        sequenceLength,
        startSymbol: textStarts ? corpus.vocabulary.startSymbol : null,
        characters,
        isUrgent,
        onProgress: (done, total) => onActivity?.({ kind: 'validating', done, total }),
      });
    },
  };
}
