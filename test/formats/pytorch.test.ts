// Exported models in PyTorch, and models imported from it: the same logits, with the unchanged
// docs/rnn_model.py.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tensor, TrainedModel } from '../../src/runs/store.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import { readTrained, safetensors } from '../../src/formats/trained.ts';
import { readThrough } from '../../src/evaluation/evaluate.ts';
import { Random } from '../../src/random.ts';
import { byteVocabulary } from '../../src/corpus/vocabulary.ts';
import { cyclic } from '../sampling/fixture.ts';
import { allCells, cellNamed } from '../../src/model/cells/registry.ts';
import { activationName } from '../../src/model/layer.ts';
import { randomModel, symbols } from './models.ts';
import { python, runPython, whyNoPython } from './python.ts';

/**
 * For logits up to 7. Exported models are computed in float32, whose sums PyTorch adds in another
 * order than our float64 loops: the largest observed difference is 5e-6. Changed models are computed
 * in float64, so that only the rounding of the results is left.
 */
const TOLERANCE = 1e-5;
const CHARACTERS = 300;
const docs = resolve(import.meta.dirname, '../../docs');

/** Cells that are a module of PyTorch in a plain network. An irnn is an rnn-relu. */
const modules = ['lstm', 'gru', 'rnn', 'rnn-relu'];
const plain = modules.flatMap((cell) =>
  [1, 2, 3].flatMap((layers) => [0, 9].map((embedding) => ({ cell, layers, embedding }))),
);
const stepped = allCells
  .filter(({ name }) => !modules.includes(name))
  .map(({ name }) => ({ cell: name, layers: 2, embedding: 0 }));
const others = [
  { cell: 'lstm', layers: 2, embedding: 24, tied: true },
  { cell: 'gru', layers: 1, embedding: 9, tied: true },
  { cell: 'lstm', layers: 3, embedding: 0, skip: 'input' },
  { cell: 'gru', layers: 2, embedding: 0, stacking: 'residual' },
  { cell: 'gru', layers: 3, embedding: 9, tied: true, skip: 'both', stacking: 'highway', learnedState: true },
  { cell: 'rnn', layers: 1, embedding: 0, learnedState: true },
  { cell: 'lstm', layers: 2, embedding: 9, skip: 'both', stacking: 'residual', layerNorm: true, timeSkip: 4 },
  { cell: 'lstm', layers: 1, embedding: 24, skip: 'output', tied: true },
  // The embedding is as wide as both layers together.
  { cell: 'mlstm', layers: 2, embedding: 48, skip: 'output', tied: true },
] as const;
/** Every connection. Layer normalisation is for lstm alone. */
const connected = allCells.map(
  ({ name }) =>
    ({
      cell: name,
      layers: 3,
      embedding: 9,
      tied: true,
      skip: 'both',
      stacking: 'highway',
      timeSkip: 3,
      learnedState: true,
      layerNorm: name === 'lstm',
    }) as const,
);
/**
 * An identity matrix keeps every state for good, and gains of 1 make a network with layer
 * normalisation chaotic. With random weights, float32 would then not be exact to 1e-5.
 */
const damped = ({ name, data }: Tensor): void => {
  const factor = name.endsWith('.Wh') ? 0.3 : name.endsWith('.gh') ? 0.5 : 1;
  data.forEach((value, at) => (data[at] = factor * value));
};
const cases = [...plain, ...stepped, ...others, ...connected].map((model) => ({
  name: Object.values(model).join('-'),
  trained: randomModel({ ...model, hidden: 24 }),
}));
for (const { trained } of cases)
  if (trained.model.cell === 'irnn' || trained.model.layerNorm === true) trained.tensors.forEach(damped);
const random = new Random(3);
const ids = Uint8Array.from({ length: CHARACTERS + 1 }, () => Math.floor(random.uniform() * symbols.length));

type Weights = Pick<TrainedModel, 'model' | 'tensors'>;
const reading = { streams: 1, sequenceLength: 50 };

/** Our logits (T, V) of all characters but the last. */
async function logitsOf(trained: Weights): Promise<Float32Array> {
  const V = trained.model.vocabulary;
  const all = new Float32Array(CHARACTERS * V);
  await readThrough(trained, ids, openReference(), {
    ...reading,
    outputs: 'logits',
    visit: ({ logits }, row, at) => all.set(logits.subarray(row * V, (row + 1) * V), at * V),
  });
  return all;
}

/** Our states after the last character that is read, in PyTorch's order: h of all layers, then c. */
async function statesOf(trained: Weights): Promise<Float32Array> {
  const { layers, hidden: H, cell } = trained.model;
  const names = cellNamed(cell).states.flatMap((state) =>
    Array.from({ length: layers }, (_, layer) => activationName(layer, state)),
  );
  const all = new Float32Array(names.length * H);
  await readThrough(trained, ids, openReference(), {
    ...reading,
    outputs: 'activations',
    visit: (outputs, row) =>
      names.forEach((name, index) => all.set(outputs[name].subarray(row * H, (row + 1) * H), index * H)),
  });
  return all;
}

/** The programs in docs/pytorch.md. */
async function shownInDocs(): Promise<string[]> {
  return [...(await readFile(join(docs, 'pytorch.md'), 'utf8')).matchAll(/^```python\n([\s\S]*?)^```/gm)].map(
    ([, program]) => program,
  );
}

function largestDifference(got: Float32Array, expected: Float32Array): number {
  return got.length === expected.length
    ? got.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at])), 0)
    : Infinity;
}

describe.skipIf(python === null)(`PyTorch${whyNoPython}`, () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const theirs = async (name: string): Promise<Float32Array> =>
    new Float32Array(Uint8Array.from(await readFile(at(name))).buffer);
  const back = async (name: string): Promise<TrainedModel> => readTrained(await readFile(at(name)), name, null);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rnn-pytorch-'));
    for (const { name, trained } of cases) await writeFile(at(`${name}.safetensors`), safetensors.write(trained));
    await writeFile(at('sonnets.safetensors'), safetensors.write(cases[0].trained));
    const page = await shownInDocs();
    await writeFile(
      at('cases.json'),
      JSON.stringify({
        ids: [...ids.subarray(0, CHARACTERS)],
        names: cases.map(({ name }) => name),
        page: page.join('\n'),
      }),
    );
    await runPython([resolve(import.meta.dirname, 'logits.py'), folder]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('runs the examples of docs/pytorch.md', async () => {
    expect(JSON.parse(await readFile(at('page.json'), 'utf8'))).toEqual({
      shape: ['Shall I compare'.length, 1, symbols.length],
      refusal: expect.stringContaining("the model has never seen ['#', '0']") as string,
    });
    expect((await back('sonnets.safetensors')).tensors).toEqual(
      (await back(`${cases[0].name}.same.safetensors`)).tensors,
    );
  });

  it('samples a text, and one record up to its end token', async () => {
    const program = [
      'import json, sys',
      'from rnn_model import load_model, sample',
      'texts = []',
      'for name, requests in json.loads(sys.argv[1]):',
      '  model, metadata = load_model(name)',
      '  vocabulary = json.loads(metadata["vocabulary"])',
      '  texts.append([sample(model.eval(), vocabulary, *each) for each in requests])',
      'print(json.dumps(texts))',
    ].join('\n');
    const certain = 200;
    const requests = [
      [{ unit: 'char', symbols: ['a', 'b', '<end>'], unknown: null, end: 2 }, [[], ['b'], ['a', 9, 0], ['', 1]]],
      [
        { unit: 'char', symbols: ['\n', 'a', 'b'], unknown: null },
        [
          ['', 7],
          ['a', 2],
        ],
      ],
      [byteVocabulary().data, [['A', 2]]],
    ] as const;
    const asked = requests.map(([vocabulary, given], index) => {
      const name = at(`sampled-${index}.safetensors`);
      writeFileSync(name, safetensors.write(cyclic(vocabulary, certain)));
      return [name, given];
    });
    expect(JSON.parse(await runPython(['-c', program, JSON.stringify(asked)]))).toEqual([
      ['ab', '', 'b', 'a'],
      ['ab\nab\na', 'b\n'],
      ['BC'],
    ]);
  });

  it.each(cases)('has the logits of an exported model: $name', async ({ name, trained }) => {
    expect(largestDifference(await logitsOf(trained), await theirs(`${name}.exported`))).toBeLessThan(TOLERANCE);
  });

  it.each(cases)('returns an untrained model with the same bits: $name', async ({ name, trained }) => {
    const { model, vocabulary, training, tensors } = await back(`${name}.same.safetensors`);
    expect(tensors).toEqual(
      trained.tensors.map(({ data, ...tensor }) => ({ ...tensor, data: Float32Array.from(data) })),
    );
    expect({ model, vocabulary, step: training.step }).toEqual({
      model: trained.model,
      vocabulary: trained.vocabulary,
      step: 30,
    });
  });

  it.each(cases)('sends back a changed model whose logits and states are ours: $name', async ({ name, trained }) => {
    const changed = await back(`${name}.changed.safetensors`);
    const expected = await theirs(`${name}.changed`);
    expect(largestDifference(await logitsOf(changed), expected)).toBeLessThan(TOLERANCE);
    expect(largestDifference(await statesOf(changed), await theirs(`${name}.state`))).toBeLessThan(TOLERANCE);
    expect(largestDifference(await theirs(`${name}.exported`), expected)).toBeGreaterThan(0.01);
    expect(changed.tensors[0].data).not.toEqual(trained.tensors[0].data);
  });
});

it.each(cases)('keeps every bit between export and import: $name', ({ trained }) => {
  expect(readTrained(safetensors.write(trained), 'sent.safetensors', null).tensors).toEqual(
    trained.tensors.map(({ data, ...tensor }) => ({ ...tensor, data: Float32Array.from(data) })),
  );
});
