// rnn export --format rnn and html: a model for other people.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../src/runs/store.ts';
import { randomModel } from '../formats/models.ts';
import { rnn } from './helpers.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
const text = 'a text of these letters and of those\n'.repeat(60);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-pass-on-'));
  await writeFile(at('text.txt'), text);
  const size = ['--hidden', '24', '--layers', '1', '--batch-size', '4', '--seq-length', '8'];
  const training = [
    'train',
    at('text.txt'),
    '--out',
    at('run'),
    '--max-steps',
    '12',
    '--device',
    'cpu',
    '--threads',
    '1',
  ];
  await rnn([...training, ...size]);
  await rnn(['export', at('run'), '--format', 'rnn', '--out', at('model.json')]);
});
afterAll(() => rm(folder, { recursive: true }));

describe('rnn export --format rnn', () => {
  it('writes the weights, the vocabulary and the record of training, without the state of training', async () => {
    const [run, model] = [await readCheckpoint(at('run/best.json')), await readCheckpoint(at('model.json'))];
    expect(run.optimizer).not.toBeNull();
    expect(model).toEqual({ ...run, state: [], optimizer: null });
    const sizes = await Promise.all(
      [at('run/best.json'), at('model.json')].map(async (file) => (await stat(file)).size),
    );
    expect(sizes[1] / sizes[0]).toBeLessThan(0.5);
  });

  it('writes a file that samples the same text, and that other commands read', async () => {
    const sample = (model: string): Promise<{ stdout: string }> =>
      rnn(['sample', at(model), '--seed', '4', '--length', '80']);
    expect((await sample('model.json')).stdout).toBe((await sample('run')).stdout);
    for (const words of [
      ['info', at('model.json')],
      ['eval', at('text.txt'), '--checkpoint', at('model.json')],
      ['predict', 'a te', '--checkpoint', at('model.json')],
      ['export', at('model.json'), '--format', 'html', '--out', at('again.html')],
      ['train', at('text.txt'), '--init-from', at('model.json'), '--out', at('tuned'), '--max-steps', '2', '--quiet'],
    ])
      expect(await rnn(words), words.join(' ')).toMatchObject({ code: 0 });
  });
});

describe('rnn export --format html', () => {
  it('writes a page with a title and either precision', async () => {
    const page = async (...more: string[]): Promise<string> => {
      const words = ['export', at('run'), '--out', at('page.html'), '--force', ...more];
      expect((await rnn(words)).code).toBe(0);
      return readFile(at('page.html'), 'utf8');
    };
    const [whole, half] = [await page(), await page('--precision', 'float16', '--title', 'Letters & more')];
    expect(whole).toContain('<h1>A model of text</h1>');
    expect(half).toContain('<h1>Letters &amp; more</h1>');
    expect(half.length).toBeLessThan(whole.length);
  });

  it.each([
    [['--precision', 'float16', '--format', 'onnx'], 'cannot use --precision with the format onnx'],
    [['--title', 'X', '--format', 'rnn'], 'cannot use --title with the format rnn'],
    [['--precision', 'float8'], '--precision is'],
  ])('refuses %j', async (words, message) => {
    const { code, stderr } = await rnn(['export', at('run'), '--out', at('refused'), ...words]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(message) as string });
  });

  it('refuses a model whose weights float16 cannot hold', async () => {
    const model = randomModel({ cell: 'gru' });
    model.tensors[0].data[2] = 1e6;
    await writeCheckpoint(at('large.json'), model);
    expect(await rnn(['export', at('large.json'), '--out', at('x.html'), '--precision', 'float16'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot write the weights as float16: weight 2 is 1000000') as string,
    });
  });
});
