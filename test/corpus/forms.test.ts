import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { failureOf, folderWith, read } from './fixture.ts';

const [composed, decomposed] = ['caf\u{E9}\n', 'cafe\u{301}\n'];

describe('a text that a model knows in another form', () => {
  it.each([
    ['composed', composed, decomposed],
    ['decomposed', decomposed, composed],
    ['composed', composed, composed],
    ['composed, with LF', composed, 'caf\u{E9}\r\n'],
    ['composed, with LF', composed, 'cafe\u{301}\r\n'],
    ['with CRLF', 'a\r\n', 'a\r\n'],
    ['Hangul', '\u{AC01}', '\u{1100}\u{1161}\u{11A8}'],
  ])('is encoded in that form: %s', async (_, learnt, text) => {
    const vocabulary = characterVocabulary(learnt, false);
    expect(vocabulary.decode(vocabulary.encode(text))).toBe(learnt);
    const file = path.join(folderWith({ t: text }), 't');
    const corpus = await read(file, { vocabulary, validationFraction: 0 });
    expect(vocabulary.decode(corpus.train)).toBe(learnt);
    expect(corpus.notes).toHaveLength(learnt === text ? 0 : 1);
  });

  it('is encoded in that form over many blocks, and in both parts', async () => {
    const vocabulary = characterVocabulary(`${composed} 日`, false);
    const folder = folderWith({ t: `${decomposed} `.repeat(40_000), v: `${'日'.repeat(70_000)}e\u{301}` });
    const corpus = await read(path.join(folder, 't'), { vocabulary, validationFile: path.join(folder, 'v') });
    expect(vocabulary.decode(corpus.train) === `${composed} `.repeat(40_000)).toBe(true);
    expect(vocabulary.decode(corpus.validation) === `${'日'.repeat(70_000)}\u{E9}`).toBe(true);
  });

  it('is refused in its original form if no form is known', async () => {
    const vocabulary = characterVocabulary(composed, false);
    expect(() => vocabulary.encode('cafe\u{301}!')).toThrow(/U\+0065 e, U\+0301 .*, U\+0021 !$/);
    const error = await failureOf(read(path.join(folderWith({ t: 'cafe\u{301}!' }), 't'), { vocabulary }));
    expect(error.message).toMatch(/: U\+0021 !, U\+0065 e, U\+0301 /);
  });

  it('keeps its form if the vocabulary has an unknown token', async () => {
    const vocabulary = characterVocabulary(composed, true);
    const corpus = await read(path.join(folderWith({ t: decomposed }), 't'), { vocabulary });
    expect(vocabulary.decode(corpus.train)).toBe('caf\u{FFFD}\u{FFFD}\n');
  });
});
