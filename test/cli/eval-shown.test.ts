// The output of `rnn eval` besides the losses: surprisal of each character, and the losses of
// baselines on the text.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutputClosed } from '../../src/cli/output/output.ts';
import { FakeStream, bare, rnn } from './helpers.ts';

const VERSE = 'the quick brown fox jumps over the lazy dog;\nthe dog sleeps and the fox is gone.\n';
const text = VERSE.repeat(20);
const machine = ['--device', 'cpu', '--threads', '1'];

let folder: string;
const at = (name: string): string => join(folder, name);
const evaluate = (argv: readonly string[], surroundings: Parameters<typeof rnn>[1] = {}) =>
  rnn(['eval', ...argv, '--checkpoint', at('run'), ...machine], surroundings);

interface Line {
  readonly event: string;
  readonly at: number;
  readonly character: string;
  readonly nats: number;
  readonly rank: number;
  readonly likeliest: readonly [string, number][];
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-eval-shown-'));
  await writeFile(at('verse.txt'), text);
  await writeFile(at('other.txt'), 'a fox and a dog sleep;\n'.repeat(30));
  await writeFile(at('foreign.txt'), `${VERSE}ÄÖ`);
  const sizes = [
    '--hidden',
    '16',
    '--batch-size',
    '4',
    '--sequence-length',
    '16',
    '--max-steps',
    '60',
    '--sample-every',
    '0',
    '--quiet',
  ];
  for (const [name, ...more] of [['run'], ['bytes', '--level', 'byte'], ['parallel', '--streams', '3']]) {
    const { code, stderr } = await rnn(['train', at('verse.txt'), '--out', at(name), ...sizes, ...more, ...machine]);
    if (code !== 0) throw new Error(stderr);
  }
});
afterAll(() => rm(folder, { recursive: true }));

describe('rnn eval --by-character', () => {
  it('--json has a line for each character but the first, and the resulting figures', async () => {
    const { code, stdout, stderr } = await evaluate([at('verse.txt'), '--by-character', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const figures = lines.pop() as unknown as Record<string, number>;
    expect(figures).toMatchObject({ event: 'evaluation', characters: text.length - 1 });
    expect(lines.map(({ character }) => character).join('')).toBe(text.slice(1));
    expect(lines.map((line) => line.at)).toEqual(Array.from({ length: text.length - 1 }, (_, index) => index + 1));
    expect(lines.reduce((sum, { nats }) => sum + nats, 0) / lines.length).toBeCloseTo(figures.nats, 6);
    expect(lines.filter(({ rank }) => rank === 1)).toHaveLength(Math.round(figures.accuracy * lines.length));
    const likely = lines.filter(({ rank }) => rank <= 5);
    expect(likely.map(({ rank, likeliest }) => likeliest[rank - 1])).toEqual(
      likely.map(({ character, nats }) => [character, expect.closeTo(Math.exp(-nats), 5)]),
    );
  });

  it('prints only a table to a pipe', async () => {
    const { stdout, stderr } = await evaluate(['-', '--by-character'], { stdin: 'the\nfox' });
    expect(stdout.split('\n').slice(0, 1)).toEqual(['at\tcharacter\tbits\trank\tlikeliest']);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'));
    expect(rows.map(([place, character]) => `${place}${character}`)).toEqual(['1h', '2e', '3\\n', '4f', '5o', '6x']);
    for (const [, , bits, rank, likeliest] of rows) {
      expect(bits).toMatch(/^\d+\.\d{4}$/);
      expect(rank).toMatch(/^[1-9]\d*$/);
      expect(likeliest).toMatch(/^(?:\S+ 0\.\d{4} {2}){4}\S+ 0\.\d{4}$/);
    }
    expect(stderr).toMatch(/\ncharacters +6\nnats /);
  });

  it('prints the text shaded by surprisal, and the figures, in a terminal', async () => {
    const { stdout } = await evaluate([at('other.txt'), '--by-character'], {
      stdout: new FakeStream({ columns: 80 }),
      env: { COLORTERM: 'truecolor' },
    });
    expect(stdout).toContain('\u001B[48;2;');
    expect(bare(stdout)).toContain('a fox and a dog sleep;↵\n'.repeat(30));
    expect(bare(stdout)).toMatch(/\ncharacters +689\nnats /);
    expect(
      (
        await evaluate([at('other.txt'), '--by-character'], {
          stdout: new FakeStream({ columns: 80 }),
          env: { NO_COLOR: '1' },
        })
      ).stdout,
    ).toMatch(/^at\tcharacter/);
  });

  it('reads --streams parallel chunks', async () => {
    const [one, several] = await Promise.all(
      ['1', '3'].map((streams) => evaluate([at('verse.txt'), '--by-character', '--streams', streams])),
    );
    const cut = Math.ceil((text.length - 1) / 3) + 1; // the header is a line, too
    const [first, second] = [one, several].map(({ stdout }) => stdout.split('\n'));
    expect(second.length).toBe(first.length);
    // The chunk starts from zero a little before its first character, so only the last digits
    // differ.
    expect(second[cut].split('\t').slice(0, 2)).toEqual(first[cut].split('\t').slice(0, 2));
    expect(one.stderr).toContain('one sequence');
    expect(several.stderr).toContain('3 parallel sequences');
  });

  it('ends quietly when its output is closed', async () => {
    const stdout = new FakeStream({ failure: { after: 1, code: 'EPIPE' } });
    const { code, stderr } = await evaluate([at('verse.txt'), '--by-character'], { stdout });
    expect(code).toBe(0);
    expect(stderr).not.toContain(OutputClosed.name);
    expect(stderr).not.toContain('error');
  });

  it('shows bytes that are not characters by their numbers', async () => {
    const { stdout } = await rnn(['eval', '-', '--by-character', '--checkpoint', at('bytes'), ...machine], {
      stdin: 'aé',
    });
    expect(
      stdout
        .split('\n')
        .slice(1, 3)
        .map((line) => line.split('\t')[1]),
    ).toEqual([String.raw`\xc3`, String.raw`\xa9`]);
  });
});

describe('rnn eval --html', () => {
  it('writes a page of the text, and prints its path', async () => {
    const { code, stderr, stdout } = await evaluate([
      at('other.txt'),
      '--html',
      at('page.html'),
      '--against',
      at('verse.txt'),
    ]);
    expect(code).toBe(0);
    expect(stderr).toContain(`wrote ${at('page.html')}, `);
    expect(stdout).toMatch(/^characters +689\n/);
    const page = await readFile(at('page.html'), 'utf8');
    expect(page).toContain('<title>Predictions of run</title>');
    expect(page).toContain('3-gram');
    expect(page.match(/<i/g)!.length).toBeGreaterThanOrEqual(690);
  });

  it('prints the same figures as without a page', async () => {
    // Long enough for several parallel chunks.
    await writeFile(at('long.txt'), `${'a fox and a dog sleep;\n'.repeat(60)}${VERSE.repeat(30)}`);
    const argv = ['eval', at('long.txt'), '--against', at('verse.txt'), '--checkpoint', at('parallel'), ...machine];
    const [without, withPage, byCharacter] = [
      await rnn(argv),
      await rnn([...argv, '--html', at('figures.html')]),
      await rnn([...argv, '--by-character', '--json']),
    ];
    expect(without.stderr).toContain(' 3 parallel sequences, ');
    expect(withPage.stdout).toBe(without.stdout);
    const tiles = [...(await readFile(at('figures.html'), 'utf8')).matchAll(/<dt>[^<]*<\/dt><dd>([^<]*)<\/dd>/g)].map(
      ([, figure]) => figure,
    );
    const figureOf = (name: string): string => new RegExp(`^${name} +(.*)$`, 'm').exec(without.stdout)![1];
    expect(tiles.toSorted()).toEqual(
      ['bits', 'nats', 'perplexity', 'top-1 accuracy', 'characters'].map(figureOf).toSorted(),
    );
    const { nats } = JSON.parse(byCharacter.stdout.trimEnd().split('\n').at(-1)!) as { nats: number };
    expect(nats.toFixed(4)).toBe(figureOf('nats'));
  });

  it('says "byte" on the page and in the table of a byte-level model', async () => {
    await writeFile(at('fox.txt'), 'Ein 🦊 läuft. '.repeat(60).trimEnd());
    await writeFile(at('foxes.txt'), 'Two 🦊 run. '.repeat(60).trimEnd());
    const { code, stdout } = await rnn([
      'eval',
      at('fox.txt'),
      '--html',
      at('bytes.html'),
      '--against',
      at('foxes.txt'),
      '--checkpoint',
      at('bytes'),
      ...machine,
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^bytes +1,018\n[\s\S]* \(n-gram counts from 839 bytes\)\n/);
    const page = await readFile(at('bytes.html'), 'utf8');
    expect(page).toContain('<dt>bytes</dt><dd>1,018</dd>');
    expect(page).not.toContain('are below');
  });

  it('writes the page to stdout for -, and the figures to stderr', async () => {
    const { stdout, stderr } = await evaluate([at('other.txt'), '--html', '-']);
    expect(stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(stderr).toMatch(/\ncharacters +689\n/);
  });
});

describe('rnn eval with baselines', () => {
  const othersOf = async (argv: readonly string[]) =>
    JSON.parse((await evaluate([...argv, '--json'])).stdout) as {
      compressors: Record<string, number> | null;
      ngrams: { characters: number; bits: number[] } | null;
    };

  it('--against counts the training part of the same text, and all of another text', async () => {
    const own = await othersOf([at('other.txt'), '--against', at('verse.txt')]);
    expect(own.ngrams!.characters).toBe(Math.floor(0.9 * text.length));
    expect(own.ngrams!.bits).toHaveLength(6);
    const other = await othersOf([at('other.txt'), '--against', at('other.txt'), '--against', at('verse.txt')]);
    expect(other.ngrams!.characters).toBe(690 + text.length);
    expect(other.ngrams!.bits[5]).toBeLessThan(own.ngrams!.bits[5]);
    const { stdout } = await evaluate([at('other.txt'), '--against', at('verse.txt')]);
    expect(stdout).toContain(
      ` (n-gram counts from ${Math.floor(0.9 * text.length).toLocaleString('en')} characters, the training part of the run)\n`,
    );
    const bits = own.ngrams!.bits[5];
    const nats = bits * Math.LN2;
    expect(stdout).toMatch(
      new RegExp(
        `^6-gram +${nats.toFixed(4)} +${bits.toFixed(4)} +${Math.exp(nats).toFixed(3).replace('.', '\\.')}$`,
        'm',
      ),
    );
  });

  it('lists the model among the baselines, best first', async () => {
    const { stdout } = await evaluate([at('other.txt'), '--against', at('verse.txt'), '--dynamic']);
    const rows = stdout.split('perplexity\n')[1].trimEnd().split('\n');
    expect(rows.map((row) => row.split(/ {2,}/)[0]).toSorted()).toEqual(
      ['1-gram', '2-gram', '3-gram', '4-gram', '5-gram', '6-gram', 'brotli', 'gzip', 'run', 'run, dynamic'].toSorted(),
    );
    const losses = rows.map((row) => Number(row.split(/ {2,}/)[1]));
    expect(losses).toEqual(losses.toSorted((a, b) => a - b));
    const [, nats] = /^nats +([\d.]+)/m.exec(stdout)!;
    expect(rows.find((row) => row.startsWith('run '))).toContain(` ${nats} `);
  });

  it.each([
    ['the text itself', 'other.txt', 'name another text'],
    ['the text of the run', 'verse.txt', 'use --part validation'],
  ])('n-gram models never count the text that they predict: %s', async (_, scored, remedy) => {
    const argv = [at(scored), '--against', at(scored)];
    const { code, stderr } = await evaluate(argv);
    expect(code).toBe(0);
    expect(stderr).toContain(`warning: skipped n-grams, because --against names the text that is scored: ${remedy}\n`);
    expect((await othersOf(argv)).ngrams).toBe(null);
    expect((await othersOf([at('verse.txt'), '--part', 'validation', '--against', at('verse.txt')])).ngrams).not.toBe(
      null,
    );
  });

  it('compresses a short text, and a long text only with --compressors', async () => {
    await writeFile(at('long.txt'), VERSE.repeat(3000));
    expect(Object.keys((await othersOf([at('other.txt')])).compressors!)).toEqual(['gzip', 'brotli']);
    expect((await othersOf([at('long.txt')])).compressors).toBe(null);
    const { gzip, brotli } = (await othersOf([at('long.txt'), '--compressors'])).compressors!;
    expect(gzip).toBeLessThan(0.1);
    expect(brotli).toBeLessThan(gzip);
  });

  it.each([
    [['--against', 'missing.txt'], 3, '--against missing.txt: '],
    [
      ['--against', 'foreign.txt'],
      3,
      '--against foreign.txt: the text has characters that the model has never seen: U+00C4 Ä, U+00D6 Ö',
    ],
    [['--html', '-', '--json'], 2, 'cannot write several results to standard output: --html - and --json'],
    [
      ['--html', '-', '--by-character'],
      2,
      'cannot write several results to standard output: --html - and --by-character',
    ],
  ])('%j ends with %i', async (flags, code, message) => {
    const given = flags.map((flag) => (flag.endsWith('.txt') || flag.endsWith('.html') ? at(flag) : flag));
    const ran = await evaluate([at('verse.txt'), ...given]);
    expect(ran.stderr.replaceAll(`${folder}/`, '')).toContain(message);
    expect(ran.code).toBe(code);
  });

  it('says which of two texts has characters that the model does not know', async () => {
    const { code, stderr } = await evaluate([at('foreign.txt'), '--against', at('verse.txt')]);
    expect(code).toBe(3);
    expect(stderr).toContain(
      `the text to score, ${at('foreign.txt')}: the text has characters that the model has never seen: U+00C4 Ä, U+00D6 Ö`,
    );
  });

  it('refuses standard input for two texts', async () => {
    const { code, stderr } = await evaluate(['-', '--against', '-'], { stdin: text });
    expect(code).toBe(2);
    expect(stderr).toContain('cannot read standard input (-) twice');
  });
});
