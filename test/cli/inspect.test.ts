import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../src/runs/store.ts';
import { byteVocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import { notedText } from '../insight/planted.ts';
import { untrained } from '../sampling/fixture.ts';
import { FakeStream, bare, rnn } from './helpers.ts';

const text = `${notedText(1, 900)}\n`;
const machine = ['--device', 'cpu', '--threads', '1'];

let folder: string;
const at = (name: string): string => join(folder, name);
const model = (name = 'model.json'): string[] => ['--checkpoint', at(name), ...machine];
const objects = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-inspect-'));
  const vocabulary = characterVocabulary(text, false).data;
  await writeFile(at('text.txt'), text);
  await writeFile(at('foreign.txt'), `${text}Ä`);
  await writeCheckpoint(
    at('model.json'),
    untrained(
      vocabulary,
      (_, data) =>
        data.forEach((value, i) => {
          data[i] = 6 * value;
        }),
      { layers: 2, hidden: 8 },
    ),
  );
  await writeCheckpoint(at('bytes.json'), untrained(byteVocabulary().data));
  for (const { name } of allCells)
    await writeCheckpoint(at(`${name}.json`), untrained(vocabulary, undefined, { cell: name }));
});
afterAll(() => rm(folder, { recursive: true }));

describe('rnn inspect', () => {
  it('shows which units detect which property, and how often gates are open and shut', async () => {
    const { code, stdout, stderr } = await rnn(['inspect', at('text.txt'), ...model()]);
    expect(code).toBe(0);
    expect(stderr).toMatch(new RegExp(`^${at('model.json')}, 901 characters, cpu: `));
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^ +chance up to +units, best first$/);
    expect(stdout).toMatch(/^word +AUC 0\.\d\d +\d\.[hc]\.\d 0\.\d\d/m);
    expect(stdout).toMatch(/^not in the text: .*upper case, after if$/m);
    expect(lines.filter((line) => /^ +[01] +[ifo] +\d+\.\d % +\d+\.\d % +\d+ +\d+$/.test(line))).toHaveLength(6);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('--json has the same figures, unrounded, with every unit', async () => {
    const { stdout } = await rnn(['inspect', at('text.txt'), ...model(), '--json']);
    const lines = objects(stdout);
    expect(lines.filter(({ event }) => event === 'property').map(({ property }) => property)).toContain(
      'bracket depth',
    );
    expect(lines.find(({ property }) => property === 'word')).toMatchObject({
      measure: 'auc',
      chance: expect.any(Number),
      cells: expect.arrayContaining([
        expect.objectContaining({ cell: expect.stringMatching(/^[01]\.[hc]\.\d$/), score: expect.any(Number) }),
      ]),
    });
    const gates = lines.filter(({ event }) => event === 'saturation') as unknown as {
      left: number;
      cells: { left: number[] };
    }[];
    expect(gates).toHaveLength(6);
    for (const {
      left,
      cells: { left: each },
    } of gates) {
      expect(each).toHaveLength(8);
      expect(left).toBeCloseTo(each.reduce((sum, fraction) => sum + fraction, 0) / 8, 10);
    }
  });

  it.each(allCells.map(({ name }) => name))('looks into %s', async (name) => {
    const { code, stderr, stdout } = await rnn(['inspect', at('text.txt'), ...model(`${name}.json`)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('901 characters') });
    expect(stdout).toContain('word');
  });

  it('reads the first characters, and says how many', async () => {
    const { stderr, stdout } = await rnn(['inspect', '-', ...model(), '--length', '500'], { stdin: text });
    expect(stderr).toContain('the first 500 characters');
    expect(stdout).toContain('chance up to');
    const short = await rnn(['inspect', at('text.txt'), ...model(), '--length', '100']);
    expect(short.stderr).toContain(
      'skipped the search for units, which needs at least 400 characters: rnn read only 100',
    );
    expect(short.stdout).toMatch(/^layer +gate/);
  });

  it('reads enough text for its properties, and names those that the text is too short to test', async () => {
    const long = notedText(2, 20_000).replaceAll(/"|\/\/ |[[\]]/g, 'a');
    let brackets = 0;
    const rare = long.replaceAll('(', () => (++brackets % 4 === 0 ? '(' : 'a')).replaceAll(/\)/g, ')');
    await writeFile(at('long.txt'), `${rare}\n"abc" de`);
    const { stderr, stdout } = await rnn(['inspect', at('long.txt'), ...model()]);
    expect(stderr).toMatch(/, the first 1\d,000 characters,/);
    expect(stdout).toMatch(/^not in the text: .*quotes/m);
    const whole = await rnn(['inspect', at('long.txt'), ...model(), '--length', '30000']);
    expect(whole.stderr).toMatch(/, 1\d,\d{3} characters,/);
    expect(whole.stdout).toMatch(/^text too short to test: quotes \(needs about 1,700,000 characters\)/m);
  });

  it('--unit colours the text in a terminal, and puts marks below it elsewhere', async () => {
    const terminal = new FakeStream({ columns: 80 });
    const coloured = await rnn(['inspect', at('text.txt'), ...model(), '--unit', '1.c.3'], {
      stdout: terminal,
      env: { COLORTERM: 'truecolor' },
    });
    expect(coloured.code).toBe(0);
    expect(terminal.text).toMatch(/\u001B\[48;2;/); // oxlint-disable-line no-control-regex
    expect(
      bare(terminal.text)
        .replace(/^.*\n\n/, '')
        .replaceAll('↵', ''),
    ).toBe(text);
    const { stdout } = await rnn(['inspect', at('text.txt'), ...model(), '--unit', '1.c.3']);
    const [legend, , line, marks] = stdout.split('\n');
    expect(legend).toMatch(/^1\.c\.3: -?\d\.\d\d ▁▃▅▇█ -?\d\.\d\d$/);
    expect(line).toBe(`${text.slice(0, text.indexOf('\n'))}↵`);
    expect(marks).toMatch(/^[▁-█]+$/);
    expect(marks).toHaveLength(line.length);
    const [{ cell, values }] = objects(
      (await rnn(['inspect', at('text.txt'), ...model(), '--unit', '0.f.7', '--json'])).stdout,
    );
    expect(cell).toBe('0.f.7');
    expect(values).toHaveLength(text.length);
  });

  it('--html writes a page', async () => {
    const { code, stderr } = await rnn([
      'inspect',
      at('text.txt'),
      ...model(),
      '--html',
      at('page.html'),
      '--unit',
      '1.f.3',
    ]);
    expect(code).toBe(0);
    expect(stderr).toContain(`wrote ${at('page.html')}`);
    const page = await readFile(at('page.html'), 'utf8');
    expect(page).toContain('reading 901 characters of');
    expect(page).toContain('"first":"1.f.3"');
    expect((await rnn(['inspect', at('text.txt'), ...model(), '--html', '-'])).stdout).toMatch(
      /^<!doctype html>[^]*<\/html>\n$/,
    );
  });

  it('--record writes a line of JSON for each token, exact to the last bit', async () => {
    await rnn(['inspect', at('text.txt'), ...model(), '--record', at('all.jsonl')]);
    const lines = objects(await readFile(at('all.jsonl'), 'utf8'));
    expect(lines.map(({ text: piece }) => piece).join('')).toBe(text);
    expect(Object.keys(lines[7])).toEqual([
      'at',
      'text',
      ...[0, 1].flatMap((layer) => ['h', 'c', 'i', 'f', 'o'].map((name) => `layer${layer}.${name}`)),
    ]);
    const [{ values }] = objects(
      (await rnn(['inspect', at('text.txt'), ...model(), '--unit', '1.c.3', '--json'])).stdout,
    ) as unknown as {
      values: number[];
    }[];
    expect(lines.map((line) => Math.fround((line['layer1.c'] as number[])[3]))).toEqual(values);
  });

  it('starts a text as training did', async () => {
    const trained = await readCheckpoint(at('model.json'));
    const { training } = trained;
    await writeCheckpoint(at('starts.json'), {
      ...trained,
      training: { ...training, options: { ...training.options, textStarts: true } },
    });
    const values = async (name: string, stdin: string): Promise<number[]> =>
      objects((await rnn(['inspect', '-', ...model(name), '--unit', '1.c.3', '--json'], { stdin })).stdout)[0]
        .values as number[];
    const start = text.slice(0, 5);
    expect(await values('starts.json', start)).toEqual((await values('model.json', `\n${start}`)).slice(1));
  });

  const numpy = spawnSync('python3', ['-c', 'import numpy']);
  const missing = numpy.error
    ? ' (skipped: there is no python3)'
    : numpy.status === 0
      ? ''
      : ' (skipped: python3 has no numpy)';
  it.skipIf(missing !== '')(`--record writes a file that NumPy reads, with valid checksums${missing}`, async () => {
    await rnn(['inspect', at('text.txt'), ...model(), '--record', at('all.npz')]);
    const program =
      'import numpy, sys, json, zipfile; a = numpy.load(sys.argv[1]); print(json.dumps([zipfile.ZipFile(sys.argv[1]).testzip(), {k: [str(v.dtype), list(v.shape)] for k, v in a.items()}, "".join(map(chr, a["text"])), a["layer1.c"][:, 3].tolist()]))';
    const { stdout, stderr } = spawnSync('python3', ['-c', program, at('all.npz')], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const [damaged, arrays, read, values] = JSON.parse(stdout) as [null, Record<string, unknown>, string, number[]];
    expect(damaged).toBe(null);
    expect(arrays).toMatchObject({
      text: ['int32', [901]],
      'layer0.h': ['float32', [901, 8]],
      'layer1.o': ['float32', [901, 8]],
    });
    expect(Object.keys(arrays)).toHaveLength(11);
    expect(read).toBe(text);
    expect(values).toEqual(
      (
        objects((await rnn(['inspect', at('text.txt'), ...model(), '--unit', '1.c.3', '--json'])).stdout)[0] as {
          values: number[];
        }
      ).values,
    );
  });

  it('inspects a byte-level model', async () => {
    await rnn(['inspect', '-', ...model('bytes.json'), '--record', at('bytes.jsonl')], { stdin: 'aéb' });
    expect(objects(await readFile(at('bytes.jsonl'), 'utf8')).map(({ text: piece }) => piece)).toEqual([
      'a',
      '',
      'é',
      'b',
    ]);
  });

  it('ends quietly when its output is closed', async () => {
    const { code, stderr } = await rnn(['inspect', at('text.txt'), ...model()], {
      stdout: new FakeStream({ failure: { after: 0, code: 'EPIPE' } }),
    });
    expect({ code, stderr: stderr.split('\n').length }).toEqual({ code: 0, stderr: 2 });
  });

  it.each([
    [['--unit', '0.c'], 2, '--unit is 0.c: expected LAYER.VALUE.UNIT, such as 0.h.0'],
    [['--cell', '2.c.0'], 2, '--unit is 2.c.0: expected'],
    [['--unit', '2.c.0'], 2, 'hint: this model has layers 0 to 1, values h, c, i, f, o, and units 0 to 7'],
    [['--unit', '0.c.8'], 2, '--unit is 0.c.8: expected'],
    [['--unit', '0.z.1'], 2, '--unit is 0.z.1: expected'],
    [['--record', 'x.csv'], 2, '--record is x.csv: expected a file whose name ends with .jsonl or .npz'],
    [['--record', '/nowhere/x.npz'], 1, 'hint: choose another file\n'],
    [['--length', '0'], 2, '--length is 0: expected a whole number of at least 1'],
    [['--html', '/nowhere/x.html'], 1, 'cannot write /nowhere/x.html: the folder does not exist'],
  ])('%j ends with %i', async (flags, code, message) => {
    const ran = await rnn(['inspect', at('text.txt'), ...model(), ...flags]);
    expect(ran.stderr).toContain(message);
    expect(ran.code).toBe(code);
    expect(ran.stdout).toBe('');
  });

  it.each([
    ['foreign.txt', 'the text has characters that the model has never seen: U+00C4 Ä'],
    ['missing.txt', 'missing.txt'],
  ])('%s is refused', async (name, message) => {
    const ran = await rnn(['inspect', at(name), ...model()]);
    expect(ran.stderr).toContain(message);
    expect(ran.code).toBe(3);
  });
});
