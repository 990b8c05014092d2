// A checkpoint of an earlier version, which was made with --blas off.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/runs/store.ts';
import { kernels, missing } from '../devices/cpu/helpers.ts';
import { alterParsed, temporaryFolder } from '../runs/fixture.ts';
import { rnn } from './helpers.ts';

/** Computed with fused multiply-add, as in machine code. Accelerate gives other numbers. */
const isFused = kernels.variant === 'relaxed' && missing('accelerate') !== '';

describe('a checkpoint with the BLAS that an earlier version recorded', () => {
  let folder: string;
  let run: string;
  const latest = (): string => join(run, 'latest.json');
  beforeEach(() => {
    folder = temporaryFolder();
    run = join(folder, 'run');
    mkdirSync(run);
    writeFileSync(join(folder, 'hamlet.txt'), 'to be or not to be, that is the question.\n'.repeat(60));
    writeFileSync(latest(), readFileSync(new URL('../fixtures/checkpoint-with-blas.json', import.meta.url)));
  });

  it('is shown with the device that it ran on', async () => {
    const { code, stdout, stderr } = await rnn(['info', run]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^device +cpu: WebAssembly \(fused multiply-add\), 1 thread$/m);
    expect(JSON.parse((await rnn(['info', run, '--json'])).stdout)).toMatchObject({
      training: { device: 'cpu: WebAssembly (fused multiply-add), 1 thread' },
    });
  });

  it.each(['off', 'auto', null, '/usr/lib/libopenblas.so.0'])(
    'is continued without a word, and records the kernels from then on: %s',
    async (blas) => {
      if (blas !== 'off') alterParsed(latest(), (file) => (file.training.machine.blas = blas));
      const { code, stderr } = await rnn([
        'train',
        join(folder, 'hamlet.txt'),
        '--resume',
        '--out',
        run,
        '--max-steps',
        '9',
      ]);
      expect(code, stderr).toBe(0);
      expect(stderr).not.toMatch(/blas|kernels|warning/i);
      expect(stderr.includes('another device')).toBe(!isFused);
      const { training } = await readCheckpoint(latest());
      expect(training).toMatchObject({ step: 9, machine: { device: 'cpu', threads: 1, kernels: null } });
      expect(training['machine']).not.toHaveProperty('blas');
    },
  );
});
