// The test part of a text, from `rnn train --test-fraction` to `rnn eval --part test`: the real
// program, in this process, on small texts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/runs/store.ts';
import { rnn } from './helpers.ts';

const VERSE = 'the quick brown fox jumps over the lazy dog\n';
const machine = '--threads 1 --device cpu'.split(' ');
const sizes = '--hidden 8 --batch-size 4 --sequence-length 8 --max-steps 6 --evaluate-every 3'.split(' ');

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-test-part-'));
  writeFileSync(at('text.txt'), VERSE.repeat(50));
  writeFileSync(at('test.txt'), [...VERSE].toReversed().join('').repeat(5));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const train = (text: string, out: string, ...more: string[]) =>
  rnn(['train', at(text), '--out', at(out), ...(more.includes('--resume') ? [] : sizes), ...machine, ...more]);
const score = async (text: string, ...more: string[]): Promise<Record<string, number>> => {
  const { code, stdout, stderr } = await rnn([
    'eval',
    at(text),
    '--checkpoint',
    at('run'),
    ...machine,
    '--json',
    ...more,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, number>;
};

describe('a test part', () => {
  it('is the end of the text, and is shown with the other parts', async () => {
    const { code, stderr } = await train('text.txt', 'run', '--test-fraction', '0.1');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('(1,760 training, 220 validation, 220 test), ') as string,
    });
    expect((await rnn(['info', at('run')])).stdout).toMatch(
      /^text +2,200 characters: 1,760 training, 220 validation, 220 test$/m,
    );
    const [start] = readFileSync(at('run/log.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(start)).toMatchObject({ corpus: { characters: 2200, train: 1760, validation: 220, test: 220 } });
    writeFileSync(at('end.txt'), VERSE.repeat(5));
    expect((await score('text.txt', '--part', 'test')).nats).toBe((await score('end.txt')).nats);
    const sizesOf = await Promise.all(
      ['all', 'train', 'validation', 'test'].map((part) => score('text.txt', '--part', part)),
    );
    expect(sizesOf.map(({ characters }) => characters)).toEqual([2199, 1759, 219, 219]);
  });

  it('does not influence the trained model', async () => {
    writeFileSync(at('other.txt'), VERSE.repeat(45) + [...VERSE].toReversed().join('').repeat(5));
    const learnt: unknown[] = [];
    for (const text of ['text.txt', 'other.txt']) {
      expect((await train(text, text.slice(0, 4), '--test-fraction', '0.1')).code).toBe(0);
      const { tensors, training } = await readCheckpoint(at(`${text.slice(0, 4)}/best.json`));
      learnt.push([tensors, training.bestValidationLossNats]);
    }
    expect(learnt[0]).toEqual(learnt[1]);
  });

  it('can be a file, which rnn eval finds by its name', async () => {
    const { code, stderr } = await train('text.txt', 'run', '--test-file', at('test.txt'));
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('(1,980 training, 220 validation, 220 test), ') as string,
    });
    expect((await score('text.txt', '--part', 'test')).nats).toBe((await score('test.txt')).nats);
    writeFileSync(at('test.txt'), VERSE);
    const { stderr: warning } = await rnn([
      'eval',
      at('text.txt'),
      '--checkpoint',
      at('run'),
      ...machine,
      '--part',
      'test',
    ]);
    expect(warning).toMatch(
      /^warning: the text is not the text of the run, so this is not the part that the run held out for testing\n/,
    );
  });

  it('is refused where the run has none', async () => {
    await train('text.txt', 'run');
    expect(await rnn(['eval', at('text.txt'), '--checkpoint', at('run'), '--part', 'test'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /^error: cannot score --part test: this run has no test part\nhint: train a run with --test-fraction 0.1/,
      ),
    });
  });

  it('stays the same when the run is resumed', async () => {
    await train('text.txt', 'run', '--test-fraction', '0.1');
    expect(await train('text.txt', 'run', '--resume', '--test-fraction', '0.2')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot change --test-fraction in a run: it is 0.1, and you gave 0.2') as string,
    });
    expect(await train('text.txt', 'run', '--resume', '--test-file', at('test.txt'))).toMatchObject({ code: 2 });
    const { code, stderr } = await train('text.txt', 'run', '--resume', '--max-steps', '9');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(', 220 test), ') as string });
    expect((await score('text.txt', '--part', 'test')).characters).toBe(219);
  });

  it('is refused if its file has changed when the run is resumed', async () => {
    await train('text.txt', 'run', '--test-file', at('test.txt'));
    writeFileSync(at('test.txt'), VERSE);
    expect(await train('text.txt', 'run', '--resume', '--max-steps', '9')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(
        'the text to test on is not the text that this run had: it has 44 characters instead of 220',
      ) as string,
    });
    expect((await train('text.txt', 'run', '--resume', '--max-steps', '9', '--accept-new-corpus')).code).toBe(0);
  });
});
