// The parts of a checkpoint from which a session continues, each checked against the session.
import type { Checkpoint } from '../runs/store.ts';
import type { StreamPosition } from '../corpus/batches.ts';
import type { StateShape } from '../model/layer.ts';
import { type Optimizer, SUM } from './optimizers.ts';
import { MOST_COUNTED, unfit } from './record.ts';
import { legacyOptions } from '../options/train.ts';
import type { TrainingOption, TrainingOptions } from '../options/training.ts';

/**
 * The name of the weights in training in a checkpoint, where its `tensors` are their moving
 * average.
 */
export const WEIGHTS = 'weights';
/** Vectors that are kept with the slots of every optimizer. */
const extras: readonly string[] = [WEIGHTS, SUM];

/**
 * The optimizer's vectors (P each) by name, and how many windows went into them; null if they are
 * another optimizer's. Gradients that wait for an update of another number of windows are left out.
 *
 * @throws RnnError `checkpoint` if they have its name, but not its slots
 */
export function gatheredIn(
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
  if (!fit || !Number.isInteger(step) || step < 0 || step > MOST_COUNTED)
    throw unfit(`its optimizer is not ${name} for ${parameters} weights`);
  if (windows === 1 || windows !== recordedWindows) return { slots, windows: step * windows };
  if (!Number.isInteger(waiting) || waiting < 0 || waiting >= windows)
    throw unfit(`${waiting} windows wait for an update of ${windows}`);
  const sum = extraIn(recorded, SUM, parameters);
  if (sum === null) throw unfit(`there is no ${SUM} of the windows that wait for an update`);
  return { slots: slots.set(SUM, sum), windows: step * windows + waiting };
}

/**
 * A vector (P) that is kept with the slots of every optimizer; null if it is missing.
 * @throws RnnError `checkpoint` if it is that of another model
 */
export function extraIn(optimizer: Checkpoint['optimizer'], name: string, parameters: number): Float32Array | null {
  const found = optimizer?.tensors.find((tensor) => tensor.name === name);
  if (found === undefined) return null;
  if (found.data.length !== parameters) throw unfit(`its ${name} are not ${parameters}`);
  return found.data;
}

/**
 * The carried state by name; null if the next window begins from zeros.
 * @param batchSize rows of each
 * @throws RnnError `checkpoint` if it is that of another model or batch
 */
export function statesIn(
  state: Checkpoint['state'],
  shapes: readonly StateShape[],
  batchSize: number,
): Map<string, Float32Array> | null {
  if (state.length === 0) return null;
  const found = new Map(state.map((tensor) => [tensor.name, tensor.data]));
  if (
    found.size !== shapes.length ||
    !shapes.every(({ name, columns }) => found.get(name)?.length === batchSize * columns)
  )
    throw unfit('its carried state is not that of this model and batch');
  return found;
}

/** @throws RnnError `checkpoint` if there is no such window */
export function placeIn(position: StreamPosition, windowsPerEpoch: number): StreamPosition {
  if (position.window >= windowsPerEpoch)
    throw unfit(`it stands at window ${position.window}, and the text has ${windowsPerEpoch}`);
  return position;
}

/**
 * The same part of a text that is cut into other windows, or of another text. @param epoch with a
 * fraction
 */
export function nearestPlace(epoch: number, windowsPerEpoch: number): StreamPosition {
  const whole = Math.floor(epoch);
  return { epoch: whole, window: Math.min(windowsPerEpoch - 1, Math.round((epoch - whole) * windowsPerEpoch)) };
}

type RecordedOptions = Checkpoint['training']['options'];

/** Whether a text is cut into the same windows with the options of a checkpoint. */
export function sameWindows(recorded: RecordedOptions, options: TrainingOptions): boolean {
  const isDrawn = options.randomOffset || options.randomLength;
  const deciding = ['batchSize', 'sequenceLength', 'randomOffset', 'randomLength'] as const;
  return agree(recorded, options, isDrawn ? [...deciding, 'seed'] : deciding);
}

/** Whether the same characters of a held-out part are validated on. */
export function sameSample(recorded: RecordedOptions, options: TrainingOptions): boolean {
  const isWhole = options.validationCharacters === 0;
  // The chunks of a sample lie elsewhere with another number of them.
  return agree(recorded, options, isWhole ? ['validationCharacters'] : ['validationCharacters', 'evaluationStreams']);
}

function agree(recorded: RecordedOptions, options: TrainingOptions, names: readonly TrainingOption[]): boolean {
  const earlier: RecordedOptions = { ...legacyOptions, ...recorded };
  return names.every((name) => earlier[name] === options[name]);
}
