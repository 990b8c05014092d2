// Chooses the network, its regularisation and the length of the run where they are not given: from
// the length of the text, and from a length of the run if the user gives one. Measured by
// bench/defaults.js on texts of 10,000 to 5 million characters. Pure.
import type { TextKind } from '../options/choices.ts';
import type { TrainingOptions } from '../options/training.ts';
import { charactersWithin } from './work.ts';

// prettier-ignore
type Choice = Pick<TrainingOptions,
  'cell' | 'layers' | 'hidden' | 'skip' | 'embedding' | 'dropout' | 'weightDecay' | 'average' | 'batchSize' | 'sequenceLength'
>;

type Windows = Pick<TrainingOptions, 'batchSize' | 'sequenceLength'>;

interface TextLength {
  /** Characters to train on. */
  readonly length: number;
  /** Default `text`. */
  readonly kind?: TextKind;
}

interface TextSize extends TextLength {
  /** Distinct characters. */
  readonly symbols: number;
}

/** The best choice that was measured for texts of up to `upTo` characters. */
interface Row extends Pick<TrainingOptions, 'cell' | 'layers' | 'hidden' | 'dropout' | 'weightDecay'> {
  readonly upTo: number;
  readonly epochs: number;
  /** Default 0: no average of the weights. On 29,000 names, an average of 0.998 lowers the loss by 0.02 nats. */
  readonly average?: number;
}

/**
 * mLSTM learns most from little text, and one layer learns more than two from very little text. On
 * more text, the cheaper LSTM reads more in the same time. Records are read in an order that is new
 * in each epoch, so a model can read them more often.
 */
// prettier-ignore
const rows: Readonly<Record<TextKind, readonly Row[]>> = {
  text: [
    { upTo: 25_000, epochs: 7, cell: 'mlstm', layers: 1, hidden: 128, dropout: 0.5, weightDecay: 0.3 },
    { upTo: 60_000, epochs: 7, cell: 'mlstm', layers: 2, hidden: 64, dropout: 0.3, weightDecay: 0.2 },
    { upTo: 150_000, epochs: 7, cell: 'mlstm', layers: 2, hidden: 80, dropout: 0.15, weightDecay: 0.1 },
    { upTo: 400_000, epochs: 10, cell: 'mlstm', layers: 2, hidden: 96, dropout: 0.15, weightDecay: 0.1 },
    { upTo: 3_000_000, epochs: 6, cell: 'lstm', layers: 2, hidden: 192, dropout: 0.1, weightDecay: 0.03 },
    { upTo: Infinity, epochs: 6, cell: 'lstm', layers: 2, hidden: 256, dropout: 0, weightDecay: 0 },
  ],
  list: [
    { upTo: 25_000, epochs: 12, cell: 'mlstm', layers: 1, hidden: 128, dropout: 0.5, weightDecay: 0.3 },
    { upTo: 100_000, epochs: 20, cell: 'lstm', layers: 2, hidden: 128, dropout: 0.5, weightDecay: 0.2, average: 0.99 },
    { upTo: 400_000, epochs: 18, cell: 'mlstm', layers: 2, hidden: 160, dropout: 0.45, weightDecay: 0.1, average: 0.998 },
    { upTo: 3_000_000, epochs: 8, cell: 'lstm', layers: 2, hidden: 192, dropout: 0.2, weightDecay: 0.05, average: 0.998 },
    { upTo: Infinity, epochs: 6, cell: 'lstm', layers: 2, hidden: 256, dropout: 0, weightDecay: 0 },
  ],
  pairs: [
    { upTo: 25_000, epochs: 30, cell: 'lstm', layers: 1, hidden: 128, dropout: 0.4, weightDecay: 0.1 },
    { upTo: 1_000_000, epochs: 10, cell: 'lstm', layers: 2, hidden: 192, dropout: 0.1, weightDecay: 0.03 },
    { upTo: Infinity, epochs: 8, cell: 'lstm', layers: 2, hidden: 256, dropout: 0, weightDecay: 0 },
  ],
};

/** Characters to train on, over all epochs: more take longer than a few minutes on two cores. */
const MAX_CHARACTERS = 8_000_000;
/** A text whose epoch is only a few update steps needs a number of steps instead of epochs. */
export const MIN_STEPS = 500;
/**
 * A run of at least this size has update steps to spare, and large batches take less time per
 * character.
 */
const MIN_LARGE = { characters: 4_000_000, hidden: 256 };
const WINDOWS = {
  small: { batchSize: 16, sequenceLength: 32 },
  /** The size of a window of records, whose batch size follows from their length. */
  records: { batchSize: 32, sequenceLength: 32 },
  large: { batchSize: 32, sequenceLength: 64 },
} as const;

/**
 * How options change with the length of a run that the user gives, divided by the length that would
 * be chosen.
 */
const DROPOUT_PER_DOUBLING = 0.06;
const WEIGHT_DECAY_EXPONENT = 1 / 3;
const HIDDEN_EXPONENTS = { shorter: 1 / 4, longer: 1 / 8 };
const MAX = { dropout: 0.5, weightDecay: 0.5, growth: 2.5 };
const MIN_HIDDEN = 32;
const HIDDEN_MULTIPLE = 16;
const DROPOUT_MULTIPLE = 0.05;

/**
 * Multiply-adds of training, per character, matrix of a gate and H²: three passes of the five gates
 * and factors of mLSTM.
 */
const MULTIPLY_ADDS = 15;
/** With more distinct characters, one-hot input has more weights than the rest of the network. */
const MAX_ONE_HOT = 300;
const EMBEDDING = 64;

const rowFor = ({ length, kind = 'text' }: TextLength): Row => rows[kind].find(({ upTo }) => length <= upTo)!;

/**
 * @param text the text to train on
 * @returns characters to train on over all epochs, if the user does not give a length of the run
 */
export function charactersToTrain(text: TextLength): number {
  return Math.min(MAX_CHARACTERS, rowFor(text).epochs * text.length);
}

/**
 * A small text needs a small network and much dropout. A text that is read more often needs more
 * dropout and more weight decay. The number of units follows from a time budget too, because a few
 * updates of a large network teach it less than many updates of a small one.
 */
export function chooseOptions(given: Partial<TrainingOptions>, text: TextSize): Choice {
  const row = rowFor(text);
  const layers = given.layers ?? row.layers;
  const relativeLength = relativeLengthOf(given, text);
  const hidden = given.hidden ?? hiddenFor(row, layers, given.budgetMs == null ? 1 : relativeLength);
  const optimizer = given.optimizer ?? 'adam';
  return {
    ...((text.kind ?? 'text') === 'text' && hidden > MIN_LARGE.hidden
      ? WINDOWS.large
      : windowsFor(text, relativeLength)),
    cell: given.layerNorm ? 'lstm' : row.cell, // only the LSTM has layer normalisation
    layers,
    hidden,
    skip: layers > 1 ? 'both' : 'none',
    embedding: text.symbols > MAX_ONE_HOT ? EMBEDDING : 0,
    dropout: roundTo(
      inRange(row.dropout + DROPOUT_PER_DOUBLING * Math.log2(relativeLength), MAX.dropout),
      DROPOUT_MULTIPLE,
    ),
    average: row.average ?? 0,
    // Decay is multiplied by the learning rate, which is much higher for the other optimizers.
    weightDecay:
      optimizer === 'adam'
        ? Number(inRange(row.weightDecay * relativeLength ** WEIGHT_DECAY_EXPONENT, MAX.weightDecay).toPrecision(1))
        : 0,
  };
}

/** @param relativeLength the length of the run, as a multiple of the length chosen for the text */
function windowsFor(text: TextLength, relativeLength: number): Windows {
  if ((text.kind ?? 'text') !== 'text') return WINDOWS.records;
  return WINDOWS[relativeLength * charactersToTrain(text) >= MIN_LARGE.characters ? 'large' : 'small'];
}

/**
 * The length of the run as a multiple of the length chosen for the text. Steps are counted in the
 * batches chosen with that length.
 */
function relativeLengthOf(given: Partial<TrainingOptions>, text: TextLength): number {
  const { epochs = null, maxSteps = null, budgetMs = null } = given;
  const { batchSize, sequenceLength } = windowsFor(text, 1);
  const charactersToTrainOn = Math.max(charactersToTrain(text), MIN_STEPS * batchSize * sequenceLength);
  if (epochs !== null) return (epochs * text.length) / charactersToTrainOn;
  if (maxSteps !== null) return (maxSteps * batchSize * sequenceLength) / charactersToTrainOn;
  if (budgetMs === null) return 1;
  const row = rowFor(text);
  const { hidden, layers } = { hidden: given.hidden ?? row.hidden, layers: given.layers ?? row.layers };
  return charactersWithin(budgetMs, MULTIPLY_ADDS * matricesOf(layers) * hidden ** 2) / charactersToTrainOn;
}

/** Recurrent and input matrices of a gate, H × H each. The first layer's input is one-hot. */
const matricesOf = (layers: number): number => 2 * layers - 1;

/** Units of each layer: the more layers, the fewer units, at about the same cost. */
function hiddenFor(row: Row, layers: number, relativeLength: number): number {
  const growth = Math.min(MAX.growth, relativeLength ** HIDDEN_EXPONENTS[relativeLength < 1 ? 'shorter' : 'longer']);
  const hidden = row.hidden * growth * Math.sqrt(matricesOf(row.layers) / matricesOf(layers));
  return Math.max(MIN_HIDDEN, roundTo(hidden, HIDDEN_MULTIPLE));
}

function inRange(value: number, max: number): number {
  return Math.min(max, Math.max(0, value));
}

/** Rounds to a multiple, so that a note can show the whole number. */
function roundTo(value: number, multiple: number): number {
  return Number((multiple * Math.round(value / multiple)).toFixed(2));
}
