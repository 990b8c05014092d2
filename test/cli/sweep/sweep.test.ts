import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunFolder } from '../../../src/runs/store.ts';
import type { Io } from '../../../src/cli/process/io.ts';
import { run } from '../../../src/cli/main.ts';
import { isEverything } from '../../everything.ts';
import { FakeProcess, rnn } from '../helpers.ts';
import { events, fixed, folder, grid, inFolderOfItsOwn, inProcess, out, pretending, sweep, text } from './helpers.ts';

inFolderOfItsOwn();

describe('rnn sweep', () => {
  it('trains each trial in a separate folder, prints a line when it is done, and ranks them', async () => {
    const { start, started } = inProcess();
    const { code, stdout, stderr } = await sweep(grid, start);
    expect(code).toBe(0);
    expect(stderr).toMatch(new RegExp(`^4 trials, in ${out}\n(?:the best hidden, \\d, is .*\n)?$`));
    const names = ['cell=rnn,hidden=4', 'cell=gru,hidden=4', 'cell=rnn,hidden=8', 'cell=gru,hidden=8'];
    expect(started.map(({ argv }) => argv)).toEqual(
      names.map((name) => [
        'train',
        text,
        ...fixed,
        '--hidden',
        name.at(-1),
        '--cell',
        name.slice(5, 8),
        '--resume',
        '--out',
        join(out, name),
        '--json',
        '--no-color',
      ]),
    );
    expect(readdirSync(out).toSorted()).toEqual([...names, '.sweep.json'].toSorted());
    const [lines, ranking] = stdout.split('\n\n').map((part) => part.trimEnd().split('\n'));
    expect(lines.map((line) => line.replace(/[\d.]+ nats, 6 steps in \d+s$/, '…'))).toEqual(
      names.map((name, i) => `[${i + 1}/4] ${name}: …`),
    );
    const losses = ranking.slice(1).map((line) => Number(/^[\d.]+/.exec(line)?.[0]));
    expect(losses).toHaveLength(4);
    expect(losses).toEqual(losses.toSorted((a, b) => a - b));
    // As in the output of `rnn runs`.
    expect((await rnn(['runs', out])).stdout.trimEnd().split('\n')).toEqual(ranking);
  });

  it('skips finished trials, and trains a trial again if its folder was removed', async () => {
    await sweep(grid, inProcess().start);
    rmSync(join(out, 'cell=rnn,hidden=8'), { recursive: true });
    const before = readFileSync(join(out, 'cell=rnn,hidden=4', 'latest.json'));
    const { start, started } = inProcess();
    const ran = await sweep([...grid, '--json'], start);
    expect(ran.code).toBe(0);
    expect(started.map(({ argv }) => argv[argv.indexOf('--out') + 1])).toEqual([join(out, 'cell=rnn,hidden=8')]);
    const told = events(ran);
    expect(told.filter(({ event }) => event === 'point').map(({ outcome }) => outcome)).toEqual([
      'earlier',
      'earlier',
      'finished',
      'earlier',
    ]);
    expect(told.filter(({ event }) => event === 'run')).toHaveLength(4);
    expect(told.at(-1)).toEqual({
      event: 'end',
      points: 4,
      finished: 4,
      diverged: 0,
      stopped: 0,
      failed: 0,
      busy: 0,
      signal: null,
      edges: expect.any(Array),
    });
    expect(readFileSync(join(out, 'cell=rnn,hidden=4', 'latest.json'))).toEqual(before);
  });

  it('prints only warnings and errors with --quiet', async () => {
    const ran = await sweep(['--grid', 'validation-fraction=0.1,0.999', '--quiet'], inProcess().start);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toBe('warning: 1 of 2 trials failed. To retry, run the same command.\n');
  });

  it('takes more trials, and skips finished trials', async () => {
    await sweep(['--grid', 'hidden=4'], inProcess().start);
    const { start, started } = inProcess();
    expect((await sweep(['--grid', 'hidden=4,5'], start)).code).toBe(0);
    expect(started).toHaveLength(1);
  });

  it('reports a trial that fails, continues with the next trials, and ends with 1', async () => {
    const { start } = inProcess();
    const ran = await sweep(['--grid', 'validation-fraction=0.1,0.999,0'], start);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(
      /^\[1\/3] validation-fraction=0\.1: [\d.]+ nats, 6 steps in \d+s\n\[2\/3] validation-fraction=0\.999: failed: the text .*\n\[3\/3] validation-fraction=0: finished, 6 steps in \d+s\n/,
    );
    expect(ran.stdout).toMatch(/ empty +validation-fraction=0\.999\n$/);
    expect(ran.stderr).toContain('warning: 1 of 3 trials failed. To retry, run the same command.\n');
    const again = inProcess();
    expect((await sweep(['--grid', 'validation-fraction=0.1,0.999,0'], again.start)).code).toBe(1);
    expect(again.started).toHaveLength(1);
  });

  it.each([
    [{ code: null, signal: 'SIGKILL' }, {}, 'killed by SIGKILL'],
    [
      { code: 6, signal: null },
      { stdout: '{"event":"error","code":6,"message":"no GPU"}', stderr: 'error: no GPU' },
      'no GPU',
    ],
    [
      { code: 134, signal: null },
      { stdout: 'not JSON', stderr: 'FATAL ERROR: heap out of memory' },
      'exit code 134: FATAL ERROR: heap out of memory',
    ],
  ])('says why a run failed that ended with %j and printed %j', async (end, told, message) => {
    const { stdout } = await sweep(['--grid', 'hidden=4'], pretending(end, told));
    expect(stdout).toContain(`[1/1] hidden=4: failed: ${message}\n`);
  });

  it('shows why the current run recovers', async () => {
    const { stderr } = await sweep(
      ['--grid', 'hidden=4'],
      pretending(
        { code: 0, signal: null },
        { stdout: '{"event":"recovery","step":3,"reason":"the disk is full\\u001b[2J"}' },
      ),
    );
    expect(stderr).toContain('hidden=4: the disk is full␛[2J\n');
  });

  it.each([
    ['SIGINT', 130],
    ...(isEverything
      ? ([
          ['SIGTERM', 143],
          ['SIGHUP', 129],
        ] as const)
      : []),
  ] as const)(
    '%s lets the current run save, ends the sweep with %i, and the same command continues to the same weights',
    async (signal, code) => {
      const long = ['--max-steps', '400', ...fixed.slice(2), '--checkpoint-every', '0', '--evaluate-every', '0'];
      const io = new FakeProcess({
        start: inProcess(({ io: child }) => {
          const wait = (): void => {
            if (child.stdout.text.includes('"report"')) io.send(signal);
            else setImmediate(wait);
          };
          wait();
        }).start,
      });
      const words = ['--grid', 'hidden=4,5'];
      expect(await run(['sweep', text, '--out', out, ...words, '--', ...long], io)).toBe(code);
      expect(io.stdout.text).toMatch(/^\[1\/2] hidden=4: stopped at step \d+ \(signal\)\n$/);
      expect(io.stderr.text).toContain(`warning: ${signal} received: finishing this update step and saving`);
      expect(io.stderr.text).toContain('to resume, run the same command again\n');
      expect(io.listensForSignals).toBe(false);
      expect((await rnn(['runs', join(out, 'hidden=4'), '--json'])).stdout).toContain('"status":"stopped"');
      expect(existsSync(join(out, 'hidden=5'))).toBe(false);

      expect((await sweep(words, inProcess().start, long)).code).toBe(0);
      await rnn(['train', text, ...long, '--hidden', '4', '--out', join(folder, 'whole'), '--quiet']);
      const tensorsOf = (path: string): unknown =>
        (JSON.parse(readFileSync(join(path, 'latest.json'), 'utf8')) as { tensors: unknown }).tensors;
      expect(tensorsOf(join(out, 'hidden=4'))).toEqual(tensorsOf(join(folder, 'whole')));
    },
  );

  it('a second INT ends the current run at once, and the first does not, even if another process sends one', async () => {
    const sent: string[] = [];
    let end: (code: { code: number; signal: null }) => void = () => {};
    const start: Io['start'] = () => ({
      send(signal) {
        sent.push(signal);
        if (signal === 'SIGINT') end({ code: 130, signal: null });
      },
      ended: new Promise((done) => (end = done)),
    });
    const io = new FakeProcess({
      start: (...given) => {
        setImmediate(() => {
          io.send('SIGINT');
          io.send('SIGINT');
        });
        return start(...given);
      },
    });
    expect(await run(['sweep', text, '--out', out, '--grid', 'hidden=4,5', '--', ...fixed], io)).toBe(130);
    expect(sent).toEqual(['SIGTERM', 'SIGINT']);
  });

  it('skips a trial that another process trains, continues with the next trials, and ends with 7', async () => {
    await sweep(['--grid', 'hidden=4'], inProcess().start, [
      '--max-time',
      '0.05s',
      '--epochs',
      '100000',
      ...fixed.slice(2),
    ]);
    rmSync(join(out, '.sweep.json'));
    const held = (await RunFolder.open(join(out, 'hidden=4')))!;
    const { start, started } = inProcess();
    expect((await sweep(['--grid', 'hidden=4,5'], start)).code).toBe(7);
    expect(started.map(({ argv }) => argv.at(-3))).toEqual([join(out, 'hidden=5')]);
    held.close();
    expect((await sweep(['--grid', 'hidden=4,5'], inProcess().start)).code).toBe(0);
  });
});
