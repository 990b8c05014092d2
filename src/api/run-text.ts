// The text of a run: read as the run asks for it, or looked at where it was read before. Knows nothing of training.
import { isDeepStrictEqual } from 'node:util';
import type { Corpus } from '../corpus/read.ts';
import { UTF8 } from '../corpus/encoding.ts';
import { isText } from '../corpus/sources.ts';
import { isStandardInput } from '../corpus/standard-input.ts';
import { RnnError } from '../errors.ts';
import { shellWord } from '../shell-word.ts';
import type { ReadingOptions } from '../options/run.ts';
import { type KnownSymbols, type ReadText, type RunRequest, type Way, defaultValidationFraction } from './run-request.ts';

export const wasRead = (text: RunRequest['text']): text is ReadText => 'corpus' in text;

/**
 * @throws RnnError `corpus` if the text cannot be read, or was read with other symbols than the run needs
 */
export async function textOf({ request, rooms, tell }: Way, reading: ReadingOptions, symbols: KnownSymbols): Promise<Corpus> {
  const { text } = request;
  if (wasRead(text)) {
    refuseOtherSymbols(text.corpus, symbols);
    return text.corpus;
  }
  const { readCorpus, Vocabulary } = await rooms.corpus();
  const { validationFile, testFile } = reading;
  const { vocabulary, known, ...rest } = symbols;
  const corpus = await readCorpus({
    sources: text,
    ...reading,
    ...rest,
    onActivity: tell.activity,
    ...(vocabulary === undefined ? {} : { vocabulary: new Vocabulary(vocabulary) }),
    ...(known === undefined ? {} : { known: new Vocabulary(known) }),
    // Merely looking at the real one opens it.
    ...([...text, validationFile, testFile].some(isStandardInput) ? { stdin: request.stdin } : {}),
  });
  for (const note of corpus.notes) tell.note(note);
  return corpus;
}

/** The command that starts a new run which knows more characters of these texts; empty for texts that are not files. */
export function toAddCharacters(
  { text }: RunRequest,
  { include, exclude, encoding, keepLineEnds, skipInvalid, validationFraction, validationFile, testFraction, testFile }: ReadingOptions,
  folder: string,
): { readonly toAddCharacters?: string } {
  if (wasRead(text) || text.some(isText)) return {};
  const own = folder.replace(/[/\\]+$/, '');
  const validation =
    validationFile === null ? ['--validation-fraction', String(validationFraction)] : ['--validation-file', validationFile];
  const test = testFile === null ? ['--test-fraction', String(testFraction)] : ['--test-file', testFile];
  const words = [
    ...(text as readonly string[]),
    '--init-from',
    own,
    '--out',
    `${own}-2`,
    ...include.flatMap((pattern) => ['--include', pattern]),
    ...exclude.flatMap((pattern) => ['--exclude', pattern]),
    ...(encoding === UTF8 ? [] : ['--encoding', encoding]),
    ...(keepLineEnds ? ['--keep-line-ends'] : []),
    ...(skipInvalid ? ['--skip-invalid'] : []),
    ...(validationFraction === defaultValidationFraction ? [] : validation),
    ...(testFraction === 0 && testFile === null ? [] : test),
  ];
  return { toAddCharacters: `run rnn train ${words.map(shellWord).join(' ')}: it starts from the weights of this run, and learns them` };
}

function refuseOtherSymbols({ vocabulary: { data } }: Corpus, { vocabulary, known }: KnownSymbols): void {
  const needed = vocabulary ?? known;
  if (needed === undefined) return;
  const has = new Set(data.symbols);
  const fits =
    vocabulary === undefined
      ? needed.unit === data.unit && needed.symbols.every((symbol) => has.has(symbol))
      : isDeepStrictEqual(needed, data);
  if (fits) return;
  const own = data.symbols.length;
  const option = vocabulary === undefined ? 'known' : 'vocabulary';
  throw new RnnError('corpus', `the text was read with ${own} symbols of its own, and the model has ${needed.symbols.length} others`, {
    hint: `read it with { ${option}: checkpoint.vocabulary }, or hand over its files instead`,
  });
}
