import { expect, it } from 'vitest';
import { Corpus, exportFormats, exportModel, importModel, untrainedModel } from '../../src/index.ts';
import { verse } from './fixture.ts';

const corpus = await Corpus.fromText(verse);
const trained = untrainedModel(corpus, { cell: 'lstm', skip: 'none', hidden: 7 });

it('a model goes to PyTorch and comes back to the last bit, with its vocabulary', () => {
  const back = importModel(exportModel(trained, 'safetensors'));
  expect(back.tensors).toEqual(trained.tensors);
  expect(back.vocabulary).toEqual(trained.vocabulary);
  expect(back.optimizer).toBeNull();
});

it('a file is read as the weights of another model where that is asked for', () => {
  const file = exportModel(trained, 'safetensors');
  const { model, vocabulary } = importModel(file, { like: trained });
  expect({ model, vocabulary }).toEqual({ model: trained.model, vocabulary: trained.vocabulary });
});

it('every format that is listed can be written, and another one is refused by name', () => {
  for (const { name } of exportFormats) expect(exportModel(trained, name).length).toBeGreaterThan(1000);
  expect(() => exportModel(trained, 'pickle')).toThrow("there is no format 'pickle'");
});
