// The texts of a model in its tokens: prompts, stops, and texts to sample. Independent of networks.
// It also runs in pages.
import { Vocabulary } from '../corpus/vocabulary.ts';
import { corpusError, usageError } from '../errors.ts';
import type { UnknownPolicy } from '../options/choices.ts';
import { flagOf } from '../options/flags.ts';
import { type TrainedModel, startSymbolOf } from '../runs/checkpoint.ts';
import { type SamplingOptions, SymbolSampler } from './filters.ts';
import { SampledText, type SampledTextOptions } from './text.ts';

/** A text. A model of bytes also takes bytes that are not UTF-8. */
export type TextOrBytes = string | Uint8Array;

/** How a text is sampled, apart from its prompt and its seed. */
export interface TextRules extends Pick<SampledTextOptions, 'noRepeat' | 'isScored' | 'onToken'> {
  /** Tokens to sample: characters or bytes. May be Infinity. */
  readonly length: number;
  /** Each ends the text once it has been sampled. The prompt does not count. */
  readonly stop: TextOrBytes | readonly TextOrBytes[] | null;
  /** Whether the stop that ends a text belongs to the text. Default true. */
  readonly keepStop?: boolean;
  readonly options: SamplingOptions;
}

/** How a prompt is read. */
export interface PromptRules {
  /** The prompt is from within a text, so no start token precedes it. Default false. */
  readonly midText?: boolean;
  /** How to read unknown characters. Default `error`. */
  readonly unknown?: UnknownPolicy;
}

/** A prompt in tokens. */
export interface Prompt {
  /** The tokens that a text reads from a zero state, at least one. */
  readonly context: Int32Array;
  /** The tokens of the prompt itself: all of `context`, or all but the first. */
  readonly ids: Int32Array;
}

/** A code unit for each byte. */
const unitsOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** Texts of the tokens of a byte-level model: a code unit for each byte. */
const byteTexts: readonly string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

/** Converts texts to the tokens of a model, and samples them as code units. */
export class ModelText {
  readonly vocabulary: Vocabulary;
  /** Texts of the tokens by their ids. A byte is a code unit. */
  readonly textsOfTokens: readonly string[];
  readonly #startSymbol: number | null;

  /**
   * @param startSymbol the token that a zero state reads before a prompt, as in training. Null for
   * none
   */
  constructor(vocabulary: Vocabulary, startSymbol: number | null) {
    this.vocabulary = vocabulary;
    this.textsOfTokens = vocabulary.unit === 'byte' ? byteTexts : vocabulary.data.symbols;
    this.#startSymbol = startSymbol;
  }

  /** @throws RnnError as `idsOf` does */
  promptOf(prime: TextOrBytes, { midText = false, unknown }: PromptRules = {}): Prompt {
    const ids = this.idsOf(prime, unknown);
    if (ids.length === 0) return { context: Int32Array.of(this.vocabulary.startSymbol ?? 0), ids };
    return { context: withStart(ids, midText ? null : this.#startSymbol), ids };
  }

  /**
   * The tokens of a text.
   *
   * @throws RnnError `corpus` for characters that the model does not know, or bytes that are not
   * UTF-8, `usage` as `Vocabulary.encode` does
   */
  idsOf(text: TextOrBytes, unknown: UnknownPolicy = 'error'): Int32Array {
    if (this.vocabulary.unit === 'byte' && typeof text !== 'string') return Int32Array.from(text);
    return this.vocabulary.encode(textOf(text, 'the prompt'), unknown);
  }

  /**
   * The stop in the code units of the sampled text.
   *
   * @throws RnnError `usage` for an empty stop, `corpus` for bytes that are not UTF-8
   */
  stopOf(stop: TextOrBytes): string {
    if (stop.length === 0) throw usageError('a stop is empty: expected some text', 'omit it for a text of full length');
    return this.vocabulary.unit === 'byte'
      ? unitsOf(typeof stop === 'string' ? new TextEncoder().encode(stop) : stop)
      : this.vocabulary.inKnownForm(textOf(stop, 'a stop'));
  }

  /** Samples tokens of this model, but never the unknown token, nor any in `excluded`. */
  symbols(options: SamplingOptions, ...excluded: readonly (number | null)[]): SymbolSampler {
    const { size, data } = this.vocabulary;
    const never = [data.unknown, ...excluded].filter((id) => id !== null);
    return new SymbolSampler(size, { ...options, never: [...(options.never ?? []), ...never] });
  }

  /**
   * Makes texts to sample, from their seeds.
   *
   * @throws RnnError `usage` for options out of range
   */
  textsOf({
    length,
    stop,
    keepStop = true,
    options,
    ...more
  }: TextRules): (seed: number, hasPrime: boolean) => SampledText {
    const { end } = this.vocabulary;
    const symbols = this.symbols(options);
    // No record is empty.
    const firstSymbols = end === null ? symbols : this.symbols(options, end);
    const stops = [stop ?? []].flat().map((each) => this.stopOf(each));
    return (seed, hasPrime) =>
      new SampledText(symbols, this.textsOfTokens, {
        ...more,
        seed,
        length,
        stops,
        keepStop,
        end,
        firstSymbols: hasPrime ? symbols : firstSymbols,
      });
  }
}

/** The texts of a trained model. */
export const modelTextOf = (trained: TrainedModel): ModelText =>
  new ModelText(new Vocabulary(trained.vocabulary), startSymbolOf(trained));

/** @param startSymbol precedes the prompt. Null for none */
function withStart(ids: Int32Array, startSymbol: number | null): Int32Array {
  if (startSymbol === null || ids[0] === startSymbol) return ids;
  const context = new Int32Array(ids.length + 1);
  context[0] = startSymbol;
  context.set(ids, 1);
  return context;
}

/** @throws RnnError `corpus` for bytes that are not UTF-8 */
function textOf(given: TextOrBytes, name: string): string {
  if (typeof given === 'string') return given;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(given);
  } catch (cause) {
    throw corpusError(
      `${name} is not UTF-8: expected text`,
      `use a model of bytes (${flagOf('unit')} byte) for other bytes`,
      {
        cause,
      },
    );
  }
}
