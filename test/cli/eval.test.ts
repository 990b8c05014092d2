import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../src/runs/store.ts';
import { dynamicDefaults } from '../../src/evaluation/dynamic.ts';
import { parts } from '../../src/options/choices.ts';
import { rnn } from './helpers.ts';

const VERSE = 'the quick brown fox jumps over the lazy dog; the dog sleeps and the fox is gone. ';
/**
 * A text with the characters of the verse in another order: hardly any pair of characters is in the
 * verse.
 */
const OTHER = 'zqxj kvbg wfyp ';
const machine = ['--device', 'cpu', '--threads', '1'];
const sizes = [
  '--hidden',
  '16',
  '--batch-size',
  '4',
  '--sequence-length',
  '16',
  '--sample-every',
  '0',
  '--evaluate-every',
  '40',
  '--quiet',
];

let folder: string;
const at = (name: string): string => join(folder, name);
const run = (name: string): string[] => ['--checkpoint', at(name), ...machine];
const evaluated = async (
  argv: readonly string[],
  stdin = '',
): Promise<Record<string, number> & { dynamic: Record<string, number> | null }> =>
  JSON.parse((await rnn(['eval', ...argv, '--json'], { stdin })).stdout) as Record<string, number> & {
    dynamic: Record<string, number> | null;
  };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-eval-'));
  await writeFile(at('verse.txt'), VERSE.repeat(20));
  await writeFile(at('held.txt'), VERSE.repeat(2));
  await writeFile(at('other.txt'), OTHER.repeat(40));
  await writeFile(at('foreign.txt'), `${VERSE}ÄÖ`);
  await writeFile(at('empty.txt'), '');
  await writeFile(at('one.txt'), 't');
  await mkdir(at('texts'));
  await writeFile(at('texts/a.txt'), VERSE.repeat(12));
  await writeFile(at('texts/b.bak'), 'ÄÖÜ');
  const made = await Promise.all([
    rnn(['train', at('verse.txt'), '--out', at('run'), '--max-steps', '80', ...sizes, ...machine]),
    rnn([
      'train',
      at('verse.txt'),
      '--validation-file',
      at('held.txt'),
      '--out',
      at('file'),
      '--max-steps',
      '40',
      '--streams',
      '3',
      ...sizes,
      ...machine,
    ]),
    rnn([
      'train',
      at('verse.txt'),
      '--validation-fraction',
      '0',
      '--out',
      at('whole'),
      '--max-steps',
      '5',
      ...sizes,
      ...machine,
    ]),
    rnn([
      'train',
      at('verse.txt'),
      '--average',
      '0.9',
      '--dropout',
      '0.3',
      '--out',
      at('averaged'),
      '--max-steps',
      '40',
      ...sizes,
      ...machine,
    ]),
    rnn([
      'train',
      at('texts'),
      '--include',
      '*.txt',
      '--out',
      at('texts/run'),
      '--max-steps',
      '40',
      ...sizes,
      ...machine,
    ]),
    rnn(['train', at('verse.txt'), '--level', 'byte', '--out', at('bytes'), '--max-steps', '5', ...sizes, ...machine]),
  ]);
  for (const { code, stderr } of made) if (code !== 0) throw new Error(stderr);
  await writeFile(at('texts/run/notes.txt'), 'Ä: the best so far');
});
afterAll(() => rm(folder, { recursive: true }));

/** The validation loss that the run measured for its best checkpoint. */
async function bestOf(name: string): Promise<number> {
  const { training } = JSON.parse(await readFile(at(`${name}/best.json`), 'utf8')) as {
    training: { bestValidationLossNats: number };
  };
  return training.bestValidationLossNats;
}

describe('rnn eval', () => {
  it.each([
    ['a tenth was held out', 'run', 'verse.txt'],
    ['another file validates', 'file', 'verse.txt'],
    ['weights are averaged, and dropout is off', 'averaged', 'verse.txt'],
    ['some files of a folder are read, and nothing of the run that lies in it', 'texts/run', 'texts'],
    ['bytes are symbols', 'bytes', 'verse.txt'],
  ])('--part validation is the loss of training where %s', async (_, name, text) => {
    const { code, stderr, stdout } = await rnn(['eval', at(text), '--part', 'validation', ...run(name), '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((JSON.parse(stdout) as { nats: number }).nats).toBeCloseTo(await bestOf(name), 6);
  });

  it('shows nats, bits and perplexity of every character but the first', async () => {
    const { code, stdout, stderr } = await rnn(['eval', at('other.txt'), ...run('run')]);
    expect(code).toBe(0);
    expect(stderr.startsWith(`${at('run/best.json')}, one sequence, cpu: `)).toBe(true);
    expect(stderr.endsWith('1 thread\n')).toBe(true);
    const [characters, nats, bits, perplexity] = [...stdout.matchAll(/^\w+ +([\d.,]+)$/gm)].map(([, figure]) =>
      Number(figure.replace(',', '')),
    );
    expect(characters).toBe(OTHER.length * 40 - 1);
    expect(bits).toBeCloseTo(nats / Math.LN2, 3);
    expect(perplexity).toBeCloseTo(Math.exp(nats), 2);
    expect(stdout).toMatch(/^top-1 accuracy +\d+\.\d\d %$/m);
  });

  it.each([
    [
      'of the text of the run names the share and the part to score',
      'run',
      'verse.txt',
      '90 % of this text. Use --part validation',
    ],
    [
      'names another text where nothing else is left',
      'whole',
      'verse.txt',
      '100 % of this text. Use --part validation, or a text that',
    ],
    [
      'of a text with a validation file is about the text alone',
      'file',
      'verse.txt',
      '100 % of this text. Use --part validation, or a text that',
    ],
  ])('the note on the training text %s', async (_, name, text, note) => {
    const { stderr } = await rnn(['eval', at(text), ...run(name)]);
    expect(stderr).toContain(`\nnote: the run was trained on ${note}`);
  });

  it.each([
    ['another text', ['other.txt'], null],
    ['the part that was held out', ['verse.txt', '--part', 'validation'], 0],
    ['the part that was asked for', ['verse.txt', '--part', 'train'], 1],
  ])('there is no note on the training text for %s', async (_, [text, ...flags], trainedShare) => {
    expect((await rnn(['eval', at(text), ...flags, ...run('run')])).stderr).not.toContain('note: ');
    expect(await evaluated([at(text), ...flags, ...run('run')])).toMatchObject({ trainedShare });
  });

  it('--json has the same, unrounded, and the conditions of the measurement', async () => {
    const result = await evaluated([at('verse.txt'), ...run('run'), '--streams', '3']);
    expect(result).toEqual({
      event: 'evaluation',
      characters: VERSE.length * 20 - 1,
      nats: expect.any(Number),
      bits: result.nats / Math.LN2,
      perplexity: Math.exp(result.nats),
      accuracy: expect.any(Number),
      dynamic: null,
      compressors: { gzip: expect.any(Number), brotli: expect.any(Number) },
      ngrams: null,
      checkpoint: at('run/best.json'),
      part: 'all',
      streams: 3,
      trainedShare: 0.9,
    });
  });

  it('parts add up to the whole, whose loss hardly depends on --streams, and not on --sequence-length', async () => {
    const [all, train, validation] = await Promise.all(
      parts.slice(0, 3).map((part) => evaluated([at('verse.txt'), ...run('run'), '--part', part])),
    );
    expect(train.characters + validation.characters).toBe(all.characters - 1);
    const [strict, parallel] = [1, 3].map((streams) =>
      evaluated([at('verse.txt'), ...run('run'), '--streams', `${streams}`]),
    );
    expect((await strict).nats).toBe(all.nats);
    // The text before a chunk is read before the chunk is scored.
    expect(Math.abs((await strict).nats - (await parallel).nats)).toBeLessThan(1e-3);
    expect(
      (await evaluated([at('verse.txt'), ...run('run'), '--streams', '1', '--sequence-length', '5'])).nats,
    ).toBeCloseTo((await strict).nats, 5);
  });

  it('reads standard input, in one chunk if it is short, and never in more chunks than characters', async () => {
    expect(await evaluated(['-', ...run('run')], 'the')).toMatchObject({ characters: 2, streams: 1 });
    expect(await evaluated(['-', ...run('run'), '--streams', '5'], 'the')).toMatchObject({ characters: 2, streams: 2 });
  });

  it('reads a checkpoint that was moved out of its run folder', async () => {
    await copyFile(at('run/best.json'), at('taken.json'));
    expect(await evaluated([at('texts/*.txt'), ...run('taken.json')])).toMatchObject({
      characters: VERSE.length * 12 - 1,
    });
  });

  it('--dynamic shows both losses, and learns repetitions in a text that is unlike the training text', async () => {
    const { nats, dynamic, streams } = await evaluated([at('other.txt'), ...run('run'), '--dynamic']);
    expect(streams).toBe(1);
    expect(dynamic).toEqual({
      nats: expect.any(Number),
      bits: dynamic!.nats / Math.LN2,
      perplexity: Math.exp(dynamic!.nats),
      ...dynamicDefaults,
    });
    expect(dynamic!.nats).toBeLessThan(nats - 0.3);
    const { stdout } = await rnn(['eval', at('other.txt'), ...run('run'), '--dynamic']);
    expect(stdout).toMatch(
      new RegExp(`^ +static +dynamic\ncharacters .*\nnats +${nats.toFixed(4)} +${dynamic!.nats.toFixed(4)}\n`),
    );
    const faster = await evaluated([
      at('other.txt'),
      ...run('run'),
      '--dynamic',
      '--dynamic-lr',
      '0.2',
      '--dynamic-decay',
      '0',
    ]);
    expect(faster.dynamic!.nats).toBeLessThan(dynamic!.nats);
  });

  it('warns if the text differs from the text that the run was validated on', async () => {
    const { code, stderr } = await rnn(['eval', at('other.txt'), '--part', 'validation', ...run('run')]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: the text is not the text of the run, so this is not the part that the run validated on\n/,
    );
    expect((await rnn(['eval', at('other.txt'), ...run('run')])).stderr).not.toContain('warning');
  });

  it.each([
    [['foreign.txt'], 'run', 3, 'the text has characters that the model has never seen: U+00C4 Ä, U+00D6 Ö'],
    [['missing.txt'], 'run', 3, 'missing.txt'],
    [['empty.txt'], 'run', 3, 'the text is empty'],
    [['one.txt'], 'run', 3, 'cannot score a text of one character'],
    [['verse.txt', '--part', 'validation'], 'whole', 3, 'this run has no validation part'],
    [['verse.txt', '--part', 'rest'], 'run', 2, '--part is rest: expected one of all, train, validation, test'],
    [['verse.txt', '--streams', '0'], 'run', 2, '--streams is 0: expected a whole number of at least 1'],
    [['verse.txt', '--dynamic-lr', '1'], 'run', 2, 'cannot use --dynamic-rate without --dynamic'],
    [
      ['verse.txt', '--sequence-length', '100000'],
      'run',
      2,
      '--sequence-length 100000 with --layers 1 is too long to plan',
    ],
    [['verse.txt'], 'none', 4, 'checkpoint not found: '],
  ])('%j under %s ends with %i', async ([text, ...flags], name, code, message) => {
    const ran = await rnn(['eval', at(text), ...flags, ...run(name)]);
    expect(ran.stderr).toContain(message);
    expect(ran.code).toBe(code);
    expect(ran.stdout === '').toBe(code > 0);
  });

  it.each(['run', 'run/best.json'])('explains how to name a run that was given as a text: %s', async (name) => {
    const { code, stderr } = await rnn(['eval', at(name), ...run('run')]);
    expect(code).toBe(3);
    expect(stderr).toContain(`\nhint: name a text, and use --checkpoint ${at('run')} for the run\n`);
  });

  it('a checkpoint without the split of its text has no parts, but can score any text', async () => {
    const checkpoint = await readCheckpoint(at('run/latest.json'));
    await writeCheckpoint(at('bare.json'), {
      ...checkpoint,
      training: { ...checkpoint.training, reading: null, options: {} },
    });
    expect((await evaluated([at('verse.txt'), ...run('bare.json')])).streams).toBe(1);
    const { code, stderr } = await rnn(['eval', at('verse.txt'), '--part', 'train', ...run('bare.json')]);
    expect({ code, stderr }).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('does not say how its run split the text'),
    });
  });

  it('its help lists the parts and the defaults', async () => {
    const stdout = (await rnn(['eval', '--help'])).stdout.replaceAll(/\s+/g, ' ');
    expect(stdout).toContain(`${parts.slice(0, -1).join(', ')} or ${parts.at(-1)} [default: all]`);
    expect(stdout).toMatch(new RegExp(`--dynamic-rate .*\\[default: ${dynamicDefaults.learningRate}\\]`));
    expect(stdout).toMatch(new RegExp(`--dynamic-decay .*\\[default: ${dynamicDefaults.decay}\\]`));
  });
});
