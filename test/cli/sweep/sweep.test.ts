import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunFolder } from '../../../src/runs/store.ts';
import type { Io } from '../../../src/cli/process/io.ts';
import { run } from '../../../src/cli/main.ts';
import { FakeProcess, FakeStream, rnn, type Ran } from '../helpers.ts';
import { events, fixed, folder, inFolderOfItsOwn, inProcess, out, pretending, text } from './helpers.ts';

inFolderOfItsOwn();

const grid = ['--grid', 'hidden=4,8', '--grid', 'cell=rnn,gru'];

const sweep = (words: readonly string[], start?: Io['start'], after: readonly string[] = fixed): Promise<Ran> =>
  rnn(['sweep', text, '--out', out, ...words, '--', ...after], start === undefined ? {} : { start });

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
    // As `rnn runs` has it.
    expect((await rnn(['runs', out])).stdout.trimEnd().split('\n')).toEqual(ranking);
  });

  it('skips finished trials, and trains those again whose folder was removed', async () => {
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

  it('prints nothing with --quiet but what goes wrong', async () => {
    const ran = await sweep(['--grid', 'validation-fraction=0.1,0.999', '--quiet'], inProcess().start);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toBe('warning: 1 of 2 trials failed; the same command tries them again\n');
  });

  it('takes more trials, and skips the ones it has', async () => {
    await sweep(['--grid', 'hidden=4'], inProcess().start);
    const { start, started } = inProcess();
    expect((await sweep(['--grid', 'hidden=4,5'], start)).code).toBe(0);
    expect(started).toHaveLength(1);
  });

  it('reports a trial that fails, continues with the others, and ends with 1', async () => {
    const { start } = inProcess();
    const ran = await sweep(['--grid', 'validation-fraction=0.1,0.999,0'], start);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(
      /^\[1\/3] validation-fraction=0\.1: [\d.]+ nats, 6 steps in \d+s\n\[2\/3] validation-fraction=0\.999: failed: the text .*\n\[3\/3] validation-fraction=0: finished, 6 steps in \d+s\n/,
    );
    expect(ran.stdout).toMatch(/ empty +validation-fraction=0\.999\n$/);
    expect(ran.stderr).toContain('warning: 1 of 3 trials failed; the same command tries them again\n');
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
  ])('says why a run failed that ended with %j and told %j', async (end, told, message) => {
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
    ['SIGTERM', 143],
    ['SIGHUP', 129],
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
      expect(io.stderr.text).toContain(`warning: ${signal}: finishing the step in hand and saving`);
      expect(io.stderr.text).toContain('to continue, give the same command again\n');
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

  it('a second INT ends the current run at once, and the first does not, whoever else sends it one', async () => {
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

  it('leaves a trial that another process trains for the end', async () => {
    await sweep(['--grid', 'hidden=4'], inProcess().start, [
      '--max-time',
      '0.05s',
      '--epochs',
      '100000',
      ...fixed.slice(2),
    ]);
    rmSync(join(out, '.sweep.json'));
    const held = (await RunFolder.open(join(out, 'hidden=4')))!;
    const { start, started } = inProcess(({ argv }) => {
      if (argv.includes(join(out, 'hidden=5'))) held.close();
    });
    expect((await sweep(['--grid', 'hidden=4,5'], start)).code).toBe(0);
    expect(started.map(({ argv }) => argv.at(-3))).toEqual([join(out, 'hidden=5'), join(out, 'hidden=4')]);
  });

  it('prints a command line for each trial, quoted for a shell, and trains nothing', async () => {
    const spaced = join(folder, "it's a text.txt");
    const { code, stdout, stderr } = await rnn([
      'sweep',
      spaced,
      '--out',
      `${out} 1`,
      '--grid',
      'tied=true,false',
      '--grid',
      'embedding=8',
      '--emit',
      '--',
      '--include',
      '*.txt',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const quoted = `'${spaced.replace("'", String.raw`'\''`)}'`;
    expect(stdout).toBe(
      ['tied=true', 'tied=false']
        .map(
          (name) =>
            `rnn train ${quoted} --include '*.txt' ${name === 'tied=true' ? '--tied' : '--no-tied'} --embedding 8 --resume --out '${out} 1/embedding=8,${name}'\n`,
        )
        .join(''),
    );
    expect(readdirSync(folder).toSorted()).toEqual(['sweep 1', 'text.txt']);
    expect(readdirSync(`${out} 1`)).toEqual(['.sweep.json']);
  });

  it('prints lines that train the same runs as the sweep itself would', async () => {
    const { stdout } = await sweep([...grid, '--emit']);
    for (const line of stdout.trimEnd().split('\n'))
      expect((await rnn([...line.split(' ').slice(1), '--quiet'])).code).toBe(0);
    expect((await sweep(grid)).stdout.match(/finished before/g)).toHaveLength(4);
  });

  it('on a terminal --emit writes no control characters', async () => {
    const stdout = new FakeStream({ columns: 80 });
    await rnn(['sweep', text, '--grid', 'hidden=4', '--out', join(out, 'a\u001B[2J'), '--emit'], { stdout });
    expect(stdout.text).toContain('a␛[2J');
    expect(stdout.text).not.toContain('\u001B');
  });

  it('--json with --emit has the words, unquoted', async () => {
    const [point] = events(await sweep(['--grid', 'lr=5e-3,0.0050', '--emit', '--json']));
    expect(point).toEqual({
      event: 'point',
      name: 'learning-rate=0.005',
      path: join(out, 'learning-rate=0.005'),
      argv: [
        'train',
        text,
        ...fixed,
        '--learning-rate',
        '0.005',
        '--resume',
        '--out',
        join(out, 'learning-rate=0.005'),
      ],
    });
  });

  it('draws the same trials for the same seed, within the range of each option', async () => {
    const words = [
      '--random',
      '30',
      '--sample',
      'hidden=log:4..64',
      '--sample',
      'dropout=0..0.5',
      '--sample',
      'lr=log:1e-4..1e-2',
      '--sample',
      'cell=gru,lstm',
      '--emit',
    ];
    const { code, stdout } = await sweep(words);
    expect(code).toBe(0);
    expect((await sweep([...words, '--seed', '1'])).stdout).toBe(stdout);
    expect((await sweep([...words, '--seed', '2'])).stdout).not.toBe(stdout);
    const values = stdout
      .trimEnd()
      .split('\n')
      .map((line) =>
        /--cell (?:gru|lstm) --dropout (0[\d.]*) --hidden (\d+) --learning-rate ([\d.e-]+) --resume/
          .exec(line)!
          .slice(1),
      );
    expect(values).toHaveLength(30);
    expect(
      values.filter(
        ([dropout, hidden, lr]) =>
          Number(hidden) < 4 || Number(hidden) > 64 || Number(dropout) > 0.5 || Number(lr) < 1e-4 || Number(lr) > 1e-2,
      ),
    ).toEqual([]);
  });

  it('gives trials the same names, and draws the same ones, in any order of options', async () => {
    const names = async (...words: string[]): Promise<unknown[]> =>
      events(await sweep([...words, '--emit', '--json'])).map(({ name }) => name);
    expect((await names('--grid', 'cell=rnn,gru', '--grid', 'hidden=4,8')).toSorted()).toEqual(
      (await names(...grid)).toSorted(),
    );
    const [hidden, lr] = [
      ['--sample', 'hidden=4..64'],
      ['--sample', 'lr=log:1e-4..1e-2'],
    ];
    expect(await names('--random', '9', ...lr, ...hidden)).toEqual(await names('--random', '9', ...hidden, ...lr));
  });

  it('writes numbers in one way, and leaves texts as they are', async () => {
    const valuesOf = async (grid: string): Promise<unknown[]> =>
      events(await sweep(['--grid', grid, '--emit', '--json'], undefined, [])).map(({ argv }) => (argv as string[])[3]);
    expect(await valuesOf('hidden=08,8,16')).toEqual(['8', '16']);
    expect(await valuesOf('init-from=01,1')).toEqual(['01', '1']);
  });

  it('reports an option that has no effect once, with the number of trials', async () => {
    const idle = await sweep(['--grid', 'cell=lstm,rnn', '--grid', 'hidden=4,5', '--emit'], undefined, [
      '--forget-bias',
      '2',
      '--momentum',
      '0.5',
    ]);
    expect(idle).toMatchObject({
      code: 0,
      stderr:
        '--momentum has no effect because --optimizer is adam\n--forget-bias has no effect because the cell has no forget gate (at 2 of 4 trials)\n',
    });
  });

  it('names its folder for the text unless told otherwise', async () => {
    const before = process.cwd();
    process.chdir(folder);
    const { stdout } = await rnn(['sweep', text, '--grid', 'hidden=4', '--emit']).finally(() => process.chdir(before));
    expect(stdout).toContain(`--out ${join('sweeps', 'text', 'hidden=4')}\n`);
  });

  it.each([
    [['--grid', 'hiden=8'], [], '--grid hiden: rnn train has no option --hiden', 'did you mean hidden?'],
    [['--grid', 'rnn_size=8'], [], '--grid rnn_size: rnn train has no option --rnn_size', 'did you mean hidden?'],
    [
      ['--grid', 'nonsense=8'],
      [],
      '--grid nonsense: rnn train has no option --nonsense',
      'rnn train --help lists its options',
    ],
    [['--grid', 'hidden'], [], '--grid is hidden, expected an option of rnn train and its values', ''],
    [['--grid', 'hidden=8,0'], [], '--hidden is 0, expected a whole number from 1 to 1048576', ''],
    [['--grid', 'hidden=8,'], [], '--hidden is empty, expected', ''],
    [['--grid', 'cell=lstn'], [], '--cell is lstn, expected one of rnn,', ''],
    [['--grid', 'tied=on'], [], '--tied is on, expected true or false', ''],
    [
      ['--grid', 'tied=true', '--grid', 'hidden=4'],
      [],
      'hidden=4,tied=true: --tied needs an embedding',
      'give --embedding a width',
    ],
    [['--grid', 'lr=1', '--grid', '--learning-rate=2'], [], '--grid learning-rate is given twice', 'at once'],
    [['--grid', 'out=a'], [], '--grid out is not for the runs of a sweep', 'give --out before --'],
    [['--grid', 'lr=1'], ['--learning-rate', '2'], '--learning-rate is given for all trials, and by --grid', ''],
    [['--grid', 'epochs=1'], ['--max-steps', '2'], 'epochs=1: --epochs and --max-steps exclude each other', ''],
    [
      ['--grid', 'lr=1', '--epochs', '3'],
      [],
      '--epochs is an option of rnn train',
      'it goes after --: rnn sweep <corpus...> … -- --epochs 3',
    ],
    [['--grid', 'lr=1', '--tied'], [], '--tied is an option of rnn train', '… -- --tied\n'],
    [
      ['--learning-rate', '0.002,0.005'],
      [],
      '--learning-rate is an option of rnn train',
      'use --grid learning-rate=0.002,0.005\n',
    ],
    [['--grid', 'lr=1', '--hidden', '64,128'], [], '--hidden is an option of rnn train', 'use --grid hidden=64,128\n'],
    [
      ['--grid', 'lr=1'],
      ['--cell', 'gru,lstm'],
      '--cell is gru,lstm, expected',
      'use rnn sweep to try several values: --grid cell=gru,lstm\n',
    ],
    [['--grid', 'lr=1'], ['--budget', '1m,2x'], '--budget is 1m,2x, expected a duration', 'tells how to choose it'],
    [['--grid', 'lr=1', '--resume'], [], '--resume is an option of rnn train', 'leave it out'],
    [['--grid', 'lr=1'], ['--hidden', '4', '--hidden', '8'], '--hidden is given twice, as 4 and as 8', 'give it once'],
    [['--grid', 'lr=1'], ['--force'], '--force after -- is not for the runs of a sweep', 'remove the folder'],
    [['--grid', 'lr=1'], ['--dry-run'], '--dry-run after -- is not for the runs of a sweep', '--emit'],
    [['--grid', 'lr=1'], ['--no-color'], '--no-color after -- is not for the runs of a sweep', ''],
    [['--grid', 'lr=1'], ['--hiden', '3'], "unknown option '--hiden'", 'did you mean --hidden?'],
    [['--grid', 'lr=1'], ['--hidden', '3', 'other.txt'], 'other.txt stands after options of rnn train', 'before --'],
    [['--grid', 'lr=1'], ['--test-file', '-'], 'standard input (-) can be read only once', 'into a file'],
    [['--grid', 'lr=1'], ['--validation-file', '-'], 'standard input (-) can be read only once', 'into a file'],
    [['--grid', 'lr=1'], ['--blas', 'off', '--device', 'reference'], "--blas is the cpu's", ''],
    [['--grid', 'lr=1', '--random', '3'], [], '--grid and --random exclude each other', ''],
    [['--random', '3'], [], '--random has nothing to draw', ''],
    [['--sample', 'lr=0..1'], [], '--sample is for --random', ''],
    [['--seed', '3', '--grid', 'lr=1'], [], '--seed is for --random', ''],
    [[], [], 'a sweep needs something to try', ''],
    [['--random', '3', '--sample', 'lr=1..0.1'], [], '--sample lr is 1..0.1, expected a lower and a higher number', ''],
    [
      ['--random', '3', '--sample', 'dropout=log:0..0.5'],
      [],
      '--sample dropout is log:0..0.5, expected numbers above 0',
      '',
    ],
    [
      ['--random', '3', '--sample', 'dropout=0..1'],
      [],
      '--dropout is 1, expected a number of at least 0 and below 1',
      '',
    ],
    [['--random', '3', '--sample', 'hidden=..5'], [], '--hidden is ..5, expected a whole number', ''],
    [['--random', '3', '--sample', 'cell=0..1'], [], '--cell is 0..1, expected one of', ''],
    [['--random', '10001', '--sample', 'lr=0.1..1'], [], 'that is a sweep of 10,001 trials', ''],
  ])('%j -- %j is refused before anything is trained', async (words, after, message, hint) => {
    const { code, stdout, stderr } = await sweep(words, undefined, after);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toContain(`hint: `);
    expect(stderr).toContain(hint);
    expect(existsSync(out)).toBe(false);
  });

  it('lets its runs take another text, if told to', async () => {
    expect(await sweep(['--grid', 'hidden=4', '--emit'], undefined, ['--accept-new-corpus'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(' --accept-new-corpus --hidden 4 --resume '),
    });
  });

  it('reports a missing text once', async () => {
    const { code, stdout, stderr } = await rnn(['sweep', join(folder, 'no.txt'), '--out', out, ...grid]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('no.txt');
    expect(existsSync(out)).toBe(false);
  });
});
