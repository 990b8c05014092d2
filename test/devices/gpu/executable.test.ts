import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openCpu } from '../../../src/devices/cpu/cpu.ts';
import type { Call, CallResult, Device, Executable } from '../../../src/devices/device.ts';
import { type Opened, openHere } from './helpers.ts';
import { openShuffledGpu } from './shuffled.ts';
import { type Outcome, Trial } from './trial.ts';

/** The GPU of JavaScript divides runs into runs of three calls. */
const devices: readonly (readonly [string, Opened])[] = [
  ['a GPU of JavaScript', { device: openShuffledGpu(1), missing: '' }],
  ['gpu:cpu', await openHere('gpu:cpu')],
  ['gpu:software', await openHere('gpu:software')],
];

/** Runs the calls of a list together, or one by one. */
type Run = (executable: Executable, job: string, calls: readonly Call[]) => Promise<readonly CallResult[]>;

const together: Run = (executable, job, calls) => executable.run(job, calls);

const oneByOne: Run = async (executable, job, calls) => {
  const results: CallResult[] = [];
  for (const call of calls) {
    results.push(...(await executable.run(job, [call])));
    if (call.update && !results.at(-1)!.updated) break;
  }
  return results;
};

/** Calls of every job in turn, in lists of several lengths. */
async function outcomeOf(device: Device, run: Run): Promise<Outcome> {
  const trial = new Trial();
  const executable = await trial.compiledOn(device);
  const results: CallResult[] = [];
  for (const length of [1, 7, 2]) {
    const lists = { train: trial.training(length), evaluate: trial.evaluation(length), sample: trial.sampling(length) };
    for (const [job, calls] of Object.entries(lists)) results.push(...(await run(executable, job, calls)));
  }
  return { results, held: await trial.read(executable) };
}

interface Divergence {
  readonly results: readonly CallResult[];
  /** After the update before the refused update, after that, and after more steps. */
  readonly before: Outcome['held'];
  readonly after: Outcome['held'];
  readonly end: Outcome['held'];
}

/** The second of five updates is enormous, though finite. Then a state grows beyond all numbers. */
async function diverge(device: Device, run: Run): Promise<Divergence> {
  const trial = new Trial({ cell: 'rnn-relu', optimizer: 'sgd', steps: 12, dropout: 0 });
  const executable = await trial.compiledOn(device);
  const calls = trial
    .training(5)
    .map((call, i): Call => ({ ...call, reset: false, update: { learningRate: i === 1 ? 1e37 : 0.1 } }));
  const copy = await trial.compiledOn(device);
  await run(copy, 'train', calls.slice(0, 2));
  const results = await run(executable, 'train', calls);
  const after = await trial.read(executable);
  await executable.write({ kind: 'parameters' }, trial.parameters());
  const rest = await run(executable, 'train', [{ ...calls[0], reset: true }, calls[2]]);
  return {
    results: [...results, ...rest],
    before: await trial.read(copy),
    after,
    end: await trial.read(executable),
  };
}

for (const [name, { device: opened, missing }] of devices) {
  const device = opened!;

  describe.skipIf(missing !== '')(`an executable on ${name}${missing}`, () => {
    afterAll(() => device.close());

    test('gives the same results for a run of many calls as for single calls, bit for bit', async () => {
      const many = await outcomeOf(device, together);
      expect(many).toEqual(await outcomeOf(device, oneByOne));
      expect(new Set(many.results.map(({ gradientNorm }) => gradientNorm > Trial.clipNorm))).toEqual(
        new Set([true, false]),
      );
    });

    test('ends a run at a refused update, keeps weights and slots from there on, and trains on', async () => {
      const { results, before, after, end } = await diverge(device, together);
      expect(results.map(({ updated }) => updated)).toEqual([true, true, false, true, true]);
      expect(Number.isFinite(results[2].lossNats) && Number.isFinite(results[2].gradientNorm)).toBe(false);
      for (const kept of ['parameters', 'slot b']) expect(after.get(kept)).toEqual(before.get(kept));
      const single = await diverge(device, oneByOne);
      expect([results, end]).toEqual([single.results, single.end]);
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
      onTestFinished(() => cpu.close());
      const calls = trial.training(10);
      const [got, expected] = [
        await (await trial.compiledOn(device)).run('train', calls),
        await (await trial.compiledOn(cpu)).run('train', calls),
      ];
      const ratios = got.map(({ lossNats }, i) => lossNats / expected[i].lossNats);
      expect(ratios).toHaveLength(10);
      for (const ratio of ratios) expect(ratio).toBeCloseTo(1, 4);
      expect(new Set(got.map(({ lossNats }) => lossNats)).size).toBe(10);
    });

    // A software GPU takes a second for each kernel of a training step.
    test.each(name === 'gpu:software' ? ['sample'] : ['train', 'sample'])(
      'profiles every dispatch of %s, and does not change weights or states',
      async (job) => {
        const trial = new Trial();
        const executable = await trial.compiledOn(device);
        await executable.run('train', trial.training(1));
        const before = await trial.read(executable);
        const { dispatches, kernels, multiplyAdds } = executable.cost!(job);
        const profile = await executable.profile!(job);
        expect(await trial.read(executable)).toEqual(before);
        expect(profile).toHaveLength(kernels);
        expect(profile.reduce((sum, time) => sum + time.count, 0)).toBe(dispatches);
        expect(profile.reduce((sum, time) => sum + time.count * time.multiplyAdds, 0)).toBe(multiplyAdds);
        const totals = profile.map((time) => time.count * time.microseconds);
        expect(totals.every((time) => Number.isFinite(time) && time >= 0)).toBe(true);
        expect(totals).toEqual(totals.toSorted((a, b) => b - a));
        expect(profile.some(({ kind }) => kind === 'update')).toBe(job === 'train');
      },
    );
  });
}

test('the calls of a run are as many as take half a second, after the first, which compiles', async () => {
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  const trial = new Trial();
  const executable = await trial.compiledOn(openShuffledGpu(1));
  const chosen: number[] = [];
  for (const milliseconds of [9999, 200, 600, 1, 400]) {
    clock.mockImplementation(() => (now += milliseconds));
    const calls = executable.callsPerRun('evaluate');
    await executable.run('evaluate', trial.evaluation(calls));
    chosen.push(calls);
  }
  expect(chosen).toEqual([1, 1, 2, 1, 3]);
});
