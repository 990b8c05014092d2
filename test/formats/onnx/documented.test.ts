// The programs of docs/onnx.md, run on files that we write, and the figures of that page.
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainedModel } from '../../../src/runs/checkpoint.ts';
import { byteVocabulary } from '../../../src/corpus/vocabulary.ts';
import { graphOf } from '../../../src/formats/onnx/graph.ts';
import { onnxOf } from '../../../src/formats/onnx/onnx.ts';
import { networkProgram } from '../../../src/model/network.ts';
import { cyclic, untrained } from '../../sampling/fixture.ts';

const root = resolve(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/onnx.md'), 'utf8');
const fenced = (language: string): string => new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(page)![1];

// Starting a process may take long where many tests share few cores.
const patience = 60_000;
/** A logit so high that only its token is sampled. */
const CERTAIN = 200;

const vocabulary = { unit: 'char', symbols: ['\n', '"', 'é', '😀'], unknown: null } as const;
/**
 * Generates the tokens of its vocabulary in order. Each follows from the token before the last,
 * which only the state contains, and the second token follows from a bias.
 */
const remembering = untrained(
  vocabulary,
  (name, data) => {
    const V = 4;
    const set = (columns: number, row: number, column: number, value: number): void => {
      data[row * columns + column] = value;
    };
    data.fill(0);
    if (name === 'head.b') data[1] = CERTAIN;
    for (let id = 0; id < V; id++) {
      if (name === 'layer0.Wx') set(2 * V, id, id, 1); // the last symbol, one-hot,
      if (name === 'layer0.Wh') set(2 * V, id, V + id, 1); // and then the id before it
      if (name === 'head.W') set(V, V + id, (id + 2) % V, 3 * CERTAIN);
    }
  },
  { cell: 'rnn-relu', hidden: 8 },
);
const bytes = cyclic(byteVocabulary().data, CERTAIN);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-onnx-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The output about a model of a program that is read from stdin. */
async function sampled(command: string, program: string, trained: TrainedModel, length: number): Promise<Buffer> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, onnxOf(trained));
  return new Promise((done, failed) => {
    const args = [...(command === process.execPath ? ['--input-type=module'] : []), '-', path, String(length)];
    const child = execFile(command, args, { cwd: root, encoding: 'buffer' }, (error, stdout) => {
      if (error) failed(error);
      else done(stdout);
    });
    child.stdin!.end(program);
  });
}

const python = process.env['RNN_PYTHON'] ?? 'python3';
const hasRuntime = spawnSync(python, ['-c', 'import onnxruntime']).status === 0;

const pythonCase = `Python (needs onnxruntime, and ${python} ${hasRuntime ? 'has it' : 'has it not: RNN_PYTHON names another'})`;

describe.each([
  ['JavaScript', process.execPath, fenced('js'), true],
  [pythonCase, python, fenced('python'), hasRuntime],
] as const)('the example in %s', (_language, command, program, isThere) => {
  it.skipIf(!isThere)('samples bytes', { timeout: patience }, async () => {
    const text = await sampled(command, program, bytes, 255);
    expect([...text]).toEqual([...Array(255).keys()].map((at) => (11 + at) % 256));
  });

  it.skipIf(!isThere)('samples characters, and carries the state', { timeout: patience }, async () => {
    expect((await sampled(command, program, remembering, 9)).toString()).toBe('"é😀\n"é😀\n"');
  });

  it.skipIf(!isThere)('samples one record, up to its end token', { timeout: patience }, async () => {
    const records = cyclic({ unit: 'char', symbols: ['a', 'b', '<end>'], unknown: null, end: 2 }, CERTAIN);
    expect((await sampled(command, program, records, 9)).toString()).toBe('ab');
  });
});

it('a file of two layers of LSTM has as many nodes as the page says', () => {
  const rows = 100;
  const { model } = untrained(vocabulary, undefined, { layers: 2 });
  const { nodes } = graphOf(networkProgram(model, { steps: 1, rows }, { outputs: 'logits' }), rows, new Map());
  expect(page.replaceAll('\n', ' ')).toContain(`Two layers of LSTM are ${nodes.length} nodes`);
});
