// rnn plot and rnn story: their output, and the runs that they show.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bare, FakeStream, rnn } from './helpers.ts';

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

/** A run folder with only a log. */
function logged(name: string, lines: readonly (object | string)[]): string {
  mkdirSync(at('runs', name), { recursive: true });
  writeFileSync(
    at('runs', name, 'log.jsonl'),
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  );
  return at('runs', name);
}

const start = { event: 'start', step: 0, corpus: { train: 1000 } };
const report = (step: number, lossNats: number | null) => ({
  event: 'report',
  step,
  epoch: step / 100,
  elapsedMs: step * 1000,
  lossNats,
  learningRate: 0.002,
  gradientNorm: 0.5,
  charactersPerSecond: 20_000,
  progress: step / 400,
});
const evaluation = (step: number, validationLossNats: number) => ({
  event: 'evaluation',
  step,
  validationLossNats,
  best: true,
});
const sample = (step: number) => ({ event: 'sample', step, text: `text of step ${step}\u001B[2J\n\n` });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-plot-'));
  logged('a', [
    start,
    report(100, 3),
    evaluation(100, 3.5),
    sample(100),
    report(200, 2),
    evaluation(200, 2.5),
    sample(200),
    report(400, 1.5),
    evaluation(400, 2.25),
    sample(400),
    { event: 'end', step: 400, reason: 'max-steps' },
  ]);
  logged('b\u001B[2J', [start, '\u0000 no JSON', report(100, 2.5), report(300, null)]);
  mkdirSync(at('empty', 'begun'), { recursive: true });
  writeFileSync(at('empty', 'begun', 'log.jsonl'), `${JSON.stringify(start)}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const jsonOf = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('rnn plot', () => {
  it('names five of many runs with empty logs, and counts the rest', async () => {
    for (let index = 1; index <= 8; index++) {
      mkdirSync(at('many', `${index}`), { recursive: true });
      writeFileSync(at('many', `${index}`, 'log.jsonl'), '');
    }
    const named = [1, 2, 3, 4, 5].map((index) => at('many', `${index}`)).join(', ');
    expect((await rnn(['plot', at('many')])).stderr).toContain(
      `error: the log of ${named}, 3 more is empty: expected at least one loss\n`,
    );
  });

  it('draws the charts of a run as text', async () => {
    const { code, stdout, stderr } = await rnn(['plot', at('runs', 'a')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('Loss, nats per character   * training 1.500   x validation 2.250');
    expect(stdout).toMatch(/^Gradient norm 0\.5000 +Learning rate 0\.002 +Speed 20k$/m);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
  });

  it.each([
    ['truecolor', 'xterm', '[38;2;46;143;217m━━'],
    ['', 'xterm-256color', '[38;5;'],
    ['', 'xterm', '[33m╌╌'],
  ])('has the colours of the terminal: %s %s', async (COLORTERM, TERM, colour) => {
    const { stdout } = await rnn(['plot', at('runs', 'a')], {
      stdout: new FakeStream({ columns: 100 }),
      env: { COLORTERM, TERM },
    });
    expect(stdout).toContain(`\u001B${colour}`);
    expect(stdout).toMatch(/[⠁-⣿]/);
    expect(
      Math.max(
        ...bare(stdout)
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBe(99);
  });

  it('has no colours if they are switched off', async () => {
    const { stdout } = await rnn(['plot', at('runs', 'a')], {
      stdout: new FakeStream({ columns: 100 }),
      env: { COLORTERM: 'truecolor', NO_COLOR: '1' },
    });
    expect(stdout).not.toContain('\u001B');
    expect(stdout).toMatch(/x validation/);
  });

  it('draws the curves of several runs, with names that are safe for a terminal', async () => {
    const { code, stdout, stderr } = await rnn([
      'plot',
      at('runs'),
      at('empty', 'begun'),
      '--only',
      'loss',
      '--horizontal',
      'time',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `skipped ${at('empty', 'begun')}: the log is empty\n` });
    expect(stdout.split('\n')[0]).toBe('Loss, nats per character   * a, training 1.500   o a, validation 2.250');
    expect(stdout).toContain('+ b␛[2J, training 2.500');
    expect(stdout).toMatch(/ minutes\n$/);
  });

  it('writes lines as JSON, with gaps', async () => {
    const { stdout } = await rnn(['plot', at('runs'), '--only', 'loss', '--json', '--horizontal', 'epoch']);
    expect(jsonOf(stdout)).toEqual([
      {
        event: 'curve',
        chart: 'loss',
        part: 'training',
        run: at('runs', 'a'),
        unit: 'nats per character',
        over: 'epochs',
        points: [
          [1, 3],
          [2, 2],
          [4, 1.5],
        ],
      },
      {
        event: 'curve',
        chart: 'loss',
        part: 'validation',
        run: at('runs', 'a'),
        unit: 'nats per character',
        over: 'epochs',
        points: [
          [1, 3.5],
          [2, 2.5],
          [4, 2.25],
        ],
      },
      {
        event: 'curve',
        chart: 'loss',
        part: 'training',
        run: at('runs', 'b\u001B[2J'),
        unit: 'nats per character',
        over: 'epochs',
        points: [
          [1, 2.5],
          [3, null],
        ],
      },
    ]);
  });

  it('smooths, and draws on a logarithmic axis', async () => {
    const { stdout } = await rnn(['plot', at('runs', 'a'), '--json', '--smoothing', '0.5']);
    expect(jsonOf(stdout)[0].points).toEqual([
      [100, 3],
      [200, (1.5 + 2) / 1.5],
      [400, (0.75 + 1 + 1.5) / 1.75],
    ]);
    const [linear, logarithmic] = [
      await rnn(['plot', at('runs', 'a')]),
      await rnn(['plot', at('runs', 'a'), '--logarithmic-loss']),
    ];
    expect(logarithmic.stdout).not.toBe(linear.stdout);
    const words = (...names: string[]): string[] => [
      'plot',
      at('runs', 'a'),
      names[0],
      'epoch',
      names[1],
      '0.5',
      names[2],
    ];
    const [now, before] = [
      words('--horizontal', '--smoothing', '--logarithmic-loss'),
      words('--x', '--smooth', '--log'),
    ];
    expect((await rnn(before)).stdout).toBe((await rnn(now)).stdout);
  });

  it('writes a page and a picture, and prints their paths', async () => {
    const [page, picture] = [at('curves.html'), at('curves.svg')];
    const { code, stdout, stderr } = await rnn(['plot', at('runs'), '--html', page, '--svg', picture]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^wrote ${page}, \\d+ kB\nwrote ${picture}, [\\d.]+ kB\n$`));
    expect(readFileSync(page, 'utf8')).toContain('<title>Curves of 2 runs</title>');
    expect(readFileSync(picture, 'utf8')).toContain('<title>a, b␛[2J</title>');
    expect((await rnn(['plot', at('runs', 'a'), '--svg', '-'])).stdout).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it.each([
    [['plot', 'missing'], 4, /cannot look for runs in missing: folder not found/],
    [['plot', ''], 4, /the name of the folder is empty/],
    [['plot', 'EMPTY/begun'], 4, /the log of .*begun is empty: expected at least one loss\nhint: use rnn runs/],
    [
      ['plot', 'RUNS/a', '--html', 'NOWHERE/x.html'],
      1,
      /cannot write .*x\.html: the folder does not exist\nhint: choose another file/,
    ],
    [
      ['plot', 'RUNS/a', '--horizontal', 'week'],
      2,
      /--horizontal is week: expected one of step, epoch, time, characters/,
    ],
    [['plot', 'RUNS/a', '--smoothing', '1'], 2, /--smoothing is 1: expected a number of at least 0 and below 1/],
    [['watch', 'RUNS'], 2, / has 2 runs: expected one\nhint: name one of them/],
    [
      ['story', 'EMPTY/begun'],
      4,
      /cannot show samples of .*: its training generated none\nhint: train with --sample-every/,
    ],
    [['story', 'RUNS'], 2, / has 2 runs: expected one/],
  ] as const)('%j is an error', async (argv, code, message) => {
    const names: Record<string, string> = { EMPTY: at('empty'), RUNS: at('runs'), NOWHERE: at('nowhere') };
    const ran = await rnn(argv.map((word) => word.replace(/^[A-Z]+/, (name) => names[name])));
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toMatch(message);
  });
});

describe('a log without the requested curves', () => {
  const bare = (): string => logged('../bare', [{ event: 'report', step: 1, lossNats: 2, gradientNorm: 0 }]);
  it.each([
    [['--only', 'gradient'], 'gradient norm over steps'],
    [['--only', 'gradient', '--svg', '-'], 'gradient norm over steps'],
    [['--only', 'speed', '--json'], 'speed over steps'],
    [['--horizontal', 'time'], 'loss, gradient norm, learning rate, speed over time'],
    [['--horizontal', 'time', '--svg', '-'], 'loss, gradient norm, learning rate, speed over time'],
    [['--horizontal', 'epoch'], 'loss, gradient norm, learning rate, speed over epochs'],
  ])('is nothing to draw: %j', async (flags, missing) => {
    const { code, stderr } = await rnn(['plot', bare(), ...flags]);
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: expect.stringContaining(`cannot draw ${missing}: values not found in the log of ${at('bare')}\nhint: `),
    });
  });

  it('gives a page with the curves that it has', async () => {
    expect((await rnn(['plot', bare(), '--html', '-', '--horizontal', 'time', '--only', 'gradient'])).stdout).toMatch(
      /^<!doctype html>/,
    );
    const { code, stderr } = await rnn([
      'plot',
      logged('../none', [{ event: 'report', step: 1, lossNats: null }]),
      '--html',
      '-',
    ]);
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: expect.stringContaining(
        'cannot draw loss, gradient norm, learning rate, speed over steps: values not found in the log of ',
      ),
    });
  });

  it('is drawn on a logarithmic axis where it is above zero', async () => {
    const run = logged(
      '../zero',
      [0, 2, 3].flatMap((loss, index) => [report(index + 1, loss), evaluation(index + 1, loss)]),
    );
    const { code, stdout } = await rnn(['plot', run, '--logarithmic-loss', '--only', 'loss']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('training 3') });
  });
});

describe('standard output', () => {
  it.each([
    [['plot', 'RUN', '--html', '-', '--svg', '-'], '--html - and --svg -', '--html'],
    [['plot', 'RUN', '--json', '--svg', '-'], '--svg - and --json', '--svg'],
    [['plot', 'RUN', '--html', '-', '--svg', '-', '--json'], '--html -, --svg - and --json', '--html and --svg'],
    [['story', 'RUN', '--json', '--html', '-'], '--html - and --json', '--html'],
    [['gradients', 'text.txt', '--html', '-', '--svg', '-'], '--html - and --svg -', '--html'],
    [['gradients', 'text.txt', '--json', '--svg', '-'], '--svg - and --json', '--svg'],
    [['inspect', 'text.txt', '--json', '--html', '-'], '--html - and --json', '--html'],
  ])('is for one result: %j', async (argv, results, toName) => {
    const { code, stdout, stderr } = await rnn(argv.map((word) => (word === 'RUN' ? at('runs', 'a') : word)));
    expect(code).toBe(2);
    expect(stderr).toContain(
      `cannot write several results to standard output: ${results}\nhint: name a file for ${toName}\n`,
    );
    expect(stdout).not.toMatch(/<html|<svg|"curve"|"stage"/);
  });
});

describe('rnn story', () => {
  it('shows the samples of a run from the first to the last', async () => {
    const { code, stdout, stderr } = await rnn(['story', at('runs', 'a')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rule = '─'.repeat(72);
    const told = ([caption, step, epoch, loss]: string[]): string =>
      `${caption}  step ${step} · epoch ${epoch} · validation loss ${loss} nats, ${(Number(loss) / Math.LN2).toFixed(3)} bpc\n${rule}\ntext of step ${step}␛[2J\n`;
    expect(stdout).toBe(
      [
        ['at first', '100', '1.00', '3.500'],
        ['train more', '200', '2.00', '2.500'],
        ['train more', '400', '4.00', '2.250'],
      ]
        .map(told)
        .join('\n'),
    );
  });

  it('shows the requested number of stages, and all stages as JSON', async () => {
    expect(
      (await rnn(['story', at('runs', 'a'), '--stages', '2'])).stdout.match(/^(at first|train more)  step \d+/gm),
    ).toEqual(['at first  step 100', 'train more  step 400']);
    expect(jsonOf((await rnn(['story', at('runs', 'a'), '--json'])).stdout)).toMatchObject(
      [100, 200, 400].map((step) => ({
        event: 'stage',
        run: at('runs', 'a'),
        step,
        epoch: step / 100,
        text: `text of step ${step}\u001B[2J\n\n`,
      })),
    );
  });

  it('writes a page', async () => {
    const { stdout } = await rnn(['story', at('runs', 'a'), '--html', '-']);
    expect(stdout).toContain('<title>Training of a</title>');
    expect(stdout.match(/<pre/g)).toHaveLength(3);
  });
});
