// The real program in a separate process.
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isEverything } from '../everything.ts';
import { isBuilt, patience, shell as shellIn } from './process.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-binary-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A command line of the shell. Its working directory is empty at first. */
const shell = (line: string, env: Record<string, string> = {}) => shellIn(line, { folder, env });

it('says how to build a clone that is not built yet', async () => {
  const clone = join(folder, 'clone');
  await cp(join(import.meta.dirname, '../../bin'), join(clone, 'bin'), { recursive: true });
  await writeFile(join(clone, 'package.json'), '{"type": "module"}');
  const run = (): string =>
    execFileSync(process.execPath, [join(clone, 'bin/rnn.js'), '--help'], { stdio: 'pipe', encoding: 'utf8' });
  expect(run).toThrow(
    expect.objectContaining({
      status: 1,
      stderr: expect.stringContaining('\nhint: run npm run build') as string,
    }) as Error,
  );
});

describe.skipIf(!isBuilt)('the built program (needs npm run build)', { timeout: patience }, () => {
  it('prints its help on stdout', async () => {
    const { code, stdout, stderr } = await shell('rnn --help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: rnn <command> [options]');
  });

  it('leaves its exit code to the shell, and its errors on stderr', async () => {
    expect(await shell('rnn trian')).toEqual({
      code: 2,
      stdout: '',
      stderr: "error: unknown command 'trian'\nhint: did you mean train?\n",
    });
    const missing = await shell('rnn info');
    expect(missing).toMatchObject({ code: 4, stdout: '' });
    expect(missing.stderr).toMatch(/^error: checkpoint not found in checkpoints.*\nhint: .*rnn train/);
  });

  it
    .skipIf(process.platform !== 'linux')
    .each([
      '--hidden 8 --layers 1 --batch-size 8 --sequence-length 8',
      '--hidden 128 --layers 2 --batch-size 50 --sequence-length 50 --threads 2',
      ...(isEverything ? ['--hidden 384 --layers 2 --batch-size 64 --sequence-length 20 --threads 1'] : []),
    ])('predicts before training how much memory %s will need, within a fifth', async (sizes) => {
    await writeFile(join(folder, 'text'), 'The quick brown fox jumps over the lazy dog, and why not?\n'.repeat(3000));
    // The process prints its memory at its end, in KiB.
    const telling =
      "data:text/javascript,import{isMainThread}from'node:worker_threads';isMainThread&&process.on('exit',()=>process.stderr.write('peak '+process.resourceUsage().maxRSS))";
    const { code, stdout, stderr } = await shell(
      `rnn train text --out memory --force --json --quiet --max-steps 1 --validation-fraction 0.02 ${sizes}`,
      {
        NODE_OPTIONS: `--import="${telling}"`,
      },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^peak \d+$/) });
    const told = (JSON.parse(stdout.split('\n')[0]) as { memoryBytes: number }).memoryBytes;
    const peak = 1024 * Number(stderr.slice('peak '.length));
    expect(Math.abs(told - peak) / peak).toBeLessThan(0.2);
  });

  it.each([
    ['rnn train no-such-file', 3],
    ['printf "" | rnn train -', 3],
    ['printf aaaa | rnn train -', 3],
    [String.raw`printf 'caf\351 caf\351' | rnn train -`, 3],
    ['rnn sample --checkpoint no-such-run', 4],
    ['rnn info not-a-checkpoint.json', 4],
    ['rnn sample --temp -1', 2],
    ['rnn corpus no-such-corpus', 2],
  ])('%s ends with %d, a message and a hint, and no stack', async (line, code) => {
    await writeFile(join(folder, 'not-a-checkpoint.json'), '{"a": 1}');
    const ran = await shell(line);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toMatch(/^error: .+\n(hint: .+\n)?$/);
  });

  it('ends quietly when its reader goes away', async () => {
    expect(await shell('rnn train --help | true')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('honours FORCE_COLOR and NO_COLOR', async () => {
    expect((await shell('rnn trian', { FORCE_COLOR: '1' })).stderr).toContain('\u001B[31merror:\u001B[39m');
    expect((await shell('rnn trian', { NO_COLOR: '1' })).stderr).toMatch(/^error:/);
  });

  it('writes a built-in corpus, and prints its path', async () => {
    expect(await shell('rnn corpus sonnets')).toMatchObject({ code: 0, stdout: 'corpora/sonnets.txt\n' });
    expect((await shell('head -n 3 corpora/sonnets.txt | tail -n 1')).stdout).toBe(
      'From fairest creatures we desire increase,\n',
    );
  });
});
