import { doubled } from './doubles.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeBuiltin } from '../../src/corpus/builtin.ts';
import { rnn } from './helpers.ts';

vi.mock('../../src/corpus/builtin.ts', { spy: true });

const machine = ['--device', 'cpu', '--threads', '1'];

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-info-'));
  file = join(folder, 'latest.json');
  await writeFile(file, 'x'.repeat(3400));
});
afterAll(() => rm(folder, { recursive: true }));

describe('rnn info', () => {
  it('shows the model, the vocabulary, the training and the file', async () => {
    const { code, stdout } = await doubled(['info', file]);
    expect(code).toBe(0);
    for (const row of [
      /^model +lstm, 2 × 3$/m,
      /^parameters +4$/m,
      /^conventions +gates i f g o$/m,
      /^vocabulary +4 characters$/m,
      /^ +\\n ␣ a U\+001B$/m,
      /^trained +1,234 update steps, 3\.50 epochs$/m,
      /^loss +1\.250 nats, 1\.803 bpc$/m,
      /^validation +1\.500 nats, .*\(best: 1\.400 nats, .*\)$/m,
      /^options +cell lstm, learning-rate 0\.002$/m,
      /^optimizer +not saved: only --resume needs it$/m,
      /3\.4 kB, \d{4}-\d\d-\d\d \d\d:\d\d UTC/,
    ]) {
      expect(stdout).toMatch(row);
    }
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/\u001B/);
  });

  it('compares the results and the differing options of several runs', async () => {
    const train = (name: string, ...argv: string[]) =>
      rnn([
        'train',
        join(folder, 'text.txt'),
        '--out',
        join(folder, name),
        '--hidden',
        '4',
        '--max-steps',
        '2',
        '--quiet',
        ...machine,
        ...argv,
      ]);
    await writeFile(join(folder, 'text.txt'), 'the quick brown fox\n'.repeat(40));
    await train('a');
    await train('b', '--dropout', '0.25', '--tied', '--embedding', '4');
    const paths = [join(folder, 'a'), join(folder, 'b')];
    const { code, stdout } = await rnn(['info', ...paths]);
    expect(code).toBe(0);
    const [results, options] = stdout.trimEnd().split('\n\n');
    expect(results).toMatch(/^ +a +b\ntext +text [\da-f]{7}, 720\+80 +text /);
    for (const row of [
      /^best validation +\d\.\d{4} \(\d\.\d{3} bpc\) +\d\.\d{4} /m,
      /^update steps +2 +2$/m,
      /^time +\d+s +\d+s$/m,
    ])
      expect(results).toMatch(row);
    expect(
      options
        .split('\n')
        .map((row) => row.split(/ {2,}/))
        .toSorted(),
    ).toEqual(
      [
        ['dropout', '0', '0.25'],
        ['embedding', '0', '4'],
        ['tied', 'false', 'true'],
      ].toSorted(),
    );
    const lines = (await rnn(['info', ...paths, '--json'])).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      { event: 'info', path: join(folder, 'a', 'best.json') },
      { event: 'info', path: join(folder, 'b', 'best.json') },
      { event: 'comparison', options: { dropout: [0, 0.25], embedding: [0, 4], tied: [false, true] } },
    ]);
    expect((await rnn(['info', paths[0], join(paths[0], 'latest.json')])).stdout).toMatch(
      /^ +\S+best\.json +\S+latest\.json\n[^]*\nall options are the same\n$/,
    );
    await writeFile(join(folder, 'text.txt'), 'the lazy dog\n'.repeat(60));
    await train('c');
    expect((await rnn(['info', ...paths, join(folder, 'c')])).stdout).toContain(
      '\nthe losses cannot be compared, because the texts differ\n',
    );
  });

  it('--json has everything but the weights', async () => {
    const { stdout } = await doubled(['info', file, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      event: 'info',
      path: file,
      bytes: 3400,
      parameters: 4,
      model: { cell: 'lstm', hidden: 3 },
      training: { step: 1234, lossNats: 1.25, validationLossNats: 1.5, bestValidationLossNats: 1.4 },
      tensors: [{ name: 'head.b', shape: [1, 4] }],
      optimizer: null,
    });
  });
});

describe('rnn corpus', () => {
  it('lists the built-in corpora', async () => {
    expect(await rnn(['corpus'])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\w+ {2,}\S.*\n/) as string,
      stderr: '',
    });
  });

  it('writes a corpus, prints its path on stdout and the next command on stderr', async () => {
    vi.mocked(writeBuiltin).mockResolvedValue('corpora/sonnets.txt');
    expect(await rnn(['corpus', 'sonnets'])).toEqual({
      code: 0,
      stdout: 'corpora/sonnets.txt\n',
      stderr: 'to train on it: rnn train corpora/sonnets.txt\n',
    });
  });
});
