// The windows in which a run reads its text, and the jobs for each of their lengths.
import { type BatchSource, Streams } from '../corpus/batches.ts';
import { type EvaluationWindow, evaluationWindows, scoredCharacters } from '../corpus/evaluation-windows.ts';
import type { Corpus } from '../corpus/read.ts';
import { RecordBatches, recordWindows } from '../corpus/record-batches.ts';
import { recordsIn } from '../corpus/corpus-records.ts';
import { SortedRecords, chooseLengths } from '../corpus/records.ts';
import { type TrainingOptions, lengthsAround } from '../options/training.ts';

/**
 * The job that trains on windows of the first length. Windows of other lengths share its carried
 * state.
 */
export const TRAIN = 'train';
export const EVALUATE = 'evaluate';

/** The windows of a run. */
export interface WindowPlan {
  /** The time steps of a window of training. The first is the length that carries a state on. */
  readonly lengths: readonly number[];
  /** The time steps of a window of an evaluation. */
  readonly evaluated: readonly number[];
  /** The mean number of targets that a window of training scores. */
  readonly meanScored: number;
}

/** The job that trains on windows of `steps` time steps. */
export const trainingJob = (steps: number, plan: WindowPlan): string => jobOf(TRAIN, steps, plan);

/** The job that evaluates windows of `steps` time steps. */
export const evaluationJob = (steps: number, plan: WindowPlan): string => jobOf(EVALUATE, steps, plan);

const jobOf = (name: string, steps: number, { lengths: [first] }: WindowPlan): string =>
  steps === first ? name : `${name} ${steps}`;

type Text = Pick<Corpus, 'train' | 'validation' | 'records' | 'vocabulary'>;

/** The windows of a text that is read from beginning to end. */
export function windowsOfText({
  batchSize: N,
  sequenceLength: T,
  randomLength,
}: Pick<TrainingOptions, 'batchSize' | 'sequenceLength' | 'randomLength'>): WindowPlan {
  const lengths = randomLength ? [T, ...lengthsAround(T).filter((steps) => steps !== T)] : [T];
  return { lengths, evaluated: [T], meanScored: N * T };
}

/** The windows of a run, and how it reads the text that it trains on. */
export function readingOfRun(options: TrainingOptions, text: Text): { plan: WindowPlan; batches: BatchSource } {
  const { train, records, vocabulary } = text;
  const { batchSize, sequenceLength, seed, randomOffset, randomLength, stateReset, textStarts } = options;
  if (records === null) {
    const draws = { seed, offset: randomOffset, length: randomLength, reset: stateReset, isSymmetric: !textStarts };
    const start = textStarts ? vocabulary.startSymbol : null;
    const batches = new Streams(train, batchSize, sequenceLength, draws, start);
    return { plan: windowsOfText(options), batches };
  }
  const stored = recordsIn(records, train, true);
  const lengths = chooseLengths(stored, sequenceLength);
  const batches = new RecordBatches(stored, { batchSize, lengths, seed });
  const descending = lengths.toReversed();
  return { plan: { lengths: descending, evaluated: descending, meanScored: batches.meanScored }, batches };
}

/** How a held-out part is scored. */
interface HeldOutWindows {
  /** Characters that are held out. */
  readonly heldOutCharacters: number;
  /** Characters that an evaluation scores. */
  scored(characters: number): number;
  /** @param characters the maximum number to score, in a sample */
  windows(characters: number): { readonly windows: Iterator<EvaluationWindow>; readonly total: number };
}

/** How a run scores its held-out part. */
export function heldOutWindows(
  options: TrainingOptions,
  { validation, records, vocabulary }: Text,
  { evaluated }: WindowPlan,
): HeldOutWindows {
  const { evaluationStreams: streams, sequenceLength, textStarts } = options;
  const { length } = validation;
  if (records === null) {
    const startSymbol = textStarts ? vocabulary.startSymbol : null;
    return {
      heldOutCharacters: length,
      scored: (characters) => (characters < length - 1 ? scoredCharacters(length, { streams, characters }) : length),
      windows: (characters) => ({
        windows: evaluationWindows(validation, { streams, sequenceLength, startSymbol, characters }),
        total: scoredCharacters(length, { streams, characters }),
      }),
    };
  }
  const stored = recordsIn(records, validation, false);
  const lengths = evaluated.toReversed();
  const { scored: heldOutCharacters } = new SortedRecords(stored, lengths);
  return {
    heldOutCharacters,
    scored: (characters) => Math.min(heldOutCharacters, characters),
    windows: (characters) => ({
      windows: recordWindows(stored, { batchSize: streams, lengths }, characters),
      total: Math.min(heldOutCharacters, characters),
    }),
  };
}
