import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Corpus } from '../../src/index.ts';
import { newFolder } from './fixture.ts';

const text = 'Ein Vogel, 鳥, 🐦! '.repeat(50);

describe('a corpus', () => {
  it('is the same from a text as from a file of it', async () => {
    const file = join(newFolder(), 'birds.txt');
    writeFileSync(file, text);
    const [read, given] = [await Corpus.read(file), await Corpus.fromText(text, { name: 'birds' })];
    expect(given).toEqual(read);
    expect(given.vocabulary.decode(given.train) + given.vocabulary.decode(given.validation)).toBe(text);
    for (const level of [{ level: 'byte' }, { unit: 'byte' }] as const)
      expect((await Corpus.fromText(Buffer.from(text), level)).vocabulary.size).toBe(256);
    expect((await Corpus.read(file, { level: 'byte' })).reading.unit).toBe('byte');
  });

  it('is split as requested, or has a separate validation text', async () => {
    expect((await Corpus.fromText(text, { validationFraction: 0 })).validation).toHaveLength(0);
    const corpus = await Corpus.fromText(text, { validationText: 'Ein Vogel' });
    expect(corpus.vocabulary.decode(corpus.validation)).toBe('Ein Vogel');
    expect(corpus.reading).toEqual({
      include: [],
      exclude: [],
      records: null,
      column: [],
      learnAfter: null,
      weights: [],
      lowercase: false,
      unit: 'char',
      encoding: 'utf-8',
      keepLineEnds: false,
      skipInvalid: false,
      minCount: 1,
      validationFraction: 0,
      validationFile: null,
      testFraction: 0,
      testFile: null,
    });
    const other = await Corpus.fromText(text, { validationText: 'Zwei' });
    expect(other.vocabulary.decode(other.validation)).toBe('Zwei');
    expect(other.notes[0]).toMatch(/^these characters occur only in the validation or test part.*: .*U\+005A Z/);
  });

  it('holds out a test part from its end, or takes another text', async () => {
    const { vocabulary, train, validation, test, reading } = await Corpus.fromText(text, { testFraction: 0.1 });
    expect(vocabulary.decode(test)).toBe([...text].slice(-test.length).join(''));
    expect([train.length, validation.length, test.length]).toEqual([680, 85, 85]);
    expect(reading).toMatchObject({ testFraction: 0.1, testFile: null });
    const other = await Corpus.fromText(text, { testFraction: 0.1, testText: 'Zwei' });
    expect(other.vocabulary.decode(other.test)).toBe('Zwei');
    expect(other.reading.testFraction).toBe(0);
    const file = join(newFolder(), 'test.txt');
    writeFileSync(file, 'Drei');
    const read = await Corpus.read(file, { testFile: file });
    expect([read.vocabulary.decode(read.test), read.reading.testFile]).toEqual(['Drei', file]);
  });

  it('is decoded from an encoding if it is given as bytes', async () => {
    const bytes = Buffer.from('caf\xe9', 'latin1');
    const read = [bytes, 'café'].map(async (given) =>
      Corpus.fromText(given, { encoding: 'windows-1252', validationFraction: 0 }),
    );
    for (const { vocabulary, train } of await Promise.all(read)) expect(vocabulary.decode(train)).toBe('café');
    await expect(Corpus.fromText(bytes, { encoding: 'klingon' })).rejects.toMatchObject({ kind: 'usage' });
  });

  it('is read with LF line endings, unless the model that reads it knows CR', async () => {
    const { vocabulary, reading } = await Corpus.fromText('a\r\nb', { keepLineEnds: true });
    expect([vocabulary.data.symbols, reading.keepLineEnds]).toEqual([['\n', '\r', 'a', 'b'], true]);
    expect((await Corpus.fromText('a\r\nb')).characters).toBe(3);
    expect((await Corpus.fromText('a\r\nb', { vocabulary })).characters).toBe(4);
  });

  it('is read with the vocabulary of a model, or extends it', async () => {
    const {
      vocabulary: { data },
    } = await Corpus.fromText(text);
    expect((await Corpus.fromText('Vogel', { vocabulary: data })).vocabulary.data).toBe(data);
    const wider = await Corpus.fromText('xyz', { known: data });
    expect(wider.vocabulary.data.symbols).toEqual(expect.arrayContaining([...data.symbols, 'x', 'y', 'z']));
    await expect(Corpus.fromText('xyz', { vocabulary: data })).rejects.toMatchObject({ kind: 'corpus' });
  });

  it('comes from standard input if the caller gives one', async () => {
    async function* stdin(): AsyncGenerator<string> {
      yield text.slice(0, 20);
      yield text.slice(20);
    }
    const corpus = await Corpus.read('-', { stdin: stdin() });
    expect(corpus).toMatchObject({ name: 'stdin', digest: (await Corpus.fromText(text)).digest });
  });

  it.each([
    ['', 'cannot read text: the text is empty'],
    ['aaaa', 'it repeats a single character'],
    [new Uint8Array([0x61, 0xff, 0x62]), 'text is not UTF-8 at line 1, column 2 (byte 1, 0xFF)'],
    [new Uint8Array([0x61, 0]), 'cannot read text as text: it looks binary (a NUL byte at byte 1)'],
  ])('is refused by name if it is not a text: %j', async (given, message) => {
    await expect(Corpus.fromText(given)).rejects.toMatchObject({
      kind: 'corpus',
      message: expect.stringContaining(message),
    });
  });
});
