// Texts as users have them, from training to the commands that read with the model: the real
// program, in this process.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { alterParsed, temporaryFolder } from '../runs/fixture.ts';
import { type Ran, rnn } from './helpers.ts';

const sizes = '--hidden 8 --batch-size 4 --sequence-length 8 --threads 1 --device cpu'.split(' ');
const lines = 'the quick brown fox jumps over the lazy dog\n'.repeat(20);

let folder: string;
beforeEach(() => (folder = temporaryFolder()));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const train = (text: string, out: string, ...more: string[]): Promise<Ran> =>
  rnn(['train', text, '--out', join(folder, out), ...sizes, '--max-steps', '6', ...more]);
const resume = (text: string, out: string, ...more: string[]): Promise<Ran> =>
  rnn(['train', text, '--out', join(folder, out), '--resume', ...more]);
const latest = (out: string) => JSON.parse(readFileSync(join(folder, out, 'latest.json'), 'utf8'));

describe('a text with CRLF line endings', () => {
  it('is read as LF with a note, and by all later commands', async () => {
    const text = file('crlf.txt', lines.replaceAll('\n', '\r\n'));
    const trained = await train(text, 'run');
    expect(trained.stderr).toContain(
      `${text} has CRLF or CR line endings, which rnn reads as LF (use --keep-line-ends to keep them)\n`,
    );
    expect(latest('run')).toMatchObject({
      vocabulary: { symbols: expect.not.arrayContaining(['\r']) },
      training: { reading: { keepLineEnds: false } },
    });
    expect((await resume(text, 'run', '--max-steps', '8')).code).toBe(0);
    const scored = await rnn(['eval', text, '--checkpoint', join(folder, 'run'), '--part', 'validation', '--json']);
    expect(scored).toMatchObject({ code: 0, stderr: '' });
    expect(
      (await rnn(['sample', '--checkpoint', join(folder, 'run'), '--prime', 'dog\r\n', '--length', '5'])).code,
    ).toBe(0);
    expect((await resume(text, 'run', '--keep-line-ends')).stderr).toContain('cannot change --keep-line-ends in a run');
  });

  it('is read unchanged by a run of an older version, to the same weights', async () => {
    const text = file('crlf.txt', lines.replaceAll('\n', '\r\n'));
    for (const out of ['newer', 'older']) await train(text, out, '--keep-line-ends');
    alterParsed(join(folder, 'older', 'latest.json'), ({ training: { reading } }) => {
      delete reading.encoding;
      delete reading.keepLineEnds;
    });
    for (const out of ['newer', 'older']) {
      const { code, stderr } = await resume(text, out, '--max-steps', '9');
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('line endings') as string });
    }
    expect(latest('older')).toMatchObject({
      vocabulary: { symbols: expect.arrayContaining(['\r']) },
      training: { step: 9 },
    });
    expect(latest('older').tensors).toEqual(latest('newer').tensors);
  });
});

describe('a text in another encoding', () => {
  const accented = Buffer.from(lines.replaceAll('fox', 'f\xf4x'), 'latin1');

  it('is read by --encoding, and by all later commands', async () => {
    const text = file('latin1.txt', accented);
    expect((await train(text, 'run')).stderr).toContain('hint: use --encoding windows-1252 if this is correct:');
    expect((await train(text, 'run', '--encoding', 'windows-1252')).code).toBe(0);
    expect((await resume(text, 'run', '--max-steps', '8')).code).toBe(0);
    const run = ['--checkpoint', join(folder, 'run')];
    expect(await rnn(['eval', text, ...run, '--part', 'train', '--json'])).toMatchObject({ code: 0, stderr: '' });
    const prime = file('prime.txt', Buffer.from('f\xf4x', 'latin1'));
    expect((await rnn(['sample', ...run, '--prime-file', prime, '--length', '1'])).stdout).toMatch(/^fôx/);
    const utf8 = file('utf8.txt', accented.toString('latin1'));
    expect((await rnn(['eval', utf8, ...run])).stderr).toContain('never seen');
    for (const command of [['eval'], ['inspect'], ['gradients', '--steps', '5']])
      expect(await rnn([...command, utf8, ...run, '--encoding', 'utf-8', '--json'])).toMatchObject({ code: 0 });
  });
});

describe('characters that a run does not know', () => {
  it('are added by the command that rnn train --resume names', async () => {
    const text = file('text.txt', lines);
    await train(text, 'run', '--validation-fraction', '0.2');
    writeFileSync(text, `${lines}ünd\n`);
    const { code, stderr } = await resume(text, 'run', '--accept-new-corpus', '--max-steps', '8');
    expect(code).toBe(3);
    const command = /^hint: run rnn (.*) to start from the weights of this run and learn them$/m.exec(stderr)?.[1];
    expect(command).toBe(
      `train ${text} --init-from ${join(folder, 'run')} --out ${join(folder, 'run')}-2 --validation-fraction 0.2`,
    );
    expect((await rnn([...command!.split(' '), '--max-steps', '2', '--device', 'cpu', '--threads', '1'])).code).toBe(0);
    expect(latest('run-2').vocabulary.symbols).toContain('ü');
  });

  it('only in the validation text are not learnt, and reported once', async () => {
    const text = file('text.txt', lines);
    const options = ['--validation-file', file('other.txt', 'the ünd\n')];
    const { code, stderr } = await train(text, 'run', ...options);
    expect({ code, notes: stderr.match(/cannot learn them: U\+00FC ü/g)?.length }).toEqual({
      code: 0,
      notes: 1,
    });
    expect((await resume(text, 'run', '--max-steps', '8')).stderr).not.toContain('only in the text');
  });
});

describe.skipIf(process.platform === 'win32')('a file without end', () => {
  it('is refused as a configuration and as a prompt', async () => {
    const text = file('text.txt', lines);
    const { code, stderr } = await rnn(['train', text, '--config', '/dev/zero']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('cannot read --config /dev/zero: it has more than 32 MB') as string,
    });
    await train(text, 'run');
    const primed = await rnn(['sample', '--checkpoint', join(folder, 'run'), '--prime-file', '/dev/zero']);
    expect(primed).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('cannot read --prime-file /dev/zero: it has more than 64 MB') as string,
    });
  });
});

it('control characters of a name are escaped in notes', async () => {
  const text = file('red\u001b[31m.txt', lines.replaceAll('\n', '\r\n'));
  const { stderr } = await train(text, 'bell\u0007');
  expect(stderr).toContain('red␛[31m.txt has CRLF');
  expect(stderr).toContain('bell␇. To sample from it');
  for (const control of ['\u0007', '\u001b[31m']) expect(stderr).not.toContain(control);
});
