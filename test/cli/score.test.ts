// rnn score: the columns, the choice of lines, several models and bad input.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { FakeProcess, FakeStream, bare, rnn } from './helpers.ts';
import { isBuilt, patience } from './process.ts';

const machine = ['--device', 'cpu', '--threads', '1'];
const training = ['--hidden', '16', '--layers', '1', '--seed', '1', '--sample-every', '0', '--quiet'];
/** Lines of the form `get /page/17 200`. */
const log = Array.from({ length: 300 }, (_, at) => `get /page/${(at * 37) % 89} ${at % 7 === 0 ? 404 : 200}`);
const foreign = Array.from({ length: 300 }, (_, at) => `zulu ${'yxwv'.repeat(1 + (at % 4))}`);
const unusual = 'get /qqq/zz 555';

let folder: string;
const at = (name: string): string => join(folder, name);
const on = (...names: readonly string[]): string[] => [
  ...names.flatMap((name) => ['--checkpoint', at(name)]),
  ...machine,
];
const scored = async (argv: readonly string[], stdin: string | Uint8Array = '') =>
  (await rnn(['score', ...argv, '--json'], { stdin })).stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(
      (line) => JSON.parse(line) as Record<string, never> & { line: number; bits: number; bpc: number; text: string },
    );
const columns = (stdout: string): string[][] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-score-'));
  await writeFile(at('log.txt'), `${log.join('\n')}\n${'XYZ. qz5'.repeat(5)}\n`);
  await writeFile(at('foreign.txt'), `${foreign.join('\n')}\n`);
  await writeFile(at('pairs.tsv'), log.map((line, index) => `${line}\t${index % 2 ? 'odd' : 'even'}\n`).join(''));
  await writeFile(at('today.txt'), [log[3], unusual, '', log[5], log[12]].join('\n'));
  await writeFile(at('one.txt'), 'hello hello hello hello hello hello hello');
  const trained = [
    ['log.txt', 'log', '60', '--records', 'line'],
    ['foreign.txt', 'foreign', '60', '--records', 'line'],
    ['pairs.tsv', 'pairs', '5', '--records', 'line', '--learn-after', '\\t'],
    ['log.txt', 'plain', '5', '--no-text-starts'],
    ['log.txt', 'lower', '5', '--records', 'line', '--lowercase'],
    ['log.txt', 'bytes', '5', '--level', 'byte'],
    ['log.txt', 'merged', '5', '--records', 'line', '--min-count', '7'],
    ['one.txt', 'one', '5', '--validation-fraction', '0'],
  ];
  for (const [text, name, steps, ...options] of trained) {
    const run = ['train', at(text), '--out', at(name), '--max-steps', steps, ...options, ...training, ...machine];
    const { code, stderr } = await rnn(run);
    if (code !== 0) throw new Error(stderr);
  }
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

describe('rnn score', () => {
  it.each([
    ['records', 'log', 'log.txt'],
    ['pairs, of which only the second part counts', 'pairs', 'pairs.tsv'],
    ['text in lower case', 'lower', 'log.txt'],
    ['records with an unknown token', 'merged', 'log.txt'],
  ])('gives the same bits as rnn eval for %s', async (_, name, text) => {
    const { stdout } = await rnn(['eval', at(text), ...on(name), '--json']);
    const evaluation = JSON.parse(stdout) as { bits: number; characters: number };
    const lines = await scored([at(text), ...on(name)]);
    const sum = (member: 'bits' | 'characters') => lines.reduce((total, line) => total + (line as never)[member], 0);
    expect(sum('characters')).toBe(evaluation.characters);
    expect(sum('bits') / sum('characters')).toBeCloseTo(evaluation.bits, 4);
  });

  it('gives the same bits as rnn eval for a line between two newlines, if the model read plain text', async () => {
    await writeFile(at('line.txt'), `\n${log[3]}\n`);
    const { stdout } = await rnn(['eval', at('line.txt'), ...on('plain'), '--json']);
    const evaluation = JSON.parse(stdout) as { bits: number; characters: number };
    const [line] = await scored(['-', ...on('plain')], log[3]);
    expect(line).toMatchObject({ characters: evaluation.characters });
    expect(line.bpc).toBeCloseTo(evaluation.bits, 4);
  });

  it('prints bits per character, bits, the worst stretch, the line number and the line', async () => {
    const { code, stdout, stderr } = await rnn(['score', at('today.txt'), ...on('log')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(columns(stdout).map(([, , , ...rest]) => rest)).toEqual([
      ['1', log[3]],
      ['2', unusual],
      ['4', log[5]],
      ['5', log[12]],
    ]);
    for (const [bpc, bits, worst, , text] of columns(stdout)) {
      expect(Number(bits)).toBeCloseTo(Number(bpc) * (text.length + 1), 1);
      expect(Number(worst)).toBeGreaterThanOrEqual(Number(bpc) - 1e-4);
    }
  });

  it('scores each line alone: other lines and their lengths do not change its bits', async () => {
    const lines = [...log.slice(0, 150), 'x '.repeat(400), ...log.slice(0, 3).map((line) => line.repeat(20)), log[0]];
    const together = await scored(['-', ...on('log')], lines.join('\n'));
    expect(together.map(({ line }) => line)).toEqual(lines.map((_, index) => index + 1));
    for (const index of [0, 77, 150, 152, 154]) {
      const [alone] = await scored(['-', ...on('log')], lines[index]);
      expect(together[index].bits / alone.bits).toBeCloseTo(1, 5);
    }
  });

  it('names the file of each line if there are several', async () => {
    const { stdout } = await rnn(['score', at('today.txt'), '-', ...on('log')], { stdin: `${log[0]}\n` });
    const places = columns(stdout).map(([, , , place]) => place);
    expect(places).toEqual([...[1, 2, 4, 5].map((line) => `${at('today.txt')}:${line}`), '-:1']);
  });

  it('--json has an object for each line, with the place and the text of the worst stretch', async () => {
    const [, line] = await scored([at('today.txt'), ...on('log')]);
    expect(line).toEqual({
      event: 'line',
      file: at('today.txt'),
      line: 2,
      characters: unusual.length + 1,
      bits: expect.any(Number),
      bpc: line.bits / (unusual.length + 1),
      worst: { bits: expect.any(Number), start: expect.any(Number), text: expect.any(String) },
      unknown: 0,
      text: unusual,
    });
    const { start, text } = (line as never as { worst: { start: number; text: string } }).worst;
    expect(unusual.slice(start, start + 8)).toBe(text);
  });

  it('shows the worst stretch of a line in red, and no control characters, on a terminal', async () => {
    const stdout = new FakeStream({ columns: 100 });
    await rnn(['score', '-', ...on('log')], { stdin: `get /\u001B[2J/zz 555\n`, stdout, env: { FORCE_COLOR: '1' } });
    expect(stdout.text).not.toContain('\u001B[2J');
    // oxlint-disable-next-line no-control-regex
    expect(stdout.text).toMatch(/\u001B\[31m.{7,8}\u001B\[39m/);
    const [heading, line] = bare(stdout.text).split('\n');
    expect(heading).toMatch(/^ +bpc +bits +worst +line$/);
    expect(line).toMatch(/^ +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +1 {2}get \/␛\[2J\/zz 555$/);
  });
});

describe('the lines that are printed', () => {
  const linesOf = async (...flags: readonly string[]) =>
    columns((await rnn(['score', at('today.txt'), ...on('log'), ...flags])).stdout).map(([, , , line]) => Number(line));

  it('are sorted by --sort, by the measure of --by', async () => {
    for (const by of ['bpc', 'bits', 'worst']) {
      const column = ['bpc', 'bits', 'worst'].indexOf(by);
      const { stdout } = await rnn(['score', at('today.txt'), ...on('log'), '--sort', '--by', by]);
      const values = columns(stdout).map((cells) => Number(cells[column]));
      expect(values).toHaveLength(4);
      expect(values).toEqual(values.toSorted((a, b) => b - a));
    }
    expect((await linesOf('--sort'))[0]).toBe(2);
  });

  it('are the highest with --top', async () => {
    expect(await linesOf('--top', '1')).toEqual([2]);
    expect(await linesOf('--top', '3')).toEqual((await linesOf('--sort')).slice(0, 3));
    const many = await rnn(['score', at('log.txt'), ...on('log'), '--top', '2']);
    const all = await rnn(['score', at('log.txt'), ...on('log'), '--sort']);
    expect(columns(many.stdout)).toEqual(columns(all.stdout).slice(0, 2));
  });

  it('are above the measure of --above, and the exit code is 8 if there are any', async () => {
    const all = await scored([at('today.txt'), ...on('log')]);
    const highest = Math.max(...all.map(({ bpc }) => bpc));
    const found = await rnn(['score', at('today.txt'), ...on('log'), '--above', String(highest - 0.1)]);
    expect(found.code).toBe(8);
    expect(columns(found.stdout).map(([, , , line]) => line)).toEqual(['2']);
    const none = await rnn(['score', at('today.txt'), ...on('log'), '--above', String(highest)]);
    expect(none).toEqual({ code: 0, stdout: '', stderr: '' });
    const sorted = await rnn(['score', at('today.txt'), ...on('log'), '--above', '0', '--by', 'bits', '--top', '2']);
    expect(sorted.code).toBe(8);
    expect(columns(sorted.stdout)).toHaveLength(2);
  });
});

describe('several models', () => {
  it('classify each line', async () => {
    const stdin = `${log[3]}\n${foreign[2]}\n`;
    const { code, stdout } = await rnn(['score', '-', ...on('log', 'foreign')], { stdin });
    expect(code).toBe(0);
    const [first, second] = columns(stdout);
    expect(first.slice(2)).toEqual(['log', '1', log[3]]);
    expect(second.slice(2)).toEqual(['foreign', '2', foreign[2]]);
    expect(Number(first[0])).toBeLessThan(Number(first[1]));
    const [line] = await scored(['-', ...on('log', 'foreign')], stdin);
    expect(line).toMatchObject({ likeliest: 'log', models: { log: { bits: line.bits, bpc: line.bpc }, foreign: {} } });
  });

  it('can be of different levels', async () => {
    const [line] = await scored(['-', ...on('log', 'bytes')], Buffer.from([...Buffer.from(log[3]), 0xff]));
    expect(line).toMatchObject({ models: { log: { unknown: 1 }, bytes: { unknown: 0 } } });
  });
});

describe('characters that the model does not know', () => {
  const stdin = Buffer.concat([Buffer.from(`${log[3]}\nget /\u00e9\u00ea 200\n`), Buffer.from([0, 0xff, 0xfe, 0x0a])]);

  it('are counted, also in binary lines, and a warning says how many they are', async () => {
    const { code, stdout, stderr } = await rnn(['score', '-', ...on('log')], { stdin });
    expect(code).toBe(0);
    expect(stderr).toBe('warning: 5 characters in 2 lines are unknown to the model\n');
    expect(columns(stdout).map(([, , , line]) => line)).toEqual(['1', '2', '3']);
    const [, , binary] = await scored(['-', ...on('log')], stdin);
    expect(binary.bits).toBeGreaterThan(3 * 20);
    expect(binary).toMatchObject({ unknown: 3, worst: { start: 0, text: '\0\u{FFFD}\u{FFFD}' } });
  });

  it('are skipped, or an error', async () => {
    const line = `get /Page/17 200\n`;
    const bits = async (text: string, ...flags: readonly string[]) =>
      (await scored(['-', ...on('log'), ...flags], text))[0].bits;
    expect(await bits(line, '--unknown', 'skip')).toBeCloseTo(await bits('get /age/17 200'), 3);
    const failed = await rnn(['score', '-', ...on('log'), '--unknown', 'error'], { stdin: `${log[3]}\n${line}` });
    expect(failed.code).toBe(3);
    expect(failed.stderr).toContain(
      'error: line 2 of standard input: the line has characters that the model has never seen: U+0050 P',
    );
  });

  it('do not exist for a byte-level model', async () => {
    const { code, stderr, stdout } = await rnn(['score', '-', ...on('bytes')], { stdin });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(columns(stdout)).toHaveLength(3);
  });
});

describe('lines from a pipe', () => {
  it('are scored as they arrive', async () => {
    class Piped extends FakeProcess {
      override readonly stdin = new PassThrough();
    }
    const io = new Piped();
    const ended = rnn(['score', '-', ...on('log')], {}, io);
    for (const [index, line] of [log[0], log[1], unusual].entries()) {
      // The beginning of a line is not scored before its end arrives.
      io.stdin.write(line.slice(0, 5));
      io.stdin.write(`${line.slice(5)}\n`);
      await expect.poll(() => io.stdout.text.split('\n').length - 1, { timeout: 20_000 }).toBe(index + 1);
      expect(io.stdout.text.endsWith(`\t${index + 1}\t${line}\n`)).toBe(true);
    }
    io.stdin.end();
    expect((await ended).code).toBe(0);
  });

  it.skipIf(!isBuilt)('do not keep the process alive after its output was closed', { timeout: patience }, async () => {
    const child = spawn(process.execPath, [resolve('bin/rnn.js'), 'score', '-', ...on('log')]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise<number | null>((done) => void child.on('close', done));
    child.stdin.on('error', () => {});
    child.stdin.write(`${log[0]}\n`);
    await new Promise((done) => void child.stdout.once('data', done));
    child.stdout.destroy();
    while (child.exitCode === null) {
      child.stdin.write(`${log[1]}\n`);
      await setTimeout(50);
    }
    expect(await ended).toBe(0);
  });
});

describe('bad input', () => {
  it.each([
    ['a file that does not exist', ['none.txt'], 3, /file or folder not found/],
    ['two standard inputs', ['-', '-'], 2, /cannot read standard input \(-\) twice/],
    ['no file', [], 2, /the file is missing/],
    ['a measure without a choice of lines', ['-', '--by', 'bits'], 2, /cannot use --by without/],
    ['an unknown measure', ['-', '--sort', '--by', 'nats'], 2, /--by is nats: expected one of bpc, bits, worst/],
    ['a bound that is not a number', ['-', '--above', 'high'], 2, /--above is high: expected a number/],
    ['no lines to keep', ['-', '--top', '0'], 2, /--top is 0: expected/],
  ])('%s', async (_, words, code, message) => {
    const result = await rnn(['score', ...words, ...on('log')]);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(message);
  });

  it('a model of a text without lines', async () => {
    const { code, stderr } = await rnn(['score', '-', ...on('one')], { stdin: 'hello\n' });
    expect(code).toBe(4);
    expect(stderr).toContain('cannot score lines: the text of the model does not have a newline');
  });

  it('a model that is named twice', async () => {
    const { code, stderr } = await rnn(['score', '-', ...on('log', 'log')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot use --checkpoint .* twice/);
  });

  it('an empty text prints nothing', async () => {
    expect(await rnn(['score', '-', ...on('log'), '--top', '3'], { stdin: '\n\n' })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});
