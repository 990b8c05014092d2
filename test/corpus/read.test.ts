import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import type { Corpus } from '../../src/corpus/read.ts';
import { failureOf, folderWith, read, textOf } from './fixture.ts';

const shakespeare = fileURLToPath(new URL('../../../shared/data/tinyshakespeare.txt', import.meta.url));

describe('reading a corpus', () => {
  it('numbers the characters and preserves any text', async () => {
    const folder = folderWith({});
    const file = path.join(folder, 'text.txt');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 50 }), async (anything) => {
        const text = `ab${anything.replaceAll('\0', '')}${'plain text so that it is not mostly control characters '.repeat(3)}`;
        writeFileSync(file, text);
        const corpus = await read(file);
        expect(textOf(corpus)).toBe(text);
        expect(corpus.vocabulary.data.symbols).toEqual(
          [...new Set(text)].toSorted((a, b) => a.codePointAt(0)! - b.codePointAt(0)!),
        );
      }),
      { numRuns: 25 },
    );
  });

  it('reports the files, their digest and the name of the run', async () => {
    const folder = folderWith({ 'a.txt': 'hello', 'b.txt': ' wörld' });
    const corpus = await read([path.join(folder, 'a.txt'), path.join(folder, 'b.txt')]);
    expect(corpus).toMatchObject({ characters: 11, files: 2, skipped: 0, name: 'a' });
    expect(corpus.digest).toBe(createHash('sha256').update('hello wörld').digest('hex'));
    expect(corpus.train).toBeInstanceOf(Uint8Array);
  });

  it('reads the same file twice if it is named twice', async () => {
    const file = path.join(folderWith({ 'a.txt': 'abc' }), 'a.txt');
    expect(textOf(await read([file, file]))).toBe('abcabc');
  });

  it('keeps carriage returns', async () => {
    expect(textOf(await read(path.join(folderWith({ 'a.txt': 'a\r\nb\r\n' }), 'a.txt')))).toBe('a\r\nb\r\n');
  });

  it('drops the byte order mark of each file', async () => {
    const folder = folderWith({ 'a.txt': '\u{FEFF}ab', 'b.txt': '\u{FEFF}c\u{FEFF}' });
    expect(textOf(await read(folder))).toBe('abc\u{FEFF}');
  });

  it('uses two bytes per character for more than 256 tokens', async () => {
    const text = String.fromCodePoint(...Array.from({ length: 300 }, (_, i) => 0x4e00 + 2 * i)) + 'abc'.repeat(30_000);
    const corpus = await read(path.join(folderWith({ 'a.txt': text }), 'a.txt'));
    expect(corpus.train).toBeInstanceOf(Uint16Array);
    expect(textOf(corpus) === text).toBe(true);
  });

  it('uses one byte per character if unknown tokens leave at most 256 tokens', async () => {
    const text = 'ab'.repeat(100) + String.fromCodePoint(...Array.from({ length: 400 }, (_, i) => 0x4e00 + i));
    const corpus = await read(path.join(folderWith({ 'a.txt': text }), 'a.txt'), { minCount: 2 });
    expect(corpus.train).toBeInstanceOf(Uint8Array);
    expect(textOf(corpus)).toBe('ab'.repeat(100) + '\u{FFFD}'.repeat(400));
  });

  it('replaces characters rarer than --min-count by the unknown token', async () => {
    const corpus = await read(path.join(folderWith({ 'a.txt': 'aaabbbccdé' }), 'a.txt'), { minCount: 3 });
    expect(corpus.vocabulary.data).toEqual({ unit: 'char', symbols: ['a', 'b', '\u{FFFD}'], unknown: 2 });
    expect([...corpus.train]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 2]);
  });

  it('does not convert bytes with --level byte', async () => {
    const bytes = Uint8Array.of(0xff, 0x00, 0xfe, 0xef, 0xbb, 0xbf);
    const corpus = await read(path.join(folderWith({ 'a.bin': bytes }), 'a.bin'), { unit: 'byte' });
    expect([...corpus.train]).toEqual([...bytes]);
    expect(corpus.vocabulary.size).toBe(256);
  });

  it('uses a given vocabulary and its unit', async () => {
    const file = path.join(folderWith({ 'a.txt': 'cab' }), 'a.txt');
    const vocabulary = characterVocabulary('abcdef', false);
    const corpus = await read(file, { vocabulary, unit: 'byte' });
    expect(corpus.vocabulary).toBe(vocabulary);
    expect([...corpus.train]).toEqual([2, 0, 1]);
    expect([...(await read(file, { vocabulary: characterVocabulary('ab', true) })).train]).toEqual([2, 0, 1]);
  });

  it('accepts a text that repeats a single character with a given vocabulary', async () => {
    const file = path.join(folderWith({ 'a.txt': 'bbb' }), 'a.txt');
    expect([...(await read(file, { vocabulary: characterVocabulary('ab', false) })).train]).toEqual([1, 1, 1]);
  });

  it('uses a given vocabulary of more than 256 tokens on a text of few', async () => {
    const symbols = Array.from({ length: 1000 }, (_, i) => String.fromCodePoint(0x4e00 + i));
    const file = path.join(folderWith({ 'a.txt': `${symbols[999]}${symbols[5]}` }), 'a.txt');
    expect([...(await read(file, { vocabulary: characterVocabulary(symbols, false) })).train]).toEqual([999, 5]);
  });

  it('reads standard input in chunks of any size', async () => {
    const bytes = [...Buffer.from('a€😀')].map((byte) => Buffer.of(byte));
    const corpus = await read('-', { stdin: Readable.from(bytes, { objectMode: false }) });
    expect(textOf(corpus)).toBe('a€😀');
    expect(corpus.name).toBe('stdin');
    const strings = await read('-', { stdin: Readable.from(['hé', 'llo']) });
    expect(textOf(strings)).toBe('héllo');
  });
});

describe('holding out text for validation', () => {
  it('uses the last part', async () => {
    const corpus = await read(path.join(folderWith({ 'a.txt': '0123456789x' }), 'a.txt'), { validationFraction: 0.25 });
    expect(corpus.vocabulary.decode(corpus.train)).toBe('01234567');
    expect(corpus.vocabulary.decode(corpus.validation)).toBe('89x');
  });

  it('holds out nothing with a fraction of 0', async () => {
    expect((await read(path.join(folderWith({ 'a.txt': 'abc' }), 'a.txt'))).validation).toHaveLength(0);
  });

  it.skipIf(!existsSync(shakespeare))('splits tinyshakespeare like other programs (needs ../shared/data)', async () => {
    const corpus = await read(shakespeare, { validationFraction: 0.1 });
    expect([corpus.train.length, corpus.validation.length, corpus.vocabulary.size]).toEqual([1_003_854, 111_540, 65]);
    expect(corpus.digest).toBe('86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed');
    expect(textOf(corpus) === readFileSync(shakespeare, 'utf8')).toBe(true);
  });

  it('uses a separate text and trains on everything else', async () => {
    const folder = folderWith({ 'a.txt': 'abcabc', 'v.txt': 'cab' });
    const corpus = await read(path.join(folder, 'a.txt'), {
      validationFile: path.join(folder, 'v.txt'),
      validationFraction: 0.5,
    });
    expect(corpus.sourcesDigest).toBe((await read(path.join(folder, 'a.txt'))).digest);
    expect(corpus.digest).not.toBe(corpus.sourcesDigest);
    expect([[...corpus.train], [...corpus.validation]]).toEqual([
      [0, 1, 2, 0, 1, 2],
      [2, 0, 1],
    ]);
    expect(corpus.characters).toBe(9);
  });

  it('adds characters of the validation text to the vocabulary, with a note', async () => {
    const folder = folderWith({ 'a.txt': 'aabbc', 'v.txt': 'abx€' });
    const options = { validationFile: path.join(folder, 'v.txt') };
    const corpus = await read(path.join(folder, 'a.txt'), options);
    expect(corpus.vocabulary.data.symbols.join('')).toBe('abcx€');
    expect(corpus.vocabulary.decode(corpus.validation)).toBe('abx€');
    expect(corpus.notes).toEqual([
      'these characters occur only in the validation or test part, so the model cannot learn them: U+0078 x, U+20AC €',
    ]);
    const folded = await read(path.join(folder, 'a.txt'), { ...options, minCount: 2 });
    expect(folded.vocabulary.decode(folded.train) + folded.vocabulary.decode(folded.validation)).toBe(
      'aabb\u{FFFD}ab\u{FFFD}\u{FFFD}',
    );
  });

  it('reports the characters that only the held-out part has', async () => {
    const file = path.join(folderWith({ 'a.txt': 'abababab!' }), 'a.txt');
    const corpus = await read(file, { validationFraction: 0.2 });
    expect(corpus.vocabulary.decode(corpus.validation)).toBe('b!');
    expect(corpus.notes).toEqual([
      'these characters occur only in the validation or test part, so the model cannot learn them: U+0021 !',
    ]);
    expect((await read(file, { validationFraction: 0.2, vocabulary: corpus.vocabulary })).notes).toEqual([]);
  });

  it('refuses an empty validation text', async () => {
    const folder = folderWith({ 'a.txt': 'abc', 'v.txt': '' });
    expect(
      (await failureOf(read(path.join(folder, 'a.txt'), { validationFile: path.join(folder, 'v.txt') }))).message,
    ).toMatch(/the validation text .*v\.txt is empty/);
  });
});

it('a validation text of one character is refused, except if a run has it already', async () => {
  const folder = folderWith({ 'a.txt': 'abc', 'v.txt': 'a' });
  const validationFile = path.join(folder, 'v.txt');
  expect((await failureOf(read(path.join(folder, 'a.txt'), { validationFile }))).message).toBe(
    `the validation text ${validationFile} is a single character: expected at least two characters`,
  );
  const vocabulary = characterVocabulary('abc', false);
  expect((await read(path.join(folder, 'a.txt'), { validationFile, vocabulary })).validation).toHaveLength(1);
});

describe('holding out text for a test', () => {
  const decoded = ({ vocabulary, train, validation, test }: Corpus): string[] =>
    [train, validation, test].map((tokens) => vocabulary.decode(tokens));

  it('uses the last part, after the validation part', async () => {
    const file = path.join(folderWith({ 'a.txt': '0123456789abcdefghij' }), 'a.txt');
    const corpus = await read(file, { validationFraction: 0.1, testFraction: 0.2 });
    expect(decoded(corpus)).toEqual(['0123456789abcd', 'ef', 'ghij']);
    expect(corpus.characters).toBe(20);
    expect(decoded(await read(file, { testFraction: 0.2 }))).toEqual(['0123456789abcdef', '', 'ghij']);
    expect(decoded(await read(file, { validationFraction: 0.2 }))).toEqual(['0123456789abcdef', 'ghij', '']);
    expect(decoded(await read(file, { unit: 'byte', validationFraction: 0.1, testFraction: 0.2 })).join('')).toBe(
      '0123456789abcdefghij',
    );
  });

  it('reads each part from its file if there is one', async () => {
    const folder = folderWith({ 'a.txt': 'aabbccddee', 'v.txt': 'abc', 't.txt': 'edc' });
    const [file, validationFile, testFile] = ['a.txt', 'v.txt', 't.txt'].map((name) => path.join(folder, name));
    expect(decoded(await read(file, { validationFile, testFile }))).toEqual(['aabbccddee', 'abc', 'edc']);
    expect(decoded(await read(file, { validationFile, testFraction: 0.2 }))).toEqual(['aabbccdd', 'abc', 'ee']);
    expect(decoded(await read(file, { validationFraction: 0.2, testFile }))).toEqual(['aabbccdd', 'ee', 'edc']);
  });

  it('distinguishes the files by their digests', async () => {
    const folder = folderWith({ 'a.txt': 'abc', 'v.txt': 'ab', 't.txt': 'bc' });
    const [file, validationFile, testFile] = ['a.txt', 'v.txt', 't.txt'].map((name) => path.join(folder, name));
    const alone = await read(file);
    expect(alone.testDigest).toBe(alone.sourcesDigest);
    const validated = await read(file, { validationFile });
    const tested = await read(file, { testFile });
    const { digest, sourcesDigest, testDigest } = await read(file, { validationFile, testFile });
    expect({ digest, sourcesDigest, testDigest }).toEqual({
      digest: validated.digest,
      sourcesDigest: alone.digest,
      testDigest: tested.testDigest,
    });
    expect(new Set([digest, sourcesDigest, testDigest]).size).toBe(3);
  });

  it('adds its characters to the vocabulary like validation text, with a note', async () => {
    const folder = folderWith({ 'a.txt': 'aabbc', 't.txt': 'abx' });
    const options = { testFile: path.join(folder, 't.txt') };
    const corpus = await read(path.join(folder, 'a.txt'), options);
    expect(corpus.vocabulary.data.symbols.join('')).toBe('abcx');
    expect(corpus.notes).toEqual([
      'these characters occur only in the validation or test part, so the model cannot learn them: U+0078 x',
    ]);
    expect(decoded(await read(path.join(folder, 'a.txt'), { ...options, minCount: 2 }))[2]).toBe('ab\u{FFFD}');
  });

  it('refuses an empty test text', async () => {
    const folder = folderWith({ 'a.txt': 'abc', 't.txt': '' });
    const failure = await failureOf(read(path.join(folder, 'a.txt'), { testFile: path.join(folder, 't.txt') }));
    expect(failure).toMatchObject({
      message: expect.stringMatching(/^the test text .*t\.txt is empty: expected at least two characters$/),
    });
    expect(failure.hint).toContain('--test-fraction');
  });
});

it.each(['validationFile', 'testFile'])('a missing %s is reported before any text is read', async (part) => {
  const missing = path.join(folderWith({}), 'nowhere.txt');
  let isRead = false;
  async function* stdin(): AsyncGenerator<string> {
    isRead = true;
    yield 'a text';
  }
  const { message } = await failureOf(read('-', { stdin: stdin(), [part]: missing }));
  expect({ message, isRead }).toEqual({ message: `file or folder not found: ${missing}`, isRead: false });
});

describe('text that cannot be trained on', () => {
  it.each([
    ['an empty file', '', {}, /^cannot read .*t: the text is empty$/, /three characters/],
    ['nothing but a byte order mark', '\u{FEFF}', {}, /the text is empty/, /three characters/],
    ['one character over and over', 'aaaa', {}, /repeats a single character, "a"/, /two different/],
    ['one byte over and over', 'aaaa', { unit: 'byte' }, /repeats a single character, "a"/, /two different/],
    [
      'nothing but rare characters',
      'abc',
      { minCount: 2 },
      /every character occurs fewer than 2 times/,
      /lower --min-count/,
    ],
    [
      'Latin-1',
      Buffer.from('caf\xe9s', 'latin1'),
      {},
      /t is not UTF-8 at line 1, column 4 \(byte 3, 0xE9\)$/,
      /--encoding windows-1252 if this is correct: “cafés”, or .*--level byte/,
    ],
    [
      'a character that is cut off',
      Buffer.from('abc€').subarray(0, 5),
      {},
      /t ends within a character at line 1, column 4 \(byte 3, 0xE2\)$/,
      /--level byte/,
    ],
    [
      'a NUL byte',
      'abc\0def',
      {},
      /t as text: it looks binary \(a NUL byte at byte 3\)$/,
      /^use --level byte to train on any file$/,
    ],
    ['mostly control characters', '\x01\x02\x03abc', {}, /it looks binary \(most of it is control/, /--level byte/],
    ['UTF-16', Buffer.from('\u{FEFF}abc', 'utf16le'), {}, /t is UTF-16: expected UTF-8$/, /^use --encoding utf-16le$/],
    [
      'UTF-16 without a mark',
      Buffer.from('\nabc', 'utf16le'),
      {},
      /t is UTF-16: expected UTF-8$/,
      /^use --encoding utf-16le$/,
    ],
    [
      'UTF-16 the other way round',
      Buffer.from('\nabc', 'utf16le').swap16(),
      {},
      /t is UTF-16/,
      /^use --encoding utf-16be$/,
    ],
    [
      'UTF-32',
      Buffer.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0),
      {},
      /t is UTF-32: expected UTF-8$/,
      /^convert it with iconv -f UTF-32 -t UTF-8$/,
    ],
    ['UTF-32 as UTF-16', Buffer.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0), { encoding: 'utf-16le' }, /t is UTF-32/, /iconv/],
    ['UTF-32 the other way round', Buffer.of(0, 0, 0xfe, 0xff, 0, 0, 0, 0x61), {}, /t is UTF-32/, /iconv/],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 0, 0), {}, /it looks binary/, /--level byte/],
    [
      'characters that a given vocabulary lacks',
      'abé',
      { vocabulary: characterVocabulary('abe', false) },
      /never seen: U\+00E9 é$/,
      /write e for é/,
    ],
  ] as const)('is refused: %s', async (_, content, options, message, hint) => {
    const error = await failureOf(read(path.join(folderWith({ t: content }), 't'), options));
    expect(error.kind).toBe('corpus');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  it('has the offset of an invalid byte in a file of many megabytes', async () => {
    const text = Buffer.concat([Buffer.from('€'.repeat(700_000)), Buffer.of(0xe2, 0x28)]);
    expect((await failureOf(read(path.join(folderWith({ t: text }), 't')))).message).toMatch(
      / \(byte 2100000, 0xE2\)$/,
    );
  });

  it('has the offset of a NUL byte far into a file', async () => {
    const text = `${'ab'.repeat(1_000_000)}\0`;
    expect((await failureOf(read(path.join(folderWith({ t: text }), 't')))).message).toMatch(
      /a NUL byte at byte 2000000\)$/,
    );
  });

  it('does not include escape sequences, form feeds and bells', async () => {
    expect((await read(path.join(folderWith({ t: '\x1b[1mbold\x1b[0m\f\x07' }), 't'))).characters).toBe(14);
  });

  it('is only empty text for an existing model', async () => {
    const failure = await failureOf(
      read('-', { stdin: Readable.from([]), vocabulary: characterVocabulary('ab', false) }),
    );
    expect(failure).toMatchObject({
      message: 'cannot read standard input: the text is empty',
      hint: 'name a file that contains text',
    });
  });

  it('includes empty standard input', async () => {
    expect((await failureOf(read('-', { stdin: Readable.from([]) }))).message).toBe(
      'cannot read standard input: the text is empty',
    );
  });
});

describe('options that no text can satisfy', () => {
  it.each([
    ['no source', [], {}, /the corpus is missing/],
    ['standard input twice', ['-', '-'], {}, /cannot read standard input \(-\) twice/],
    ['standard input by two names', ['-', '/dev/stdin'], {}, /cannot read standard input \(-\) twice/],
    [
      'standard input to train and to validate',
      ['-'],
      { validationFile: '-' },
      /cannot read standard input \(-\) twice/,
    ],
    ['standard input to train and to test', ['-'], { testFile: '-' }, /cannot read standard input \(-\) twice/],
    [
      'fractions that leave nothing',
      ['-'],
      { validationFraction: 0.7, testFraction: 0.3 },
      /^cannot use --validation-fraction 0.7 and --test-fraction 0.3 together/,
    ],
    ['a minimum count for bytes', ['-'], { minCount: 2, unit: 'byte' }, /cannot use --min-count with --level byte/],
  ] as const)('are refused as usage: %s', async (_, sources, options, message) => {
    const error = await failureOf(read(sources, options));
    expect(error.kind).toBe('usage');
    expect(error.message).toMatch(message);
  });
});
