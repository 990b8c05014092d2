// The options of sampling: their types and rules, and the request of a sampler that follows from
// them.
import { type RnnError, usageError } from '../errors.ts';
import { Vocabulary } from '../corpus/read.ts';
import { onOff, rule, wholeNumber } from '../options/kind.ts';
import type { UnknownPolicy } from '../options/choices.ts';
import { flagOf } from '../options/flags.ts';
import { kindsOf, tableOf } from '../options/option.ts';
import { sampleOptions } from '../options/sampling.ts';
import type { TrainedModel } from '../runs/store.ts';
import type { SamplingOptions } from '../sampling/filters.ts';
import type { SampledTextRequest, TextOrBytes } from '../sampling/sample.ts';
import { recordedCorpusOrNull, recordedReadingOrNull } from '../training/record.ts';
import { isTextOrBytes, listenerMember, stream } from './checks.ts';
import type { ListenerOption } from './run-request.ts';

/** How to read a prompt. */
export interface PromptOptions {
  /** The prompt is from the middle of a text, so it does not start a line. Default false. */
  readonly midText?: boolean;
  /**
   * How to read characters that the model does not know: `error` refuses them unless the model has
   * an unknown token, `skip` omits them, and `replace` reads the unknown token. Default `error`.
   */
  readonly unknown?: UnknownPolicy;
}

/** How to sample a text. */
export interface SampleOptions extends SamplingOptions, PromptOptions, ListenerOption {
  /**
   * The prompt, which starts at the beginning of a line. It is not repeated in the output. A
   * byte-level model accepts any bytes.
   */
  readonly prime?: string | Uint8Array;
  /**
   * The number of characters to generate (bytes for a byte-level model). Default 500, or 4 times
   * the longest record if the model was trained on records.
   */
  readonly length?: number;
  /** Ends the text when this string, or one of these strings, has been generated. */
  readonly stop?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Whether the `stop` string that ends the text is part of the output. Default true. */
  readonly keepStop?: boolean;
  /** Characters that are never generated (bytes for a byte-level model). */
  readonly ban?: string | Uint8Array;
  /** No passage of this many characters, at least 2, occurs twice in a text. */
  readonly noRepeat?: number;
  /** The same seed gives the same text. Default: a random seed. */
  readonly seed?: number;
}

/**
 * Which texts to keep. Texts are compared without their stop. If the model was trained on records,
 * the prompt is the beginning of the record. Otherwise, only the last line of the prompt belongs to
 * the text.
 */
export interface SelectionOptions {
  /** No text occurs twice. */
  readonly unique?: boolean;
  /** No record that the text of the run has. Needs the run folder of a model of records. */
  readonly novel?: boolean;
  /** None of these texts. */
  readonly notIn?: Iterable<string>;
  /** Only texts that match. If the model was trained on pairs, the output of the pair must match. */
  readonly match?: RegExp;
  /** A text is abandoned if this many samples do not meet the conditions. Default 100. */
  readonly maxTries?: number;
  /** Sample this many texts for each, and keep the likeliest by probability per character. */
  readonly bestOf?: number;
}

/** How to sample several texts at once. Give either `count` or `primes`. */
export interface SampleTextsOptions extends SampleOptions, SelectionOptions {
  /**
   * The number of texts. Text k has the seed `seed` + k, so that it can be generated alone with
   * that seed, unless it has to be sampled again.
   */
  readonly count?: number;
  /**
   * The prompts, one for each text. They may arrive while others are answered. Unless the model was
   * trained on records, each text ends with its line. If the model was trained on pairs, the
   * separator follows a prompt without it.
   */
  readonly primes?: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;
}

/** A text that was sampled. */
export interface Sample<Text = string> {
  /** The position of the text, from 0. */
  readonly index: number;
  /** The seed with which the text can be sampled alone. */
  readonly seed: number;
  readonly prime: string | Uint8Array;
  /** The text without its prompt. Null if there is an error. */
  readonly text: Text | null;
  /** The text reached its maximum length before a stop or the end of a record. */
  readonly isCut: boolean;
  /** The sum of ln p of the tokens, with the token that ends a record. Null if there is an error. */
  readonly logProbability: number | null;
  /** Per token. Null if there is an error. */
  readonly bitsPerCharacter: number | null;
  /**
   * Why this prompt has no text: it has unknown characters (`corpus`), or no sample meets
   * the conditions (`unmet`). Null if there is a text.
   */
  readonly error: RnnError | null;
}

const { midText, length, seed, temperature, topK, topP, minP, noRepeat, unknown, unique, novel, maxTries, bestOf } =
  kindsOf(tableOf(sampleOptions));
/** The rules of the options for one text. */
export const sampleMembers = {
  midText,
  length,
  seed,
  temperature,
  topK,
  topP,
  minP,
  noRepeat,
  unknown,
  prime: rule('a text or bytes', isTextOrBytes),
  ban: rule('a text or bytes', isTextOrBytes),
  stop: rule('a text, bytes or a list of them', (given) => [given].flat().every(isTextOrBytes)),
  keepStop: onOff,
  listener: listenerMember,
  never: rule(
    'a list of ids',
    (given) => Array.isArray(given) && given.every((id) => Number.isSafeInteger(id) && id >= 0),
  ),
};
/** The rules of the options for several texts. */
export const textsMembers = {
  count: wholeNumber(1),
  primes: { ...stream, expected: () => 'an iterable of texts or bytes' },
  unique,
  novel,
  notIn: rule('an iterable of texts', (given) => stream.holds(given) && Symbol.iterator in (given as object)),
  match: rule('a regular expression', (given) => given instanceof RegExp),
  maxTries,
  bestOf,
  ...sampleMembers,
};

/** The options that only whole texts can meet. */
export const selectingOptions = ['primes', 'unique', 'novel', 'notIn', 'match', 'maxTries', 'bestOf'] as const;

/** Facts about a model that decide how it is sampled. */
export interface SampledModel {
  readonly vocabulary: Vocabulary;
  readonly isOfRecords: boolean;
  /** The text between input and output of a pair. Null for a model that was not trained on pairs. */
  readonly delimiter: string | null;
  readonly defaultLength: number;
}

/** Characters to generate, unless the caller gives another length. */
export const DEFAULT_LENGTH = 500;
/** The default length of records if a checkpoint does not have the length of the longest. */
const RECORD_LENGTH = 2000;

/** Facts about a model, from its checkpoint. */
export function sampledModelOf({ vocabulary: data, training }: TrainedModel): SampledModel {
  const vocabulary = new Vocabulary(data);
  if (vocabulary.end === null)
    return { vocabulary, isOfRecords: false, delimiter: null, defaultLength: DEFAULT_LENGTH };
  const reading = recordedReadingOrNull(training);
  const { learnAfter = null, lowercase = false } = reading ?? {};
  const longest = recordedCorpusOrNull(training)?.longestRecord ?? null;
  return {
    vocabulary,
    isOfRecords: true,
    delimiter: lowercase && learnAfter !== null ? learnAfter.toLowerCase() : learnAfter,
    defaultLength: longest === null ? RECORD_LENGTH : Math.max(1, 4 * longest),
  };
}

/** @throws RnnError `usage` if no character is left to generate */
export function requestOf(model: SampledModel, options: SampleOptions): SampledTextRequest {
  const {
    prime = '',
    midText: isMidText = false,
    length: given = model.defaultLength,
    stop,
    keepStop = true,
  } = options;
  const { seed: first = randomSeed(), ban, noRepeat: passage = null, unknown: how, never = [] } = options;
  const { temperature: heat, topK: k, topP: p, minP: min } = options;
  return {
    prime,
    midText: isMidText,
    unknown: how,
    length: given,
    stop: stop ?? null,
    keepStop,
    seed: first,
    noRepeat: passage,
    options: {
      temperature: heat,
      topK: k,
      topP: p,
      minP: min,
      never: ban === undefined ? never : [...never, ...bannedIds(ban, model)],
    },
  };
}

/** Ids of characters that are never sampled. The end of a record is not a character. */
function bannedIds(ban: TextOrBytes, { vocabulary }: SampledModel): number[] {
  const { end, size } = vocabulary;
  const { unknown: unknownId } = vocabulary.data;
  const ids =
    vocabulary.unit === 'byte'
      ? [...Buffer.from(ban)]
      : [...textIn(ban)].map((character) => vocabulary.find(character));
  const banned = new Set(ids.filter((id) => id >= 0 && id !== end && id !== unknownId));
  const others = [end, unknownId].filter((id) => id !== null).length;
  if (banned.size + others === size)
    throw usageError(`cannot use ${flagOf('ban')}: no other character is left`, 'ban fewer characters');
  return [...banned];
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** A text, or bytes as text with U+FFFD for bytes that are not UTF-8. */
export const textIn = (given: TextOrBytes): string => (typeof given === 'string' ? given : utf8.decode(given));

/** A seed for callers who give none. */
export const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0];
