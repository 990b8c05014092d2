// rnn watch during a run: a log that grows, is cut back and ends, and a lock that exists while a
// process trains.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunFolder } from '../../src/runs/store.ts';
import { Curves } from '../../src/training/curves.ts';
import { bare, FakeProcess, FakeStream, rnn, type Surroundings } from './helpers.ts';

const report = (step: number) => ({
  event: 'report',
  step,
  epoch: step / 100,
  elapsedMs: step * 100,
  lossNats: 210 / step,
  learningRate: 0.002,
  gradientNorm: 0.5,
  charactersPerSecond: 20_000,
  progress: step / 400,
});
const evaluation = (step: number) => ({ event: 'evaluation', step, validationLossNats: 255 / step });
const end = { event: 'end', step: 300, reason: 'max-steps' };

let folder: string;
let run: RunFolder;
const log = (...lines: object[]): void =>
  appendFileSync(run.logPath, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-watch-'));
  run = await RunFolder.create(join(folder, 'a run'));
  log({ event: 'start', step: 0 }, report(50), evaluation(50), report(100));
});
afterEach(() => {
  run.close();
  rmSync(folder, { recursive: true });
});

/** A command that runs until the run ends, with its output so far. */
function watching(argv: readonly string[] = [], surroundings: Surroundings = {}) {
  const io = new FakeProcess(surroundings);
  const ran = rnn(['watch', run.path, ...argv], surroundings, io);
  return { io, ran, hasTold: (text: string) => vi.waitFor(() => expect(bare(io.stdout.text)).toContain(text), 20_000) };
}

describe('rnn watch', () => {
  it('shows the current state of the run, then a line for each report, until the run ends', async () => {
    const { ran, hasTold } = watching();
    await hasTold('step 100');
    log(report(200), evaluation(200));
    await hasTold('step 200  validation');
    log(end);
    run.close();
    expect(await ran).toEqual({
      code: 0,
      stdout:
        'step 100  loss 2.100 nats, 3.030 bpc  gradient 0.5  lr 0.002  20,000 char/s\nstep 200  loss 1.050 nats, 1.515 bpc  gradient 0.5  lr 0.002  20,000 char/s\nstep 200  validation loss 1.275 nats, 1.839 bpc\nall update steps are done\n',
      stderr: '',
    });
  });

  it('draws the curves on the alternate screen, follows its size, and prints the last curves at the end', async () => {
    const stdout = Object.assign(new FakeStream({ columns: 90 }), { rows: 40 });
    const { ran, hasTold } = watching([], { stdout });
    await hasTold('training 2.100');
    expect(stdout.text.startsWith('\u001B[?1049h\u001B[H')).toBe(true);
    const first = bare(stdout.text).split('\n');
    expect(first[0]).toMatch(/^a run  █+░+ +25% .* loss 2\.100 .* val 5\.100 .* left *$/);
    expect(first).toHaveLength(40);
    expect(first.at(-1)).toBe('Ctrl-C leaves this view, and the run continues');
    expect(first.some((line) => line.startsWith('Gradient norm'))).toBe(true);

    const before = stdout.text.length;
    Object.assign(stdout, { columns: 50, rows: 15 }).emit('resize');
    const second = bare(stdout.text.slice(before)).split('\n');
    expect(second[0]).toMatch(/^a run  █/);
    expect(second.length).toBeLessThanOrEqual(15);
    expect(Math.max(...second.map((line) => line.length))).toBeLessThan(50);
    expect(second.some((line) => line.startsWith('Gradient norm'))).toBe(false);

    log(report(200), end);
    run.close();
    expect(await ran).toMatchObject({ code: 0, stderr: '' });
    const last = stdout.text.slice(stdout.text.lastIndexOf('\u001B[?1049l'));
    expect(bare(last)).toMatch(/^Loss, nats per character[\s\S]*training 1\.050[\s\S]*\nall update steps are done\n$/);
    expect(stdout.listenerCount('resize')).toBe(0);
  });

  it('ends quietly on Ctrl-C, and restores the terminal', async () => {
    const stdout = Object.assign(new FakeStream({ columns: 90 }), { rows: 40 });
    const { io, ran, hasTold } = watching([], { stdout });
    await hasTold('training 2.100');
    io.send('SIGINT');
    expect(await ran).toMatchObject({ code: 130, stderr: '' });
    expect(stdout.text.endsWith('\u001B[?1049l')).toBe(true);
    expect(io.listensForSignals).toBe(false);
  });

  it('shows a truncated log again from its start', async () => {
    const { ran, hasTold } = watching();
    await hasTold('step 100');
    writeFileSync(run.logPath, readFileSync(run.logPath, 'utf8').split('\n').slice(0, 3).join('\n').concat('\n'));
    log(report(80));
    await hasTold('step 80');
    run.close();
    const { code, stderr } = await ran;
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: no process trains .*a run any more, and its log does not show why\. To resume, use rnn train --resume\.\n$/,
    );
  });

  it('shows a run that was started again as a new run', async () => {
    const stdout = Object.assign(new FakeStream({ columns: 90 }), { rows: 40 });
    const { io, ran, hasTold } = watching([], { stdout });
    await hasTold('training 2.100');
    writeFileSync(run.logPath, `${JSON.stringify({ event: 'start', step: 0 })}\n`);
    await hasTold('waiting for the first report');
    io.send('SIGTERM');
    expect((await ran).code).toBe(143);
  });

  it('reads a long log line by line', async () => {
    const all = vi.spyOn(Curves.prototype, 'evaluations', 'get');
    log(...Array.from({ length: 50 }, (_, index) => [report(150 + index), evaluation(150 + index)]).flat(), end);
    run.close();
    const { stdout } = await rnn(['watch', run.path]);
    expect(stdout).toBe('step 199  validation loss 1.281 nats, 1.849 bpc\nall update steps are done\n');
    // At most once for each look at the log, however many lines it has.
    expect(all.mock.calls.length).toBeLessThan(3);
    all.mockRestore();
  });

  it.each([
    [{ reason: { toString: 1 } }, /^step 100 [^\n]*\n$/, /its log does not show why/],
    [{ reason: 'toString' }, /\nended: toString\n$/, /^$/],
    [{ reason: '\u001B[2J\n' }, /\nended: ␛\[2J␊\n$/, /^$/],
  ])('is disturbed by no end that is none: %j', async (ending, told, warning) => {
    log({ event: 'report', step: 1e308, lossNats: 1 }, { event: 'end', ...ending });
    run.close();
    const { code, stdout, stderr } = await rnn(['watch', run.path]);
    expect(code).toBe(0);
    expect(stdout).toMatch(told);
    expect(stderr).toMatch(warning);
  });

  it('passes all events on as JSON', async () => {
    log(end);
    run.close();
    const { code, stdout } = await rnn(['watch', run.path, '--json']);
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync(run.logPath, 'utf8'));
  });

  it('waits for the first report of a run that has begun, and says if none arrived', async () => {
    rmSync(run.logPath);
    const stdout = Object.assign(new FakeStream({ columns: 90 }), { rows: 40 });
    const { ran, hasTold } = watching([], { stdout });
    await hasTold('waiting for the first report');
    run.close();
    writeFileSync(join(run.path, 'latest.json'), '');
    expect(await ran).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('is empty: expected at least one loss'),
    });
    expect(stdout.text).toContain('\u001B[?1049l');
  });

  it('ends quietly when its output is closed', async () => {
    const { code, stderr } = await rnn(['watch', run.path], {
      stdout: new FakeStream({ failure: { after: 0, code: 'EPIPE' } }),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
