// A device that goes away in mid-run, for good or for a while.
import { expect, test } from 'vitest';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { CallResult, Device } from '../../src/devices/device.ts';
import { RnnError } from '../../src/errors.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { prepareTraining } from '../../src/training/train.ts';
import { newFolder, optionsOf, verses } from './fixture.ts';

/** The cpu, with something done to the results of each call of training. */
async function deviceThat(change: (result: CallResult, call: number) => CallResult): Promise<Device> {
  const device = await openCpu({ threads: 1 });
  return {
    ...device,
    async compile(workload) {
      const inner = await device.compile(workload);
      let call = 0;
      return new Proxy(inner, {
        get(target, name) {
          if (name === 'run') {
            return async (job: string, calls: Parameters<typeof inner.run>[1]) => {
              const results = await target.run(job, calls);
              return job === 'train' ? results.map((result) => change(result, ++call)) : results;
            };
          }
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
        },
      });
    },
  };
}

test('one that is lost for good ends the run, with the step before it saved', async () => {
  const device = await deviceThat((result, call) => {
    if (call === 8) throw new RnnError('device', 'the GPU was lost and does not come back');
    return result;
  });
  const run = await prepareTraining({ options: optionsOf(verses, { maxSteps: 20 }), corpus: verses, device });
  const events: TrainingEvent[] = [];
  const train = async (): Promise<void> => {
    for await (const event of run.train(await newFolder())) events.push(event);
  };
  await expect(train()).rejects.toThrow('does not come back');
  expect(events.at(-1)).toMatchObject({ event: 'checkpoint', step: 7 });
  await run.close();
});

test('one that comes back is told of, and the run goes on', async () => {
  const device = await deviceThat((result, call) => (call === 3 ? { ...result, note: 'the GPU was lost and came back' } : result));
  const run = await prepareTraining({ options: optionsOf(verses, { maxSteps: 5 }), corpus: verses, device });
  const events: TrainingEvent[] = [];
  for await (const event of run.train(await newFolder())) events.push(event);
  expect(events.filter(({ event }) => event === 'recovery')).toMatchObject([{ step: 3, reason: 'the GPU was lost and came back' }]);
  expect(events.at(-1)).toMatchObject({ event: 'end', reason: 'max-steps', step: 5 });
  await run.close();
});
