// `rnn sweep --emit`: the trials as command lines.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeStream, rnn } from '../helpers.ts';
import { events, fixed, folder, grid, inFolderOfItsOwn, out, sweep, text } from './helpers.ts';

inFolderOfItsOwn();

describe('rnn sweep --emit', () => {
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

  it('prints lines that train the same runs as the sweep', async () => {
    const { stdout } = await sweep([...grid, '--emit']);
    for (const line of stdout.trimEnd().split('\n'))
      expect((await rnn([...line.split(' ').slice(1), '--quiet'])).code).toBe(0);
    expect((await sweep(grid)).stdout.match(/finished before/g)).toHaveLength(4);
  });

  it('writes no control characters to a terminal', async () => {
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

  it('samples the same trials for the same seed, within the range of each option', async () => {
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

  it('samples the same trials with the same names, in any order of options', async () => {
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

  it('prints a note if fewer trials are possible than requested', async () => {
    const possible = async (values: string): Promise<string> =>
      (await sweep(['--random', '9', '--sample', `cell=${values}`, '--emit'])).stderr;
    expect(await possible('gru,rnn')).toContain('only 2 different trials are possible\n');
    expect(await possible('gru')).toContain('only one trial is possible\n');
  });

  it('normalises numbers, and leaves texts unchanged', async () => {
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
        '--momentum has no effect because --optimizer is adam\n--forget-bias has no effect because the cell has no forget gate (in 2 of 4 trials)\n',
    });
  });

  it('names its folder for the text without --out', async () => {
    const before = process.cwd();
    process.chdir(folder);
    const { stdout } = await rnn(['sweep', text, '--grid', 'hidden=4', '--emit']).finally(() => process.chdir(before));
    expect(stdout).toContain(`--out ${join('sweeps', 'text', 'hidden=4')}\n`);
  });

  it('lets its runs take another text with --accept-new-corpus', async () => {
    expect(await sweep(['--grid', 'hidden=4', '--emit'], undefined, ['--accept-new-corpus'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(' --accept-new-corpus --hidden 4 --resume '),
    });
  });
});
