// Runs and checkpoints move from a GPU to the CPU and back: the built program on a software GPU, in
// a child process.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHere, root } from '../devices/gpu/helpers.ts';
import type { Ran } from './helpers.ts';

const { device, missing } = existsSync(join(root, 'dist/cli/start.js'))
  ? await openHere('gpu:software')
  : { device: null, missing: ' (skipped: needs npm run build)' };

const names = ['gpu:software', 'cpu'];
let folder: string;
const trained = new Map<string, Ran>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-gpu-'));
  await writeFile(join(folder, 'fox.txt'), 'the quick brown fox jumps over the lazy dog. '.repeat(40));
  if (device !== null) for (const name of names) trained.set(name, await train(name));
});
afterAll(async () => {
  await device?.close();
  await rm(folder, { recursive: true });
});

function rnn(...argv: readonly string[]): Promise<Ran> {
  return new Promise((done) => {
    const { PATH, VK_ICD_FILENAMES } = process.env;
    const child = execFile(
      process.execPath,
      [join(root, 'bin/rnn.js'), ...argv],
      { cwd: folder, env: { PATH, VK_ICD_FILENAMES } },
      (_error, stdout, stderr) => {
        done({ code: child.exitCode ?? -1, stdout, stderr });
      },
    );
  });
}

const runOf = (name: string): string => name.replace(':', '-');

const train = (name: string): Promise<Ran> =>
  rnn(
    'train',
    'fox.txt',
    '--hidden',
    '8',
    '--batch-size',
    '4',
    '--sequence-length',
    '8',
    '--max-steps',
    '30',
    '--evaluate-every',
    '10',
    '--learning-rate',
    '0.03',
    '--json',
    '--quiet',
    '--device',
    name,
    '--out',
    runOf(name),
  );

const sample = (run: string, name: string): Promise<Ran> =>
  rnn('sample', '--checkpoint', run, '--seed', '3', '--length', '80', '--temp', '0.5', '--device', name);

describe.skipIf(missing !== '')(`the program on a software GPU${missing}`, () => {
  it.each(names)('trains a model on %s that samples the same text on both devices', async (name) => {
    const { code, stdout, stderr } = trained.get(name)!;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events[0]).toMatchObject({ event: 'start', device: expect.stringMatching(new RegExp(`^${name}: `)) });
    expect(events.at(-1)).toMatchObject({ event: 'end', reason: 'max-steps', step: 30 });

    const texts = [await sample(runOf(name), 'cpu'), await sample(runOf(name), 'gpu:software')];
    expect(texts[0]).toMatchObject({ code: 0, stderr: '' });
    expect(texts[0].stdout.length).toBeGreaterThanOrEqual(80);
    expect(texts[1]).toEqual(texts[0]);
  });

  it('trains to the same weights as on the CPU', async () => {
    const [onGpu, onCpu] = names.map(
      (name) =>
        (JSON.parse(trained.get(name)!.stdout.trim().split('\n').at(-1)!) as { bestValidationLossNats: number })
          .bestValidationLossNats,
    );
    expect(onGpu / onCpu).toBeCloseTo(1, 3);
    expect(onGpu).toBeLessThan(Math.log(28));
  });
});
