import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { openDevice } from '../../../src/devices/open.ts';
import { compilePasses } from '../../../src/devices/gpu/passes.ts';
import { Kernels } from '../../../src/devices/gpu/plan.ts';
import { profilePasses, timeOfPass } from '../../../src/devices/gpu/profile.ts';
import { Trial } from './trial.ts';

for (const name of ['gpu:cpu', 'gpu:webasm']) {
  const device = await openDevice(name);

  describe(`the profile on ${name}`, () => {
    afterAll(() => device.close());

    it.each([
      ['train', true],
      ['sample', false],
    ] as const)('has every pass of a call to %s, and does not change weights or state', async (job, learns) => {
      const trial = new Trial();
      const executable = await trial.compiledOn(device);
      await executable.run('train', trial.training(1));
      const before = await trial.read(executable);
      const { passes, kernels, multiplyAdds } = executable.cost!(job);
      const profile = await executable.profile!(job);
      expect(await trial.read(executable)).toEqual(before);
      expect(profile).toHaveLength(kernels);
      expect(profile.reduce((sum, time) => sum + time.passes, 0)).toBe(passes);
      expect(profile.reduce((sum, time) => sum + time.passes * time.multiplyAdds, 0)).toBe(multiplyAdds);
      expect(
        profile.map(({ microseconds }) => microseconds).filter((time) => !(Number.isFinite(time) && time >= 0)),
      ).toEqual([]);
      const totals = profile.map((time) => time.passes * time.microseconds);
      expect(totals).toEqual(totals.toSorted((a, b) => b - a));
      expect(profile.some(({ kind }) => kind === 'update')).toBe(learns);
    });
  });
}

it('ends if the GPU reports an error', async () => {
  const kernels = new Kernels('cpu');
  onTestFinished(async () => void (await kernels.gpu.destroy()));
  const {
    parameters,
    jobs: [job],
  } = new Trial().workload;
  const list = compilePasses(job.build(job.batch), { parameters, update: null, mostInputs: 15 });
  const health = {
    takeErrors: () => [{ memory: true, message: 'out of memory' }],
    isLost: () => false,
    count: () => 1,
  };
  await expect(profilePasses(list, kernels, health)).rejects.toMatchObject({
    kind: 'device',
    hint: 'out of memory',
  });
});

describe('the time of a pass', () => {
  /** For runs that take `beside` milliseconds plus `each` for every pass. */
  async function timed(beside: number, each: number): Promise<{ time: number; lengths: number[] }> {
    const lengths: number[] = [];
    const time = await timeOfPass(async (passes) => {
      lengths.push(passes);
      return beside + passes * each;
    });
    return { time, lengths };
  }

  it.each([
    [1, 0.01],
    [0.1, 0.003],
    [5, 5],
    [50, 0.01],
    [0, 1000],
  ])('in a run with %f ms of other work is %f ms', async (beside, each) => {
    expect((await timed(beside, each)).time).toBeCloseTo(each, 9);
  });

  it('is measured with enough passes to exceed the noise', async () => {
    expect((await timed(0.99, 0.01)).lengths).toEqual([1, 2, 16, 128, 1024]);
    expect((await timed(0.5, 1.5)).lengths).toEqual([1, 2, 16]);
    expect((await timed(0, 1000)).lengths).toEqual([1, 2]);
  });

  it('is never negative, and noise does not lead to endless passes', async () => {
    expect(await timeOfPass(async (passes) => (passes === 1 ? 10 : 1))).toBe(0);
  });
});
