// Checkpoints with a correct checksum and wrong contents.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readCheckpoint } from '../../src/runs/store.ts';
import { alter, alterParsed, failure, temporaryFolder, written } from './fixture.ts';

/** Seconds on an idle machine. No test here depends on the time it takes. */
const slowMachineMs = 120_000;

const base64 = (...numbers: number[]) => Buffer.from(Float32Array.from(numbers).buffer).toString('base64');

describe('reading a checkpoint with a correct checksum and wrong contents', () => {
  const altered: [string, (file: any) => unknown, string][] = [
    ['NaN in a weight', (file) => (file.tensors[2].data = base64(NaN)), 'tensor "scale" holds NaN at index 0 of 1'],
    [
      'an infinity in a weight',
      (file) => (file.state[0].data = base64(1, 2, 3, -Infinity, 5, 6)),
      'tensor "layer0.h" holds -Infinity at index 3 of 6',
    ],
    [
      'NaN in the optimizer',
      (file) => (file.optimizer.tensors = [{ name: 'm', shape: [1], dtype: 'float32', data: base64(NaN) }]),
      'tensor "m" holds NaN',
    ],
    [
      'data shorter than the shape',
      (file) => (file.tensors[0].data = base64(1, 2)),
      'tensor "layer0.Wx" is shorter than its shape says',
    ],
    [
      'data longer than the shape',
      (file) => (file.tensors[1].shape = [12]),
      'tensor "layer0.bias" is longer than its shape says',
    ],
    [
      'a shape larger than the file',
      (file) => (file.tensors[0].shape = [30_000, 30_000]),
      'tensor "layer0.Wx" is shorter than its shape says',
    ],
    [
      'a shape whose product is not a number',
      (file) => (file.tensors[0].shape = Array(8).fill(2 ** 31 - 1)),
      'is shorter than its shape says',
    ],
    [
      'a dimension of zero',
      (file) => (file.tensors[0].shape = [0]),
      'tensors[0].shape is [0]: expected a list of at most 8 whole numbers from 1',
    ],
    ['a negative dimension', (file) => (file.tensors[0].shape = [-8, -12]), 'tensors[0].shape is [-8,-12]'],
    ['too many dimensions', (file) => (file.tensors[0].shape = Array(9).fill(1)), 'tensors[0].shape is'],
    [
      'numbers of another type',
      (file) => (file.tensors[0].dtype = 'float16'),
      'tensors[0].dtype is "float16": expected "float32"',
    ],
    [
      'a character that is not base64',
      (file) => (file.tensors[0].data = `${file.tensors[0].data.slice(0, 5)}*${file.tensors[0].data.slice(6)}`),
      'tensor "layer0.Wx" is not base64',
    ],
    ['white space in base64', (file) => (file.tensors[0].data = ` ${file.tensors[0].data.slice(1)}`), 'is not base64'],
    ['URL-safe base64', (file) => (file.tensors[0].data = `-_${file.tensors[0].data.slice(2)}`), 'is not base64'],
    [
      'padding in the middle',
      (file) => (file.tensors[0].data = `AA==${file.tensors[0].data.slice(4)}`),
      'is not base64',
    ],
    ['padding that is missing', (file) => (file.tensors[2].data = 'AAAAAAAA'), 'tensor "scale" is not base64'],
    [
      'data that is not a text',
      (file) => (file.tensors[0].data = [1, 2]),
      'tensor "layer0.Wx" has the data [1,2]: expected base64',
    ],
    ['no data', (file) => delete file.tensors[0].data, 'tensor "layer0.Wx" has the data undefined: expected base64'],
    ['no shape', (file) => delete file.tensors[0].shape, 'tensors[0].shape is missing'],
    [
      'two tensors of one name',
      (file) => (file.tensors[1].name = 'layer0.Wx'),
      'tensors has two tensors named "layer0.Wx"',
    ],
    ['tensors that are not a list', (file) => (file.tensors = {}), 'tensors is {}: expected a list of tensors'],
    ['no tensors', (file) => delete file.tensors, '"tensors" is missing'],
    ['no optimizer', (file) => delete file.optimizer, '"optimizer" is missing'],
    ['no vocabulary', (file) => delete file.vocabulary, '"vocabulary" is missing'],
    ['no layers', (file) => delete file.model.layers, 'model.layers is missing'],
    ['hidden 0', (file) => (file.model.hidden = 0), 'model.hidden is 0: expected a whole number from 1 to 1,048,576'],
    ['an absurd model', (file) => (file.model.hidden = 1e15), 'model.hidden is 1000000000000000: expected'],
    [
      'a dropout of 1',
      (file) => (file.model.dropout = 1),
      'model.dropout is 1: expected a number of at least 0 and below 1',
    ],
    [
      'a model tied to an embedding that is not there',
      (file) => (file.model.tied = true),
      'model.tied is true, but the model has no embedding',
    ],
    [
      'a connection through one step',
      (file) => (file.model.timeSkip = 1),
      'model.timeSkip is 1: expected a whole number from 2 to 65,536, or 0',
    ],
    [
      'a stacking that is unknown',
      (file) => (file.model.stacking = 'dense'),
      'model.stacking is "dense": expected one of plain, residual, highway',
    ],
    [
      'layer normalisation in a GRU',
      (file) => Object.assign(file.model, { cell: 'gru', layerNorm: true }),
      'model.layerNorm is true, but cell "gru" has no layer normalisation',
    ],
    ['a model that is a text', (file) => (file.model = 'lstm'), 'model is "lstm": expected an object'],
    [
      'more symbols than outputs',
      (file) => file.vocabulary.symbols.push('x'),
      'the vocabulary has 9 symbols: expected 8 as in the model',
    ],
    ['a symbol that is there twice', (file) => (file.vocabulary.symbols[1] = 'a'), 'a token occurs twice'],
    ['an unknown symbol that does not exist', (file) => (file.vocabulary.unknown = 8), 'unknown token is 8'],
    [
      'a step that is not a whole number',
      (file) => (file.training.step = 1.5),
      'training.step is 1.5: expected a whole number',
    ],
    ['a random state of three words', (file) => file.training.random.pop(), 'training.random is'],
    [
      'a position without a window',
      (file) => delete file.training.position.window,
      'training.position.window is missing',
    ],
    [
      'a history of texts',
      (file) => (file.training.history = ['x']),
      'training.history is ["x"]: expected a list of objects',
    ],
    ['an optimizer scalar that is a text', (file) => (file.optimizer.scalars.step = '1'), 'optimizer.scalars is'],
  ];

  it.each(altered)('names the fault of %s', async (_, edit, message) => {
    const path = await written();
    alterParsed(path, edit);
    expect(await failure(path)).toMatchObject({
      kind: 'checkpoint',
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
    expect((await failure(path)).message.startsWith(path)).toBe(true);
  });

  it.each([
    [
      'a cell that this version does not have',
      { cell: 'qrnn' },
      'with this rnn: its cell is "qrnn": expected one of rnn, rnn-relu, irnn, lstm, lstm-peephole, lstm-1997, lstm-coupled, mlstm, gru, gru-cho, mut1, mut2, mut3',
    ],
    ['a cell named like a property', { cell: 'constructor' }, 'its cell is "constructor"'],
    [
      'gates in another order',
      { conventions: { gates: 'i f o g' } },
      'with this rnn: its lstm has gates "i f o g": expected "i f g o"',
    ],
    [
      'a GRU that blends the other way',
      { cell: 'gru', conventions: { gates: 'r z n', blend: "h' = z * n + (1 - z) * h" } },
      `its gru has blend "h' = z * n + (1 - z) * h": expected`,
    ],
  ])('refuses %s, and lists the known ones', async (_, changes, message) => {
    const path = await written();
    alterParsed(path, (file) => Object.assign(file.model, changes));
    expect(await failure(path)).toMatchObject({
      kind: 'checkpoint',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('the rnn that wrote it'),
    });
  });

  it('accepts a model whose conventions are incomplete, or name more', async () => {
    const path = await written();
    for (const conventions of [{}, { gates: 'i f g o', addedLater: 'x' }]) {
      alterParsed(path, (file) => (file.model.conventions = conventions));
      expect((await readCheckpoint(path)).model.conventions).toEqual(conventions);
    }
  });

  const rewritten: [string, (text: string) => string, string][] = [
    [
      'a key that reaches a prototype',
      (text) => text.replace('"step": 120', '"__proto__": {"polluted": 1}, "step": 120'),
      'training.__proto__ is a forbidden name',
    ],
    [
      'such a key, in disguise',
      (text) => text.replace('"batchSize"', '"\\u005f_proto__"'),
      'training.options.__proto__ is a forbidden name',
    ],
    [
      'a constructor',
      (text) => text.replace('"beta1"', '"constructor"'),
      'optimizer.scalars.constructor is a forbidden name',
    ],
    [
      'such a key in a tensor',
      (text) => text.replace('"dtype"', '"__proto__": {"shape": [1]}, "dtype"').replace(/"shape": \[8, ?12\], /, ''),
      'tensors[0].__proto__ is a forbidden name',
    ],
    [
      'a key that is there twice',
      (text) => text.replace('"step": 120', '"step": 1, "step": 120'),
      'it has a duplicate key',
    ],
    [
      'a member that is there twice',
      (text) => text.replace('"state": [', '"tensors": [], "state": ['),
      'it has a duplicate key',
    ],
    ['a duplicate shape', (text) => text.replace('"dtype"', '"shape": [1], "dtype"'), 'it has a duplicate key'],
    [
      'nesting without end',
      (text) => text.replace('"step": 120', `"deep": ${'['.repeat(100_000)}`),
      'it is nested more than 64 levels deep',
    ],
    [
      'a number too large for a number',
      (text) => text.replace(/"batchSize": ?50/, '"batchSize": 1e999'),
      'training.options.batchSize is Infinity',
    ],
    ['NaN, which JSON does not have', (text) => text.replace('"epoch": 1.5', '"epoch": NaN'), 'it is not JSON: '],
    ['a comma too many', (text) => text.replace('"optimizer"', ',"optimizer"'), 'it is not JSON: '],
  ];

  it.each(rewritten)('refuses %s', async (_, edit, message) => {
    const path = await written();
    const before = readFileSync(path, 'utf8');
    expect(edit(before)).not.toBe(before);
    alter(path, edit);
    expect(await failure(path)).toMatchObject({
      kind: 'checkpoint',
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('refuses a missing checksum, a checksum that is not the last member, and anything after the end', async () => {
    const path = await written();
    const text = readFileSync(path, 'utf8');
    const cases = {
      [text.replace(/,\s*"checksum.*\n/, '\n')]: '"checksum" is missing',
      [text.replace(/\n}\n$/, ', "more": []}')]: '"more" follows "checksum"',
      [`${text}x`]: 'it is not JSON: ',
      [text.replace(/("checksum": ")./, '$1g')]: 'its checksum does not match',
    };
    for (const [content, message] of Object.entries(cases)) {
      writeFileSync(path, content);
      expect((await failure(path)).message).toContain(message);
    }
  });

  it(
    'refuses a part of more than 32 MB without reading the rest',
    async () => {
      const path = join(temporaryFolder(), 'large.json');
      writeFileSync(path, `{"format": "rnn-checkpoint", "version": 1, "model": "${'x'.repeat(40 * 2 ** 20)}`);
      expect((await failure(path)).message).toContain('it holds more than 32 MB besides the data of its tensors');
    },
    slowMachineMs,
  );
});
