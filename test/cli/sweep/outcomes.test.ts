// The outcomes of the trials of `rnn sweep`, if not all of them finish normally.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RunFolder } from '../../../src/runs/store.ts';
import type { ChildEnd } from '../../../src/cli/process/child.ts';
import type { Io } from '../../../src/cli/process/io.ts';
import { run } from '../../../src/cli/main.ts';
import { FakeProcess, rnn, type Ran } from '../helpers.ts';
import { child, events, fixed, inFolderOfItsOwn, inProcess, out, pretending, text } from './helpers.ts';

inFolderOfItsOwn();

const sweep = (words: readonly string[], start: Io['start'], after: readonly string[] = fixed): Promise<Ran> =>
  rnn(['sweep', text, '--out', out, ...words, '--', ...after], { start });
const hidden = (...sizes: number[]): string[] => ['--grid', `hidden=${sizes.join()}`];

describe('a trial that diverged', () => {
  // Weights so large that the first steps end the run.
  const words = ['--grid', 'init-scale=0.1,1000000'];
  const wild = [
    ...fixed.slice(2),
    '--max-steps',
    '400',
    '--cell',
    'rnn-relu',
    '--hidden',
    '8',
    '--optimizer',
    'sgd',
    '--momentum',
    '0',
    '--clip-norm',
    '0',
    '--max-recoveries',
    '0',
    '--evaluate-every',
    '0',
    '--checkpoint-every',
    '0',
  ];

  it('is finished, is not trained again, and is in the ranking', async () => {
    const first = await sweep(words, inProcess().start, wild);
    expect(first.stdout).toMatch(
      /^\[1\/2] init-scale=0\.1: [\d.]+ nats, 400 steps in \d+s\n\[2\/2] init-scale=1000000: diverged\n/,
    );
    expect(first.stdout).toMatch(/ empty \(diverged\) +init-scale=1000000\n$/);
    expect(first.stderr).toMatch(
      /\ninit-scale=1000000: .*: rnn abandons the run\n1 of 2 trials diverged\. To train one again, remove its folder and run the same command\.\n$/,
    );
    expect(first.code).toBe(0);
    const { start, started } = inProcess();
    const second = await sweep([...words, '--json'], start, wild);
    expect(started).toHaveLength(0);
    expect(
      events(second)
        .filter(({ event }) => event === 'point')
        .map(({ outcome }) => outcome),
    ).toEqual(['earlier', 'diverged']);
    expect(events(second).at(-1)).toMatchObject({ finished: 1, diverged: 1, failed: 0 });
    expect(second.code).toBe(0);
  });

  it('does not repeat the advice to its run', async () => {
    const { stderr, stdout } = await sweep(
      hidden(4),
      pretending(
        { code: 5, signal: null },
        { stderr: 'warning: latest.json is damaged\nwarning: continue with --learning-rate 0.1' },
      ),
    );
    expect(stdout).toContain('[1/1] hidden=4: diverged\n');
    expect(stderr).toContain('hidden=4: warning: latest.json is damaged\n1 of 1 trials diverged');
  });
});

describe('signals', () => {
  it('that arrive while rnn examines a folder are not lost', async () => {
    const { start, started } = inProcess();
    const io: FakeProcess = new FakeProcess({ start });
    vi.doMock('../../../src/training/runs.ts', async (original) => {
      const real = await original<typeof import('../../../src/training/runs.ts')>();
      return {
        ...real,
        async runSummaryOf(path: string) {
          const summary = await real.runSummaryOf(path);
          if (path.endsWith('hidden=5')) io.send('SIGTERM');
          return summary;
        },
      };
    });
    const code = await run(['sweep', text, '--out', out, ...hidden(4, 5, 6), '--', ...fixed], io);
    vi.doUnmock('../../../src/training/runs.ts');
    expect(code).toBe(143);
    expect(started).toHaveLength(1);
    expect(existsSync(join(out, 'hidden=5'))).toBe(false);
  });

  it('do not hide that the current run failed', async () => {
    const io: FakeProcess = new FakeProcess({
      start: (_, lines) => ({
        ...child,
        ended: new Promise<ChildEnd>((done) =>
          setImmediate(() => {
            io.send('SIGTERM');
            lines.stdout('{"event":"error","code":1,"message":"the disk is full"}');
            lines.stderr('error: the disk is full');
            done({ code: 1, signal: null });
          }),
        ),
      }),
    });
    expect(await run(['sweep', text, '--out', out, ...hidden(4), '--', ...fixed], io)).toBe(143);
    expect(io.stdout.text).toBe('[1/1] hidden=4: failed: the disk is full\n');
    expect(io.stderr.text).toContain('hidden=4: error: the disk is full\n');
  });

  it('are not reported twice', async () => {
    const io: FakeProcess = new FakeProcess({
      start: (_, lines) => ({
        ...child,
        ended: new Promise<ChildEnd>((done) =>
          setImmediate(() => {
            io.send('SIGINT');
            lines.stderr('warning: SIGTERM received: finishing this update step and saving');
            done({ code: 143, signal: null });
          }),
        ),
      }),
    });
    expect(await run(['sweep', text, '--out', out, ...hidden(4), '--', ...fixed], io)).toBe(130);
    expect(io.stderr.text.match(/finishing this update step/g)).toHaveLength(1);
  });
});

describe('a trial that another process trains', () => {
  it('is busy if that process took the folder first, and does not count as failed', async () => {
    const io: FakeProcess = new FakeProcess({
      start: (argv) => ({
        ...child,
        ended: RunFolder.create(argv.at(-3)!).then((taken) => {
          onTestFinished(() => taken.close());
          return { code: 7, signal: null };
        }),
      }),
    });
    const { code, stdout, stderr } = await rnn(
      ['sweep', text, '--out', out, ...hidden(4), '--json', '--', ...fixed],
      {},
      io,
    );
    expect(events({ code, stdout, stderr })).toMatchObject([
      { event: 'point', outcome: 'busy', message: 'another process trains this trial' },
      { event: 'run', status: 'running' },
      { event: 'end', failed: 0, busy: 1 },
    ]);
    expect(stderr).toContain(
      'warning: another process is training 1 of 1 trials. To check again, run the same command.\n',
    );
    expect(code).toBe(7);
  });
});

describe('the exit code', () => {
  const ending = (...codes: readonly (number | null)[]): Io['start'] => {
    const left = [...codes];
    return (argv, lines) => pretending({ code: left.shift()!, signal: null })(argv, lines);
  };

  it.each([
    [[6, 6], 6],
    [[3, 3], 3],
    [[5, 5], 5],
    [[3, 6], 1],
    [[6, 0], 1],
    [[5, 0], 0],
    [[134, 134], 1],
    [[null, null], 1],
  ])('of trials that end with %j is %i', async (codes, code) => {
    expect((await sweep(hidden(4, 5), ending(...codes))).code).toBe(code);
  });
});

describe('the stderr of a trial', () => {
  const told = { stderr: 'warning: the text has changed\nTypeError: x is not a function\n    at y (z.js:1:2)' };

  it('is shown with the name of its trial if it is a warning', async () => {
    const { stderr } = await sweep(hidden(4), pretending({ code: 0, signal: null }, told));
    expect(stderr.split('\n').slice(1, -1)).toEqual(['hidden=4: warning: the text has changed']);
  });

  it('is shown completely after a bug', async () => {
    const { stderr } = await sweep(hidden(4), pretending({ code: 1, signal: null }, told));
    expect(stderr).toContain(
      'hidden=4: warning: the text has changed\nhidden=4: TypeError: x is not a function\nhidden=4:     at y (z.js:1:2)\n',
    );
  });

  it('has no colours, even if the sweep has', async () => {
    const { start, started } = inProcess();
    await sweep(hidden(4), start);
    expect(started[0].argv).toContain('--no-color');
  });
});
