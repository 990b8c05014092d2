// The parts of a checkpoint from which a session continues, each checked against the session.
import { isDeepStrictEqual } from 'node:util';
import type { Checkpoint } from '../runs/store.ts';
import type { StreamPosition } from '../corpus/batches.ts';
import type { StateShape } from '../model/layer.ts';
import { type Optimizer, SUM } from './optimizers.ts';
import { MAX_COUNTED, recordedReadingOrNull, unfitError } from './record.ts';
import { legacyOptions } from '../options/train.ts';
import type { ReadingOptions } from '../options/run.ts';
import type { TrainingOption, TrainingOptions } from '../options/training.ts';

/**
 * The name of the trained weights in a checkpoint whose `tensors` are their exponential moving
 * average.
 */
export const WEIGHTS = 'weights';
/** Vectors that are stored with the slots of every optimizer. */
const extras: readonly string[] = [WEIGHTS, SUM];

/**
 * The optimizer's vectors (P each) by name, and the number of batches that went into them. Null if
 * they belong to another optimizer. Gradients that wait for an update are left out if gradient
 * accumulation now uses another number of batches.
 *
 * @throws RnnError `checkpoint` if the optimizer has the same name, but other slots
 */
export function optimizerStateIn(
  recorded: Checkpoint['optimizer'],
  { name, ownSlots, windows }: Pick<Optimizer, 'name' | 'ownSlots' | 'windows'>,
  parameters: number,
): { readonly slots: ReadonlyMap<string, Float32Array>; readonly windows: number } | null {
  if (recorded?.name !== name) return null;
  const { step, windows: recordedWindows = 1, waiting = 0 } = recorded.scalars;
  const slots = new Map(
    recorded.tensors.filter((tensor) => !extras.includes(tensor.name)).map((tensor) => [tensor.name, tensor.data]),
  );
  const fit = slots.size === ownSlots.length && ownSlots.every((slot) => slots.get(slot)?.length === parameters);
  if (!fit || !Number.isInteger(step) || step < 0 || step > MAX_COUNTED)
    throw unfitError(`its optimizer is not ${name} for ${parameters} parameters`);
  if (windows === 1 || windows !== recordedWindows) return { slots, windows: step * windows };
  if (!Number.isInteger(waiting) || waiting < 0 || waiting >= windows)
    throw unfitError(`the gradients of ${waiting} windows wait for an update: expected less than ${windows}`);
  const sum = extraVectorIn(recorded, SUM, parameters);
  if (sum === null) throw unfitError(`the ${SUM} of the gradients that wait for an update is missing`);
  return { slots: slots.set(SUM, sum), windows: step * windows + waiting };
}

/**
 * A vector (P) that is stored with the slots of every optimizer. Null if it is missing.
 *
 * @throws RnnError `checkpoint` if it belongs to another model
 */
export function extraVectorIn(
  optimizer: Checkpoint['optimizer'],
  name: string,
  parameters: number,
): Float32Array | null {
  const tensor = optimizer?.tensors.find((tensor) => tensor.name === name);
  if (tensor === undefined) return null;
  if (tensor.data.length !== parameters)
    throw unfitError(`its vector ${name} has ${tensor.data.length} elements: expected ${parameters}`);
  return tensor.data;
}

/**
 * The carried state by name. Null if the next window begins from a zero state.
 *
 * @param batchSize rows of each state
 * @throws RnnError `checkpoint` if the state belongs to another model or batch size
 */
export function statesIn(
  state: Checkpoint['state'],
  shapes: readonly StateShape[],
  batchSize: number,
): Map<string, Float32Array> | null {
  if (state.length === 0) return null;
  const states = new Map(state.map((tensor) => [tensor.name, tensor.data]));
  if (
    states.size !== shapes.length ||
    !shapes.every(({ name, columns }) => states.get(name)?.length === batchSize * columns)
  )
    throw unfitError('its carried state belongs to another model or batch size');
  return states;
}

/** @throws RnnError `checkpoint` if there is no such window */
export function positionIn(position: StreamPosition, windowsPerEpoch: number): StreamPosition {
  if (position.window >= windowsPerEpoch)
    throw unfitError(`its position is window ${position.window}, and the text has only ${windowsPerEpoch}`);
  return position;
}

/**
 * The same position in a text that is cut into other windows, or in another text.
 *
 * @param epoch the epoch, with a fraction
 */
export function nearestPosition(epoch: number, windowsPerEpoch: number): StreamPosition {
  const wholeEpochs = Math.floor(epoch);
  return {
    epoch: wholeEpochs,
    window: Math.min(windowsPerEpoch - 1, Math.round((epoch - wholeEpochs) * windowsPerEpoch)),
  };
}

type RecordedOptions = Checkpoint['training']['options'];

/** Whether a text is cut into the same windows with the options of a checkpoint. */
export function sameWindows(recorded: RecordedOptions, options: TrainingOptions): boolean {
  const isDrawn = options.randomOffset || options.randomLength;
  const deciding = ['batchSize', 'sequenceLength', 'randomOffset', 'randomLength'] as const;
  return agree(recorded, options, isDrawn ? [...deciding, 'seed'] : deciding);
}

/** Whether an epoch has each record as often as in the checkpoint. */
export const sameRecordWeights = (
  training: Checkpoint['training'],
  { weights }: Pick<ReadingOptions, 'weights'>,
): boolean => isDeepStrictEqual(recordedReadingOrNull(training)?.weights, weights);

/** Whether the same characters of a held-out part are validated on. */
export function sameSample(recorded: RecordedOptions, options: TrainingOptions): boolean {
  const isWhole = options.validationCharacters === 0;
  // The chunks of a sample are elsewhere if their number is different.
  return agree(recorded, options, isWhole ? ['validationCharacters'] : ['validationCharacters', 'evaluationStreams']);
}

function agree(recorded: RecordedOptions, options: TrainingOptions, names: readonly TrainingOption[]): boolean {
  const recordedOptions: RecordedOptions = { ...legacyOptions, ...recorded };
  return names.every((name) => recordedOptions[name] === options[name]);
}
