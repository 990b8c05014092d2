// New runs from the weights of old runs: --init-from.
import { expect, test } from 'vitest';
import { parameterVector, tensorsOf } from '../../src/runs/store.ts';
import { characterVocabulary } from '../../src/corpus/vocabulary.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import { initialParameters, parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';
import { openSampler } from '../../src/sampling/sample.ts';
import { transferParameters, withSizesOf } from '../../src/training/transfer.ts';
import { corpusOf, train, verses } from './fixture.ts';

test.each([{ embedding: 0 }, { embedding: 5 }, { cell: 'gru', layers: 2, hidden: 28 }])(
  'a model %o with new characters predicts the old ones as before',
  async (given) => {
    const { folder } = await train(verses, { maxSteps: 150, ...given });
    const { checkpoint: old } = await folder.readNewestState();
    // In the last case there are as many hidden units as tokens. Axes are distinguished by their
    // meaning, not by their length.
    const vocabulary = characterVocabulary([...old.vocabulary.symbols, ...'#A~é'], false);
    const model = { ...old.model, vocabulary: vocabulary.size };
    const weights = transferParameters(old, model, vocabulary, initialParameters(model, new Random(1)));
    const device = await openCpu({ threads: 1 });
    const text = async (
      model: typeof old.model,
      symbols: typeof vocabulary.data,
      parameters: Float32Array,
      bias: number,
    ): Promise<string> => {
      // New tokens are never sampled, so that the texts can be compared.
      const biased = parameters.slice();
      for (const [id, symbol] of symbols.symbols.entries())
        if ('#A~é'.includes(symbol)) biased[biased.length - symbols.symbols.length + id] = bias;
      const sampler = await openSampler(
        { ...old, model, vocabulary: symbols, tensors: tensorsLike(model, biased) },
        device,
      );
      let all = '';
      for await (const piece of sampler.text({
        prime: 'the fox ',
        length: 60,
        stop: null,
        seed: 1,
        options: { temperature: 0 },
      }))
        all += piece;
      await sampler.close();
      return all;
    };
    expect(await text(model, vocabulary.data, weights, -1e3)).toBe(
      await text(old.model, old.vocabulary, parameterVector(old), 0),
    );
  },
);

test('a run that starts from weights starts with their loss, on a text with new characters', async () => {
  const { folder } = await train(verses, { maxSteps: 200 });
  const { checkpoint: initialModel } = await folder.readNewestState();
  const marked = (text: string): string => text.replaceAll('fox', 'FOX');
  const verse = 'the quick brown fox jumps over the lazy dog; the dog sleeps and the fox is gone. ';
  const corpus = corpusOf(marked(verse.repeat(20)), marked(verse.repeat(2)));
  const fresh = await train(
    {
      ...corpus,
      vocabulary: characterVocabulary([...initialModel.vocabulary.symbols, ...'FOX'], false),
      ...encoded(corpus, initialModel.vocabulary.symbols),
    },
    { maxSteps: 30 },
    { initialModel },
  );
  const none = await train(corpus, { maxSteps: 30 });
  const lossOf = (events: typeof none.events): number =>
    (events.at(-1) as { bestValidationLossNats: number }).bestValidationLossNats;
  expect(lossOf(fresh.events)).toBeLessThan(0.6 * lossOf(none.events));
});

test('a run has the sizes of its initial weights, and other sizes are refused', () => {
  const model = { cell: 'gru', layers: 2, hidden: 16, embedding: 0 } as never;
  expect(withSizesOf({ model }, { dropout: 0.5, hidden: 16 })).toMatchObject({
    dropout: 0.5,
    cell: 'gru',
    layers: 2,
    hidden: 16,
    embedding: 0,
    tied: false,
  });
  expect(() => withSizesOf({ model }, { hidden: 32 })).toThrow(
    expect.objectContaining({
      kind: 'usage',
      message: 'cannot use --hidden 32 with --init-from: its model has --hidden 16',
      hint: expect.any(String),
    }),
  );
});

function encoded(
  corpus: ReturnType<typeof corpusOf>,
  symbols: readonly string[],
): { train: Uint8Array; validation: Uint8Array } {
  const vocabulary = characterVocabulary([...symbols, ...'FOX'], false);
  const again = (ids: Iterable<number>): Uint8Array =>
    Uint8Array.from(vocabulary.encode(corpus.vocabulary.decode(ids)));
  return { train: again(corpus.train), validation: again(corpus.validation) };
}

function tensorsLike(model: Parameters<typeof parameterShapes>[0], vector: Float32Array): ReturnType<typeof tensorsOf> {
  return tensorsOf(parameterShapes(model), vector);
}
