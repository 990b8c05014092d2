// What else predicts the text that `rnn eval` scores: compressors, and n-gram models of another
// text.
import type { Corpus, Tokens, Vocabulary } from '../corpus/read.ts';
import { errorAbout } from '../errors.ts';
import type { ScoringPlan } from '../training/scored-part.ts';
import type { Context } from './context.ts';
import { count } from '../count.ts';
import { bits, unitName } from './output/format.ts';
import type { Loaded } from '../api/trained.ts';
import { type TextFlags, readKnownText } from './input/known-text.ts';
import type { Others } from './results/scores-table.ts';

/** Longer texts are compressed only if that is asked for: it takes longer than to score them. */
const SOON_COMPRESSED = 100_000;

/** The text that n-grams count. */
export interface CountedText {
  readonly tokens: Tokens;
  /** It is the text of the run, of which only the part that the run was trained on is counted. */
  readonly isTrainingPart: boolean;
}

/**
 * The text to score: the digest of what it is a part of, and the share that the run was trained on.
 */
type ScoredText = Pick<ScoringPlan, 'tokens' | 'trainedShare'> & Pick<Corpus, 'sourcesDigest'>;

/**
 * The text that `--against` names: of the text that the run had, only the part that the run was
 * trained on. Null, with a warning, where n-grams would count the text that they have to predict.
 *
 * @throws RnnError `corpus` if it cannot be read, or has characters that the model does not know
 */
export async function countedText(
  sources: readonly string[],
  scored: ScoredText,
  loaded: Loaded,
  flags: TextFlags,
  context: Context,
): Promise<CountedText | null> {
  const { stderr } = context;
  const { trainedPart } = await import('../training/scored-part.ts');
  const { train, sourcesDigest } = await named(
    `--against ${sources.join(' ')}`,
    readKnownText(sources, loaded, flags, context),
  );
  const trained = trainedPart(loaded.trained.training, { train, sourcesDigest });
  const isOfScored = scored.sourcesDigest === sourcesDigest && !(trained !== null && scored.trainedShare === 0);
  if (!isOfScored && !isSame(scored.tokens, train))
    return { tokens: trained ?? train, isTrainingPart: trained !== null };
  const remedy = trained !== null && trained.length < train.length ? 'use --part validation' : 'name another text';
  stderr.warn(`n-grams are left out, because --against names the text that is scored; ${remedy}`);
  return null;
}

const isSame = (a: Tokens, b: Tokens): boolean => a.length === b.length && a.every((id, at) => id === b[at]);

/** What is read, or an error that says of which of several texts. */
export const named = <Read>(name: string, reading: Promise<Read>): Promise<Read> =>
  reading.catch((error: unknown) => {
    throw errorAbout(name, error);
  });

/** @param asked for compressors, however long it takes */
export async function otherMeans(
  text: Tokens,
  vocabulary: Vocabulary,
  counted: CountedText | null,
  asked: boolean,
  { stderr, waiting }: Context,
): Promise<Others> {
  const { Ngrams } = await import('../evaluation/ngrams.ts');
  const { bytesOf, compressedSizes, xzSize } = await import('../evaluation/compressors.ts');
  const { runInTurns } = await import('../turns.ts');
  const perCharacter = (sizes: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(sizes).map(([name, bytes]) => [name, (8 * bytes) / text.length]));
  const bytes = asked || text.length <= SOON_COMPRESSED ? bytesOf(text, vocabulary.data) : null;
  if (bytes !== null) waiting?.begin('compressing');
  const compressors =
    bytes === null ? null : perCharacter({ ...(await compressedSizes(bytes)), ...(asked ? await xzSize(bytes) : {}) });
  if (counted === null) return { compressors, ngrams: null };
  const { tokens, isTrainingPart } = counted;
  waiting?.begin('counting n-grams');
  const ngrams = await runInTurns(Ngrams.inPieces(tokens, vocabulary.size));
  const { characters } = ngrams;
  if (characters < tokens.length) {
    stderr.note(
      `n-grams are those of the first ${count(characters)} of ${count(tokens.length)} ${unitName(vocabulary.unit)}s: more do not fit into memory`,
    );
  }
  const nats = await runInTurns(ngrams.natsInPieces(text));
  return { compressors, ngrams: { characters, bits: Array.from(nats, bits), isTrainingPart } };
}
