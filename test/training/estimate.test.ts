// The estimated time of a run, by a clock that only work advances.
import { describe, expect, it } from 'vitest';
import { evaluationWindows } from '../../src/corpus/evaluation-windows.ts';
import type { Corpus } from '../../src/corpus/read.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { Device, Executable, PreparedCall } from '../../src/devices/device.ts';
import type { Activity, ActivityListener } from '../../src/training/activity.ts';
import { type RunEstimate, estimateRun } from '../../src/training/estimate.ts';
import type { TrainingOptions } from '../../src/options/training.ts';
import { defaultSettings, corpusOf, optionsOf, verses } from './fixture.ts';

/** Milliseconds of a call of each job, and of a character of a sample. */
const costs: Readonly<Record<string, number>> = { train: 10, evaluate: 4 };
const CHARACTER_MS = 1;

async function estimated(
  given: Partial<TrainingOptions>,
  corpus = verses,
  onActivity?: ActivityListener,
): Promise<RunEstimate> {
  let time = 0;
  const cpu = await openCpu({ threads: 1 });
  const timed = (inner: Executable): Executable => ({
    description: inner.description,
    memoryBytes: inner.memoryBytes,
    callsPerRun: () => 3,
    async run(job, calls) {
      time += calls.length * costs[job];
      return inner.run(job, calls);
    },
    read: (resident, into) => inner.read(resident, into),
    write: (resident, values) => inner.write(resident, values),
    close: () => inner.close(),
  });
  const sampling = (inner: Executable): Executable => ({
    ...timed(inner),
    preparedCall(job): PreparedCall {
      const { ids, outputs, run } = inner.preparedCall!(job);
      const timedRun = (): Promise<void> | void => {
        time += CHARACTER_MS;
        return run();
      };
      return { ids, outputs, run: timedRun };
    },
  });
  const device: Device = {
    ...cpu,
    async compile(workload) {
      const inner = await cpu.compile(workload);
      return workload.interactive ? sampling(inner) : timed(inner);
    },
  };
  const told = onActivity === undefined ? {} : { onActivity };
  return estimateRun({
    ...defaultSettings,
    options: optionsOf(corpus, given),
    corpus,
    device,
    clock: () => time,
    ...told,
  });
}

const windowsOf = (corpus: Corpus): number =>
  [
    ...evaluationWindows(corpus.validation, {
      streams: 2,
      sequenceLength: 10,
      startSymbol: corpus.vocabulary.startSymbol,
    }),
  ].length;

describe('the estimate of a run', () => {
  it('is measured as a whole, from its beginning to its end', async () => {
    const told: Activity[] = [];
    await estimated({ maxSteps: 2, sampleLength: 2 }, verses, (activity) => void told.push(activity));
    expect(told).toEqual([0, 1].map((done) => ({ kind: 'measuring', done, total: 1 })));
  });

  it('is the sum of the measured times of its steps, evaluations and samples', async () => {
    const options = { maxSteps: 45, evaluateEvery: 20, sampleEvery: 30, sampleLength: 20 };
    const { milliseconds, ...estimate } = await estimated(options);
    const windows = windowsOf(verses);
    expect(estimate).toMatchObject({ steps: 45, stepMs: 10, evaluations: 3, samples: 2 });
    expect(estimate.sampleMs).toBeGreaterThanOrEqual(20);
    expect(estimate.sampleMs).toBeLessThan(40);
    expect(estimate.evaluationMs).toBeCloseTo(4 * windows, 6);
    expect(milliseconds).toBeCloseTo(450 + 3 * 4 * windows + 2 * estimate.sampleMs!, 6);
    expect(estimate.device).toContain('cpu');
    expect(estimate.memoryBytes).toBeGreaterThan(0);
  });

  it('counts epochs and their steps', async () => {
    const { steps, epochs } = await estimated({ epochs: 2.5 });
    const whole = await estimated({ epochs: 1 });
    expect(steps).toBe(Math.ceil(2.5 * whole.steps));
    expect([epochs, whole.epochs]).toEqual([steps / whole.steps, 1]);
  });

  it('counts the steps that fit into a budget, and adds evaluations and samples', async () => {
    const { steps, evaluations, evaluationMs, milliseconds } = await estimated({ budgetMs: 2000, evaluateEvery: 150 });
    expect({ steps, evaluations }).toEqual({ steps: 200, evaluations: 2 });
    expect(milliseconds).toBeCloseTo(2000 + 2 * evaluationMs!, 6);
  });

  it('has one evaluation if it is only due at the end, and none without a validation text', async () => {
    expect(await estimated({ maxSteps: 45, evaluateEvery: 0 })).toMatchObject({
      evaluations: 1,
      samples: 0,
      sampleMs: null,
    });
    const unvalidated = corpusOf('the quick brown fox jumps over the lazy dog. '.repeat(20), '');
    expect(await estimated({ maxSteps: 45 }, unvalidated)).toMatchObject({
      evaluations: 0,
      evaluationMs: null,
      milliseconds: 450,
    });
  });

  it('measures a part of a long validation text and scales it', async () => {
    const long = corpusOf('the quick brown fox. '.repeat(100), 'the quick brown fox. '.repeat(1000));
    const { evaluationMs } = await estimated({ maxSteps: 45, evaluateEvery: 20, validationCharacters: 0 }, long);
    const measured = evaluationMs! / 4 / windowsOf(long);
    expect(measured).toBeGreaterThan(0.95);
    expect(measured).toBeLessThan(1.1); // the characters read before each chunk of a part
  });
});
