// A run on records that is killed in the middle of an epoch, several times, and resumed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { begin, isBuilt, patience } from './process.ts';

const KILLS = 3;
const options = [
  '--records line --weight list.txt=2 --cell lstm --layers 1 --hidden 16 --batch-size 8 --dropout 0.2 --threads 1',
  '--device cpu --checkpoint-every 20 --evaluate-every 60 --sample-every 0 --max-steps 300',
].flatMap((line) => line.split(' '));

it.skipIf(!isBuilt)(
  'a run on records that is killed has the weights of an undisturbed run',
  { timeout: patience },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rnn-killed-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const lines = Array.from({ length: 500 }, (_, n) => `${n % 7}${'ab'.repeat(1 + (n % 5))}=${'xyz'[n % 3]}${n}`);
    writeFileSync(join(folder, 'list.txt'), `${lines.join('\n')}\n`);
    const train = (out: string) => begin(['train', 'list.txt', ...options, '--resume', '--out', out], { folder });
    const resultOf = (out: string): unknown => {
      const text = readFileSync(join(folder, out, 'latest.json'), 'utf8');
      const { tensors, optimizer, training } = JSON.parse(text) as Record<string, Record<string, unknown>>;
      return { tensors, optimizer, position: training.position, step: training.step };
    };
    const whole = train('whole');
    for (let kill = 1; kill <= KILLS; kill++) {
      const run = train('killed');
      await run.seen(/ saved /);
      run.send('SIGKILL');
      expect((await run.ended).signal).toBe('SIGKILL');
    }
    const { code, stderr } = await train('killed').ended;
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('resum') as string });
    expect((await whole.ended).code).toBe(0);
    expect(resultOf('killed')).toEqual(resultOf('whole'));
  },
);
