import { expect, test } from 'vitest';
import { columnsOf } from '../../src/corpus/columns.ts';
import { type Divider, dividerOf, separatorOf } from '../../src/corpus/divide.ts';

/** The records of a text that comes in pieces of some length. */
async function divided(
  open: (record: (text: string) => void) => Divider,
  text: string,
  pieceLength: number,
): Promise<string[]> {
  const records: string[] = [];
  const divider = open((record) => records.push(record));
  for (let at = 0; at < text.length; at += pieceLength) divider.push(text.slice(at, at + pieceLength));
  await divider.end();
  return records;
}

const PIECES = [1, 2, 3, 7, 1000];

test.each([
  ['line', 'a\nbc\n\nd', ['a', 'bc', '', 'd']],
  ['line', 'a\nb\n', ['a', 'b']],
  ['paragraph', '\na\nb\n\n \nc\n\nd\n', ['a\nb', 'c', 'd']],
  ['file', 'a\n\nb\n', ['a\n\nb']],
  ['<|end|>', 'a<|end|>\nb\nc\n<|end|>d', ['a', 'b\nc', 'd']],
  ['%%', 'a%%%%b%', ['a', '', 'b%']],
])('%s divides %j', async (division, text, records) => {
  for (const length of PIECES)
    expect(await divided((record) => dividerOf(division, 'a.txt', record), text, length)).toEqual(records);
});

test('a record that ends at its separator is read back unchanged', async () => {
  for (const division of ['line', 'paragraph', 'file']) {
    const records: string[] = [];
    const divider = dividerOf(division, 'a.txt', (record) => records.push(record));
    divider.push(`one${division === 'file' ? '' : separatorOf(division)}`);
    await divider.end();
    expect(records).toEqual(['one']);
  }
});

test('a record of more than a million characters is refused', () => {
  const divider = dividerOf('<|end|>', 'a.txt', () => {});
  expect(() => {
    for (let piece = 0; piece < 40; piece++) divider.push('x'.repeat(100_000));
    void divider.end();
  }).toThrow('record 1 of a.txt is too long: expected at most 1,048,576 characters');
});

test('a row of more than a million characters is refused', async () => {
  const row = 'x'.repeat(2 ** 20 + 1);
  const message = 'record 2 of a.csv is too long: expected at most 1,048,576 characters';
  await expect(divided((record) => columnsOf('a.csv', ['a'], record), `a\n1\n${row}\n`, 2 ** 21)).rejects.toThrow(
    message,
  );
});

const csv = 'name,"kind, exactly",note\n"Smith, John",a,"two\nlines"\n"say ""hi""",b,\n';

test.each([
  ['names.csv', ['name'], csv, ['Smith, John', 'say "hi"']],
  ['names.csv', ['note', 'kind, exactly'], csv, ['two\nlines\ta', '\tb']],
  ['names.csv', ['2'], 'a,b\nc,d\n', ['b', 'd']],
  ['names.csv', ['b'], 'a,b\n1,2', ['2']],
  ['names.csv', ['b'], 'a,b\n1,2\n\n3,4\n', ['2', '', '4']],
  ['names.csv', ['a'], '\u{FEFF}a,b\r\n1,2\r\n', ['1']],
  ['names.tsv', ['b'], 'a\tb\n"x\t"y"\n', ['"y"']],
  ['NAMES.JSONL', ['b'], '{"a":1,"b":"x"}\n\n{"b":2}\n', ['x', '2']],
])('the columns of %s', async (file, columns, text, records) => {
  for (const length of PIECES)
    expect(await divided((record) => columnsOf(file, columns, record), text, length)).toEqual(records);
});

test.each([
  [
    'a.txt',
    ['x'],
    'x',
    'cannot read columns of a.txt: expected a name that ends with .csv, .tsv, .tab, .jsonl or .ndjson',
  ],
  ['a.csv', ['x'], 'y,z\n1,2\n', 'column not found in a.csv: x'],
  ['a.csv', ['3'], '1,2\n', 'cannot read column 3 of row 1 in a.csv: it has only 2 columns'],
  ['a.csv', ['y'], 'y,z\n1,"2\n3,4\n', 'a.csv, line 3 is not valid CSV'],
  ['a.jsonl', ['x'], '{"y":1}\n', 'column not found in a.jsonl, line 1: x'],
  ['a.jsonl', ['y'], '{"y":1}\n{"y":\n', 'a.jsonl, line 2 is not valid JSON'],
  ['a.jsonl', ['y'], '[1]\n', 'column not found in a.jsonl, line 1: y'],
  ['a.jsonl', ['y'], '3\n', 'a.jsonl, line 1 is 3: expected an object'],
  ['a.jsonl', ['y'], '{"y":{}}\n', 'member y in a.jsonl, line 1 is'],
])('%s with column %s and the text %j is refused', async (file, columns, text, message) => {
  await expect(divided((record) => columnsOf(file, columns, record), text, 1000)).rejects.toThrow(message);
});
