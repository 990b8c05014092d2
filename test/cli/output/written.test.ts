// The output files of commands. The tests of src/output-file.ts are about the files that they may
// replace.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../../src/cli/commands.ts';
import type { Context } from '../../../src/cli/context.ts';
import { flagsOf } from '../../../src/cli/flags.ts';
import { isBuilt, patience, shell } from '../process.ts';
import { rnn } from '../helpers.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
const text = 'the quick brown fox jumps over the lazy dog\n'.repeat(60);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-written-'));
  writeFileSync(at('book.txt'), text);
  writeFileSync(at('other.txt'), text);
  const sizes =
    '--hidden 8 --layers 1 --batch-size 2 --sequence-length 8 --max-steps 4 --evaluate-every 2 --sample-every 2 --device reference';
  const ran = await rnn(
    `train ${at('book.txt')} --validation-file ${at('other.txt')} --out ${at('run')} ${sizes}`.split(' '),
  );
  if (ran.code !== 0) throw new Error(ran.stderr);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Every flag that makes a command write a file, and a command line with it. */
const writing: Readonly<Record<string, string>> = {
  'eval --html': 'eval @book.txt --checkpoint @run --html',
  'inspect --html': 'inspect @book.txt --checkpoint @run --html',
  'inspect --record': 'inspect @book.txt --checkpoint @run --record',
  'gradients --html': 'gradients @book.txt --checkpoint @run --steps 2 --jacobians 0 --html',
  'gradients --svg': 'gradients @book.txt --checkpoint @run --steps 2 --jacobians 0 --svg',
  'plot --html': 'plot @run --html',
  'plot --svg': 'plot @run --svg',
  'story --html': 'story @run --html',
  'export --out': 'export @run --format onnx --out',
};
const reading = [
  'train --test-file',
  'train --validation-file',
  'train --config',
  'sample --prime-file',
  'sample --primes',
  'sample --not-in',
  'predict --prime-file',
];
const ending = (flag: string): string => (flag.endsWith('--record') ? '.npz' : '');
const words = (line: string): string[] => line.replaceAll('@', `${folder}/`).split(' ');
const run = (flag: string, path: string, ...more: string[]): ReturnType<typeof rnn> =>
  rnn([...words(writing[flag]), path, ...more]);

/** The content of a folder, byte for byte. */
const contents = (path = folder): Record<string, string> =>
  Object.fromEntries(
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file, readFileSync(file, 'latin1')]),
  );

it('every option that names a file is known here: either rnn only reads it, or a test writes it', async () => {
  const files: string[] = [];
  for (const { name, takes, load } of commands) {
    const command = new Command(name);
    (await load()).define(command, {} as Context, takes);
    for (const flag of flagsOf(command))
      if (flag.placeholder === 'file' && flag.longName === flag.mainName) files.push(`${name} ${flag.longName}`);
  }
  expect(files.toSorted()).toEqual([...Object.keys(writing), ...reading].toSorted());
});

describe.each(Object.keys(writing))('rnn %s', (flag) => {
  it('refuses a file that it cannot write, before it looks for a model', async () => {
    const file = at(`none/page${ending(flag)}`);
    const [command, option] = flag.split(' ');
    // An export has the name of its checkpoint unless it is given one.
    const line = command === 'export' ? words(writing[flag]) : [command, at('missing'), option];
    const { code, stderr, stdout } = await rnn([...line, file]);
    expect(stderr).toContain(`cannot write ${file}: the folder does not exist`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('leaves a file that rnn did not write unchanged without --force', async () => {
    const file = at(`mine${ending(flag)}`);
    writeFileSync(file, 'mine');
    const refused = await run(flag, file);
    expect(refused).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('replace it with --force') as string,
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(await run(flag, file, '--force')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`wrote ${file}`) as string,
    });
    expect(readFileSync(file, 'utf8')).not.toBe('mine');
    const again = await run(flag, file);
    // A record has no mark of rnn, and a model keeps the mark when another program trains it
    // further.
    expect(again.code).toBe(/record|out/.test(flag) ? 2 : 0);
    rmSync(file);
  });

  it('never replaces a file that it reads, not even with --force', async () => {
    // The name of a record must have the suffix of a format.
    for (const name of ['book.txt', 'run/best.json', 'run/log.jsonl'].filter(
      (each) => reads(flag, each) && (!flag.endsWith('--record') || each.endsWith('.jsonl')),
    )) {
      const before = contents();
      const { code, stderr } = await run(flag, at(name), '--force');
      expect(stderr).toContain(`cannot write ${at(name)}: this command reads it`);
      expect(code).toBe(2);
      expect(contents()).toEqual(before);
    }
  });
});

/** Whether a command reads a file of the folder. */
function reads(flag: string, name: string): boolean {
  if (name === 'book.txt') return /^(eval|inspect|gradients)/.test(flag);
  return /^(plot|story)/.test(flag) === name.endsWith('log.jsonl');
}

describe('a source', () => {
  const expectRefused = async (line: string, source: string): Promise<void> => {
    const before = contents();
    const { code, stderr } = await rnn(words(line));
    expect(stderr).toContain(source.replaceAll('@', `${folder}/`));
    expect(code).toBe(2);
    expect(contents()).toEqual(before);
  };

  it.each([
    [
      'found in a folder',
      'eval @ --include *.txt --checkpoint @run --force --html @other.txt',
      'this command reads it',
    ],
    ['found by a pattern', 'inspect @b*.txt --checkpoint @run --force --html @book.txt', 'this command reads it'],
    [
      'to compare with',
      'eval @book.txt --against @other.txt --checkpoint @run --force --html @other.txt',
      'this command reads it',
    ],
    [
      'that the checkpoint names',
      'eval @book.txt --part validation --checkpoint @run --device reference --force --html @other.txt',
      'this command reads it',
    ],
  ])('%s is not replaced', async (_, line, message) => expectRefused(line, message));

  it.each([
    ['a text', 'train @run/log.jsonl --out @run'],
    ['a text to validate on', 'train @book.txt --validation-file @run/log.jsonl --out @run'],
    ['the options', 'train @book.txt --config @options/best.json --out @options'],
    ['the weights', 'train @book.txt --init-from @run --out @run'],
  ])('that a run would remove is not: %s', async (_, line) => {
    const options = at('options');
    rmSync(options, { recursive: true, force: true });
    mkdirSync(options);
    writeFileSync(join(options, 'best.json'), '{"hidden": 8}');
    await expectRefused(`${line} --force --max-steps 1 --device reference`, 'which this command reads');
    rmSync(options, { recursive: true });
  });

  it('that an import would remove is not removed', () =>
    expectRefused('import @run.safetensors --like @run --out @run --force', 'which this command reads'));
});

it('a log that rnn did not write is not removed by a new run, unless --force is given', async () => {
  mkdirSync(at('notes'));
  writeFileSync(at('notes/log.jsonl'), '{"mine": true}\n');
  const line =
    'train @book.txt --out @notes --hidden 8 --layers 1 --batch-size 2 --sequence-length 8 --max-steps 1 --device reference';
  expect(await rnn(words(line))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the file already exists, and rnn did not write it') as string,
  });
  expect(readFileSync(at('notes/log.jsonl'), 'utf8')).toBe('{"mine": true}\n');
  expect((await rnn(words(`${line} --force`))).code).toBe(0);
  rmSync(at('notes'), { recursive: true });
});

it('two outputs with the same path are refused', async () => {
  expect(await rnn(words('plot @run --html @both --svg @both'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(': --html and --svg both name it') as string,
  });
});

describe.skipIf(!isBuilt || process.platform === 'win32')(
  'output to open streams (needs npm run build)',
  { timeout: patience },
  () => {
    it('/dev/stdout means standard output, and a file descriptor works', async () => {
      const page = await shell('rnn plot run --html -', { folder });
      expect(page.stdout).toContain('<!doctype html>');
      expect(await shell('rnn plot run --html /dev/stdout', { folder })).toEqual(page);
      expect(await shell('rnn plot run --html /dev/fd/3 3>>page; cat page; rm page', { folder })).toMatchObject({
        stdout: page.stdout,
      });
    });

    it('a text on standard input is not replaced', async () => {
      const ran = await shell('rnn eval - --checkpoint run --force --html other.txt <other.txt', { folder });
      expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('this command reads it') as string });
      expect(readFileSync(at('other.txt'), 'utf8')).toBe(text);
    });
  },
);
