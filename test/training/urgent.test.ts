// An end during an evaluation or a sample, which is abandoned and done later when the run
// continues.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readCheckpoint } from '../../src/runs/store.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { Device } from '../../src/devices/device.ts';
import type { TrainingEvent } from '../../src/training/events.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import { timeless, train, verses } from './fixture.ts';

/** The time for --max-time, which advances only when a test says so. */
let now: number;
beforeEach(() => {
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => vi.restoreAllMocks());

const HOUR = 3_600_000;
const runOptions = { maxSteps: 12, evaluateEvery: 4, sampleEvery: 6, sampleLength: 300, evaluationStreams: 1 } as const;

/**
 * The cpu, with a callback at the beginning of an evaluation, or of a sample: that is when a
 * sampler gets its weights.
 */
async function deviceWhere(job: 'evaluate' | 'sample', happens: () => void): Promise<Device> {
  const device = await openCpu({ threads: 1 });
  return {
    ...device,
    async compile(workload) {
      const isSampler = workload.interactive === true;
      return new Proxy(await device.compile(workload), {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          return (...words: unknown[]) => {
            if (job === 'sample' ? isSampler && name === 'write' : words[0] === 'evaluate') happens();
            return (value as (...words: unknown[]) => unknown).apply(target, words);
          };
        },
      });
    },
  };
}

const eventSummaries = (events: readonly TrainingEvent[]): unknown[] =>
  events.filter(({ event }) => event === 'evaluation' || event === 'sample');

/** Ends the first invocation during a job, by `end`, and continues. */
async function interrupted(
  job: 'evaluate' | 'sample',
  options: Partial<TrainingOptions>,
  end: (controller: AbortController) => void,
) {
  const controller = new AbortController();
  const device = await deviceWhere(job, () => end(controller));
  const first = await train(
    verses,
    { ...runOptions, ...options, maxTimeMs: HOUR },
    { device, signal: controller.signal },
  );
  const saved = await first.folder.readNewestState();
  const second = await train(
    verses,
    { ...runOptions, ...options },
    { folder: first.folder, resumedFrom: saved.checkpoint },
  );
  return {
    first: first.events,
    saved: saved.checkpoint,
    second: second.events,
    latest: await readCheckpoint(second.folder.latestPath),
  };
}

const ways = [
  ['a signal', 'signal', (controller: AbortController) => controller.abort()],
  ['--max-time', 'max-time', () => void (now += 2 * HOUR)],
] as const;

describe.each(ways)('%s', (_, reason, end) => {
  test.each([
    ['evaluate', {}, 4],
    ['sample', {}, 6],
    // At the end of the run nothing else is left to do.
    ['evaluate', { evaluateEvery: 0 }, 12],
    ['sample', { sampleEvery: 100 }, 12],
  ] as const)('abandons a step that begins to %s (%o), and the resumed run does it', async (job, options, step) => {
    const whole = await train(verses, { ...runOptions, ...options });
    const { first, saved, second, latest } = await interrupted(job, options, end);
    expect(first.at(-1)).toMatchObject({ event: 'end', reason, step });
    expect(first.some((event) => event.event === (job === 'evaluate' ? 'evaluation' : 'sample'))).toBe(false);
    expect(saved.training.loop).toMatchObject({ finished: null });
    expect(second.at(-1)).toMatchObject({ event: 'end', reason: 'max-steps', step: 12 });
    expect([...eventSummaries(first), ...eventSummaries(second)]).toEqual(eventSummaries(whole.events));
    expect(timeless(latest)).toEqual(timeless(await readCheckpoint(whole.folder.latestPath)));
  });
});

test('an evaluation that takes longer than --max-time is completed by an invocation that begins with it', async () => {
  const slow = (): Promise<Device> => deviceWhere('evaluate', () => void (now += 2 * HOUR));
  const first = await train(verses, { ...runOptions, maxTimeMs: HOUR }, { device: await slow() });
  expect(first.events.at(-1)).toMatchObject({ reason: 'max-time', step: 4 });
  const { checkpoint } = await first.folder.readNewestState();
  const second = await train(
    verses,
    { ...runOptions, maxTimeMs: HOUR },
    { folder: first.folder, resumedFrom: checkpoint, device: await slow() },
  );
  expect(second.events.filter(({ event }) => event === 'evaluation' || event === 'end')).toMatchObject([
    { event: 'evaluation', step: 4 },
    { event: 'end', reason: 'max-time', step: 4 },
  ]);
});
