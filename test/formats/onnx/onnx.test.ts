// Models in ONNX Runtime, compared with the float64 reference.
import { describe, expect, it } from 'vitest';
import type { TrainedModel } from '../../../src/runs/checkpoint.ts';
import { parameterVector } from '../../../src/runs/tensors.ts';
import { openReference } from '../../../src/devices/reference/reference.ts';
import { onnxOf } from '../../../src/formats/onnx/onnx.ts';
import { allCells } from '../../../src/model/cells/registry.ts';
import type { Architecture, ModelConfiguration } from '../../../src/model/configuration.ts';
import { networkProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { Random } from '../../../src/random.ts';
import { untrained } from '../../sampling/fixture.ts';
import { OnnxSession, carried, largestDifference } from './runtime.ts';

/**
 * For logits of about 1: sums in float32 and approximations of sigmoid and tanh, over any number of
 * steps, because the state forgets.
 */
const LOGIT_TOLERANCE = 1e-5;
/** With smaller weights, a wrong file could pass. */
const MIN_SPREAD = 0.3;

const H = 16;
const symbols = [...'\n !"abcdefghijklmnopqrstuvwxyz€😀'];
const vocabulary = { unit: 'char', symbols, unknown: null } as const;

interface Case {
  readonly cell: string;
  readonly layers: number;
  readonly rows: number;
  readonly steps: number;
  readonly embedding: number;
  readonly architecture: Architecture;
}

/**
 * Normal weights of a standard deviation of 0.8/√H, with which gates move and no cell is chaotic.
 * In a chaotic cell differences would grow without a mistake. Gains are around 1.
 */
function modelOf({ cell, layers, embedding, architecture }: Omit<Case, 'rows' | 'steps'>): TrainedModel {
  const random = new Random(7);
  const change = (name: string, data: Float32Array): void => {
    for (const at of data.keys()) data[at] = (/\.g\w$/.test(name) ? 1 : 0) + (0.8 * random.normal()) / Math.sqrt(H);
  };
  return untrained(vocabulary, change, { cell, layers, hidden: H, embedding, ...architecture });
}

/** The logits of every step, by the reference. @param ids a list for each step */
async function expectedLogits(
  trained: TrainedModel,
  ids: readonly (readonly number[])[],
): Promise<readonly Float32Array[]> {
  const job = {
    name: 'sample',
    steps: 1,
    batch: ids[0].length,
    build: (rows: number) => networkProgram(trained.model, { steps: 1, rows }, { outputs: 'logits' }),
  };
  const executable = await openReference().compile({
    parameters: parameterShapes(trained.model),
    jobs: [job],
    update: null,
  });
  await executable.write({ kind: 'parameters' }, parameterVector(trained));
  const results = await executable.run(
    'sample',
    ids.map((step, at) => ({ ids: Int32Array.from(step), reset: at === 0 })),
  );
  return results.map(({ outputs }) => outputs['logits']);
}

const plain = { rows: 3, steps: 100, embedding: 0, architecture: {} };
const long = { ...plain, rows: 1, steps: 300 };
const main = ['lstm', 'gru', 'rnn'].flatMap((cell) => [1, 2, 3].map((layers): Case => ({ ...long, cell, layers })));
const otherCells = allCells.map(({ name }) => name).filter((name) => main.every(({ cell }) => cell !== name));
const others = otherCells.map((cell): Case => ({ ...plain, cell, layers: 2 }));
const connected: readonly Case[] = (
  [
    ['lstm', 3, 0, { skip: 'input' }],
    ['gru', 3, 5, { skip: 'output' }],
    ['lstm', 3, 5, { skip: 'both', tied: true }],
    ['gru', 2, H, { tied: true, stacking: 'residual' }],
    ['lstm', 2, 0, { stacking: 'highway' }],
    ['rnn', 2, 0, { timeSkip: 3 }],
    ['lstm', 1, 5, { timeSkip: 2, learnedState: true }],
    ['lstm', 2, 0, { layerNorm: true }],
    [
      'lstm',
      2,
      5,
      { layerNorm: true, learnedState: true, skip: 'both', stacking: 'residual', timeSkip: 4, tied: true },
    ],
    ['gru', 3, 0, { learnedState: true }],
  ] as const
).map(([cell, layers, embedding, architecture]) => ({ ...plain, cell, layers, embedding, architecture }));

describe('ONNX Runtime computes the same logits as the reference, with the state carried', () => {
  const named = [...main, ...others, ...connected].map((each) => {
    const { cell, layers, rows, steps, embedding, architecture } = each;
    const network = `${cell}, layers ${layers}, embedding ${embedding}, ${JSON.stringify(architecture)}`;
    return [`${network}: ${steps} characters of ${rows} texts`, each] as const;
  });

  it.each(named)('%s', async (_name, { rows, steps, ...given }) => {
    const trained = modelOf(given);
    const random = new Random(11);
    const character = (): number => Math.floor(random.uniform() * symbols.length);
    const ids = Array.from({ length: steps }, () => Array.from({ length: rows }, character));
    const expected = await expectedLogits(trained, ids);
    const session = await OnnxSession.open(onnxOf(trained));
    let states = new Map<string, Float32Array>();
    let most = 0;
    for (const [step, row] of ids.entries()) {
      const results = await session.run(row, states);
      states = carried(results);
      most = Math.max(most, largestDifference(results.get('logits')!, expected[step]));
    }
    await session.close();
    expect(Math.max(...expected.at(-1)!) - Math.min(...expected.at(-1)!)).toBeGreaterThan(MIN_SPREAD);
    expect(most).toBeLessThan(LOGIT_TOLERANCE);
  });
});

describe('an ONNX file', () => {
  it('has ids and states as inputs, logits and the next states as outputs, of any number of rows', async () => {
    const trained = modelOf({ cell: 'lstm', layers: 2, embedding: 0, architecture: { learnedState: true } });
    const session = await OnnxSession.open(onnxOf(trained));
    const [N, V] = ['N', symbols.length];
    const states = { 'layer0.h': H, 'layer0.c': H, 'layer1.h': H, 'layer1.c': H, started: 1 };
    const shapes = (prefix: string): object =>
      Object.fromEntries(Object.entries(states).map(([name, columns]) => [`${prefix}.${name}`, [N, columns]]));
    expect(session.inputs).toEqual({ ids: [N], ...shapes('state') });
    expect(session.outputs).toEqual({ logits: [N, V], ...shapes('next') });
    await session.close();
  });

  it('has the model and the vocabulary as in a checkpoint', () => {
    const trained = modelOf({ cell: 'gru', layers: 1, embedding: 0, architecture: {} });
    const file = Buffer.from(onnxOf(trained));
    expect(file.includes(JSON.stringify(trained.model))).toBe(true);
    expect(file.includes(JSON.stringify(vocabulary))).toBe(true);
  });

  it('cannot be written for a model of more than 2 GiB', () => {
    const size: Partial<ModelConfiguration> = { hidden: 12_000 }; // 2.1 GiB in Wh alone
    const { model } = untrained(vocabulary);
    const large = { vocabulary, model: { ...model, ...size }, tensors: [] };
    expect(() => onnxOf(large)).toThrow(/has 2\.\d GiB of weights: expected less than 2 GiB for ONNX/);
  });
});
