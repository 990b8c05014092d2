// The work of a run between its events.
import { expect, test } from 'vitest';
import type { Activity } from '../../src/training/activity.ts';
import { readCheckpoint } from '../../src/runs/store.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { withRunSizes, timeless, train, verses } from './fixture.ts';

const runOptions = { maxSteps: 4, sampleEvery: 4, evaluationStreams: 1 } as const;

test('each activity is reported from its beginning to its end, in the order of the work, and changes nothing', async () => {
  const told: (Activity | TrainingEvent['event'])[] = [];
  const { events, folder } = await train(verses, runOptions, {
    device: withRunSizes({ runSizes: [1] }, await openCpu({ threads: 1 })),
    onActivity: (activity) => void told.push(activity),
    stopAfter: ({ event }) => void told.push(event),
  });
  const kinds = told.map((each) => (typeof each === 'string' ? each : each.kind));
  const distinct = kinds.filter((kind, index) => kind !== kinds[index - 1]);
  expect(distinct.filter((kind) => kind !== 'report')).toEqual(
    ['compiling', 'start', 'validating', 'saving', 'evaluation', 'compiling', 'sampling', 'sample', 'saving', 'checkpoint', 'end'], // prettier-ignore
  );
  const activities = told.filter((each) => typeof each !== 'string');
  for (const kind of ['compiling', 'validating', 'sampling', 'saving']) {
    const own = activities.filter((activity) => activity.kind === kind);
    expect(own[0]).toMatchObject({ done: 0 });
    expect(own.at(-1)!.done).toBe(own.at(-1)!.total);
  }
  const validating = activities.filter(({ kind }) => kind === 'validating');
  // The first call reads the start token first.
  const scored = [0, ...Array.from({ length: 17 }, (_, call) => Math.min(10 * call + 9, verses.validation.length - 1))];
  expect(validating.map(({ done }) => done)).toEqual(scored);
  const untold = await train(verses, runOptions);
  expect(untold.events.map(({ event }) => event)).toEqual(events.map(({ event }) => event));
  expect(timeless(await readCheckpoint(untold.folder.latestPath))).toEqual(
    timeless(await readCheckpoint(folder.latestPath)),
  );
});

test('reports show how long evaluations, samples and saves will still take', async () => {
  let now = 0;
  const clock = (): number => now;
  const { events } = await train(
    verses,
    { maxSteps: 8, evaluateEvery: 2, sampleEvery: 4, checkpointEvery: 4 },
    {
      clock,
      device: withRunSizes(
        { runSizes: [1], onRun: (job) => void (now += job === 'train' ? 80 : 0) },
        await openCpu({ threads: 1 }),
      ),
      onActivity: ({ kind, done }) => {
        if (done === 0)
          now += ({ validating: 1000, sampling: 100, saving: 10 } as Partial<Record<typeof kind, number>>)[kind] ?? 0;
      },
    },
  );
  const reports = events.flatMap((event) => (event.event === 'report' && event.step % 2 === 0 ? [event] : []));
  // An evaluation of 162 characters is expected to take a third of the 1 ms of a trained character. Then it
  // takes 1 s, and 10 ms more to save the best weights.
  expect(
    reports.map(({ step, trainingMs, remainingPausesMs }) => [step, trainingMs, Math.round(remainingPausesMs)]),
  ).toEqual([
    [2, 160, 4 * 54 - 54],
    [4, 320, 2 * 1010],
    [6, 480, 1 * 1010 + 100 + 10],
    [8, 640, 1010 + 100 + 10],
  ]);
});
