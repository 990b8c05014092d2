// A run in memory instead of a folder.
import { expect, test } from 'vitest';
import { MemoryStore, readCheckpoint } from '../../src/runs/store.ts';
import type { CallResult, Device } from '../../src/devices/device.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { prepareTraining } from '../../src/training/train.ts';
import { defaultSettings, deviceThat, optionsOf, timeless, train, verses } from './fixture.ts';

const runOptions = { maxSteps: 20, checkpointEvery: 8, evaluateEvery: 10, schedule: 'constant' } as const;

/** Refuses the update of a training call. */
const refusing = (at: number): Promise<Device> =>
  deviceThat((result, call): CallResult => (call === at ? { ...result, lossNats: NaN, updated: false } : result));

async function trainInMemory(device: Device): Promise<{ events: TrainingEvent[]; store: MemoryStore }> {
  const store = new MemoryStore();
  const run = await prepareTraining({
    ...defaultSettings,
    options: optionsOf(verses, runOptions),
    corpus: verses,
    device,
  });
  const events: TrainingEvent[] = [];
  for await (const event of run.train(store)) events.push(event);
  await run.close();
  return { events, store };
}

test.each([
  [11, 'from its last state'],
  [5, 'from the beginning'],
])('a run that diverges at step %i continues %s, to the same weights as in a folder', async (at) => {
  const { events, store } = await trainInMemory(await refusing(at));
  expect(events.filter(({ event }) => event === 'recovery')).toHaveLength(1);
  const { folder } = await train(verses, runOptions, { device: await refusing(at) });
  expect(timeless(store.latest!)).toEqual(timeless(await readCheckpoint(folder.latestPath)));
  expect(timeless(store.best!)).toEqual(timeless(await readCheckpoint(folder.bestPath)));
});

test('a saved state does not change when the run continues, and all its numbers are finite', async () => {
  const { store } = await trainInMemory(await refusing(0));
  const [kept] = store.latest!.tensors;
  const before = kept.data.slice();
  const later = {
    ...store.latest!,
    tensors: store.latest!.tensors.map((tensor) => ({ ...tensor, data: tensor.data.slice() })),
  };
  await store.saveBest(later);
  later.tensors[0].data.fill(7);
  expect(store.best!.tensors[0].data).toEqual(before);
  later.tensors[0].data[0] = Infinity;
  await expect(store.saveLatest(later)).rejects.toMatchObject({ kind: 'checkpoint' });
  expect(store.latest!.tensors[0].data).toEqual(before);
  await expect(new MemoryStore().readNewestState()).rejects.toMatchObject({ kind: 'checkpoint' });
});
