// The rules for the parts of a checkpoint: a rule for each member, and an error that names the
// member, its value and the expected value. Written by hand because importing zod takes 75 to 125
// ms, and zod/mini hardly less. That is more than reading a checkpoint, and a fifth of the time in
// which `rnn sample` has to show its first character.

import { Vocabulary, type VocabularyData } from '../corpus/vocabulary.ts';
import { RnnError, unexpected } from '../errors.ts';
import { mapValues } from '../group.ts';
import { allCells } from '../model/cells/registry.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import { type Rule, anyText, list, number, orNull, rule, wholeNumber } from '../options/kind.ts';
import { readingOptions } from '../options/run.ts';
import { modelOptions } from '../options/network.ts';
import {
  type OptimizerState,
  type Tensor,
  type TrainedModel,
  type TrainingRecord,
  checkpointLimits,
  numbersIn,
} from './checkpoint.ts';
import { type Fail, isObject, isWhole, describeValue } from './json-values.ts';

interface MemberRule extends Rule {
  /** Whether the member may be missing. */
  readonly isOptional?: boolean;
}
export type Rules = Readonly<Record<string, MemberRule>>;

const largestDimension = 2 ** 31 - 1;

const count = wholeNumber(0, Number.MAX_SAFE_INTEGER);
const name = rule(
  `a text of 1 to ${checkpointLimits.name} characters`,
  (value) => typeof value === 'string' && value.length > 0 && value.length <= checkpointLimits.name,
);
const object = rule('an object', isObject);
const listOf = (what: string, holds: Rule['holds']): Rule =>
  rule(`a list of ${what}`, (value) => Array.isArray(value) && value.every(holds));
export const recordRule = (what: string, holds: Rule['holds']): Rule =>
  rule(`an object of ${what}`, (value) => isObject(value) && Object.values(value).every(holds));

const { preset: _, cell: __, ...ofNetwork } = modelOptions;
/**
 * The options of a network are members of its configuration. Options that are newer than the format
 * are optional.
 */
const modelRules: Rules = {
  cell: name,
  ...mapValues(ofNetwork, ({ kind, ...more }) => ({ ...kind, isOptional: 'legacyValue' in more })),
  vocabulary: wholeNumber(1, 1_114_113),
  conventions: recordRule('texts', anyText.holds),
};

const vocabularyRules: Rules = {
  unit: readingOptions.unit.kind,
  symbols: list(),
  unknown: orNull(count),
  end: { ...orNull(count), isOptional: true },
};

const trainingRules: Rules = {
  options: object,
  step: count,
  epoch: number({ min: 0 }),
  position: object,
  random: rule(
    'a list of four whole numbers below 2^32',
    (value) => Array.isArray(value) && value.length === 4 && value.every((word) => isWhole(word, 0, 2 ** 32 - 1)),
  ),
  history: listOf('objects', isObject),
  bestValidationLossNats: orNull(number()),
};

const positionRules: Rules = { epoch: count, window: count };
export const shapeRule = rule(
  `a list of at most ${checkpointLimits.rank} whole numbers from 1 to ${largestDimension}`,
  (value) =>
    Array.isArray(value) &&
    value.length <= checkpointLimits.rank &&
    value.every((length) => isWhole(length, 1, largestDimension)),
);
const tensorRules: Rules = {
  name,
  shape: shapeRule,
  /** Tensors in memory have none. */
  dtype: { ...rule('"float32"', (value) => value === 'float32'), isOptional: true },
};
const optimizerRules: Rules = { name, scalars: recordRule('finite numbers', Number.isFinite) };

/** Returns the value if it follows the rules. */
export function checkMembers<Checked>(value: unknown, rules: Rules, what: string, fail: Fail): Checked {
  if (!isObject(value))
    fail(value === undefined ? `"${what}" is missing` : `${what} is ${describeValue(value)}: expected an object`);
  const wrong = firstWrongMember(value, rules);
  if (wrong === null) return value as Checked;
  if (!Object.hasOwn(value, wrong)) fail(`${what}.${wrong} is missing`);
  return fail(unexpected(`${what}.${wrong}`, describeValue(value[wrong]), rules[wrong].expected(value[wrong])));
}

/** The first member that is missing or breaks its rule. Null if all members are valid. */
export function firstWrongMember(value: Readonly<Record<string, unknown>>, rules: Rules): string | null {
  const isWrong = ([member, { holds, isOptional = false }]: [string, MemberRule]): boolean =>
    Object.hasOwn(value, member) ? !holds(value[member]) : !isOptional;
  return Object.entries(rules).find(isWrong)?.[0] ?? null;
}

export function checkModel(value: unknown, fail: Fail): ModelConfiguration {
  const model = checkMembers<ModelConfiguration>(value, modelRules, 'model', fail);
  if (model.tied && model.embedding === 0) fail('model.tied is true, but the model has no embedding');
  if (model.layerNorm && model.cell !== 'lstm')
    fail(`model.layerNorm is true, but cell ${describeValue(model.cell)} has no layer normalisation`);
  return model;
}

/**
 * Checks that the cell is known here, with the same conventions. A convention that is not recorded
 * does not contradict.
 */
export function checkCell({ cell: name, conventions }: ModelConfiguration, fail: Fail): void {
  const cell = allCells.find((candidate) => candidate.name === name);
  if (cell === undefined)
    fail(`its cell is ${describeValue(name)}: expected one of ${allCells.map((each) => each.name).join(', ')}`);
  for (const [convention, meant] of Object.entries(cell.conventions)) {
    const recorded = Object.hasOwn(conventions, convention) ? conventions[convention] : meant;
    if (recorded !== meant)
      fail(`its ${name} has ${convention} ${describeValue(recorded)}: expected ${describeValue(meant)}`);
  }
}

/**
 * Also checks that the tokens form a vocabulary whose size is the number of the model's outputs.
 */
export function checkVocabulary(value: unknown, model: ModelConfiguration, fail: Fail): VocabularyData {
  const vocabulary = checkMembers<VocabularyData>(value, vocabularyRules, 'vocabulary', fail);
  const size = vocabulary.symbols.length;
  if (size !== model.vocabulary)
    fail(`the vocabulary has ${size} symbols: expected ${model.vocabulary} as in the model`);
  try {
    return new Vocabulary(vocabulary).data;
  } catch (cause) {
    if (cause instanceof RnnError) fail(cause.message, cause);
    throw cause;
  }
}

export function checkTraining(value: unknown, fail: Fail): TrainingRecord {
  const training = checkMembers<TrainingRecord>(value, trainingRules, 'training', fail);
  checkMembers(training.position, positionRules, 'training.position', fail);
  return training;
}

export const checkOptimizer = (value: unknown, fail: Fail) =>
  checkMembers<Omit<OptimizerState, 'tensors'>>(value, optimizerRules, 'optimizer', fail);

/**
 * The tensors of a list, with different names.
 *
 * @param dataOf returns the numbers of a tensor, as many as its shape requires
 */
export function checkTensors(
  list: unknown,
  what: string,
  fail: Fail,
  dataOf: (data: unknown, count: number, title: string) => Float32Array = dataInMemory(fail),
): Tensor[] {
  if (list === undefined) fail(`"${what}" is missing`);
  if (!Array.isArray(list)) fail(`${what} is ${describeValue(list)}: expected a list of tensors`);
  if (list.length > checkpointLimits.tensors) fail(`${what} has more than ${checkpointLimits.tensors} tensors`);
  const names = new Set<string>();
  return list.map((tensor: unknown, index): Tensor => {
    const { name, shape, data } = checkMembers<Tensor>(tensor, tensorRules, `${what}[${index}]`, fail);
    if (names.has(name)) fail(`${what} has two tensors named ${JSON.stringify(name)}`);
    names.add(name);
    return { name, shape, data: dataOf(data, numbersIn(shape), `tensor ${JSON.stringify(name)}`) };
  });
}

const dataInMemory =
  (fail: Fail) =>
  (data: unknown, count: number, title: string): Float32Array => {
    if (!(data instanceof Float32Array)) fail(`${title} has no Float32Array of numbers`);
    if (data.length !== count) fail(`${title} has ${data.length} numbers: expected ${count} for its shape`);
    return data;
  };

/** Checks a model that did not come from a file. */
export function checkTrained({ model, vocabulary, training, tensors }: TrainedModel, fail: Fail): void {
  checkVocabulary(vocabulary, checkModel(model, fail), fail);
  checkCell(model, fail);
  checkTraining(training, fail);
  checkTensors(tensors, 'tensors', fail);
}

/** The index of the first number that is NaN or infinite, or -1. */
export function firstNonFinite(data: Float32Array): number {
  // Nine times as fast as calling isFinite: all eight exponent bits are set only in NaN and the
  // infinities.
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < bits.length; i++) if ((bits[i] & 0x7f800000) === 0x7f800000) return i;
  return -1;
}
