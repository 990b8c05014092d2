// The exponential moving average of the weights: --average.
import { expect, test } from 'vitest';
import { type Checkpoint, type Tensor, parameterVector, readCheckpoint } from '../../src/runs/store.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { Device } from '../../src/devices/device.ts';
import { networkProgram } from '../../src/model/network.ts';
import { parameterShapes } from '../../src/model/parameters.ts';
import { openSampler } from '../../src/sampling/sample.ts';
import { evaluateTokens } from '../../src/evaluation/evaluate.ts';
import type { EvaluationEvent, SampleEvent } from '../../src/training/events.ts';
import { train, verses } from './fixture.ts';

const runOptions = { average: 0.9, maxSteps: 20, evaluateEvery: 10, dropout: 0.2, schedule: 'constant' } as const;

const trained = ({ optimizer }: Checkpoint): readonly Tensor[] =>
  optimizer!.tensors.filter(({ name }) => name === 'weights');

/** The loss of the weights in a checkpoint, on a separate device. */
async function lossOf(checkpoint: Checkpoint): Promise<number | null> {
  const device = await openCpu({ threads: 1 });
  const { model } = checkpoint;
  const executable = await device.compile({
    parameters: parameterShapes(model),
    jobs: [
      {
        name: 'evaluate',
        steps: 10,
        batch: 2,
        build: (rows) => networkProgram(model, { steps: 10, rows }, { loss: true }),
      },
    ],
    update: null,
  });
  await executable.write({ kind: 'parameters' }, parameterVector(checkpoint));
  const loss = await evaluateTokens(executable, 'evaluate', verses.validation, {
    streams: 2,
    sequenceLength: 10,
    startSymbol: verses.vocabulary.startSymbol,
  });
  await executable.close();
  return loss;
}

test('a moving average does not change training, and is evaluated, sampled and saved', async () => {
  const { events, folder } = await train(verses, { ...runOptions, sampleEvery: 20 });
  const [best, latest] = [await readCheckpoint(folder.bestPath), await readCheckpoint(folder.latestPath)];
  const plain = await readCheckpoint((await train(verses, { ...runOptions, average: 0 })).folder.latestPath);
  expect(trained(latest)[0].data).toEqual(parameterVector(plain));
  expect(parameterVector(latest)).not.toEqual(parameterVector(plain));
  for (const checkpoint of [best, latest]) {
    const { validationLossNats } = events.find(
      (event) => event.event === 'evaluation' && event.step === checkpoint.training.step,
    ) as EvaluationEvent;
    expect(await lossOf(checkpoint)).toBe(validationLossNats);
  }
  const { text } = events.find(({ event }) => event === 'sample') as SampleEvent;
  const sampler = await openSampler(latest, await openCpu({ threads: 1 }));
  let drawn = '';
  for await (const piece of sampler.text({ prime: '', length: 20, stop: null, seed: 1 + 20, options: {} }))
    drawn += piece;
  await sampler.close();
  expect(text).toBe(drawn);
});

test('a run without the average continues from its trained weights, and a new average begins with these weights', async () => {
  const { checkpoint } = await (await train(verses, runOptions)).folder.readNewestState();
  const { checkpoint: plain } = await (await train(verses, { ...runOptions, average: 0 })).folder.readNewestState();
  const longer = { ...runOptions, maxSteps: 21 };
  const on = async (resumedFrom: Checkpoint, average: number): Promise<Checkpoint> =>
    readCheckpoint((await train(verses, { ...longer, average }, { resumedFrom })).folder.latestPath);
  expect((await on(checkpoint, 0)).tensors).toEqual((await on(plain, 0)).tensors);
  const begun = await on(plain, 0.9);
  const expected = parameterVector(plain).map((w, i) => w + (9 / 31) * (trained(begun)[0].data[i] - w)); // 1 − 22/31, at update 21
  parameterVector(begun).forEach((w, i) => expect(w).toBeCloseTo(expected[i], 6));
});

test('the device still has the trained weights after an evaluation that fails', async () => {
  const cpu = await openCpu({ threads: 1 });
  const failing: Device = {
    ...cpu,
    async compile(workload) {
      const inner = await cpu.compile(workload);
      return new Proxy(inner, {
        get(target, name) {
          if (name === 'run')
            return (job: string, calls: Parameters<typeof inner.run>[1]) =>
              job === 'evaluate' ? Promise.reject(new Error('gone')) : target.run(job, calls);
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
        },
      });
    },
  };
  const { folder } = await train(verses, { ...runOptions, evaluateEvery: 0, maxSteps: 10 });
  const { checkpoint: undisturbed } = await folder.readNewestState();
  const { folder: left } = await train(verses, { ...runOptions, evaluateEvery: 0, maxSteps: 5 });
  const { checkpoint: resumedFrom } = await left.readNewestState();
  await expect(
    train(verses, { ...runOptions, evaluateEvery: 0, maxSteps: 10 }, { resumedFrom, folder: left, device: failing }),
  ).rejects.toThrow('gone');
  const saved = await readCheckpoint(left.latestPath);
  expect(saved.training.step).toBe(10);
  expect([saved.tensors, saved.optimizer]).toEqual([undisturbed.tensors, undisturbed.optimizer]);
});

test('an average of another model is refused', async () => {
  const { checkpoint } = await (await train(verses, { ...runOptions, maxSteps: 2 })).folder.readNewestState();
  const { optimizer } = checkpoint;
  const tensors = optimizer!.tensors.map((tensor) =>
    tensor.name === 'weights' ? { ...tensor, data: tensor.data.slice(1) } : tensor,
  );
  await expect(
    train(verses, runOptions, { resumedFrom: { ...checkpoint, optimizer: { ...optimizer!, tensors } } }),
  ).rejects.toMatchObject({
    kind: 'checkpoint',
    message: expect.stringContaining('its vector weights has ') as string,
  });
});
