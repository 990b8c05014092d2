// Texts that are read and sampled by turns.
import { describe, expect, test } from 'vitest';
import { byteVocabulary, characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import type { TrainedModel } from '../../src/runs/checkpoint.ts';
import { likeliestTokens } from '../../src/sampling/likeliest.ts';
import { TextSession } from '../../src/sampling/session.ts';
import { cyclic, recording, untrained } from './fixture.ts';

const letters = characterVocabulary('abcdef\n', false).data; // ids: \n a b c d e f
const started = (model: TrainedModel): TrainedModel => ({
  ...model,
  training: { ...model.training, options: { ...model.training.options, textStarts: true } },
});

/** The tokens that the network reads. */
async function fed(model: TrainedModel, use: (session: TextSession) => Promise<void>, midText = false) {
  const { device, steps } = recording(openReference());
  const session = await TextSession.open(model, device, { midText });
  await use(session);
  await session.close();
  return steps.flatMap(({ ids }) => [...ids]);
}

describe('a session feeds the model', () => {
  test('the start token before the first text only, as in training', async () => {
    const inPieces = async (session: TextSession): Promise<void> => {
      await session.read('');
      await session.read('ab');
      await session.read('c');
    };
    expect(await fed(started(cyclic(letters, 1)), inPieces)).toEqual([0, 1, 2, 3]);
    expect(await fed(started(cyclic(letters, 1)), (session) => session.read('\na'))).toEqual([0, 1]);
    expect(await fed(started(cyclic(letters, 1)), inPieces, true)).toEqual([1, 2, 3]);
    expect(await fed(cyclic(letters, 1), inPieces)).toEqual([1, 2, 3]);
  });

  test('the start token for a prediction without a text, and again with the text that follows', async () => {
    const use = async (session: TextSession): Promise<void> => {
      await session.logits();
      await session.logits();
      await session.read('ab');
    };
    expect(await fed(cyclic(letters, 1), use)).toEqual([0, 1, 2]);
    expect(await fed(started(cyclic(letters, 1)), use)).toEqual([0, 0, 1, 2]);
  });

  test('sampled tokens before the next text, and each token once', async () => {
    const use = async (session: TextSession): Promise<void> => {
      await session.read('a');
      session.push(5);
      await session.read('b');
      await session.logits();
      session.push(6);
      session.reset();
      await session.read('c');
    };
    expect(await fed(cyclic(letters, 1), use)).toEqual([1, 5, 2, 3]);
  });
});

test('predictions depend on the text, and not on how it was read', async () => {
  const session = await TextSession.open(untrained(letters, undefined, { layers: 2 }), openReference());
  const after = async (...pieces: readonly string[]): Promise<number[]> => {
    session.reset();
    for (const piece of pieces) await session.read(piece);
    return Array.from(await session.logits());
  };
  const whole = await after('abcabd');
  expect(await after('abc', 'ab', 'd')).toEqual(whole);
  expect(await after('', 'a', '', 'bcabd')).toEqual(whole);
  expect(await after('abcab')).not.toEqual(whole);
  await session.close();
});

test('unknown characters are refused without reading anything, or skipped', async () => {
  const model = untrained(letters);
  const session = await TextSession.open(model, openReference());
  await session.read('ab');
  const before = Array.from(await session.logits());
  await expect(session.read('cxd')).rejects.toMatchObject({ kind: 'corpus' });
  expect(Array.from(await session.logits())).toEqual(before);
  const skipping = await TextSession.open(model, openReference(), { unknown: 'skip' });
  await skipping.read('xaxbx');
  expect(Array.from(await skipping.logits())).toEqual(before);
  await Promise.all([session.close(), skipping.close()]);
});

test('a sampled text of bytes may end at any byte, and the session continues there', async () => {
  const session = await TextSession.open(cyclic(byteVocabulary().data, 9), openReference());
  await session.read(Uint8Array.of(0xff));
  const text = async (length: number): Promise<string> => {
    let all = '';
    for await (const piece of session.sample({ length, stop: null, options: { temperature: 0 } }, 1)) all += piece;
    return all;
  };
  expect([await text(2), await text(3)]).toEqual(['\u0000\u0001', '\u0002\u0003\u0004']);
  await session.close();
});

test('the likeliest tokens are sorted, the lower id first among equals, and their probabilities sum to 1', () => {
  const logits = Float32Array.of(0, 2, -1, 2, 0.5);
  const all = likeliestTokens(logits, Infinity);
  expect(all.map(({ id }) => id)).toEqual([1, 3, 4, 0, 2]);
  expect(all.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
  for (const { probability, nats } of all) expect(Math.exp(-nats)).toBeCloseTo(probability, 12);
  expect(likeliestTokens(logits, 2)).toEqual(all.slice(0, 2));
  expect(() => likeliestTokens(Float32Array.of(0, NaN), 2)).toThrow('token 1 is NaN');
});
