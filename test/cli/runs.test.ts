import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunFolder, readCheckpoint, writeCheckpoint } from '../../src/runs/store.ts';
import type { RunSummary } from '../../src/training/runs.ts';
import { bare, FakeStream, rnn } from './helpers.ts';

const sizes = [
  '--hidden',
  '8',
  '--batch-size',
  '4',
  '--sequence-length',
  '8',
  '--sample-every',
  '0',
  '--evaluate-every',
  '10',
  '--quiet',
  '--device',
  'cpu',
  '--threads',
  '1',
];

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-runs-'));
  writeFileSync(at('text.txt'), 'the quick brown fox jumps over the lazy dog\n'.repeat(60));
  const train = (name: string, ...argv: string[]) =>
    rnn(['train', at('text.txt'), '--out', at('runs', name), ...sizes, ...argv]);
  // The longer a run, the better.
  const made = [
    await train('short', '--max-steps', '10'),
    await train('long', '--max-steps', '60', '--layers', '2'),
    await train('blind', '--max-steps', '10', '--validation-fraction', '0'),
    await train('gru', '--max-steps', '30', '--cell', 'gru', '--layers', '2'),
  ];
  for (const { code, stderr } of made) if (code !== 0) throw new Error(stderr);
  mkdirSync(at('runs', 'no-run'));
  writeFileSync(at('runs', 'file.txt'), '');
  mkdirSync(at('empty'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A copy of the runs that a test may change. */
function copied(name: string): string {
  cpSync(at('runs'), at(name), { recursive: true });
  return at(name);
}

const listed = async (path: string): Promise<RunSummary[]> => {
  const { code, stdout } = await rnn(['runs', path, '--json']);
  expect(code).toBe(0);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RunSummary);
};

describe('rnn runs', () => {
  it('ranks runs by validation loss, and lists runs without a loss last', async () => {
    const runs = await listed(at('runs'));
    expect(runs.map(({ name }) => name)).toEqual(['long', 'gru', 'short', 'blind']);
    const losses = runs.slice(0, 3).map(({ bestValidationLossNats }) => bestValidationLossNats!);
    expect(losses).toEqual(losses.toSorted((a, b) => a - b));
    const told = JSON.parse(readFileSync(at('runs', 'gru', 'log.jsonl'), 'utf8').split('\n')[0]) as {
      parameters: number;
    };
    expect(runs[1]).toEqual({
      event: 'run',
      name: 'gru',
      path: at('runs', 'gru'),
      status: 'finished',
      reason: 'max-steps',
      bestValidationLossNats: losses[1],
      bestStep: 30,
      step: 30,
      totalSteps: 30,
      parameters: told.parameters,
      cell: 'gru',
      layers: 2,
      hidden: 8,
      trainedMs: expect.any(Number),
      text: { name: 'text', digest: expect.stringMatching(/^[\da-f]{64}$/), train: 2376, validation: 264 },
      changes: { sequenceLength: 8, batchSize: 4 },
    });
    expect(runs[3]).toMatchObject({
      name: 'blind',
      status: 'finished',
      bestValidationLossNats: null,
      bestStep: null,
      step: 10,
    });
  });

  it('is a table, with colours only in a terminal', async () => {
    const { code, stdout, stderr } = await rnn(['runs', at('runs')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    // It was trained on another part of the text.
    expect(lines[4]).toBe('');
    expect(lines[0]).toMatch(/^ +loss +at step +steps +model +parameters +time +state +text +run +options$/);
    expect(lines[2]).toMatch(
      /^\d\.\d{4} +30 +30\/30 +2×8 gru +[\d.]+k? +\d+s +finished \(max-steps\) +text [\da-f]{7} 2,376\+264 +gru +sequence-length 8, batch-size 4$/,
    );
    const terminal = await rnn(['runs', at('runs')], { stdout: new FakeStream({ columns: 120 }) });
    expect(terminal.stdout).not.toBe(stdout);
    // The only difference between the same runs is how long training took.
    expect(bare(terminal.stdout)).toBe(stdout);
  });

  it('shows the options that differ from the defaults of a run, by the names of flags', async () => {
    const path = at('changed');
    const one = ['train', at('text.txt'), ...sizes.slice(0, 2), ...sizes.slice(6), '--max-steps', '2'];
    await rnn([
      ...one,
      '--out',
      join(path, 'a'),
      '--dropout',
      '0.3',
      '--learning-rate',
      '0.01',
      '--no-text-starts',
      '--seed',
      '2',
    ]);
    await rnn([...one, '--out', join(path, 'b'), '--preset', 'quick', '--clip-norm', '2']);
    const { stdout } = await rnn(['runs', path]);
    expect(stdout).toMatch(/ a +dropout 0\.3, no-text-starts, seed 2, learning-rate 0\.01$/m);
    expect(stdout).toMatch(/ b +preset quick, clip-norm 2$/m);
    expect((await listed(path)).find(({ name }) => name === 'a')!.changes).toEqual({
      dropout: 0.3,
      textStarts: false,
      learningRate: 0.01,
      seed: 2,
    });
  });

  it('ranks only runs of the same text against each other, and distinguishes texts with the same name', async () => {
    const path = copied('texts');
    mkdirSync(at('more'));
    writeFileSync(at('more', 'text.txt'), 'how vexingly quick daft zebras jump\n'.repeat(60));
    const other = (name: string, ...argv: string[]) =>
      rnn(['train', at('more', 'text.txt'), '--out', join(path, name), ...sizes, '--max-steps', '2', ...argv]);
    await other('zebra');
    await other('zebra-split', '--validation-fraction', '0.2');
    await other('zebra-2', '--max-time', '1h', '--learning-rate', '0.02');
    const { stdout } = await rnn(['runs', path]);
    const groups = stdout.trimEnd().split('\n\n');
    expect(groups).toHaveLength(4);
    const textOf = (run: string): string =>
      new RegExp(` finished \\(max-steps\\) +(text .*?) {2,}${run}(?: {2,}|$)`, 'm').exec(stdout)![1];
    expect(new Set(['long', 'zebra', 'zebra-split'].map(textOf)).size).toBe(3);
    expect(textOf('zebra-2')).toBe(textOf('zebra'));
    expect(textOf('zebra')).toMatch(/^text [\da-f]{7} [\d,]+\+[\d,]+$/);
    expect(textOf('long')).toMatch(/^text [\da-f]{7} 2,376\+264$/);
    const losses = (await listed(path))
      .filter(({ name }) => ['long', 'gru', 'short'].includes(name))
      .map((run) => run.bestValidationLossNats!);
    expect(losses).toEqual(losses.toSorted((a, b) => a - b));
  });

  it('shows the digest of a text without a name', async () => {
    const path = copied('nameless');
    const file = join(path, 'long', 'best.json');
    const { training } = await readCheckpoint(file);
    const { name: _, ...corpus } = training.corpus as Record<string, unknown>;
    for (const each of ['best.json', 'latest.json'])
      await writeCheckpoint(join(path, 'long', each), {
        ...(await readCheckpoint(join(path, 'long', each))),
        training: { ...training, corpus },
      });
    expect((await rnn(['runs', join(path, 'long')])).stdout).toContain(` ${String(corpus.digest).slice(0, 7)}  long  `);
  });

  it('lists a folder that cannot be read, with the reason', async () => {
    const path = copied('unreadable');
    symlinkSync('loop', join(path, 'loop'));
    expect((await listed(path)).at(-1)).toMatchObject({ name: 'loop', status: 'damaged', text: null, step: null });
    expect((await rnn(['runs', path])).stdout).toMatch(
      new RegExp(`\nloop: cannot read ${join(path, 'loop')}: ELOOP: .*\n$`),
    );
  });

  it('accepts a run folder', async () => {
    expect(await listed(at('runs', 'long'))).toMatchObject([{ name: 'long' }]);
  });

  it('lists damaged runs last, with the reason', async () => {
    const path = copied('damaged');
    truncateSync(join(path, 'long', 'best.json'), 2000);
    writeFileSync(join(path, 'short', 'latest.json'), 'no\u001B[2J JSON');
    const runs = await listed(path);
    expect(runs.map(({ name, status }) => [name, status])).toEqual([
      ['gru', 'finished'],
      ['blind', 'finished'],
      ['long', 'damaged'],
      ['short', 'damaged'],
    ]);
    expect(runs[2].reason).toBe(`${join(path, 'long', 'best.json')} is damaged: it is cut off after 2000 bytes`);
    const { code, stdout } = await rnn(['runs', path]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nlong: .* is cut off after 2000 bytes\nshort: .* is not a checkpoint of rnn: .*\n$/);
    expect(stdout).not.toContain('\u001B');
  });

  it('recognises a run in progress, and reads its step from its log', async () => {
    const path = copied('busy');
    const held = (await RunFolder.open(join(path, 'short')))!;
    appendFileSync(join(path, 'short', 'log.jsonl'), '{"event":"report","step":17}\n{"event":"rep');
    const born = await RunFolder.create(join(path, 'born'));
    try {
      const runs = await listed(path);
      expect(runs.find(({ name }) => name === 'short')).toMatchObject({ status: 'running', reason: null, step: 17 });
      expect(runs.find(({ name }) => name === 'born')).toMatchObject({
        status: 'running',
        step: null,
        bestValidationLossNats: null,
      });
    } finally {
      held.close();
      born.close();
    }
    expect((await listed(path)).find(({ name }) => name === 'short')).toMatchObject({ status: 'finished', step: 10 });
  });

  it('recognises a run that can be resumed, and says why it ended', async () => {
    const path = at('stopped');
    await rnn(['train', at('text.txt'), '--out', join(path, 'a'), ...sizes, '--epochs', '1000', '--max-time', '0.2s']);
    expect(await listed(path)).toMatchObject([{ name: 'a', status: 'stopped', reason: 'max-time' }]);
  });

  it('uses the checkpoint that a resumed run would start from', async () => {
    const path = copied('partial');
    for (const [name, file] of [
      ['short', 'previous.json'],
      ['long', 'step-000000060.json'],
    ])
      renameSync(join(path, name, 'latest.json'), join(path, name, file));
    for (const name of ['short', 'long']) rmSync(join(path, name, 'best.json'));
    rmSync(join(path, 'gru', 'latest.json'));
    const runs = await listed(path);
    expect(runs.find(({ name }) => name === 'short')).toMatchObject({ status: 'finished', step: 10, cell: 'mlstm' });
    expect(runs.find(({ name }) => name === 'long')).toMatchObject({
      status: 'finished',
      step: 60,
      bestValidationLossNats: expect.any(Number),
    });
    expect(runs.find(({ name }) => name === 'gru')).toMatchObject({ status: 'stopped', step: 30, bestStep: 30 });
  });

  it('does not call a checkpoint of a newer rnn damaged', async () => {
    const path = copied('newer');
    const file = join(path, 'short', 'latest.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": \d+/, '"version": 99'));
    const runs = await listed(path);
    expect(runs.at(-1)).toMatchObject({
      name: 'short',
      status: 'newer',
      reason: expect.stringContaining('has version 99'),
    });
    expect((await rnn(['runs', path])).stdout).toMatch(
      / newer +text [\da-f]{7} 2,376\+264 +short .*\nshort: .* has version 99 of the checkpoint format/,
    );
  });

  it('says why a run without a checkpoint ended', async () => {
    mkdirSync(at('apart', 'a'), { recursive: true });
    writeFileSync(at('apart', 'a', 'log.jsonl'), '{"event":"end","step":0,"reason":"diverged"}\n');
    expect((await rnn(['runs', at('apart')])).stdout).toMatch(/ empty \(diverged\) +a\n$/);
  });

  it('a log without a checkpoint is an empty run', async () => {
    mkdirSync(at('logs', 'a'), { recursive: true });
    writeFileSync(at('logs', 'a', 'log.jsonl'), '{"event":"start"}\nnull\n');
    expect(await listed(at('logs'))).toMatchObject([{ name: 'a', status: 'empty', step: null }]);
  });

  it('says if a folder has no runs', async () => {
    expect(await rnn(['runs', at('empty')])).toEqual({
      code: 0,
      stdout: '',
      stderr: `runs not found in ${at('empty')}. To train one, run rnn train <corpus> --out ${at('empty')}/<name>\n`,
    });
    expect(await rnn(['runs', at('empty'), '--json'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('names the subfolders that have runs', async () => {
    cpSync(at('runs'), at('sweeps', 'one two'), { recursive: true });
    cpSync(at('runs'), at('sweeps', 'three'), { recursive: true });
    mkdirSync(at('sweeps', 'none', 'deeper'), { recursive: true });
    const hint = `runs not found in ${at('sweeps')}. To list the runs in its folders:\n  rnn runs '${at('sweeps', 'one two')}'\n  rnn runs ${at('sweeps', 'three')}\n`;
    expect(await rnn(['runs', at('sweeps')])).toEqual({ code: 0, stdout: '', stderr: hint });
  });

  it.each([
    ['missing', 'folder not found'],
    ['text.txt', 'it is not a folder'],
  ])('%s is an error', async (name, why) => {
    const { code, stdout, stderr } = await rnn(['runs', at(name)]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain(`error: cannot look for runs in ${at(name)}: ${why}\nhint: `);
  });
});
