import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rnn } from './helpers.ts';

const VERSE = 'the quick brown fox jumps over the lazy dog; the dog sleeps and the fox is gone. ';
const machine = ['--device', 'cpu', '--threads', '1'];

interface Line {
  readonly name: string;
  readonly model: { readonly cell: string; readonly layers: number; readonly hidden: number };
  readonly flows: readonly {
    readonly layer: number;
    readonly state: string;
    readonly perStep: number;
    readonly logNorms: readonly (number | null)[];
  }[];
  readonly singularValues: readonly (readonly number[])[];
}

let folder: string;
const at = (name: string): string => join(folder, name);
const measured = async (...argv: string[]): Promise<Line[]> => {
  const { stdout, stderr } = await rnn(['gradients', at('verse.txt'), '--steps', '20', ...machine, '--json', ...argv]);
  expect(stderr).toBe('');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-gradients-'));
  await writeFile(at('verse.txt'), VERSE.repeat(10));
  const made = await rnn([
    'train',
    at('verse.txt'),
    '--out',
    at('run'),
    '--layers',
    '2',
    '--hidden',
    '12',
    '--max-steps',
    '3',
    '--sample-every',
    '0',
    '--quiet',
    ...machine,
  ]);
  if (made.code !== 0) throw new Error(made.stderr);
});
afterAll(() => rm(folder, { recursive: true }));

describe('rnn gradients', () => {
  it('shows for each network, trained or not, how gradients vanish', async () => {
    const [trained, fresh, keeps] = await measured(
      '--checkpoint',
      at('run'),
      '--untrained',
      'rnn,hidden=16',
      '--untrained',
      'lstm,hidden=16,forget-bias=5',
      '--jacobians',
      '2',
    );
    expect(trained).toMatchObject({
      event: 'gradients',
      name: 'run',
      checkpoint: at('run/best.json'),
      model: { cell: 'mlstm', layers: 2, hidden: 12 },
    });
    expect(trained.flows.map(({ layer, state }) => `${layer} ${state}`)).toEqual(['0 h', '0 c', '1 h', '1 c']);
    for (const { logNorms } of trained.flows) expect(logNorms).toHaveLength(21);
    expect(trained.singularValues.map((values) => values.length)).toEqual([2, 2]);
    expect(fresh).toMatchObject({ name: 'untrained rnn,hidden=16', model: { cell: 'rnn', layers: 1, hidden: 16 } });
    expect(fresh.flows[0].perStep).toBeLessThan(0.8);
    expect(keeps.flows[1].perStep).toBeGreaterThan(0.95);
  });

  it('uses the network that training would start with, and the vocabulary of the text', async () => {
    const [alone] = await measured('--untrained', 'lstm,hidden=12,layers=2', '--jacobians', '0');
    const [, beside] = await measured(
      '--checkpoint',
      at('run'),
      '--untrained',
      'cell=lstm,hidden=12,layers=2',
      '--jacobians',
      '0',
    );
    expect(alone.flows).toEqual(beside.flows);
    expect(alone.singularValues).toEqual([]);
    const [other] = await measured('--untrained', 'lstm,hidden=12,layers=2,seed=2', '--jacobians', '0');
    expect(other.flows).not.toEqual(alone.flows);
  });

  it('writes a page and a picture', async () => {
    const { code, stdout, stderr } = await rnn([
      'gradients',
      at('verse.txt'),
      '--untrained',
      'rnn,hidden=16',
      '--steps',
      '20',
      '--jacobians',
      '1',
      ...machine,
      '--html',
      at('g.html'),
      '--svg',
      at('g.svg'),
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^wrote .*g\.html, \d+ kB\nwrote .*g\.svg, .*B\n$/);
    expect(await readFile(at('g.html'), 'utf8')).toContain('<p>Measured on ');
    expect(await readFile(at('g.svg'), 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
  });

  it('shows a chart and a table', async () => {
    const { code, stdout } = await rnn([
      'gradients',
      at('verse.txt'),
      '--untrained',
      'rnn,layers=1,hidden=16,init=orthogonal',
      '--steps',
      '20',
      '--jacobians',
      '1',
      ...machine,
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Gradient norm, of the loss at a time step, .*\n━━ layer 0 h /);
    expect(stdout).toMatch(
      /\n\nuntrained rnn,layers=1,hidden=16,init=orthogonal {2}rnn 1×16\n {15}k = 0 {7}1 {7}2 {7}5 {6}10 {6}20 {2}per step {2}σ max\nlayer 0 {2}h( +\de-?\d+){6} +×0\.\d{3} +\d\.\d\d\n$/,
    );
  });

  it.each([
    [['--untrained', 'lstn'], '--untrained lstn: --cell is lstn: expected one of'],
    [['--untrained', 'lstm,lr=2'], '--untrained is lstm,lr=2: expected a cell and options'],
    [
      ['--untrained', 'lstm,hidden=4,hidden=5'],
      '--untrained lstm,hidden=4,hidden=5: cannot use --hidden twice: it is 4 and 5',
    ],
    [['--untrained', 'lstm,cell=gru'], '--untrained lstm,cell=gru: cannot use --cell twice: it is lstm and gru'],
    [['--untrained', 'lstm,hidden'], "--untrained lstm,hidden: option '--hidden <n>' argument missing"],
    [['--untrained', 'lstm,tied=1'], "--untrained lstm,tied=1: unknown option '--tied=1'"],
    [['--untrained', 'lstm,hidden=8,hidden=9'], 'cannot use --hidden twice: it is 8 and 9'],
    [['--untrained', 'lstm,hidden=8=9'], '--hidden is 8=9: expected a whole number'],
    [['--untrained', 'lstm', '--steps', '0'], '--steps is 0'],
  ])('%j is a mistake of usage', async (argv, message) => {
    const { code, stderr } = await rnn(['gradients', at('verse.txt'), ...argv]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
  });

  it('refuses standard input for two checkpoints, and more steps than the text has characters', async () => {
    const twice = await rnn(['gradients', '-', '--checkpoint', at('run'), '--checkpoint', at('run')], { stdin: VERSE });
    expect({ code: twice.code, stderr: twice.stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('cannot read standard input (-) twice') as string,
    });
    const short = await rnn(['gradients', '-', '--untrained', 'rnn', ...machine], { stdin: VERSE });
    expect({ code: short.code, stderr: short.stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining('expected at least 203 to look 200 time steps back') as string,
    });
  });
});
