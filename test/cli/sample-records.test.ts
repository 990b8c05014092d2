// `rnn sample` with models of records and pairs, with conditions, and with a list of prompts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../src/runs/checkpoint.ts';
import { writeCheckpoint, writeRecords } from '../../src/runs/store.ts';
import { byteVocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { hash53 } from '../../src/corpus/text-hash.ts';
import { legacyReading } from '../../src/options/train.ts';
import { cyclic, untrained } from '../sampling/fixture.ts';
import { FakeStream, type Ran, type Surroundings, rnn } from './helpers.ts';

let folder: string;
const paths = (...names: readonly string[]): string => join(folder, ...names);
const withTraining = (checkpoint: Checkpoint, training: object): Checkpoint => ({
  ...checkpoint,
  training: { ...checkpoint.training, ...training },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-sample-records-'));
  const abc = characterVocabulary('abc', false, '\n').data;
  const given = { include: [], exclude: [], unit: 'char', minCount: 1, validationFraction: 0, validationFile: null };
  const reading = { ...legacyReading, ...given, records: '|\n', learnAfter: '\t' };
  const corpus = { digest: '', characters: 20, train: 20, validation: 0, longestRecord: 2 };
  const checkpoints: Record<string, Checkpoint> = {
    // Random records of a, b and c.
    'records.json': untrained(abc),
    // Records of at most 8 characters by default. `abc` if they are greedy.
    'short.json': withTraining(cyclic(abc, 1), { corpus }),
    // From an input and a tab, the greedy output is `abc`.
    'pairs.json': withTraining(cyclic(characterVocabulary('\tabc', false, '|\n').data, 9), { reading }),
    'text.json': cyclic(characterVocabulary('\nabc', false).data, 9),
    'bytes.json': cyclic(byteVocabulary().data, 50),
  };
  for (const [name, checkpoint] of Object.entries(checkpoints)) await writeCheckpoint(paths(name), checkpoint);
  await writeFile(paths('primes.txt'), 'a\r\naxb\n\nca');
});
afterAll(() => rm(folder, { recursive: true }));

const sample = (name: string, argv: readonly string[], around: Surroundings = {}): Promise<Ran> =>
  rnn(['sample', paths(name), '--device', 'cpu', '--threads', '1', '--seed', '1', ...argv], around);
const linesOf = ({ stdout }: Ran): string[] => stdout.split('\n').slice(0, -1);

describe('records', () => {
  it('are printed one a line, as many as asked, and are different with --unique', async () => {
    const plain = linesOf(await sample('records.json', ['--count', '40']));
    const unique = linesOf(await sample('records.json', ['--count', '40', '--unique']));
    expect([plain.length, unique.length, new Set(unique).size]).toEqual([40, 40, 40]);
    expect(new Set(plain).size).toBeLessThan(40);
  });

  it('are not in the files of --not-in, nor among the records of the run with --novel', async () => {
    const plain = linesOf(await sample('records.json', ['--count', '30']));
    await writeFile(paths('known.txt'), `${plain.slice(0, 10).join('\r\n')}\n`);
    await writeFile(paths('more.txt'), plain.slice(10).join('\n'));
    const other = linesOf(
      await sample('records.json', ['--count', '30', '--not-in', paths('known.txt'), '--not-in', paths('more.txt')]),
    );
    expect(other).toHaveLength(30);
    expect(other.filter((record) => plain.includes(record))).toEqual([]);
    const fingerprints = Uint32Array.from(new Set(plain.map((text) => Math.floor(hash53(text) / 2 ** 21)))).toSorted();
    await writeRecords(folder, { digest: '', fingerprints });
    const novel = linesOf(await sample('records.json', ['--count', '30', '--novel']));
    await rm(paths('records.bin'));
    expect(novel).toEqual(other);
  });

  it('end with exit code 9 if too few meet the conditions, after those that do', async () => {
    const { code, stdout, stderr } = await sample('records.json', ['--count', '5', '--unique', '--match', '^.$']);
    expect({ code, found: stdout.split('\n').toSorted() }).toEqual({ code: 9, found: ['', 'a', 'b', 'c'] });
    expect(stderr).toBe(
      'error: cannot find 5 texts that meet the conditions: found 3, and the next 100 samples do not\n' +
        'hint: raise --max-tries or --temp, or use fewer conditions\n',
    );
  });

  it('are at most 4 times as long as the longest record, and rnn says if one is cut', async () => {
    const { stdout, stderr, code } = await sample('short.json', ['--count', '50']);
    const longest = Math.max(...stdout.split('\n').map((record) => record.length));
    expect([code, longest]).toEqual([0, 8]);
    expect(stderr).toMatch(/^warning: \d+ of 50 records reached the maximum length and are cut: raise --length\n$/);
    const { stdout: json, stderr: silent } = await sample('short.json', ['--length', '1', '--json']);
    expect([JSON.parse(json), silent]).toMatchObject([{ cut: true, text: expect.stringMatching(/^.$/) as string }, '']);
    expect((await sample('short.json', ['--temp', '0'])).stderr).toBe('');
  });

  it('have the seed that reproduces them, and their log-probability, in JSON', async () => {
    const found = linesOf(await sample('records.json', ['--count', '20', '--unique', '--json'])).map(
      (line) => JSON.parse(line) as { index: number; seed: number; text: string; bitsPerCharacter: number },
    );
    const again = found.findLast(({ index, seed }) => seed !== index + 1)!;
    expect((await sample('records.json', []).then(linesOf))[0]).toBe(found[0].text);
    const argv = ['sample', paths('records.json'), '--device', 'cpu', '--seed', String(again.seed)];
    expect((await rnn(argv)).stdout).toBe(`${again.text}\n`);
    expect(found.every(({ bitsPerCharacter }) => bitsPerCharacter > 1 && bitsPerCharacter < 3)).toBe(true);
  });
});

describe('--primes', () => {
  it('prints a line for each line, in order, and a line with unknown characters fails alone', async () => {
    const { code, stdout, stderr } = await sample('short.json', ['--primes', paths('primes.txt'), '--temp', '0']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'abc\n\nabc\ncabc\n' });
    expect(stderr).toBe('warning: line 2: the model has never seen U+0078 x\n');
    const skipped = await sample('short.json', ['--primes', paths('primes.txt'), '--temp', '0', '--unknown', 'skip']);
    expect(skipped).toEqual({ code: 0, stdout: 'abc\naxbc\nabc\ncabc\n', stderr: '' });
  });

  it('leaves the prompts out with --no-prime, and reads standard input', async () => {
    const argv = ['--primes', '-', '--temp', '0', '--no-prime'];
    expect(await sample('short.json', argv, { stdin: 'a\nab\n' })).toEqual({ code: 0, stdout: 'bc\nc\n', stderr: '' });
    expect(await sample('short.json', argv, { stdin: '' })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('of pairs are inputs, with or without the separator, and only the outputs are printed', async () => {
    const stdin = 'ab\nb\t\nc\tb\n';
    const found = await sample('pairs.json', ['--primes', '-', '--temp', '0'], { stdin });
    expect(found).toEqual({ code: 0, stdout: 'abc|\nabc|\nc|\n', stderr: '' });
    const none = await sample('pairs.json', ['--primes', '-', '--match', '^a', '--max-tries', '3'], { stdin });
    expect(none).toMatchObject({ code: 9, stdout: 'abc|\nabc|\n|\n' });
    expect(none.stderr).toContain('warning: line 3: no text meets the conditions: 3 samples do not\n');
  });

  it('continues a line of a text without records to the end of the line', async () => {
    const argv = ['--primes', '-', '--temp', '0'];
    expect((await sample('text.json', argv, { stdin: 'a\nb\n' })).stdout).toBe('abc\nbc\n');
    expect((await sample('text.json', [...argv, '--stop', 'b'], { stdin: 'a\nb\n' })).stdout).toBe('ab\nbc\n');
    const stdout = new FakeStream();
    await sample('bytes.json', argv, { stdin: Uint8Array.of(5, 10, 0xc3, 10), stdout });
    const rest = Array.from({ length: 256 - 0xc3 + 10 }, (_, at) => (0xc3 + at) % 256);
    expect(Array.from(Buffer.concat(stdout.chunks))).toEqual([5, 6, 7, 8, 9, 10, ...rest, 10]);
  });

  it('has an object for each line in JSON, also for a line that fails', async () => {
    const found = await sample('short.json', ['--primes', '-', '--temp', '0', '--json'], { stdin: 'a\nx\n' });
    expect(found).toMatchObject({ code: 3, stderr: '' });
    expect(linesOf(found).map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ index: 0, seed: 1, prime: 'a', text: 'abc', cut: false }),
      { event: 'sample', index: 1, seed: 2, prime: 'x', text: null, error: 'the model has never seen U+0078 x' },
    ]);
  });
});

it('a text that repeats itself at its end gets a hint, and --no-repeat prevents it', async () => {
  const argv = ['--temp', '0', '--length', '400', '--prime', 'a'];
  expect((await sample('text.json', argv)).stderr).toBe(
    String.raw`hint: the text ends by repeating "bc\na": raise --temp, or use --no-repeat 20` + '\n',
  );
  expect((await sample('text.json', [...argv, '--no-repeat', '30'])).stderr).toBe('');
  expect((await sample('text.json', [...argv, '--json'])).stderr).toBe('');
});

it('banned characters are not in the text, with escapes', async () => {
  const { stdout } = await sample('text.json', ['--ban', String.raw`b\n`, '--length', '60', '--temp', '2']);
  expect(stdout).toMatch(/^[ac]{60}\n$/);
});

it('the best of several samples is printed as a whole', async () => {
  const [best] = linesOf(await sample('records.json', ['--best-of', '20']));
  expect(linesOf(await sample('records.json', ['--count', '20']))).toContain(best);
});

it.each<[readonly string[], number, string]>([
  [['--match', '('], 2, 'error: --match is (: expected a regular expression of JavaScript (Unterminated group)'],
  [['--not-in', 'missing.txt'], 3, 'error: cannot read --not-in missing.txt: ENOENT'],
  [['--primes', 'missing.txt'], 3, 'error: file or folder not found: missing.txt'],
  [['--primes', '.'], 3, 'error: cannot read --primes .: it is a folder'],
  [['--primes', 'a.txt', '--count', '2'], 2, 'error: cannot use --count and --primes together'],
  [['--primes', 'a.txt', '--prime', 'b'], 2, 'error: cannot use --prime and --primes together'],
  [['--primes', '-', '--not-in', '-'], 2, 'error: cannot read standard input (-) twice'],
  [['--novel'], 4, 'records.bin not found\nhint: use --not-in with the text of the run'],
  [['--max-tries', '3'], 2, 'error: cannot use --max-tries without a condition'],
  [['--max-tries', '0', '--unique'], 2, 'error: --max-tries is 0: expected a whole number of at least 1'],
  [['--best-of', '0'], 2, 'error: --best-of is 0: expected a whole number of at least 1'],
  [['--no-repeat', '1'], 2, 'error: --no-repeat is 1: expected a whole number of at least 2'],
  [['--ban', 'abc'], 2, 'error: cannot use --ban: no other character is left'],
  [['--prime', 'a', '--unknown', 'replace'], 2, 'error: cannot replace unknown characters'],
])('%j is refused', async (argv, code, message) => {
  const ran = await sample('records.json', argv);
  expect(ran.stderr).toContain(message);
  expect(ran).toMatchObject({ code, stdout: '' });
});

it('--novel is refused for a text without records, with the reason', async () => {
  expect(await sample('text.json', ['--novel'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/without records\nhint: use --not-in with a file of lines/) as string,
  });
});
