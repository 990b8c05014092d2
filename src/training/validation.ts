// The loss of a model in training on the held-out part, or on a sample of it.
import type { Executable } from '../devices/device.ts';
import { evaluateWindows } from '../evaluation/evaluate.ts';
import { type WindowPlan, evaluationJob, heldOutWindows } from './windows.ts';
import type { TrainingRun } from './run.ts';

export function validationOf(
  { corpus, options, onActivity }: Pick<TrainingRun, 'corpus' | 'options' | 'onActivity'>,
  plan: WindowPlan,
) {
  const heldOut = heldOutWindows(options, corpus, plan);
  const ofRun = options.validationCharacters || Infinity;
  /** Whether there is a text to validate on. */
  const isPossible = corpus.validation.length > 1;
  /**
   * Characters that an evaluation scores.
   *
   * @param characters the maximum number to score. By default as in the run
   */
  const scored = (characters = ofRun): number => heldOut.scored(characters);
  return {
    /** Characters that are held out. */
    all: heldOut.heldOutCharacters,
    isPossible,
    scored,

    /**
     * Mean nats per character, or null if there is no text to validate on or the run must end soon.
     *
     * @param executable a program with evaluation jobs, and the weights to use
     * @param characters the maximum number to score, in a sample. By default as in the run
     */
    async loss(executable: Executable, isUrgent: () => boolean, characters = ofRun): Promise<number | null> {
      if (!isPossible) return null;
      return evaluateWindows(executable, {
        ...heldOut.windows(characters),
        jobOf: (steps) => evaluationJob(steps, plan),
        isUrgent,
        onProgress: (done, total) => onActivity?.({ kind: 'validating', done, total }),
      });
    },
  };
}
