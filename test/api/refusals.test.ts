// Wrong values that a JavaScript program may pass. Each is refused with its name, its value and the
// expected values, before anything is opened for it.
import { beforeAll, expect, it } from 'vitest';
import * as library from '../../src/index.ts';
import { allOf, small, verse } from './fixture.ts';

/** The package as a program without types sees it. */
// oxlint-disable-next-line typescript/no-explicit-any
const {
  Corpus,
  bench,
  doctor,
  exportModel,
  followRun,
  importModel,
  listRuns,
  loadCheckpoint,
  openModel,
  planTraining,
  readRuns,
  sample,
  saveCheckpoint,
  train,
  untrainedModel,
  writeBuiltin,
} = library as any;
// oxlint-disable-next-line typescript/no-explicit-any
let model: any;
// oxlint-disable-next-line typescript/no-explicit-any
let corpus: any;

beforeAll(async () => {
  corpus = await Corpus.fromText(verse);
  model = await openModel(untrainedModel(corpus, { hidden: 4, layers: 1 }), { device: 'cpu', threads: 1 });
});

const calls: readonly (readonly [what: string, call: () => unknown, message: string])[] = [
  ['a run without a request', () => train(), 'the request is undefined: expected an object'],
  ['a run without a text', () => train({}), 'corpus is undefined: expected a file'],
  ['a text that is a number', () => train({ ...small, corpus: { text: 3 } }), 'text is 3: expected a string or bytes'],
  ['files that are not names', () => train({ ...small, corpus: [1] }), 'corpus is [1]: expected a file'],
  ['an object that is not a signal', () => train({ ...small, signal: {} }), 'signal is {  }: expected an AbortSignal'],
  ['a folder that is a number', () => train({ ...small, out: 3 }), 'out is 3: expected the name of a folder'],
  [
    'an initial model that is not a model',
    () => train({ ...small, initFrom: { a: 1 } }),
    'initFrom is { a }: expected a run folder',
  ],
  ['two lengths of a run', () => train({ ...small, epochs: 1 }), 'cannot use epochs and maxSteps together'],
  [
    'a part to validate on, and another text',
    () => train({ ...small, corpus: 'x', validationFraction: 0.2, validationFile: 'y' }),
    'cannot use validationFraction and validationFile together',
  ],
  [
    'another text for a run that is not resumed',
    () => train({ ...small, acceptNewCorpus: true }),
    'cannot use acceptNewCorpus without resume',
  ],
  ['a number in quotes', () => untrainedModel(corpus, { hidden: '8' }), 'hidden is "8": expected a whole number'],
  ['a misspelt option of a network', () => untrainedModel(corpus, { hiden: 8 }), 'option not found: hiden'],
  [
    'a model in a model',
    () => openModel(model),
    'the model is { trained, path, configuration, vocabulary }: expected a run folder',
  ],
  ['a misspelt checkpoint', () => allOf(sample({ chekpoint: 'x' })), 'option not found: chekpoint'],
  ['a prompt that is not text', () => allOf(model.sample({ prime: 3 })), 'prime is 3: expected a text or bytes'],
  ['a stop that is not text', () => allOf(model.sample({ stop: 3 })), 'stop is 3: expected a text, bytes or a list'],
  ['an end that is empty', () => allOf(model.sample({ stop: '' })), 'a stop is empty: expected some text'],
  ['a list of ends with an empty one', () => allOf(model.sampleMany({ count: 2, stop: ['a', ''] })), 'a stop is empty'],
  [
    'a keepStop that is not true or false',
    () => allOf(model.sample({ keepStop: 'no' })),
    'keepStop is "no": expected true or false',
  ],
  [
    'a whole text of infinite length',
    () => allOf(model.sampleMany({ count: 1, length: Infinity })),
    'length is Infinity: expected at most 536870888 (use sample',
  ],
  ['a temperature in quotes', () => allOf(model.sample({ temperature: '1' })), 'temperature is "1": expected a number'],
  ['symbols by their text', () => allOf(model.sample({ never: 'x' })), 'never is "x": expected a list of ids'],
  ['texts without a number', () => allOf(model.sampleMany({})), 'count is undefined: expected a whole number'],
  ['bytes to score', () => model.evaluate(new Uint8Array(8)), 'text is 8 bytes: expected a string, or a corpus'],
  [
    'an unknown part',
    () => model.evaluate(corpus, { part: 'tests' as never }),
    'part is "tests": expected one of all, train, validation, test',
  ],
  ['a part of a string', () => model.evaluate(verse, { part: 'validation' }), "expected 'all' for a string"],
  ['a misspelt rate', () => model.evaluate(verse, { dynamic: { lr: 1 } }), 'option not found: lr'],
  [
    'a rate below 0',
    () => model.evaluate(verse, { dynamic: { learningRate: -1 } }),
    'learningRate is -1: expected a number above 0',
  ],
  ['no files, to a model', () => model.read(), 'sources is undefined: expected a file'],
  ['no files, to a corpus', () => Corpus.read(), 'sources is undefined: expected a file'],
  ['no text', () => Corpus.fromText(), 'text is undefined: expected a string or bytes'],
  [
    'symbols that are none',
    () => Corpus.fromText(verse, { vocabulary: 'abc' }),
    'vocabulary is "abc": expected the vocabulary',
  ],
  [
    'a text longer than any string',
    () => allOf(model.sampleMany({ count: 1, length: 2 ** 40 })),
    'length is 1099511627776: expected at most',
  ],
  ['a length that is a BigInt', () => allOf(model.sample({ length: 5n })), 'length is 5n: expected a whole number'],
  [
    'a temperature that is a symbol',
    () => allOf(model.sample({ temperature: Symbol('warm') })),
    'temperature is Symbol(warm): expected a number',
  ],
  ['a size that is a BigInt', () => train({ ...small, hidden: 10n }), 'hidden is 10n: expected a whole number'],
  [
    'a size that is a symbol',
    () => untrainedModel(corpus, { hidden: Symbol('x') }),
    'hidden is Symbol(x): expected a whole number',
  ],
  [
    'a size that is an object of no class',
    () => train({ ...small, layers: Object.create(null) }),
    'layers is {  }: expected',
  ],
  [
    'a seed beyond safe integers',
    () => allOf(model.sample({ seed: 2 ** 53 })),
    'seed is 9007199254740992: expected a whole number from 0 to 2^53 − 1',
  ],
  [
    'more texts than there are seeds',
    () => allOf(model.sampleMany({ count: 2, seed: 2 ** 53 - 1 })),
    'seed is 9007199254740991: expected at most 2^53 − 2 for 2 texts',
  ],
  [
    'a seed of a run beyond safe integers',
    () => train({ ...small, seed: 2 ** 53 }),
    'seed is 9007199254740992: expected a whole number from 0 to 2^53 − 1',
  ],
  [
    'a plan of more units than any machine has',
    () => planTraining({ ...small, hidden: 2 ** 31 }),
    'hidden is 2147483648: expected',
  ],
  [
    'a folder with a NUL character',
    () => train({ ...small, out: 'a\0b' }),
    'out is "a\\u0000b": expected the name of a folder',
  ],
  ['a text with a NUL character in its name', () => Corpus.read('a\0b'), 'sources is "a\\u0000b": expected a file'],
  [
    'a file to validate on with one',
    () => Corpus.read('a', { validationFile: 'a\0b' }),
    'validationFile is "a\\u0000b": expected the name',
  ],
  [
    'a checkpoint with one',
    () => loadCheckpoint('a\0b'),
    'the checkpoint is "a\\u0000b": expected a run folder or a file',
  ],
  ['a model with one', () => openModel('a\0b'), 'the model is "a\\u0000b": expected a run folder'],
  [
    'a file to save to that is a number',
    () => saveCheckpoint(3, model.trained),
    'the path is 3: expected the name of a file',
  ],
  ['no checkpoint', () => saveCheckpoint('x.json', {}), 'the checkpoint is {  }: expected a result of loadCheckpoint'],
  ['runs that are a symbol', () => readRuns(Symbol('runs')), 'runs is Symbol(runs): expected a run folder'],
  ['a folder of runs that is a BigInt', () => listRuns(3n), 'the folder is 3n: expected the name of a folder'],
  ['a file that is a text', () => importModel('model'), 'the file is "model": expected bytes'],
  ['a format that is a symbol', () => exportModel(model.trained, Symbol('x')), 'format is Symbol(x)'],
  [
    'a network too large to measure',
    () => bench({ hidden: 2 ** 20, device: 'reference' }),
    'cannot fit this model and batch into memory: about',
  ],
  [
    'more layers than can be measured',
    () => bench({ layers: 2 ** 31 }),
    'layers is 2147483648: expected a whole number from 1 to 1,024',
  ],
  [
    'more steps than can be measured',
    () => bench({ sequenceLength: 2 ** 31, hidden: 2, layers: 1 }),
    'is too long to plan: expected at most 2048',
  ],
  ['a misspelt size', () => bench({ hiden: 3 }), 'option not found: hiden'],
  ['a size that is a text', () => bench({ hidden: 'x' }), 'hidden is "x": expected a whole number'],
  ['no corpus', () => untrainedModel({ train: [1] }), 'the corpus is { train }: expected a result of Corpus.read'],
  [
    'ids in the place of a corpus',
    () => model.evaluate({ vocabulary: corpus.vocabulary, train: [1, 2, 900] }),
    'text is { vocabulary, train }',
  ],
  ['null as options of read', () => model.read('a', null), 'the request is null: expected an object'],
  ['null as options of evaluate', () => model.evaluate(verse, null), 'the request is null: expected an object'],
  ['null as options of gradients', () => model.gradients(verse, null), 'the request is null: expected an object'],
  [
    'null as options of saveCheckpoint',
    () => saveCheckpoint('x.json', model.trained, null),
    'the request is null: expected an object',
  ],
  [
    'an encoding that is a symbol',
    () => model.read('a', { encoding: Symbol('x') }),
    'encoding is Symbol(x): expected the name of an encoding',
  ],
  [
    'a text in quotes to replace a run',
    () => train({ ...small, out: 'x', force: 'false' }),
    'force is "false": expected true or false',
  ],
  ['a number to resume a run', () => train({ ...small, out: 'x', resume: 1 }), 'resume is 1: expected true or false'],
  ['a misspelt text', () => train({ ...small, corpus: { text: verse, nam: 'x' } }), 'option not found: nam'],
  [
    'a name that is a symbol',
    () => train({ ...small, corpus: { text: verse, name: Symbol('x') } }),
    'name is Symbol(x): expected a name',
  ],
  [
    'a number as standard input',
    () => planTraining({ corpus: '-', stdin: 5 }),
    'stdin is 5: expected an async iterable',
  ],
  [
    'a model that is neither best nor latest',
    () => train(small).trained('first'),
    'which is "first": expected one of best, latest',
  ],
  [
    'more seeds than there are',
    () => allOf(model.sampleMany({ count: 3, seed: 2 ** 53 - 1 })),
    'expected at most 2^53 − 3 for 3 texts',
  ],
  [
    'an object without a model to export',
    () => exportModel({}, 'onnx'),
    'the model is {  }: expected a result of loadCheckpoint',
  ],
  [
    'a text as the like model',
    () => importModel(new Uint8Array(8), { like: 'x' }),
    'like is "x": expected a result of loadCheckpoint',
  ],
  ['a misspelt signal', () => allOf(followRun('x', { sginal: 1 })), 'option not found: sginal'],
  ['a number as a signal', () => allOf(followRun('x', { signal: 1 })), 'signal is 1: expected an AbortSignal'],
  [
    'a folder for a built-in corpus that is a number',
    () => writeBuiltin('sonnets', 3),
    'the folder is 3: expected the name of a folder',
  ],
  ['a full that is not true or false', () => allOf(doctor({ full: 'no' })), 'full is "no": expected true or false'],
  ['a misspelt device', () => allOf(doctor({ dev: 'cpu' })), 'option not found: dev'],
];

it.each(calls)('%s is refused', async (_what, call, message) => {
  await expect((async () => call())()).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringContaining(message),
  });
});

/** Results of loadCheckpoint with wrong parts. */
const brokenModels: readonly (readonly [what: string, change: (whole: object) => object, message: string])[] = [
  ['without members', () => ({ model: {}, tensors: [], vocabulary: {}, training: {} }), 'model.cell is missing'],
  [
    'of a thousand million layers',
    (whole) => ({ ...whole, model: { ...model.trained.model, layers: 1e9 } }),
    'model.layers is 1000000000',
  ],
  [
    'with another vocabulary',
    (whole) => ({ ...whole, vocabulary: { unit: 'char', symbols: ['a'], unknown: null } }),
    'has 1 symbols',
  ],
  ['without numbers', (whole) => ({ ...whole, tensors: [{ name: 'x', shape: [2] }] }), '"x" has no Float32Array'],
  [
    'whose numbers do not fill its shape',
    (whole) => ({ ...whole, tensors: [{ name: 'x', shape: [2], data: new Float32Array(3) }] }),
    'has 3 numbers: expected 2 for its shape',
  ],
  [
    'with a BigInt',
    (whole) => ({ ...whole, training: { ...model.trained.training, step: 5n } }),
    'training.step is 5n',
  ],
];

it.each(brokenModels)('a model %s is refused wherever it is used', async (_what, change, message) => {
  const broken = change(model.trained);
  const refused = { kind: 'checkpoint', message: expect.stringContaining(message) };
  await expect(openModel(broken)).rejects.toMatchObject(refused);
  await expect(saveCheckpoint('x.json', { state: [], ...broken })).rejects.toMatchObject(refused);
  expect(() => exportModel(broken, 'safetensors')).toThrow(expect.objectContaining(refused));
  expect(() => train({ ...small, initFrom: broken })).toThrow(expect.objectContaining(refused));
});

it('an option that is undefined counts as omitted', async () => {
  const { training } = await bench({
    hidden: 2,
    layers: undefined,
    batchSize: 2,
    sequenceLength: 2,
    milliseconds: 1,
    threads: 1,
    device: 'cpu',
  });
  expect(training.charactersPerSecond).toBeGreaterThan(0);
});

it('a measure that is undefined has its default', async () => {
  const [given, omitted] = [
    { steps: 3, positions: undefined, jacobians: 0 },
    { steps: 3, jacobians: 0 },
  ];
  expect(await model.gradients(verse, given)).toEqual(await model.gradients(verse, omitted));
  const rates = { learningRate: undefined };
  expect(await model.evaluate(verse, { dynamic: rates })).toEqual(await model.evaluate(verse, { dynamic: {} }));
});

it('an option of a run that is null is chosen, or comes from the preset', async () => {
  const request = { corpus: { text: verse }, preset: 'quick' };
  const nulls = { hidden: null, dropout: null, cell: null, budgetMs: null, momentum: null };
  expect(await planTraining({ ...request, ...nulls })).toEqual(await planTraining(request));
});

it('a closed model does not read files either', async () => {
  const closed = await openModel(model.trained);
  await closed.close();
  await expect(closed.read('a')).rejects.toMatchObject({ kind: 'usage', message: 'cannot use a closed model' });
});

it('pieces of standard input that are neither text nor bytes are refused', async () => {
  const refused = { kind: 'corpus', message: 'standard input gives 5: expected text or bytes' };
  await expect(Corpus.read('-', { stdin: [5] })).rejects.toMatchObject(refused);
});

/** Calls with a value that should be the result of another function of the library. */
const nothingToDraw: readonly (readonly [what: string, draw: (value: unknown) => unknown])[] = [
  ['chartsOf', (value) => library.chartsOf(value as never, { horizontal: 'step' })],
  ['svgOf', (value) => library.svgOf(value as never, 'title')],
  ['terminalCharts', (value) => library.terminalCharts(value as never, {} as never)],
  ['curvesPage', (value) => library.curvesPage(value as never)],
  ['storyPage', (value) => library.storyPage(value as never, [])],
  ['surprisalPage', (value) => library.surprisalPage(value as never)],
  ['unitsPage', (value) => library.unitsPage(value as never)],
  ['gradientCharts', (value) => library.gradientCharts(value as never)],
  ['gradientsPage', (value) => library.gradientsPage(value as never, 'text')],
  ['compressedSizes', (value) => library.compressedSizes(value as never)],
  ['xzSize', (value) => library.xzSize(value as never)],
  ['new Vocabulary', (value) => new library.Vocabulary(value as never)],
  ['encode', (value) => corpus.vocabulary.encode(typeof value === 'string' ? 'unknown: ß' : value)],
  ['new Ngrams', (value) => new library.Ngrams(value as never, 3)],
];

it.each(nothingToDraw)('%s refuses values that it cannot show', async (_name, draw) => {
  for (const value of [undefined, null, 3, 'text', {}, [{}], [null], Symbol('x')])
    await expect((async () => draw(value))()).rejects.toBeInstanceOf(library.RnnError);
});

it('a chart over an unknown axis is refused', () => {
  expect(() => library.chartsOf([], { horizontal: 'steps' as never })).toThrow(
    'horizontal is "steps": expected one of step, epoch',
  );
  expect(() => library.chartsOf([], null as never)).toThrow('the request is null: expected an object');
});

it('a text can be read with the vocabulary of another corpus or of a model', async () => {
  for (const vocabulary of [corpus.vocabulary, model.vocabulary])
    expect((await Corpus.fromText('the fox', { vocabulary })).vocabulary.data).toBe(corpus.vocabulary.data);
});

it('following a run that does not exist is refused, neither ignored nor endless', async () => {
  await expect(allOf(followRun('no-such-run'))).rejects.toMatchObject({
    kind: 'checkpoint',
    message: expect.stringContaining('no-such-run'),
  });
});

it.each([
  ['lr', () => train({ ...small, lr: 0.01 } as never), 'learningRate'],
  ['seqLength', () => train({ ...small, seqLength: 8 } as never), 'sequenceLength'],
  ['valFraction', () => train({ ...small, valFraction: 0 } as never), 'validationFraction'],
  ['embed-dropout', () => train({ ...small, 'embed-dropout': 0 } as never), 'embeddingDropout'],
  ['temp', () => allOf(model.sample({ temp: 1 } as never)), 'temperature'],
  ['num', () => allOf(model.sampleMany({ num: 2 } as never)), 'count'],
  ['batch_size', () => bench({ batch_size: 3 } as never), 'batchSize'],
])('%s, the name of a flag or in another program, suggests the right option', async (name, call, meant) => {
  await expect((async () => call())()).rejects.toMatchObject({
    message: `option not found: ${name}`,
    hint: `did you mean ${meant}?`,
  });
});
