// What else predicts the text that `rnn eval` scores: compressors, and n-gram models of another text.
import type { Tokens, Vocabulary } from '../corpus/read.ts';
import { RnnError } from '../errors.ts';
import type { Context } from './context.ts';
import { bits, count, unitName } from './format.ts';
import { type Loaded, type TextFlags, readKnownText } from './known-text.ts';
import type { Others } from './scores-table.ts';

/** Longer texts are compressed only if that is asked for: it takes longer than to score them. */
const SOON_COMPRESSED = 100_000;

/**
 * The text that `--against` names. Of the one that the run had, only the part that it was trained on.
 *
 * @throws RnnError `corpus` if it cannot be read, or has characters that the model does not know
 */
export async function readAgainst(sources: readonly string[], loaded: Loaded, flags: TextFlags, context: Context): Promise<Tokens> {
  const { trainedPart } = await context.rooms.scoring();
  const { train, sourcesDigest } = await named(`--against ${sources.join(' ')}`, readKnownText(sources, loaded, flags, context));
  return trainedPart(loaded.trained.training, { train, sourcesDigest });
}

/** What is read, or an error that says of which of several texts. */
export async function named<Read>(name: string, reading: Promise<Read>): Promise<Read> {
  return reading.catch((error: unknown) => {
    if (!(error instanceof RnnError)) throw error;
    throw new RnnError(error.kind, `${name}: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
      cases: error.cases,
    });
  });
}

/** @param asked for compressors, however long it takes */
export async function otherMeans(
  text: Tokens,
  vocabulary: Vocabulary,
  against: Tokens | null,
  asked: boolean,
  { rooms, stderr, waiting }: Context,
): Promise<Others> {
  const { Ngrams, bytesOf, compressedSizes, xzSize } = await rooms.insight();
  const perCharacter = (sizes: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(sizes).map(([name, bytes]) => [name, (8 * bytes) / text.length]));
  const bytes = asked || text.length <= SOON_COMPRESSED ? bytesOf(text, vocabulary.data) : null;
  if (bytes !== null) waiting.begin('compressing');
  const compressors = bytes === null ? null : perCharacter({ ...(await compressedSizes(bytes)), ...(asked ? await xzSize(bytes) : {}) });
  if (against === null) return { compressors, ngrams: null };
  waiting.begin('counting n-grams');
  const counted = new Ngrams(against, vocabulary.size);
  if (counted.characters < against.length) {
    stderr.line(
      stderr.colour.dim(
        `n-grams are those of the first ${count(counted.characters)} of ${count(against.length)} ${unitName(vocabulary.unit)}s: more do not fit into memory`,
      ),
    );
  }
  return { compressors, ngrams: { characters: counted.characters, bits: Array.from(counted.nats(text), bits) } };
}
