// A text as a model reads it: its symbols, from a string or a corpus. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { Tokens, Vocabulary } from '../corpus/read.ts';
import { RnnError } from '../errors.ts';
import { Corpus } from './corpus.ts';
import { refuseUnless } from './settings.ts';

/** The text itself, or one that was read with the model's symbols. */
export type TextToRead = string | Corpus;

/** @throws RnnError `usage` for what is no text, `corpus` for characters that the model does not know, or a corpus of other symbols */
export function tokensOf(text: TextToRead, vocabulary: Vocabulary): Tokens {
  if (typeof text === 'string') return Uint32Array.from(vocabulary.encode(text));
  refuseOthers(text, vocabulary);
  const { train, validation, test, characters } = text;
  if (train.length === characters) return train;
  const whole = new Uint32Array(characters);
  whole.set(train);
  whole.set(validation, train.length);
  whole.set(test, train.length + validation.length);
  return whole;
}

/** @throws RnnError `usage` for what is no corpus, `corpus` for one of other symbols than these */
export function refuseOthers(corpus: Corpus, vocabulary: Vocabulary): void {
  refuseUnless(corpus instanceof Corpus, 'text', corpus, 'a string, or a corpus such as model.read gives');
  const { data } = corpus.vocabulary;
  if (data === vocabulary.data || isDeepStrictEqual(data, vocabulary.data)) return;
  throw new RnnError('corpus', `the corpus has ${data.symbols.length} symbols of its own, and the model reads in its ${vocabulary.size}`, {
    hint: 'read it by model.read(files), or with { vocabulary: model.vocabulary }',
  });
}
