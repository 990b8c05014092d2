import { describe, expect, test } from 'vitest';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { Call, Device, Executable, Workload } from '../../src/devices/device.ts';
import { type Matrix, evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { networkProgram } from '../../src/model/network.ts';
import { initialParameters, parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';
import { evaluateTokens } from '../../src/evaluation/evaluate.ts';
import { withRunSizes } from '../training/fixture.ts';

const V = 6;
const T = 7;
const model: ModelConfiguration = {
  cell: 'lstm',
  layers: 2,
  hidden: 8,
  embedding: 0,
  vocabulary: V,
  forgetBias: 1,
  initialisation: 'uniform',
  dropout: 0.5,
  conventions: {},
};
const parameters = initialParameters(model, new Random(2)).map((x) => 3 * x);
const random = new Random(9);
const tokens = Uint8Array.from({ length: 100 }, () => random.uint32() % V);

function workloadOf(streams: number): Workload {
  return {
    parameters: parameterShapes(model),
    jobs: [
      {
        name: 'evaluate',
        steps: T,
        batch: streams,
        build: (rows) => networkProgram(model, { steps: T, rows }, { loss: true }),
      },
    ],
    update: null,
  };
}

async function compiled(device: Device, streams: number): Promise<Executable> {
  const executable = await device.compile(workloadOf(streams));
  await executable.write({ kind: 'parameters' }, parameters);
  return executable;
}

/**
 * Computes the mean loss one character at a time: −log of the softmax probability of each target. Each
 * chunk starts from a zero state.
 */
function referenceLoss(streams: number): number {
  const program = networkProgram(model, { steps: 1, rows: 1 }, { outputs: 'logits' });
  const weights = new Map<string, Matrix>();
  let offset = 0;
  for (const { name, rows, columns } of parameterShapes(model))
    weights.set(name, Float64Array.from(parameters.subarray(offset, (offset += rows * columns))));
  const targets = tokens.length - 1;
  let sum = 0;
  let first = 0;
  for (let stream = 0; stream < streams; stream++) {
    const state = new Map<string, Matrix>();
    const length = Math.floor(targets / streams) + (stream < targets % streams ? 1 : 0);
    for (let i = first; i < first + length; i++) {
      const { values } = evaluateProgram(program, {
        parameters: weights,
        inputs: new Map([['ids', Float64Array.of(tokens[i])]]),
        state,
      });
      const logits = values.get(program.outputs.get('logits')!)!;
      sum -= Math.log(Math.exp(logits[tokens[i + 1]]) / logits.reduce((total, x) => total + Math.exp(x), 0));
    }
    first += length;
  }
  expect(first).toBe(targets);
  return sum / targets;
}

describe.each([1, 3, 16])('the loss over %i chunks', (streams) => {
  test.each(['reference', 'cpu'])(
    'on the %s device is the mean over every character except the first',
    async (name) => {
      const executable = await compiled(name === 'cpu' ? await openCpu({ threads: 2 }) : openReference(), streams);
      const loss = await evaluateTokens(executable, 'evaluate', tokens, { streams, sequenceLength: T });
      expect(loss).toBeCloseTo(referenceLoss(streams), name === 'cpu' ? 5 : 6); // float32 weights in both
      // Evaluate again, to check that no state remains from the first evaluation.
      expect(await evaluateTokens(executable, 'evaluate', tokens, { streams, sequenceLength: T })).toBe(loss);
      await executable.close();
    },
  );

  test.each([[[3]], [[7]], [[1, 3, 2]], [[1000]]])(
    'is bit-identical if the device runs %j calls at a time',
    async (counts) => {
      const windows = Math.ceil(Math.ceil((tokens.length - 1) / streams) / T);
      const runs: number[] = [];
      const losses: (number | null)[] = [];
      for (const device of [
        openReference(),
        withRunSizes({ runSizes: counts, onRun: (_, handed) => runs.push(handed) }, openReference()),
      ]) {
        losses.push(
          await evaluateTokens(await compiled(device, streams), 'evaluate', tokens, { streams, sequenceLength: T }),
        );
      }
      expect(losses[1]).toBe(losses[0]);
      expect(runs.slice(0, -1)).toEqual(runs.slice(0, -1).map((_, i) => counts[i % counts.length]));
      expect(runs.reduce((sum, handed) => sum + handed, 0)).toBe(windows);
    },
  );

  test('counts each target once, after the token before it', async () => {
    const scored: string[] = [];
    const recording = {
      callsPerRun: () => 2,
      run(_job: string, calls: readonly Call[]) {
        for (const { ids, targets } of calls)
          targets!.forEach((target, i) => target >= 0 && scored.push(`${ids[i]}→${target}`));
        return Promise.resolve(calls.map(() => ({ lossNats: 0, gradientNorm: NaN, updated: false, outputs: {} })));
      },
    } as unknown as Executable;
    await evaluateTokens(recording, 'evaluate', tokens, { streams, sequenceLength: T });
    expect(scored.toSorted()).toEqual([...tokens.subarray(1)].map((target, i) => `${tokens[i]}→${target}`).toSorted());
  });
});

test('an evaluation on the main thread lets other tasks run, and returns null if it becomes urgent to stop', async () => {
  let isUrgent = false;
  setImmediate(() => (isUrgent = true));
  const runs: number[] = [];
  const executable = await compiled(
    withRunSizes({ runSizes: [1], onRun: (_, handed) => runs.push(handed) }, openReference()),
    1,
  );
  expect(
    await evaluateTokens(executable, 'evaluate', tokens, { streams: 1, sequenceLength: T, isUrgent: () => isUrgent }),
  ).toBeNull();
  expect(runs).toEqual([1]);
});

test('each run of calls reuses the output arrays of the run before', async () => {
  const executable = await (
    await openCpu({ threads: 2 })
  ).compile({
    ...workloadOf(3),
    jobs: [
      {
        name: 'evaluate',
        steps: T,
        batch: 3,
        build: (rows) => networkProgram(model, { steps: T, rows }, { loss: true, outputs: 'logits' }),
      },
    ],
  });
  await executable.write({ kind: 'parameters' }, parameters);
  const seen = new Set<Float32Array>();
  let sum = 0;
  const loss = await evaluateTokens(executable, 'evaluate', tokens, {
    streams: 3,
    sequenceLength: T,
    visit({ logits }, row, at) {
      seen.add(logits);
      const logitsOfRow = logits.subarray(row * V, (row + 1) * V);
      sum += Math.log(logitsOfRow.reduce((total, x) => total + Math.exp(x), 0)) - logitsOfRow[tokens[at + 1]];
    },
  });
  expect(seen.size).toBe(executable.callsPerRun('evaluate'));
  expect(sum / 99).toBeCloseTo(loss!, 5);
  await executable.close();
});
