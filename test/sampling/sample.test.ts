import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/runs/checkpoint.ts';
import { readCheckpoint } from '../../src/runs/read.ts';
import { byteVocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';
import type { Device } from '../../src/devices/device.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import { type SampledTextRequest, openSampler } from '../../src/sampling/sample.ts';
import { corpusOf, train } from '../training/fixture.ts';
import { cyclic, recording, untrained } from './fixture.ts';

/**
 * A model of bytes that predicts each of these after the previous one, the first after the last.
 */
function bytesInTurn(...bytes: readonly number[]): Checkpoint {
  const checkpoint = cyclic(byteVocabulary().data, 1);
  const head = checkpoint.tensors.find(({ name }) => name === 'head.W')!.data;
  for (const [i, from] of bytes.entries()) {
    head.fill(0, from * 256, (from + 1) * 256);
    head[from * 256 + bytes[(i + 1) % bytes.length]] = 1;
  }
  return checkpoint;
}

async function pieces(checkpoint: Checkpoint, request: Partial<SampledTextRequest>, device: Device): Promise<string[]> {
  const sampler = await openSampler(checkpoint, device);
  const all: string[] = [];
  try {
    for await (const piece of sampler.text({ prime: '', length: 40, stop: null, seed: 1, options: {}, ...request }))
      all.push(piece);
  } finally {
    await sampler.close();
  }
  return all;
}

async function write(
  checkpoint: Checkpoint,
  request: Partial<SampledTextRequest> = {},
  device = openReference(),
): Promise<string> {
  return (await pieces(checkpoint, request, device)).join('');
}

async function bytesOf(
  checkpoint: Checkpoint,
  { seed = 1, ...request }: Partial<SampledTextRequest>,
): Promise<number[]> {
  const sampler = await openSampler(checkpoint, openReference());
  const [text] = sampler.bytes({ prime: '', length: 40, stop: null, options: {}, ...request, texts: [{ seed }] });
  const all: number[] = [];
  try {
    for await (const piece of text) all.push(...piece);
  } finally {
    await sampler.close();
  }
  return all;
}

const letters = characterVocabulary('abcdef\n', false).data; // ids: \n a b c d e f

describe('a text from a checkpoint', () => {
  test('continues after its prompt, without repeating it', async () => {
    const greedy = { options: { temperature: 0 }, length: 6 };
    expect(await write(cyclic(letters, 1), { prime: 'ab', ...greedy })).toBe('cdef\na');
    expect(await write(cyclic(letters, 1), { prime: 'b\nd', ...greedy })).toBe('ef\nabc');
  });

  test('reads the start token before its prompt if the model was trained so, except for a prompt from within a text', async () => {
    const fed = async (
      checkpoint: Checkpoint,
      request: Partial<SampledTextRequest>,
    ): Promise<(readonly number[])[]> => {
      const { device, steps } = recording(openReference());
      await write(checkpoint, { length: 1, ...request }, device);
      return steps.map(({ ids }) => ids);
    };
    const before = cyclic(letters, 1);
    const { training } = before;
    const now = { ...before, training: { ...training, options: { ...training.options, textStarts: true } } };
    expect(await fed(now, { prime: 'ab' })).toEqual([[0], [1], [2]]);
    expect(await fed(now, { prime: '\nab' })).toEqual([[0], [1], [2]]);
    expect(await fed(now, { prime: 'ab', midText: true })).toEqual([[1], [2]]);
    expect(await fed(before, { prime: 'ab' })).toEqual([[1], [2]]);
    expect([await fed(now, {}), await fed(before, {})]).toEqual([[[0]], [[0]]]);
  });

  test('without a prompt follows the end of a line, else a space, else the first token', async () => {
    const first = (characters: string): Promise<string> =>
      write(cyclic(characterVocabulary(characters, false).data, 1), { length: 1, options: { temperature: 0 } });
    expect(await first('ab\n c')).toBe(' '); // ids: \n, space, a …
    expect(await first('ab c')).toBe('a');
    expect(await first('cde')).toBe('d');
  });

  test('feeds the model each token of its prompt, then each sampled token, from a zero state', async () => {
    const { device, steps, zeroed } = recording(openReference());
    await write(cyclic(letters, 1), { prime: 'ab', length: 3, options: { temperature: 0 } }, device);
    expect(steps.map(({ ids }) => ids)).toEqual([[1], [2], [3], [4]]); // a b, c d: the sampled e is not an input
    expect(zeroed).toContain(0); // before the first of them
  });

  test('has the requested number of tokens, even 0', async () => {
    for (const length of [0, 1, 7, 300])
      expect([...(await write(untrained(letters), { length }))]).toHaveLength(length);
  });

  test('accepts a prompt and a stop in decomposed characters, if the model has composed ones', async () => {
    const accented = cyclic(characterVocabulary('\nab\u{E9}\u{F4}', false).data, 1);
    const request = { prime: 'be\u{301}', options: { temperature: 0 }, length: 9 };
    expect(await write(accented, { ...request, stop: 'o\u{302}\n' })).toBe('ô\n');
    expect(await write(accented, { ...request, stop: 'e\u{301}' })).toBe('ô\nabé');
  });

  test('ends with the stop, and only there', async () => {
    const greedy = { options: { temperature: 0 }, prime: 'c' };
    expect(await write(cyclic(letters, 1), { ...greedy, stop: 'f\na' })).toBe('def\na');
    expect(await write(cyclic(letters, 1), { ...greedy, stop: 'd' })).toBe('d');
    expect(await write(cyclic(letters, 1), { ...greedy, stop: 'cd', length: 10 })).toBe('def\nabcd'); // the c of the prompt does not count
    expect(await write(cyclic(letters, 1), { ...greedy, stop: 'xyz', length: 10 })).toHaveLength(10);
  });

  test('is the same for the same seed and different for another, on either device', async () => {
    const checkpoint = untrained(letters);
    const text = await write(checkpoint, { seed: 3 });
    expect(await write(checkpoint, { seed: 3 })).toBe(text);
    expect(await write(checkpoint, { seed: 4 })).not.toBe(text);
    expect(await write(checkpoint, { seed: 3 }, await openCpu())).toBe(text);
  });

  test('has the frequencies that the model predicts', async () => {
    // After each token the next one has logit 2 and the six others 0: e² / (e² + 6) of the time.
    const text = await write(cyclic(letters, 2), { length: 4000, prime: 'a' });
    const ids = [...text].map((symbol) => letters.symbols.indexOf(symbol));
    const followed = ids.slice(1).filter((id, i) => id === (ids[i] + 1) % 7).length / (ids.length - 1);
    expect(Math.abs(followed - Math.E ** 2 / (Math.E ** 2 + 6))).toBeLessThan(0.03);
  });

  test('never contains the unknown token, however likely it is', async () => {
    const vocabulary = characterVocabulary('ab', true).data;
    const checkpoint = untrained(vocabulary, (name, data) => name === 'head.b' && (data[vocabulary.unknown!] = 50));
    for (const temperature of [0, 1])
      expect(
        [...new Set(await write(checkpoint, { options: { temperature }, prime: 'a?', length: 200 }))].every((symbol) =>
          'ab'.includes(symbol),
        ),
      ).toBe(true);
  });

  test('of bytes has complete characters, and U+FFFD for a character that is cut off at the end', async () => {
    const checkpoint = bytesInTurn(0x61, 0xe2, 0x82, 0xac); // a€
    const request = { prime: 'a', options: { temperature: 0 } };
    const written = await pieces(checkpoint, { ...request, length: 9 }, openReference());
    expect(written.join('')).toBe('€a€a\u{FFFD}');
    expect(written.every((piece) => piece !== '')).toBe(true);
    expect(await write(checkpoint, { ...request, prime: '€', length: 4, stop: '€' })).toBe('a€');
  });

  test('of bytes is available as the sampled bytes, which need not be text, and accepts any bytes as its prompt', async () => {
    const checkpoint = bytesInTurn(0x61, 0xff, 0x00, 0xe2);
    const request = { prime: Uint8Array.of(0xff), options: { temperature: 0 } };
    expect(await bytesOf(checkpoint, { ...request, length: 6 })).toEqual([0x00, 0xe2, 0x61, 0xff, 0x00, 0xe2]);
    expect(await write(checkpoint, { ...request, length: 3 })).toBe('\u0000\u{FFFD}a');
    expect(await bytesOf(cyclic(letters, 1), { prime: 'a', length: 2, options: { temperature: 0 } })).toEqual([
      0x62, 0x63,
    ]);
  });

  test('of bytes ends right after its stop, a sequence of bytes', async () => {
    const greedy = { prime: 'a', length: 12, options: { temperature: 0 } };
    const broken = bytesInTurn(0x61, 0xe2, 0x62, 0x63); // a, a character that is cut off, b, c
    expect(await write(broken, greedy)).toBe('\u{FFFD}bca\u{FFFD}bca\u{FFFD}bca');
    expect(await write(broken, { ...greedy, stop: 'ca' })).toBe('\u{FFFD}bca');
    expect(await bytesOf(broken, { ...greedy, stop: Uint8Array.of(0x61, 0xe2) })).toEqual([
      0xe2, 0x62, 0x63, 0x61, 0xe2,
    ]);
    expect(await bytesOf(broken, { ...greedy, stop: Uint8Array.of(0x61, 0xe2), keepStop: false })).toEqual([
      0xe2, 0x62, 0x63,
    ]);
  });

  test('accepts a prompt and a stop with composed accents if the model knows decomposed ones, and vice versa', async () => {
    const greedy = { options: { temperature: 0 } };
    const decomposed = cyclic(characterVocabulary('abe\u0301', false).data, 1); // a b e ´
    expect(await write(decomposed, { ...greedy, prime: 'b\u00e9', length: 3 })).toBe('abe');
    expect(await write(decomposed, { ...greedy, prime: 'a', stop: '\u00e9' })).toBe('be\u0301');
    const composed = cyclic(characterVocabulary('ab\u00e9', false).data, 1); // a b é
    expect(await write(composed, { ...greedy, prime: 'be\u0301', length: 2 })).toBe('ab');
  });

  test('refuses an empty stop, and a prompt of bytes that is not text if the model knows characters', async () => {
    await expect(write(untrained(letters), { stop: ['a', ''] })).rejects.toMatchObject({
      kind: 'usage',
      message: 'a stop is empty: expected some text',
    });
    await expect(write(untrained(letters), { prime: Uint8Array.of(0xff) })).rejects.toMatchObject({
      kind: 'corpus',
      message: 'the prompt is not UTF-8: expected text',
    });
  });

  test('continues after a prompt without its unknown characters if asked', async () => {
    const greedy = { options: { temperature: 0 }, length: 3, unknown: 'skip' } as const;
    expect(await write(cyclic(letters, 1), { ...greedy, prime: 'axbz' })).toBe('cde');
    expect(await write(cyclic(letters, 1), { ...greedy, prime: 'xz' })).toBe('abc'); // as without a prompt
  });

  test('refuses a prompt with characters that the model has never seen', async () => {
    await expect(write(untrained(letters), { prime: 'xyz' })).rejects.toMatchObject({
      kind: 'corpus',
      message: expect.stringContaining('never seen') as string,
    });
  });
});

test('a sampler samples texts one after another, each the same as by a new sampler', async () => {
  const checkpoint = untrained(letters);
  const sampler = await openSampler(checkpoint, openReference());
  for (const [prime, seed] of [
    ['ab', 1],
    ['', 2],
    ['ab', 1],
  ] as const) {
    let text = '';
    for await (const piece of sampler.text({ prime, length: 40, stop: null, seed, options: {} })) text += piece;
    expect(text).toBe(await write(checkpoint, { prime, seed }));
  }
  await sampler.close();
});

test('a model that learned "hello hello hello hello" continues with "ello hello" after an h, greedily or at a low temperature', async () => {
  const { folder } = await train(corpusOf('hello hello hello hello', ''), {
    hidden: 32,
    batchSize: 1,
    sequenceLength: 11,
    maxSteps: 200,
  });
  const checkpoint = await readCheckpoint(folder.latestPath);
  expect(await write(checkpoint, { prime: 'h', length: 10, options: { temperature: 0 } })).toBe('ello hello');
  for (const seed of [1, 2, 3])
    expect(
      await write(checkpoint, { prime: 'hello', length: 12, seed, options: { temperature: 0.3 } }, await openCpu()),
    ).toBe(' hello hello');
});
