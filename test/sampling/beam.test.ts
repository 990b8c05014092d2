// Beam search, compared with greedy sampling and with the probabilities of all texts.
import { describe, expect, test } from 'vitest';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import type { TrainedModel } from '../../src/runs/checkpoint.ts';
import { type BeamRequest, type BeamResult, searchBeam } from '../../src/sampling/beam.ts';
import { logSumExp } from '../../src/sampling/likeliest.ts';
import { openSampler } from '../../src/sampling/sample.ts';
import { TextSession } from '../../src/sampling/session.ts';
import { cyclic, untrained } from './fixture.ts';

const letters = characterVocabulary('abcdefg\n', false).data;
const records = characterVocabulary('abc', false, '\n').data; // the end token is \n
/** An untrained model with large weights, whose predictions differ from state to state. */
const wild = (vocabulary = letters, times = 6): TrainedModel =>
  untrained(vocabulary, (_, data) => data.forEach((value, at) => void (data[at] = times * value)), { hidden: 8 });

/** States that move to another row are rounded to float32. */
const ROUNDING = 1e-6;

const search = (model: TrainedModel, request: Partial<BeamRequest> = {}): Promise<BeamResult> =>
  searchBeam(model, openReference(), { prime: 'ab', beam: 4, length: 12, stop: null, ...request });

async function greedy(model: TrainedModel, prime: string, length: number, stop: string | null = null): Promise<string> {
  const sampler = await openSampler(model, openReference());
  let all = '';
  for await (const piece of sampler.text({ prime, length, stop, seed: 1, options: { temperature: 0 } })) all += piece;
  await sampler.close();
  return all;
}

/** The log-probability of a text after a prompt, which is not empty. */
async function logProbability(model: TrainedModel, prime: string, text: string): Promise<number> {
  const session = await TextSession.open(model, openReference());
  await session.read(prime);
  let sum = 0;
  for (const character of text) {
    const logits = await session.logits();
    sum += logits[session.vocabulary.find(character)] - logSumExp(logits);
    await session.read(character);
  }
  await session.close();
  return sum;
}

/** The likeliest text of this length, or that ends before it, by the probabilities of all texts. */
async function exhaustive(model: TrainedModel, prime: string, length: number): Promise<{ text: string; sum: number }> {
  const session = await TextSession.open(model, openReference());
  const { size, end, data } = session.vocabulary;
  let best = { text: '', sum: -Infinity };
  const visit = async (ids: readonly number[], sum: number): Promise<void> => {
    session.reset();
    await session.read(prime);
    for (const id of ids) {
      await session.logits();
      session.push(id);
    }
    const logits = (await session.logits()).slice();
    const total = logSumExp(logits);
    const text = ids.map((id) => data.symbols[id]).join('');
    for (let id = 0; id < size; id++) {
      if (id === end && prime + text === '') continue;
      const each = { text: id === end ? text : text + data.symbols[id], sum: sum + logits[id] - total };
      if (id !== end && ids.length + 1 < length) await visit([...ids, id], each.sum);
      else if (each.sum > best.sum) best = each;
    }
  };
  await visit([], 0);
  await session.close();
  return best;
}

describe('beam search', () => {
  test('with one text is greedy sampling', async () => {
    for (const prime of ['', 'a', 'gfe'])
      expect(await search(wild(), { prime, beam: 1 })).toMatchObject({
        text: await greedy(wild(), prime, 12),
        tokens: 12,
        isCut: true,
      });
    expect((await search(wild(records, 2), { prime: '', beam: 1 })).text).toBe(await greedy(wild(records, 2), '', 12));
    expect((await search(cyclic(letters, 5), { beam: 1, stop: 'ef' })).text).toBe('cdef');
  });

  test('with more texts never finds a less likely text, and sometimes a likelier one', async () => {
    let improved = 0;
    // After bc, the greedy text is not among the two likeliest texts at each step.
    for (const prime of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'bc']) {
      const { logProbability: bound } = await search(wild(), { prime, beam: 1 });
      for (const beam of [2, 3, 8, 50]) {
        const found = await search(wild(), { prime, beam });
        expect(found.logProbability).toBeGreaterThan(bound - ROUNDING);
        expect(await logProbability(wild(), prime, found.text)).toBeCloseTo(found.logProbability, 4);
        if (found.logProbability > bound + ROUNDING) improved++;
      }
    }
    expect(improved).toBeGreaterThan(5);
  });

  test('with enough texts finds the likeliest of all texts', async () => {
    const differsFromGreedy: boolean[] = [];
    for (const [model, prime] of [
      [wild(characterVocabulary('ab\n', false).data), 'a'],
      [wild(characterVocabulary('abc', false).data, 2), 'cb'],
      [wild(characterVocabulary('abcd', false).data, 1), 'b'],
      [wild(records, 1), ''],
      [wild(records, 4), 'b'],
    ] as const) {
      const { text, sum } = await exhaustive(model, prime, 4);
      const found = await search(model, { prime, beam: 256, length: 4 });
      expect(found.text).toBe(text);
      expect(found.logProbability).toBeCloseTo(sum, 4);
      differsFromGreedy.push(text !== (await greedy(model, prime, 4)));
    }
    expect(differsFromGreedy).toContain(true);
  });

  test('ends at the end of a record or at any of several stops, and counts the end token', async () => {
    const found = await search(cyclic(records, 9), { prime: 'a' }); // ids: \n a b c
    expect(found).toMatchObject({ text: 'bc', tokens: 3, isCut: false });
    expect(found.logProbability).toBeCloseTo(3 * Math.log(Math.exp(9) / (Math.exp(9) + 3)), 4);
    expect(await search(cyclic(letters, 9), { stop: ['x', 'ef'] })).toMatchObject({ text: 'cdef', isCut: false });
  });

  test('does not choose an empty record, nor the unknown token', async () => {
    const always = (vocabulary: typeof letters, id: number): TrainedModel =>
      untrained(vocabulary, (name, data) => name === 'head.b' && (data[id] = 30));
    expect((await search(always(records, 0), { prime: '', length: 3 })).text).toHaveLength(1);
    const withUnknown = characterVocabulary('ab', true).data;
    expect((await search(always(withUnknown, 2), { prime: 'a', length: 5 })).text).toMatch(/^[ab]{5}$/);
  });

  test('refuses unknown characters, an empty stop, and weights that are not finite', async () => {
    await expect(search(wild(), { prime: 'z' })).rejects.toMatchObject({ kind: 'corpus' });
    await expect(search(wild(), { stop: '' })).rejects.toMatchObject({ kind: 'usage' });
    const broken = untrained(letters, (name, data) => name === 'head.b' && (data[1] = NaN));
    await expect(search(broken)).rejects.toMatchObject({ kind: 'checkpoint' });
  });
});
