// A process that is killed in a long evaluation does not lose the training before it.
import { expect, test } from 'vitest';
import { RunFolder, readCheckpoint } from '../../src/runs/store.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { Device } from '../../src/devices/device.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import { VERSE, corpusOf, timeless, train, verses } from './fixture.ts';

/**
 * An evaluation that is long enough for a save before it at the end of a run, but too short for a
 * save during the run.
 */
const corpus = corpusOf(VERSE.repeat(20), VERSE.repeat(50));
const runOptions = { maxSteps: 12, evaluateEvery: 4, hidden: 64, schedule: 'constant' } as const;

const kindsAt = (events: readonly TrainingEvent[], step: number): string[] =>
  events.flatMap((event) => ('step' in event && event.step === step && event.event !== 'start' ? [event.event] : []));

test('the last evaluation begins when everything is saved, and a run that is killed in it resumes to the same end', async () => {
  const whole = await train(corpus, runOptions);
  expect(kindsAt(whole.events, 12)).toEqual(['report', 'checkpoint', 'evaluation', 'checkpoint', 'end']);
  const killed = await train(corpus, runOptions, { stopAfter: ({ event }) => event === 'checkpoint' });
  expect(kindsAt(killed.events, 12)).toEqual(['report', 'checkpoint']);
  killed.folder.close();
  const folder = (await RunFolder.open(killed.folder.path))!;
  const { checkpoint: resumedFrom } = await folder.readNewestState();
  expect(resumedFrom.training).toMatchObject({ step: 12, loop: { finished: null } });
  const resumed = await train(corpus, runOptions, { folder, resumedFrom });
  expect(kindsAt(resumed.events, 12)).toEqual(['evaluation', 'checkpoint', 'end']);
  expect(resumed.events.at(-1)).toMatchObject({ reason: 'max-steps' });
  expect(timeless(await readCheckpoint(folder.latestPath))).toEqual(
    timeless(await readCheckpoint(whole.folder.latestPath)),
  );
});

test('a run that is stopped twice before its last evaluation is not finished', async () => {
  const killed = await train(corpus, runOptions, { stopAfter: ({ event }) => event === 'checkpoint' });
  killed.folder.close();
  const folder = (await RunFolder.open(killed.folder.path))!;
  const { checkpoint: resumedFrom } = await folder.readNewestState();
  const { events } = await train(corpus, runOptions, { folder, resumedFrom, signal: AbortSignal.abort() });
  expect(events.at(-1)).toMatchObject({ event: 'end', reason: 'signal', step: 12 });
});

test('short evaluations have no separate save before them', async () => {
  const { events } = await train(corpus, runOptions);
  expect([4, 8].map((step) => kindsAt(events, step))).toEqual([4, 8].map(() => ['report', 'evaluation']));
  expect(kindsAt((await train(verses, runOptions)).events, 12)).toEqual(['report', 'evaluation', 'checkpoint', 'end']);
});

test('a run does not return to a state whose validation loss is not a number, even if it was saved before the evaluation', async () => {
  const { events } = await train(
    corpus,
    { ...runOptions, checkpointEvery: 8 },
    { device: await failingInEvaluation(3) },
  );
  expect(events.filter(({ event }) => event === 'recovery')).toMatchObject([
    { step: 8, reason: expect.stringContaining('from step 8 ') },
  ]);
  expect(events.at(-1)).toMatchObject({ reason: 'max-steps', step: 12 });
});

/** The cpu, with losses of NaN in one evaluation. The first is 1. */
async function failingInEvaluation(failing: number): Promise<Device> {
  const device = await openCpu({ threads: 1 });
  let evaluation = 0;
  return {
    ...device,
    async compile(workload) {
      const executable = await device.compile(workload);
      return new Proxy(executable, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (name !== 'run') return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
          return async (...[job, calls]: Parameters<typeof executable.run>) => {
            const results = await target.run(job, calls);
            if (job === 'evaluate' && calls[0].reset) evaluation++;
            return job === 'evaluate' && evaluation === failing
              ? results.map((result) => ({ ...result, lossNats: NaN }))
              : results;
          };
        },
      });
    },
  };
}
