// What every cell of a network holds at every character of a text, and how far its gates are open.
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
  /** 0 is the lowest. */
  readonly layer: number;
  /** As in the cell's equations: `h`, `c`, `f`. */
  readonly name: string;
  readonly isGate: boolean;
  /** After each character, (characters, H). */
  readonly values: Float32Array;
}

export interface Activations {
  readonly characters: number;
  /** H, units of a layer. */
  readonly hidden: number;
  /** Layer by layer, in each the carried values and then the gates. */
  readonly all: readonly Activation[];
  /** What it was computed on, in one line. */
  readonly device: string;
}

/** Steps of a call: enough that calls cost nothing beside what they compute. */
const STEPS = 32;
/** 2 GB of numbers. */
const MOST_NUMBERS = 2 ** 29;

/**
 * Reads a text from its beginning to its end, from a zero state.
 *
 * @param startSymbol is read before the text; null for nothing
 * @param onRead receives the number of characters that were read
 * @throws RnnError `usage` if that is more than memory should hold
 */
export async function readActivations(
  trained: BareModel,
  tokens: Tokens,
  device: Device,
  startSymbol: number | null,
  onRead?: (characters: number) => void,
): Promise<Activations> {
  const { model } = trained;
  const { length: characters } = tokens;
  const names = activationsOf(model);
  const perCharacter = names.length * model.hidden;
  if (characters * perCharacter > MOST_NUMBERS) {
    throw usageError(
      `${count(perCharacter)} values at each of ${count(characters)} characters are too many to hold in memory`,
      `${flagOf('length')} ${Math.floor(MOST_NUMBERS / perCharacter)} would fit`,
    );
  }
  const all = names.map((each) => ({ ...each, values: new Float32Array(characters * model.hidden) }));
  const outputs = all.map(({ layer, name, values }) => [activationName(layer, name), values] as const);
  const description = await readThrough(trained, withFollower(tokens), device, {
    streams: 1,
    sequenceLength: Math.min(STEPS, characters),
    startSymbol,
    onProgress: onRead,
    outputs: 'activations',
    visit: (given, row, at) => {
      for (const [name, values] of outputs)
        values.set(given[name].subarray(row * model.hidden, (row + 1) * model.hidden), at * model.hidden);
    },
  });
  return { characters, hidden: model.hidden, all, device: description };
}

/** What there is to see of a model, in the order of `Activations.all`. */
export function activationsOf(model: ModelConfiguration): Omit<Activation, 'values'>[] {
  const { gates } = cellOf(model);
  return Array.from({ length: model.layers }, (_, layer) =>
    activationNames(model).map((name) => ({ layer, name, isGate: gates.includes(name) })),
  ).flat();
}

/** One unit's values, over the text. */
export function valuesOf(values: Float32Array, unit: number, hidden: number): Float32Array {
  const own = new Float32Array(values.length / hidden);
  for (let at = 0; at < own.length; at++) own[at] = values[at * hidden + unit];
  return own;
}

/** Of all values, so many are beyond each end of the range in which they usually are. */
const UNUSUAL = 0.02;

/**
 * From where to where values are most of the time, for a scale that few extremes do not stretch.
 */
export function usualRange(values: Float32Array): readonly [low: number, high: number] {
  const sorted = values.toSorted();
  const [low, high] = [UNUSUAL, 1 - UNUSUAL].map((part) => sorted[Math.round(part * (sorted.length - 1))]);
  return [low, high];
}

/** Each character is read that another one follows. */
function withFollower(tokens: Tokens): Tokens {
  const longer = new Uint32Array(tokens.length + 1);
  longer.set(tokens);
  return longer;
}
