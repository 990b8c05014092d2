// Records the values of every unit of a network at every character of a text: states and gates.
import { count } from '../count.ts';
import type { Tokens } from '../corpus/read.ts';
import type { Device } from '../devices/device.ts';
import { usageError } from '../errors.ts';
import { cellOf } from '../model/cells/registry.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { activationName } from '../model/layer.ts';
import { activationNames } from '../model/network.ts';
import { type BareModel, readThrough } from '../evaluation/evaluate.ts';
import { flagOf } from '../options/flags.ts';

/** One carried value or gate of one layer, over a text. */
export interface Activation {
  /** 0 is the lowest layer. */
  readonly layer: number;
  /** As in the equations of the cell: `h`, `c`, `f`. */
  readonly name: string;
  readonly isGate: boolean;
  /** After each character, (characters, H). */
  readonly values: Float32Array;
}

/** All carried values and gates of a network, over a text. */
export interface Activations {
  readonly characters: number;
  /** H, the units of a layer. */
  readonly hidden: number;
  /** Ordered by layer, within a layer first the carried values, then the gates. */
  readonly arrays: readonly Activation[];
  /** One line about the device that computed them. */
  readonly device: string;
}

/** Time steps of a call: enough that the overhead of calls is negligible. */
const STEPS = 32;
/** Records that are read at a time. */
const ROWS = 8;
/** 2 GB of float32 numbers. */
const MAX_NUMBERS = 2 ** 29;

interface HowToRead {
  readonly startSymbol?: number | null;
  readonly end?: number | null;
  readonly onRead?: (characters: number) => void;
}

/**
 * Reads a text from beginning to end, starting from a zero state. Of a text that is divided into
 * records, it reads each end token, and the record after it, from a zero state, as in training.
 *
 * @param startSymbol token to read before the text, or null
 * @param end id of the end token, with which the records of the text begin. Null for one text
 * @param onRead receives the number of characters read so far
 * @throws RnnError `usage` if the values do not fit in memory
 */
export async function readActivations(
  trained: BareModel,
  tokens: Tokens,
  device: Device,
  { startSymbol = null, end = null, onRead }: HowToRead = {},
): Promise<Activations> {
  const { model } = trained;
  const { length: characters } = tokens;
  const names = activationsOf(model);
  const perCharacter = names.length * model.hidden;
  if (characters * perCharacter > MAX_NUMBERS) {
    throw usageError(
      `cannot hold ${count(perCharacter)} values at each of ${count(characters)} characters in memory`,
      `use ${flagOf('length')} ${Math.floor(MAX_NUMBERS / perCharacter)}`,
    );
  }
  const arrays = names.map((each) => ({ ...each, values: new Float32Array(characters * model.hidden) }));
  const outputs = arrays.map(({ layer, name, values }) => [activationName(layer, name), values] as const);
  const description = await readThrough(trained, withFollower(tokens, end ?? 0), device, {
    streams: end === null ? 1 : ROWS,
    records: end === null ? null : { end, learnAfter: [], weights: [] },
    sequenceLength: Math.min(STEPS, characters),
    startSymbol,
    onProgress: onRead,
    outputs: 'activations',
    visit: (given, row, at) => {
      for (const [name, values] of outputs)
        values.set(given[name].subarray(row * model.hidden, (row + 1) * model.hidden), at * model.hidden);
    },
  });
  return { characters, hidden: model.hidden, arrays, device: description };
}

/** The activations of a model without their values, in the order of `Activations.arrays`. */
export function activationsOf(model: ModelConfiguration): Omit<Activation, 'values'>[] {
  const { gates } = cellOf(model);
  return Array.from({ length: model.layers }, (_, layer) =>
    activationNames(model).map((name) => ({ layer, name, isGate: gates.includes(name) })),
  ).flat();
}

/** The values of one unit over the text, (characters). */
export function valuesOfUnit(values: Float32Array, unit: number, hidden: number): Float32Array {
  const unitValues = new Float32Array(values.length / hidden);
  for (let at = 0; at < unitValues.length; at++) unitValues[at] = values[at * hidden + unit];
  return unitValues;
}

/** The fraction of values beyond each end of the usual range. */
const UNUSUAL = 0.02;

/** The range that contains most values, for a scale that a few extremes do not stretch. */
export function usualRange(values: Float32Array): readonly [low: number, high: number] {
  const sorted = values.toSorted();
  const [low, high] = [UNUSUAL, 1 - UNUSUAL].map((part) => sorted[Math.round(part * (sorted.length - 1))]);
  return [low, high];
}

/** Appends a token, because only characters with a successor are read, and complete records. */
function withFollower(tokens: Tokens, follower: number): Tokens {
  const longer = new Uint32Array(tokens.length + 1).fill(follower, tokens.length);
  longer.set(tokens);
  return longer;
}
