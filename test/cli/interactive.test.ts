// rnn sample --interactive: from a pipe, and at a prompt of a terminal.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { readingOptions } from '../../src/options/run.ts';
import type { TrainedModel } from '../../src/runs/checkpoint.ts';
import { writeCheckpoint } from '../../src/runs/store.ts';
import { cyclic } from '../sampling/fixture.ts';
import { FakeProcess, FakeStream, type Ran, bare, rnn } from './helpers.ts';
import { isBuilt, patience } from './process.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-interactive-'));
  const letters = characterVocabulary('abcdefg/\n', false).data; // ids: \n / a b c d e f g
  const records = cyclic(characterVocabulary('abcd', false, '\n').data, 30); // ids: end a b c d
  const kept = { ...defaults(), records: 'line', learnAfter: 'b' };
  await writeCheckpoint(at('letters.json'), cyclic(letters, 30));
  await writeCheckpoint(at('records.json'), records);
  await writeCheckpoint(at('pairs.json'), { ...records, training: { ...records.training, reading: kept } });
  await writeCheckpoint(at('words.json'), cyclic(characterVocabulary('abc', false).data, 30)); // no newline
});
afterAll(() => rm(folder, { recursive: true }));

/** How a run reads its text, with the defaults. */
const defaults = (): TrainedModel['training']['options'] =>
  Object.fromEntries(
    Object.entries(readingOptions).map(([name, row]) => [
      name,
      'default' in row ? row.default : 'legacyValue' in row ? row.legacyValue : null,
    ]),
  );

const words = (model: string, more: readonly string[] = []): string[] => [
  'sample',
  at(`${model}.json`),
  '--interactive',
  ...'--device reference --seed 1 --temp 0'.split(' '),
  ...more,
];
const piped = (model: string, stdin: string, ...more: readonly string[]): Promise<Ran> =>
  rnn(words(model, more), { stdin });

describe('from a pipe, rnn sample --interactive', () => {
  it('answers each line up to the end of a line, without a prompt', async () => {
    // After a line, the model has read a newline, which is followed by a slash.
    const { code, stdout } = await piped('letters', 'abc\nd\n\n');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '/abcdefg\n'.repeat(3) });
  });

  it('ends answers at --length or --stop, and then reads a newline before the next line', async () => {
    expect((await piped('letters', 'a\nb\n', '--length', '3')).stdout).toBe('/ab\n/ab\n');
    expect((await piped('letters', 'a\nb\n', '--stop', 'c')).stdout).toBe('/abc\n/abc\n');
    expect((await piped('letters', 'a\n', '--stop', String.raw`g\n/a`)).stdout).toBe('/abcdefg\n/a\n');
    expect((await piped('letters', 'a\nb\n', '--stop', String.raw`d\n`, '--stop', 'g', '--no-keep-stop')).stdout).toBe(
      '/abcdef\n/abcdef\n',
    );
    expect((await piped('words', 'a\nb\n', '--length', '3')).stdout).toBe('bca\ncab\n');
  });

  it('starts a record for each line of a model of records, and writes the whole record', async () => {
    expect((await piped('records', 'a\n\nbc\n')).stdout).toBe('abcd\nabcd\nbcd\n');
    expect((await piped('records', 'a\nbc\n', '--no-prime')).stdout).toBe('bcd\nd\n');
    // An answer that --length cuts does not continue in the next.
    expect((await piped('records', 'b\n\n', '--length', '1')).stdout).toBe('bc\na\n');
  });

  it('appends the separator of pairs, and writes the answer', async () => {
    expect((await piped('pairs', 'a\nb\nd\n')).stdout).toBe('cd\ncd\ncd\n');
  });

  it('skips unknown characters, bans characters and repeats no passage if asked', async () => {
    expect((await piped('letters', 'xaz\n', '--unknown', 'skip')).stdout).toBe('/abcdefg\n');
    expect((await piped('letters', 'a\n', '--ban', String.raw`/\n`, '--length', '2')).stdout).toBe('ab\n');
    const loop = ['--length', '40', '--stop', 'x'];
    expect((await piped('letters', 'a\n', ...loop)).stdout).toContain('/abcdefg\n/abcdefg\n');
    expect((await piped('letters', 'a\n', ...loop, '--no-repeat', '4')).stdout).not.toContain('g\n/abcdefg\n/a');
  });

  it('obeys commands, which write to stderr', async () => {
    const { stdout, stderr } = await piped('letters', '/length 2\na\n/length\n/temp 0.3..1.2\n/reset\n//a\n/quit\nb\n');
    expect(stdout).toBe('/a\n/a\n');
    expect(stderr.split('\n').slice(1)).toEqual(['/length 2', '/length 2', '/temp 0.3..1.2', '']);
    const help = await piped('letters', '/help\n/top-p\n/top-p 0.9\n');
    expect(help.stderr).toMatch(/\/top-p <value> +Choose among .*\n.*\/min-p/);
    expect(help.stderr).toContain('/top-p is not set\n/top-p 0.9\n');
  });

  it('gives the same answers with the same seed, and another answer to each line', async () => {
    const wild = ['--length', '30', '--stop', 'x'];
    const asked = (lines: string, seed = '5'): Promise<Ran> =>
      rnn(
        words('records', wild).map((word, i, all) =>
          all[i - 1] === '--temp' ? '30' : all[i - 1] === '--seed' ? seed : word,
        ),
        {
          stdin: lines,
        },
      );
    const { stdout } = await asked('a\na\na\n');
    expect((await asked('a\na\na\n')).stdout).toBe(stdout);
    expect(new Set(stdout.trimEnd().split('\n')).size).toBe(3);
    expect((await asked('/seed 5\na\na\na\n', '8')).stdout).toBe(stdout);
  });

  it('reports a line that it cannot read, continues with the next, and ends with the code of the error', async () => {
    const { code, stdout, stderr } = await piped('letters', 'xyz\na\n');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '\n/abcdefg\n' });
    expect(stderr).toContain('error: the model has never seen U+0078 x, U+0079 y, U+007A z\nhint: ');
    const wrong = await piped('letters', '/temp -1\n/tmep 1\n/reset now\na\n');
    expect({ code: wrong.code, stdout: wrong.stdout }).toEqual({ code: 2, stdout: '/abcdefg\n' });
    expect(wrong.stderr).toContain('error: /temp is -1: expected a number of at least 0');
    expect(wrong.stderr).toContain('error: command not found: /tmep\nhint: use /temp');
    expect(wrong.stderr).toContain("error: /reset has the value 'now': expected no value");
  });

  it.each(['--json', '--count 2', '--prime a', '--prime-file a'])('cannot be used together with %s', async (more) => {
    const { code, stderr } = await piped('letters', '', ...more.split(' '));
    expect(code).toBe(2);
    expect(stderr).toContain(`cannot use --interactive and ${more.split(' ')[0]} together`);
  });

  it.skipIf(!isBuilt)(
    'answers each line as soon as it comes, and quits while the pipe is open',
    { timeout: patience },
    async () => {
      const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../bin/rnn.js'), ...words('letters')]);
      onTestFinished(() => void child.kill());
      child.stdin.write('a\n');
      let answer = '';
      child.stdout.on('data', (piece) => (answer += String(piece)));
      while (!answer.endsWith('\n')) await once(child.stdout, 'data');
      expect(answer).toBe('/abcdefg\n');
      child.stdin.write('/quit\n');
      expect(await once(child, 'exit')).toEqual([0, null]);
    },
  );
});

/** A process whose user types into a terminal. */
class Terminal extends FakeProcess {
  override readonly isStdinTerminal = true;
  readonly typed = new PassThrough();

  override get keys(): PassThrough {
    return this.typed;
  }

  /** The screen, on which each redrawn line replaces its earlier form. */
  get shown(): string {
    // oxlint-disable-next-line no-control-regex
    return bare(this.stdout.text.replace(/\r/g, '').replace(/[^\n]*\u001B\[1G\u001B\[0?J/g, ''));
  }

  /** Waits until the screen ends with a text. */
  async until(end: string): Promise<void> {
    for (let times = 0; !this.shown.endsWith(end); times++) {
      if (times > 600) throw new Error(`not shown: ${JSON.stringify([end, this.stdout.text.slice(-300)])}`);
      await setTimeout(5);
    }
  }
}

describe('at a terminal, rnn sample --interactive', () => {
  const begin = (more: readonly string[] = []): { io: Terminal; ended: Promise<Ran> } => {
    const io = new Terminal({ stdout: new FakeStream({ columns: 80 }), stderr: new FakeStream({ columns: 80 }) });
    return { io, ended: rnn([...words('letters', more), '--no-color'], {}, io) };
  };

  it('shows a prompt for each line, and ends with Ctrl-D', async () => {
    const { io, ended } = begin();
    await io.until('> ');
    io.typed.write('abc\r');
    await io.until('/abcdefg\n> ');
    io.typed.write('\u0004');
    expect((await ended).code).toBe(0);
    expect(io.stderr.text).toContain('/help lists the commands');
  });

  it('repeats an earlier line by the arrow keys, and completes commands by TAB', async () => {
    const { io, ended } = begin(['--length', '2']);
    await io.until('> ');
    io.typed.write('gf\r');
    await io.until('/a\n> ');
    io.typed.write('\u001B[A');
    await io.until('> gf');
    io.typed.write('\u0015/he\t');
    await io.until('/help');
    io.typed.write('\r/quit\r');
    await ended;
    expect(io.stderr.text).toContain('/reset');
  });

  it('answers pasted lines one after another, and keeps the beginning of the next line', async () => {
    const { io, ended } = begin(['--length', '2']);
    await io.until('> ');
    io.typed.write('a\rb\rc');
    await io.until('/a\n/a\n> c');
    io.typed.write('\u0003');
    await io.until('\n> ');
    io.typed.end();
    expect((await ended).code).toBe(0);
  });

  it('interrupts an answer by Ctrl-C, and quits by Ctrl-C at the empty prompt after it', async () => {
    const { io, ended } = begin(['--length', 'inf', '--stop', 'x']);
    await io.until('> ');
    io.typed.write('a\r');
    while (!io.listensForSignals || !io.shown.includes('/abcdefg\n/')) await setTimeout(5);
    io.send('SIGINT');
    await io.until('\n> ');
    expect(io.listensForSignals).toBe(false);
    io.typed.write('\u0003');
    expect((await ended).code).toBe(0);
  });

  it('clears a line by Ctrl-C, and asks before it quits', async () => {
    const { io, ended } = begin();
    await io.until('> ');
    io.typed.write('\u0003');
    await io.until('\n> ');
    expect(io.stderr.text).toContain('Press Ctrl-C again or Ctrl-D to quit.');
    io.typed.write('abc');
    await io.until('> abc');
    io.typed.write('\u0003');
    await io.until('\n> ');
    io.typed.write('\r'); // an empty line, so the model continues
    await io.until('/abcdefg\n> ');
    io.typed.write('\u0003\u0003');
    expect((await ended).code).toBe(0);
  });
});
