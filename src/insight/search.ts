// Finds units that track a visible property of the text. Karpathy, Johnson and Fei-Fei (2015) looked
// for such units by eye. One half of the text chooses a unit, the other half measures it. The same
// search on shuffled copies of the property gives a chance level. A unit is found if its correlation
// is above that level.
import type { ModelConfiguration } from '../model/configuration.ts';
import { type SlicedWork, runUninterrupted } from '../sliced-work.ts';
import { Random } from '../random.ts';
import { type Activations, valuesOfUnit } from './activations.ts';
import type { UnitName, Finding } from './finding.ts';
import { type Property, propertiesOf } from './properties.ts';
import { type CorrelationWeights, centredRanks, correlate, weightsOf } from './statistics.ts';

/** Minimum length of a text for a search. */
export const MIN_CHARACTERS = 400;
const SHUFFLES = 20;
/** How far above the mean of the best correlations with shuffled values, in standard deviations. */
const DEVIATIONS = 4;
/** Maximum number of units per property. */
const MAX_FOUND = 4;
/**
 * Up to this chance level, which is an AUC of 0.9, units that track a property well can stand out.
 * Above it, finding no unit proves nothing.
 */
const MAX_TESTABLE_CHANCE = 0.8;
/**
 * A text should be long enough for this chance level. The level falls with the square root of the
 * length.
 */
const WANTED_CHANCE = 0.6;
/**
 * Spans of a property in a text that is long enough, measured on sonnets, a novel and source code:
 * the chance level is about 5.5 / √spans there.
 */
const WANTED_SPANS = 85;
/**
 * Neighbouring blocks belong to different halves, so that changes in the course of the text affect
 * both.
 */
const BLOCKS = 20;
const halves = [0, 1] as const;
type Half = (typeof halves)[number];

/**
 * Searches the carried values of all units.
 * @returns a finding for each property, in the same order
 */
export function* searchCells(
  { arrays, characters, hidden }: Activations,
  properties: readonly Property[],
): SlicedWork<Finding[]> {
  const block = Math.floor(characters / BLOCKS);
  const random = new Random(1);
  const cells: UnitName[] = [];
  const [ranks, heldOut]: [Float32Array[], Float32Array[]] = [[], []];
  for (const { layer, name, values } of arrays.filter(({ isGate }) => !isGate)) {
    for (let unit = 0; unit < hidden; unit++) {
      cells.push({ layer, name, unit });
      const held = valuesOfUnit(values, unit, hidden);
      ranks.push(centredRanks(halfOf(held, 0, block)));
      heldOut.push(centredRanks(halfOf(held, 1, block)));
      yield;
    }
  }
  const findings: Finding[] = [];
  for (const { values, ...property } of properties) {
    const trials = trialsOf(values, property.isNumber, block, random);
    if (trials.length === 0) {
      findings.push({ property, cells: [], chance: null, neededCharacters: neededForSpans(values) });
      continue;
    }
    const correlations = yield* correlate(
      ranks,
      trials.map(([chosenBy]) => chosenBy),
    );
    const [unshuffled, ...shuffled] = trials.map(([, measuredBy], trial) =>
      bestCells(correlations[trial], heldOut, measuredBy),
    );
    const chance = scoreByChance(shuffled.map(([first]) => first.heldOutScore));
    const foundCells = unshuffled
      .filter(({ heldOutScore }) => heldOutScore > chance)
      .map(({ cell, correlation }) => ({ ...cells[cell], correlation }));
    const isUntested = foundCells.length === 0 && chance > MAX_TESTABLE_CHANCE;
    const neededCharacters = isUntested ? roundUpToTwoDigits(characters * (chance / WANTED_CHANCE) ** 2) : null;
    findings.push({ property, chance, cells: foundCells, neededCharacters });
    yield;
  }
  return findings;
}

/**
 * The property itself, followed by shuffled copies. Empty if the property is constant in one of the
 * halves.
 */
function trialsOf(values: Float32Array, isNumber: boolean, block: number, random: Random): readonly Shuffling[] {
  const copies = [values, ...Array.from({ length: SHUFFLES }, () => shuffle(values, 2 * block, random))];
  const trials = copies.map((each) => halves.map((half) => weightsOf(halfOf(each, half, block), isNumber)));
  return trials.flat().includes(null) ? [] : (trials as unknown as readonly Shuffling[]);
}

/** The number of characters needed, or null if the property does not occur. */
function neededForSpans(values: Float32Array): number | null {
  const spans = spansOf(values).length;
  return spans === 0 ? null : roundUpToTwoDigits((values.length * WANTED_SPANS) / spans);
}

/** The end of each span of a property, in which it holds or is not 0. */
function spansOf(values: Float32Array): number[] {
  const ends: number[] = [];
  for (let at = 1; at <= values.length; at++) if (values[at - 1] > 0 && !(values[at] > 0)) ends.push(at);
  return ends;
}

/** Rounds up to two digits. */
function roundUpToTwoDigits(characters: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(characters)) - 1);
  return Math.ceil(characters / unit) * unit;
}

/**
 * How many characters are read by default: `min`, or up to `max` if testing a property needs more.
 */
const DEFAULT_CHARACTERS = { min: 10_000, max: 80_000 };
/** Characters times hidden units of all layers that are searched in a few seconds. */
const MAX_VALUES_BY_DEFAULT = 5_120_000;

/**
 * How much of a text is read by default: enough to test each property that is not a number and can
 * be tested within the maximum default length.
 *
 * @param pieces at least `maxDefaultLength` of them, or the whole text
 */
export function defaultLength(pieces: readonly string[], model: Pick<ModelConfiguration, 'layers' | 'hidden'>): number {
  const longest = pieces.slice(0, maxDefaultLength(model));
  const needed = propertiesOf(longest)
    .filter(({ isNumber }) => !isNumber)
    .flatMap(({ values }) => spansOf(values).slice(WANTED_SPANS - 1, WANTED_SPANS));
  return Math.min(pieces.length, Math.max(DEFAULT_CHARACTERS.min, ...needed.map(roundUpToTwoDigits)));
}

/** The maximum default length of a text, in characters. */
export function maxDefaultLength({ layers, hidden }: Pick<ModelConfiguration, 'layers' | 'hidden'>): number {
  const { min, max } = DEFAULT_CHARACTERS;
  return Math.min(max, Math.max(min, Math.floor(MAX_VALUES_BY_DEFAULT / (layers * hidden))));
}

/**
 * A property, or a shuffled copy, as correlation weights: for the half that chooses a unit, and for
 * the half that measures it.
 */
type Shuffling = readonly [chosenBy: CorrelationWeights, measuredBy: CorrelationWeights];

/**
 * Chooses units and sorts them by their correlation on the other half, best first. `heldOutScore` is
 * the absolute correlation on the other half, negative if the sign differs between the halves.
 */
function bestCells(
  chosenBy: Float64Array,
  heldOut: readonly Float32Array[],
  measuredBy: CorrelationWeights,
): { cell: number; correlation: number; heldOutScore: number }[] {
  const candidates = [...chosenBy.keys()]
    .toSorted((a, b) => Math.abs(chosenBy[b]) - Math.abs(chosenBy[a]))
    .slice(0, MAX_FOUND);
  const [measured] = runUninterrupted(
    correlate(
      candidates.map((cell) => heldOut[cell]),
      [measuredBy],
    ),
  );
  return candidates
    .map((cell, n) => ({ cell, correlation: measured[n], heldOutScore: measured[n] * Math.sign(chosenBy[cell]) }))
    .toSorted((a, b) => b.heldOutScore - a.heldOutScore);
}

/** The chance level: a correlation that shuffled values rarely reach. */
function scoreByChance(scores: readonly number[]): number {
  const mean = scores.reduce((sum, each) => sum + each, 0) / scores.length;
  const variance = scores.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (scores.length - 1);
  return mean + DEVIATIONS * Math.sqrt(variance);
}

/** Every other block. The rest at the end is in neither half. */
function halfOf(values: Float32Array, half: Half, block: number): Float32Array {
  const blocks = new Float32Array((BLOCKS / 2) * block);
  for (let at = 0; at < blocks.length; at += block)
    blocks.set(values.subarray(2 * at + half * block, 2 * at + (half + 1) * block), at);
  return blocks;
}

/**
 * Shuffles chunks, each of which is a block of each half, and rotates each chunk by a random
 * amount. This preserves how values follow each other and how much they vary between parts of the
 * text, so neither makes a unit exceed chance.
 */
function shuffle(values: Float32Array, chunkLength: number, random: Random): Float32Array {
  const order = Array.from({ length: BLOCKS / 2 }, (_, from) => ({
    from,
    turned: random.uint32() % chunkLength,
    key: random.uniform(),
  })).toSorted((a, b) => a.key - b.key);
  const shuffled = new Float32Array(order.length * chunkLength);
  for (const [index, { from, turned }] of order.entries()) {
    const chunk = values.subarray(from * chunkLength, (from + 1) * chunkLength);
    shuffled.set(chunk.subarray(turned), index * chunkLength);
    shuffled.set(chunk.subarray(0, turned), (index + 1) * chunkLength - turned);
  }
  return shuffled;
}
