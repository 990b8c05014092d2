import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openCpu } from '../../../src/devices/cpu/cpu.ts';
import type { Call, CallResult, Device } from '../../../src/devices/device.ts';
import { GPU, type Gpu } from '../../../src/devices/gpu/gpu-js.ts';
import { isEverything } from '../../everything.ts';
import { openHere } from './helpers.ts';
import { paceFor, usePace } from './pace.ts';
import { type Outcome, Trial } from './trial.ts';

usePace();

/** Calls of every job in turn, in lists of these lengths. */
async function outcomeOf(device: Device, lengths: readonly number[]): Promise<Outcome> {
  const trial = new Trial();
  const executable = await trial.compiledOn(device);
  const results: CallResult[] = [];
  for (const length of lengths) {
    const lists = { train: trial.training(length), evaluate: trial.evaluation(length), sample: trial.sampling(length) };
    for (const [job, calls] of Object.entries(lists)) results.push(...(await executable.run(job, calls)));
  }
  return { results, held: await trial.read(executable) };
}

/** The second of six updates is enormous, though finite. Then a state grows beyond all numbers. */
async function diverged(device: Device): Promise<Outcome> {
  const trial = new Trial({ cell: 'rnn-relu', optimizer: 'sgd', steps: 12, dropout: 0 });
  const executable = await trial.compiledOn(device);
  for (let i = 0; i < 2; i++) await executable.run('train', trial.training(1));
  const calls = trial
    .training(6)
    .map((call, i): Call => ({ ...call, reset: false, update: { learningRate: i === 1 ? 1e37 : 0.1 } }));
  const results = await executable.run('train', calls);
  const after = await executable.run('train', [{ ...calls[0], reset: true }, calls[1]]);
  return { results: [...results, ...after], held: await trial.read(executable) };
}

/** Makes gpu.js run the next pipeline in parts. */
function takeApart(): void {
  const { createPipeline } = GPU.prototype;
  const spy = vi.spyOn(GPU.prototype, 'createPipeline').mockImplementationOnce(function (this: Gpu, traced) {
    const pipeline = createPipeline.call(this, traced);
    const run = (...values: Parameters<typeof pipeline>) => pipeline(...values);
    return Object.assign(run, {
      executorKind: 'generic',
      fallbackReason: 'a kernel is of another backend',
      destroy: () => pipeline.destroy(),
    }) as unknown as typeof pipeline;
  });
  onTestFinished(() => spy.mockRestore());
}

/** Calls in a run, the lengths of the lists, and the runs that result. */
const everyRun: readonly (readonly [number, readonly number[], readonly number[]])[] = [
  [2, [1, 1, 7], [1, 1, 2, 2, 2, 1]],
  [5, [1, 1, 12, 2], [1, 1, 5, 5, 1, 1, 1, 1]],
  [8, [1, 1, 8, 3, 3, 3, 11], [1, 1, 8, 1, 1, 1, 3, 3, 8, 3]],
];

for (const name of ['gpu:cpu', 'gpu:webasm', 'gpu:software']) {
  // The same code divides the calls of all modes into runs.
  const runs = isEverything || name === 'gpu:webasm' ? everyRun : everyRun.slice(1, 2);
  const { device: opened, missing } = await openHere(name);
  const device = opened!;

  describe.skipIf(missing !== '')(`an executable on ${name}${missing}`, () => {
    afterAll(() => device.close());

    test.each(runs)(
      'in runs of %i calls gives the same results as call by call, bit for bit',
      async (callsPerRun, lengths, expected) => {
        const ran = paceFor(callsPerRun);
        const many = await outcomeOf(device, lengths);
        expect(ran.toSorted()).toEqual([...expected, ...expected, ...expected].toSorted());
        paceFor(1);
        expect(many).toEqual(await outcomeOf(device, lengths));
        expect(new Set(many.results.map(({ gradientNorm }) => gradientNorm > Trial.clipNorm))).toEqual(
          new Set([true, false]),
        );
      },
    );

    test('ends a run where a single call would be refused, and continues as if the calls were single', async () => {
      const ran = paceFor(6);
      const many = await diverged(device);
      expect(many.results.slice(0, 3).map(({ updated }) => updated)).toEqual([true, true, false]);
      expect(ran.slice(0, 6)).toEqual([1, 1, 6, 1, 1, 1]);
      paceFor(1);
      expect(many).toEqual(await diverged(device));
    });

    test('is closed for good', async () => {
      const trial = new Trial();
      const executable = await trial.compiledOn(device);
      await executable.close();
      await expect(executable.run('train', trial.training(1))).rejects.toThrow('closed');
    });

    test('trains like the CPU', async () => {
      const trial = new Trial({ dropout: 0 });
      const cpu = await openCpu({ threads: 1 });
      const calls = trial.training(10);
      const [got, expected] = [
        await (await trial.compiledOn(device)).run('train', calls),
        await (await trial.compiledOn(cpu)).run('train', calls),
      ];
      expect(got).toHaveLength(10);
      expect(Math.max(...got.map(({ lossNats }, i) => Math.abs(lossNats / expected[i].lossNats - 1)))).toBeLessThan(
        1e-4,
      );
      expect(new Set(got.map(({ lossNats }) => lossNats)).size).toBe(10);
    });

    test.skipIf(name === 'gpu:cpu')('refuses a plan that gpu.js would split', async () => {
      const trial = new Trial();
      const executable = await trial.compiledOn(device);
      takeApart();
      await expect(executable.run('sample', trial.sampling(1))).rejects.toMatchObject({
        kind: 'device',
        message: expect.stringContaining('step by step'),
        hint: 'a kernel is of another backend',
      });
    });
  });
}
