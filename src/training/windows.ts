// How a text is cut into the windows of a run, and the job for each length of window. Follows from
// the options alone.
import type { Checkpoint } from '../runs/store.ts';
import { type Draws, lengthsAround } from '../corpus/cuts.ts';
import type { Vocabulary } from '../corpus/vocabulary.ts';
import { earlierOptions } from '../options/train.ts';
import type { TrainingOptions } from '../options/training.ts';

/**
 * The job of training windows of the mean length. Windows of other lengths share its carried state.
 */
export const TRAIN = 'train';

/** @param steps T of its windows */
export function trainingJob(steps: number, { sequenceLength }: Pick<TrainingOptions, 'sequenceLength'>): string {
  return steps === sequenceLength ? TRAIN : `${TRAIN} ${steps}`;
}

/** The lengths of windows, the mean first. */
export function windowLengths({
  sequenceLength: T,
  randomLength,
}: Pick<TrainingOptions, 'sequenceLength' | 'randomLength'>): readonly number[] {
  return randomLength ? [T, ...lengthsAround(T).filter((steps) => steps !== T)] : [T];
}

export function drawsOf(
  options: Pick<TrainingOptions, 'seed' | 'randomOffset' | 'randomLength' | 'stateReset' | 'textStarts'>,
): Draws {
  const { seed, randomOffset: offset, randomLength: length, stateReset: reset, textStarts } = options;
  return { seed, offset, length, reset, isSymmetric: !textStarts };
}

/** The symbol that a stream reads first from a zero state; null if streams start anywhere. */
export function startSymbolOf(
  { textStarts }: Pick<TrainingOptions, 'textStarts'>,
  vocabulary: Vocabulary,
): number | null {
  return textStarts ? vocabulary.startSymbol : null;
}

/** Whether a text is cut into the same windows with the options of a checkpoint. */
export function sameWindows(recorded: Checkpoint['training']['options'], options: TrainingOptions): boolean {
  const draws = options.randomOffset || options.randomLength;
  const deciding = ['batchSize', 'sequenceLength', 'randomOffset', 'randomLength', ...(draws ? ['seed'] : [])] as const;
  const earlier: Readonly<Record<string, unknown>> = { ...earlierOptions, ...recorded };
  return deciding.every((option) => earlier[option] === options[option as keyof TrainingOptions]);
}
