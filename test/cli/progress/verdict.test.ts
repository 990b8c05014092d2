// The verdict on a run, as `rnn train` and `rnn info` show it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verdictLines } from '../../../src/cli/progress/text.ts';
import type { Verdict } from '../../../src/training/verdict.ts';
import { rnn } from '../helpers.ts';

const verdict: Verdict = {
  fit: 'overfitted',
  best: {
    step: 1170,
    epoch: 7.04,
    fraction: 0.176,
    validationLossNats: 1.774,
    trainingLossNats: 1.568,
    gapNats: 0.206,
  },
  riseNats: 0.124,
  isFalling: false,
  advice: ['--dropout 0.3', '--epochs 11'],
};
const linesOf = (changes: Partial<Verdict>): string[] => verdictLines({ ...verdict, ...changes }, 'char');

describe('a verdict', () => {
  it('on a byte-level model has bits per byte', () => {
    expect(verdictLines(verdict, 'byte').join('\n')).toMatch(/1\.774 nats, 2\.559 bpb[^]*0\.179 bpb[^]*0\.297 bpb/);
    expect(verdictLines(verdict, 'byte').join('\n')).not.toContain('bpc');
  });

  it('is three lines: the best loss, the fit, and what to try', () => {
    expect(linesOf({})).toEqual([
      'best validation loss 1.774 nats, 2.559 bpc at step 1,170, epoch 7.0, 18 % of the run',
      'the model overfitted: the loss then rose by 0.124 nats, 0.179 bpc (gap to the training loss 0.206 nats, 0.297 bpc)',
      'to lower the validation loss, try --dropout 0.3 or --epochs 11',
    ]);
  });

  it('has a sentence for each fit', () => {
    expect(linesOf({ fit: 'underfitted', isFalling: true })[1]).toMatch(
      /^the model underfitted: the loss still fell at the end \(/,
    );
    expect(linesOf({ fit: 'underfitted', best: { ...verdict.best, gapNats: -0.04 } })[1]).toBe(
      'the model underfitted: the loss is close to the training loss (gap to the training loss -0.040 nats, -0.058 bpc)',
    );
    expect(linesOf({ fit: 'good', advice: [] })).toHaveLength(2);
  });

  it('is only the best loss if nothing else is known', () => {
    expect(linesOf({ fit: null, advice: [], best: { ...verdict.best, epoch: null } })).toEqual([
      'best validation loss 1.774 nats, 2.559 bpc at step 1,170, 18 % of the run',
    ]);
  });
});

describe('of a run', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rnn-verdict-'));
    const line = (index: number): string =>
      `${(index * 7919) % 997} goes to the ${['sea', 'hill', 'town'][index % 3]} and back.`;
    await writeFile(at('text.txt'), Array.from({ length: 60 }, (_, index) => line(index)).join('\n'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('rnn train ends with it, rnn train --resume repeats it, and rnn info shows it', async () => {
    const train = [
      'train',
      at('text.txt'),
      '--out',
      at('run'),
      '--max-steps',
      '40',
      '--evaluate-every',
      '10',
      '--hidden',
      '8',
      '--threads',
      '1',
    ];
    const trained = await rnn(train);
    expect(trained.code).toBe(0);
    const lines = trained.stderr.split('\n');
    const shown = lines.slice(lines.findIndex((line) => line.startsWith('best validation loss'))).slice(0, 3);
    expect(shown).toEqual([
      expect.stringMatching(
        /^best validation loss \d\.\d{3} nats, \d\.\d{3} bpc at step 40, epoch .*, 100 % of the run$/,
      ),
      expect.stringMatching(/^the model underfitted: .* \(gap to the training loss .*\)$/),
      'to lower the validation loss, try --max-steps 80 or --hidden 16',
    ]);
    expect(trained.stderr).toContain(
      `saved in ${at('run')}. To sample from its checkpoint with the best validation loss:\n  rnn sample ${at('run')}\n`,
    );
    expect((await rnn([...train, '--resume'])).stderr).toContain(shown.join('\n'));

    const { stdout } = await rnn(['info', at('run')]);
    expect(stdout.replace(/\n {2,}/g, ' ').replace(/ {2,}/g, ' ')).toContain(`verdict ${shown.join(' ')}`);
    const end = (await rnn([...train, '--resume', '--json'])).stdout;
    const info = JSON.parse((await rnn(['info', at('run'), '--json'])).stdout) as { verdict: Verdict };
    expect(info.verdict).toEqual((JSON.parse(end) as { verdict: Verdict }).verdict);
  });

  it('rnn info has no verdict for a checkpoint outside a run', async () => {
    await rnn(['train', at('text.txt'), '--out', at('other'), '--max-steps', '2', '--threads', '1']);
    await rm(at('other/log.jsonl'));
    expect((await rnn(['info', at('other')])).stdout).not.toMatch(/^verdict/m);
  });
});
