// Samples whole texts that meet conditions: the requests of the samples, and the choice among them.
import { RnnError, unmetError, usageError } from '../errors.ts';
import { flagOf } from '../options/flags.ts';
import type { SampledPieces } from '../sampling/pieces.ts';
import type { Sampler, SamplerUse, SampledTextsRequest, TextOrBytes } from '../sampling/sample.ts';
import { type Chosen, type Conditions, type WantedText, Selection, mayRefuse } from '../sampling/selection.ts';
import { isTextOrBytes, refuseOther, refuseUnless } from './checks.ts';
import { comparedTexts, conditionsOf } from './conditions.ts';
import { PromptQueue } from './prompts.ts';
import {
  type Sample,
  type SampledModel,
  type SampleTextsOptions,
  requestOf,
  textIn,
  textsMembers,
} from './sample-options.ts';

/**
 * The form of texts, characters or bytes: how a sampler draws them, and how their pieces are
 * joined.
 */
export interface Form<Piece> {
  draw(sampler: Sampler, request: SampledTextsRequest): Iterable<SampledPieces<Piece>>;
  join(pieces: readonly Piece[]): Piece;
  /** A whole text as a string, with U+FFFD for bytes that are not UTF-8. */
  textIn(text: Piece): string;
}

/** Pieces are strings, which end at characters. */
export const textForm: Form<string> = {
  draw: (sampler, request) => sampler.texts(request),
  join: (pieces) => pieces.join(''),
  textIn,
};
/** Pieces are bytes, which may end inside a character. */
export const bytesForm: Form<Uint8Array> = {
  draw: (sampler, request) => sampler.bytes(request),
  join: Buffer.concat,
  textIn,
};

/** Where the texts to sample come from. */
interface TextSource {
  /** The next text, or null if no text is available now. */
  take(): WantedText | null;
  /** Waits for a text. False after the last. */
  wait(): Promise<boolean>;
  /** Called when no more texts are taken. */
  close(): void;
}

interface TextsPlan {
  readonly request: Omit<SampledTextsRequest, 'texts'>;
  readonly conditions: Conditions;
  readonly source: TextSource;
  /** The number of texts. Null if each prompt gets one. */
  readonly count: number | null;
  readonly use: Required<SamplerUse>;
}

/** Texts that are sampled together if their number is not known, or if some may be refused. */
const SAMPLED_TOGETHER = 32;
/** Between the seeds of two attempts at the text of a prompt, because the number of prompts is not known. */
const SEEDS_OF_ATTEMPT = 2 ** 32;

/**
 * Plans the samples for some texts.
 *
 * @throws RnnError as `conditionsOf` and `requestOf`
 */
export async function planTexts(
  given: SampleTextsOptions,
  model: SampledModel,
  path: string | null,
  isScored: boolean,
): Promise<TextsPlan> {
  const { count, primes, prime, stop, keepStop } = given;
  if (primes === undefined) refuseOther('count', count, textsMembers.count);
  else if (count !== undefined || prime !== undefined)
    throw usageError(`cannot use ${count === undefined ? 'prime' : 'count'} and primes together`, 'omit one of them');
  const conditions = await conditionsOf(given, model, path);
  const endsWithLine = primes !== undefined && !model.isOfRecords;
  const { seed, ...request } = requestOf(model, {
    ...given,
    ...(endsWithLine && { stop: [stop ?? [], '\n'].flat(), keepStop: stop !== undefined && keepStop }),
  });
  const all = { request: { ...request, isScored: isScored || conditions.bestOf > 1 }, conditions };
  if (primes !== undefined) {
    const use = { texts: SAMPLED_TOGETHER, length: request.length };
    return { ...all, source: promptedTexts(primes, seed, given, model), count: null, use };
  }
  if (given.seed !== undefined) refuseLastSeed(seed, count!);
  const samples = count! * conditions.bestOf;
  const texts = mayRefuse(conditions) ? Math.max(samples, SAMPLED_TOGETHER) : samples;
  return { ...all, source: countedTexts(count!, seed), count: count!, use: { texts, length: request.length } };
}

/** @throws RnnError `usage` if two texts would have the same seed */
export function refuseLastSeed(seed: number, count: number): void {
  const last = Number.MAX_SAFE_INTEGER - (count - 1);
  refuseUnless(seed <= last, 'seed', seed, `at most 2^53 − ${count} for ${count} texts`);
}

/** Without conditions, no text is compared. */
const NOT_COMPARED = { whole: '', answer: '' };

/** Samples texts and yields those that are chosen, in order. */
export async function* chosenTexts<Piece>(
  sampler: Sampler,
  form: Form<Piece>,
  { request, conditions, source, count }: TextsPlan,
  model: SampledModel,
): AsyncGenerator<Sample<Piece>, void, undefined> {
  const isCompared = mayRefuse(conditions);
  const selection = new Selection<Piece>(conditions, () => source.take());
  const settled = function* (): Generator<Sample<Piece>> {
    for (let chosen = selection.takeChosen(); chosen !== null; chosen = selection.takeChosen()) {
      if (count !== null && chosen.candidate === null) throw unmet(chosen, count);
      yield sampleOf(chosen, request.prime);
    }
  };
  try {
    do {
      for (const pieces of form.draw(sampler, { ...request, texts: selection })) {
        const { prime = request.prime } = selection.sampling;
        const read: Piece[] = [];
        for await (const piece of pieces) read.push(piece);
        const text = form.join(read);
        const compared = isCompared ? comparedTexts(prime, form.textIn(text), model, request) : NOT_COMPARED;
        selection.add({ text, ...compared, outcome: pieces.outcome });
        yield* settled();
        if (selection.isIdle) break;
      }
      yield* settled(); // prompts that are refused without a sample
    } while (await source.wait());
  } finally {
    source.close();
  }
}

function sampleOf<Text>({ wanted, seed, candidate, refused }: Chosen<Text>, prime: TextOrBytes): Sample<Text> {
  const told = { index: wanted.index, seed, prime: wanted.prime ?? prime };
  if (candidate === null) {
    const error = wanted.error ?? unmetError(`no text meets the conditions: ${refused} samples do not`, unmetHint);
    return { ...told, text: null, isCut: false, logProbability: null, bitsPerCharacter: null, error };
  }
  const { isCut, tokens, logProbability } = candidate.outcome;
  const bitsPerCharacter = logProbability === null ? null : -logProbability / Math.LN2 / Math.max(1, tokens);
  return { ...told, text: candidate.text, isCut, logProbability, bitsPerCharacter, error: null };
}

const unmetHint = `raise ${flagOf('maxTries')} or ${flagOf('temperature')}, or use fewer conditions`;

const unmet = ({ wanted, refused }: Chosen<unknown>, count: number): RnnError =>
  unmetError(
    `cannot find ${count} texts that meet the conditions: found ${wanted.index}, and the next ${refused} samples do not`,
    unmetHint,
  );

/** Texts with the prompt of the request. */
function countedTexts(count: number, seed: number): TextSource {
  let next = 0;
  return {
    take() {
      if (next >= count) return null;
      const index = next++;
      return { index, error: null, seedOf: (attempt) => wrapped(seed + index + attempt * count) };
    },
    wait: async () => false,
    close() {},
  };
}

/** A text for each prompt. */
function promptedTexts(
  primes: NonNullable<SampleTextsOptions['primes']>,
  seed: number,
  { unknown }: SampleTextsOptions,
  model: SampledModel,
): TextSource {
  const queue = new PromptQueue(primes);
  let next = 0;
  return {
    take() {
      const given = queue.take();
      if (given === null) return null;
      const index = next++;
      refuseUnless(isTextOrBytes(given), `primes[${index}]`, given, 'a text or bytes');
      const seedOf = (attempt: number): number => wrapped(seed + index + attempt * SEEDS_OF_ATTEMPT);
      const prime = promptOf(given, model);
      try {
        if (typeof prime === 'string') model.vocabulary.encode(prime, unknown);
        return { index, prime, error: null, seedOf };
      } catch (error) {
        if (!(error instanceof RnnError) || error.kind !== 'corpus') throw error;
        return { index, prime, error, seedOf };
      }
    },
    wait: () => queue.wait(),
    close: () => queue.close(),
  };
}

/** A prompt as the model reads it: with the separator of pairs at its end. */
function promptOf(given: TextOrBytes, { vocabulary, delimiter }: SampledModel): TextOrBytes {
  if (vocabulary.unit === 'byte') return given;
  const text = textIn(given);
  return delimiter === null || text.includes(delimiter) ? text : text + delimiter;
}

/** Seeds are whole numbers below 2⁵³. */
const wrapped = (seed: number): number => seed % 2 ** 53;
