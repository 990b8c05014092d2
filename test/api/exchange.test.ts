import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  Corpus,
  describeCheckpoint,
  exportFormats,
  exportModel,
  importModel,
  importRun,
  untrainedModel,
} from '../../src/index.ts';
import { newFolder, verse } from './fixture.ts';

const corpus = await Corpus.fromText(verse);
const trained = untrainedModel(corpus, { hidden: 7 });

it('a model is exported to PyTorch and imported with the same bits and vocabulary', () => {
  const back = importModel(exportModel(trained, 'safetensors'));
  expect(back.tensors).toEqual(trained.tensors);
  expect(back.vocabulary).toEqual(trained.vocabulary);
  expect(back.optimizer).toBeNull();
});

it('a file is read as the weights of another model on request', () => {
  const file = exportModel(trained, 'safetensors');
  const { model, vocabulary } = importModel(file, { like: trained });
  expect({ model, vocabulary }).toEqual({ model: trained.model, vocabulary: trained.vocabulary });
});

it('a file becomes a run folder, whose checkpoint can be described', async () => {
  const [file, out] = [join(newFolder(), 'back.safetensors'), join(newFolder(), 'run')];
  writeFileSync(file, exportModel(trained, 'safetensors'));
  expect(await importRun(file, { out })).toMatchObject({ path: out, checkpoint: { model: trained.model } });
  const { info, background } = await describeCheckpoint(out);
  expect(info).toMatchObject({ event: 'info', model: trained.model, optimizer: null, verdict: null });
  expect(background.trainedMs).toBeNull();
  await expect(importRun(file, { out })).rejects.toMatchObject({ kind: 'usage' });
  await expect(importRun(file, { to: out } as object)).rejects.toThrow('option not found: to');
});

it('every listed format can be written, and an unknown format is refused by name', () => {
  for (const { name } of exportFormats) expect(exportModel(trained, name).length).toBeGreaterThan(1000);
  const half = exportModel(trained, 'html', { precision: 'float16', title: 'A & b' });
  expect(Buffer.from(half).toString()).toContain('<title>A &amp; b</title>');
  expect(() => exportModel(trained, 'html', { precision: 'half' } as object)).toThrow('precision is "half"');
  expect(() => exportModel(trained, 'html', { name: 'x' } as object)).toThrow('option not found: name');
  expect(() => exportModel(trained, 'pickle')).toThrow("format is 'pickle'");
});
