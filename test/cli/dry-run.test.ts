// `rnn train --dry-run`: the plan of a run, its estimated time, and the errors that would stop it.
import { estimate, useEstimate } from './doubles.ts';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunFolder } from '../../src/runs/store.ts';
import { openDevice } from '../../src/devices/open.ts';
import { estimateRun } from '../../src/training/estimate.ts';
import { RnnError } from '../../src/errors.ts';
import { FakeStream, rnn } from './helpers.ts';

let folder: string;
let text: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-dry-run-'));
  text = join(folder, 'text.txt');
  out = join(folder, 'run');
  writeFileSync(text, 'to be or not to be, that is the question. '.repeat(600));
  useEstimate();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plan = (argv: readonly string[] = []) => rnn(['train', text, '--out', out, '--dry-run', ...argv]);

describe('rnn train --dry-run', () => {
  it('shows the value and the origin of every option, and writes nothing', async () => {
    const { code, stdout, stderr } = await plan(['--preset', 'karpathy-2015', '--layers', '3']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const line of [
      /^--preset karpathy-2015 +--preset$/m,
      /^--layers 3 +--layers$/m,
      /^--hidden 512 +preset karpathy-2015$/m,
      /^--decay-after 9 +preset karpathy-2015$/m,
      /^--seed 1 +default$/m,
      /^[\d,]+ parameters, 22,680 characters for training, 2,520 for validation$/m,
    ])
      expect(stdout).toMatch(line);
    const json = await plan(['--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      event: 'plan',
      options: { preset: null, cell: 'mlstm' },
      sources: { hidden: 'text', cell: 'text' },
      estimate,
      unmeasured: null,
    });
    expect(readdirSync(folder)).toEqual(['text.txt']);
  });

  it('shows the size of the test part', async () => {
    const { stdout } = await plan(['--test-fraction', '0.1']);
    expect(stdout).toMatch(/, 20,160 characters for training, 2,520 for validation, 2,520 for testing$/m);
    expect(stdout).toMatch(/^--test-fraction 0.1 +--test-fraction$/m);
    expect(JSON.parse((await plan(['--test-fraction', '0.1', '--json'])).stdout)).toMatchObject({
      corpus: { test: 2520 },
    });
  });

  it('shows its current work in a terminal, and removes the line before it prints anything', async () => {
    const terminal = new FakeStream({ columns: 80 });
    vi.mocked(estimateRun).mockImplementation(async ({ onActivity }) => {
      onActivity!({ kind: 'measuring', done: 0, total: 1 });
      while (!terminal.text.includes('measuring')) await setTimeout(10);
      return estimate;
    });
    const { code } = await rnn(['train', text, '--out', out, '--dry-run'], {
      stdout: terminal,
      stderr: terminal,
    });
    expect(code).toBe(0);
    expect(terminal.text.split('\r\u001B[J').at(-1)).toMatch(/^[\d,]+ parameters/);
  });

  it('shows how long the run takes, and on which device', async () => {
    expect((await plan()).stdout).toContain(
      [
        '\ntime    about 2m 10s: 20,000 update steps of 6.20 ms, 3.3 epochs',
        '        with 10 evaluations of 500 ms and 5 samples of 200 ms',
        'device  fake device, 2 threads, about 96 MB of memory\n\n',
      ].join('\n'),
    );
    useEstimate({ evaluationMs: null, sampleMs: null, milliseconds: 400 });
    const bare = await plan();
    expect(bare.stdout).toMatch(/^time    less than a second: 20,000 update steps of 6.20 ms, 3.3 epochs\ndevice/m);
  });

  it('shows how many update steps a budget allows, and the options that can end a run earlier', async () => {
    const { stdout } = await plan(['--budget', '2m', '--patience', '3', '--max-time', '1m']);
    expect(stdout).toMatch(/^time    about 2m 10s: --budget 120s allows 20,000 update steps of 6.20 ms, 3.3 epochs$/m);
    expect(stdout).toMatch(
      /^        unless --patience 3 ends it earlier\n        --max-time ends this invocation after 1m 00s$/m,
    );
    expect((await plan(['--max-time', '1h'])).stdout).not.toMatch(/ends this/);
  });

  it('says why nothing was measured if the device cannot be used', async () => {
    vi.mocked(openDevice).mockRejectedValue(new RnnError('device', 'no GPU answered'));
    const { code, stdout } = await plan();
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^time    not measured: no GPU answered\n\n--/m) as string,
    });
    expect(JSON.parse((await plan(['--json'])).stdout)).toMatchObject({
      estimate: null,
      unmeasured: 'no GPU answered',
    });
  });

  it('refuses a folder that holds a run, as the run would, and does not change it', async () => {
    mkdirSync(out);
    writeFileSync(join(out, 'latest.json'), '{}');
    const refused = await plan();
    expect(refused).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(`${out}: the folder already holds a run\nhint: `),
    });
    expect(refused).toEqual(await rnn(['train', text, '--out', out]));
    expect((await plan(['--force'])).code).toBe(0);
    expect(readdirSync(out)).toEqual(['latest.json']);
  });

  it('refuses a folder in which another process trains, and one that is a file', async () => {
    const held = await RunFolder.create(out);
    const refused = await plan(['--force']);
    expect(refused.code).toBe(7);
    expect(refused).toEqual(await rnn(['train', text, '--out', out, '--force']));
    held.close();
    const file = await rnn(['train', text, '--out', join(text, 'run'), '--dry-run']);
    expect(file).toMatchObject({ code: 2, stderr: expect.stringMatching(/cannot use .* as a run folder/) });
  });

  it('refuses a model that does not fit into memory, as the run would', async () => {
    const { code, stdout, stderr } = await plan(['--hidden', '400000']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^error: cannot fit this model and batch into memory: about [\d,.]+ GB needed, [\d,.]+ GB free\n/,
    );
    const tooLarge = new RnnError('usage', 'cannot fit this model and batch into memory: about 9 GB needed, 1 GB free');
    vi.mocked(estimateRun).mockRejectedValue(tooLarge);
    const found = await plan();
    expect(found).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('about 9 GB needed') });
    expect(existsSync(out)).toBe(false);
  });

  it('measures on the real device', async () => {
    const small =
      '--hidden 8 --batch-size 4 --sequence-length 8 --max-steps 40 --evaluate-every 20 --sample-length 5 --device cpu --threads 1'.split(
        ' ',
      );
    // A clock that advances far at each look ends each measurement immediately.
    let time = 0;
    vi.mocked(openDevice).mockReset();
    const { estimateRun: really } = await vi.importActual<typeof import('../../src/training/estimate.ts')>(
      '../../src/training/estimate.ts',
    );
    vi.mocked(estimateRun).mockImplementation((run) => really({ ...run, clock: () => (time += 10_000) }));
    const { estimate: measured } = JSON.parse((await plan([...small, '--json'])).stdout) as { estimate: object };
    expect(measured).toMatchObject({
      steps: 40,
      evaluations: 2,
      samples: 2,
      sampleMs: 10_000,
      device: expect.stringContaining('1 thread') as string,
    });
    expect(existsSync(out)).toBe(false);
  });
});
