// The text of a run: read as the run asks for it, or looked at where it was read before. Knows nothing of training.
import { isDeepStrictEqual } from 'node:util';
import type { Corpus } from '../corpus/read.ts';
import { RnnError } from '../errors.ts';
import type { ReadingOptions } from '../training/record.ts';
import type { TrainingRooms } from './rooms.ts';
import type { KnownSymbols, ReadText, RunRequest, Teller } from './run-request.ts';

export const wasRead = (text: RunRequest['text']): text is ReadText => 'corpus' in text;

/**
 * @throws RnnError `corpus` if the text cannot be read, or was read with other symbols than the run needs
 */
export async function textOf(request: RunRequest, reading: ReadingOptions, symbols: KnownSymbols, rooms: TrainingRooms, tell: Teller): Promise<Corpus> {
  const { text } = request;
  if (wasRead(text)) {
    refuseOtherSymbols(text.corpus, symbols);
    return text.corpus;
  }
  const { readCorpus, Vocabulary } = await rooms.corpus();
  const { vocabulary, known, ...rest } = symbols;
  const corpus = await readCorpus({
    sources: text,
    ...reading,
    ...rest,
    ...(vocabulary === undefined ? {} : { vocabulary: new Vocabulary(vocabulary) }),
    ...(known === undefined ? {} : { known: new Vocabulary(known) }),
    // Merely looking at the real one opens it.
    ...(text.includes('-') || reading.validationFile === '-' ? { stdin: request.stdin } : {}),
  });
  if (corpus.skipped > 0) tell.note(`${corpus.skipped.toLocaleString('en')} hidden or binary ${corpus.skipped === 1 ? 'file was' : 'files were'} passed over`);
  return corpus;
}

function refuseOtherSymbols({ vocabulary: { data } }: Corpus, { vocabulary, known }: KnownSymbols): void {
  const needed = vocabulary ?? known;
  if (needed === undefined) return;
  const has = new Set(data.symbols);
  const fits = vocabulary === undefined ? needed.unit === data.unit && needed.symbols.every((symbol) => has.has(symbol)) : isDeepStrictEqual(needed, data);
  if (fits) return;
  throw new RnnError('corpus', `the text was read with ${data.symbols.length} symbols of its own, and the model has ${needed.symbols.length} others`, {
    hint: `read it with { ${vocabulary === undefined ? 'known' : 'vocabulary'}: checkpoint.vocabulary }, or hand over its files instead`,
  });
}
