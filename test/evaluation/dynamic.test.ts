import { describe, expect, test } from 'vitest';
import { tensorsOf } from '../../src/runs/store.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { Device } from '../../src/devices/device.ts';
import { openGpu } from '../../src/devices/gpu/gpu.ts';
import { evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { initialParameters, parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';
import { type DynamicOptions, TRAINED, dynamicRule } from '../../src/evaluation/dynamic.ts';
import { type Score, score } from '../../src/evaluation/score.ts';

const V = 6;
const model: ModelConfiguration = {
  cell: 'lstm',
  layers: 1,
  hidden: 8,
  embedding: 0,
  vocabulary: V,
  forgetBias: 1,
  initialisation: 'uniform',
  dropout: 0.5,
  conventions: {},
};
const parameters = initialParameters(model, new Random(2));
const tensors = tensorsOf(parameterShapes(model), parameters);
/** One repeated phrase, which random weights cannot predict. */
const tokens = Uint8Array.from({ length: 1000 }, (_, i) => [0, 3, 1, 5, 2, 2, 4][i % 7]);

async function scored(
  dynamic: DynamicOptions,
  {
    device = openReference(),
    streams = 1,
    sequenceLength = 10,
    text = tokens,
  }: { device?: Device; streams?: number; sequenceLength?: number; text?: Uint8Array } = {},
): Promise<Score> {
  try {
    return await score(
      { model, tensors },
      { tokens: text, streams, sequenceLength, dynamic, startSymbol: null },
      device,
    );
  } finally {
    await device.close();
  }
}

test('the update is a gradient step, and a fraction of the way back to the trained parameters', () => {
  const [w, g, trained] = [
    [1, -2, 0.5],
    [0.5, 1, -4],
    [0, -2, 1],
  ].map((vector) => Float64Array.from(vector));
  const program = dynamicRule({ learningRate: 0.3, decay: 0.1 }).build(3);
  const inputs = new Map([
    ['parameters', w],
    ['gradients', g],
    ['gradientScale', Float64Array.of(0.5)],
    [TRAINED, trained],
  ]);
  const { values } = evaluateProgram(program, { parameters: new Map(), inputs, state: new Map() });
  const updated = values.get(program.outputs.get('parameters')!)!;
  w.forEach((value, i) => expect(updated[i]).toBeCloseTo(value - 0.3 * 0.5 * g[i] + 0.1 * (trained[i] - value), 12));
  expect([...values.get(program.outputs.get(TRAINED)!)!]).toEqual([...trained]);
});

describe('dynamic evaluation', () => {
  test('scores each character before learning from it: a text of one window has the same loss at any learning rate', async () => {
    const { nats, dynamicNats } = await scored(
      { learningRate: 100, decay: 0 },
      { text: tokens.subarray(0, 101), sequenceLength: 100 },
    );
    expect(dynamicNats).toBe(nats);
  });

  test('learns a repeated phrase within the text', async () => {
    const { nats, dynamicNats } = await scored({ learningRate: 1, decay: 0 });
    expect(nats).toBeGreaterThan(Math.log(V) - 0.1);
    expect(dynamicNats!).toBeLessThan(nats - 0.5);
  });

  test('changes the parameters less with a larger decay', async () => {
    const [free, pulled] = [
      await scored({ learningRate: 1, decay: 0 }),
      await scored({ learningRate: 1, decay: 0.05 }),
    ];
    expect(pulled.dynamicNats!).toBeGreaterThan(free.dynamicNats! + 0.1);
  });

  test.each([
    ['the cpu in one thread', () => openCpu({ threads: 1 })],
    ['the cpu in two threads', () => openCpu({ threads: 2 })],
    ["gpu.js's JavaScript", () => openGpu('cpu')],
  ])('has the same loss on %s as on the reference', async (_, open) => {
    const options = { streams: 9, sequenceLength: 7 };
    const expected = await scored({ learningRate: 1, decay: 0.01 }, options);
    const { nats, dynamicNats } = await scored({ learningRate: 1, decay: 0.01 }, { ...options, device: await open() });
    expect(expected.nats - expected.dynamicNats!).toBeGreaterThan(0.01);
    expect(nats).toBeCloseTo(expected.nats, 5);
    expect(dynamicNats).toBeCloseTo(expected.dynamicNats!, 4); // the model also learns from rounding errors of float32
  });

  test('ends with an error if it diverges', async () => {
    await expect(
      scored({ learningRate: 1e38, decay: 0 }, { device: await openCpu({ threads: 1 }) }),
    ).rejects.toMatchObject({
      kind: 'diverged',
      message: expect.stringContaining('diverged after'),
      hint: expect.stringContaining('--dynamic-rate'),
    });
  });
});
