import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { readCheckpoint } from '../../src/runs/read.ts';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { EndEvent, ReportEvent, TrainingEvent } from '../../src/training/events.ts';
import { Session } from '../../src/training/session.ts';
import { corpusOf, optionsOf, timeless, train, verses } from './fixture.ts';

type Kind = TrainingEvent['event'];

function those<K extends Kind>(events: readonly TrainingEvent[], kind: K): Extract<TrainingEvent, { event: K }>[] {
  return events.filter((event): event is Extract<TrainingEvent, { event: K }> => event.event === kind);
}

const stepsOf = (
  events: readonly TrainingEvent[],
  kind: 'evaluation' | 'sample' | 'checkpoint' | 'report' | 'recovery',
): number[] => those(events, kind).map(({ step }) => step);
const endOf = (events: readonly TrainingEvent[]): EndEvent => events.at(-1) as EndEvent;

/** Nats per character of a model that knows only how often each character of a text occurs. */
function unigramNats(ids: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  for (const id of Array.from(ids)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / ids.length) * Math.log(count / ids.length), 0);
}

describe('a training run', () => {
  test('learns more than the frequencies of characters, and reports it from start to end', async () => {
    const { events, folder } = await train(verses, { maxSteps: 150, evaluateEvery: 50 });
    const unigram = unigramNats(verses.train);
    expect(those(events, 'evaluation').at(-1)!.validationLossNats).toBeLessThan(0.7 * unigram);
    expect(those(events, 'report').at(-1)!.lossNats).toBeLessThan(unigram);
    expect(events[0]).toMatchObject({
      event: 'start',
      totalSteps: 150,
      corpus: { symbols: verses.vocabulary.size, train: verses.train.length, validation: verses.validation.length },
    });
    expect(endOf(events)).toMatchObject({
      event: 'end',
      reason: 'max-steps',
      step: 150,
      checkpoint: folder.latestPath,
    });
    const evaluations = those(events, 'evaluation');
    expect(endOf(events).bestValidationLossNats).toBe(
      Math.min(...evaluations.map(({ validationLossNats }) => validationLossNats)),
    );
    expect((await readCheckpoint(folder.bestPath)).training).toMatchObject({
      bestValidationLossNats: endOf(events).bestValidationLossNats,
    });
  });

  test('evaluates, samples and saves exactly at the requested steps, and at the end', async () => {
    const { events, folder } = await train(verses, {
      maxSteps: 12,
      evaluateEvery: 4,
      sampleEvery: 5,
      checkpointEvery: 6,
    });
    expect(stepsOf(events, 'evaluation')).toEqual([4, 8, 12]);
    expect(stepsOf(events, 'sample')).toEqual([5, 10, 12]);
    expect(stepsOf(events, 'checkpoint')).toEqual([6, 12]); // the last one once, although it is also at the end
    expect(those(events, 'sample').map(({ text }) => [...text].length)).toEqual([20, 20, 20]);
    // However fast the run, the training loss of the same step precedes each of them, for `rnn
    // story` and `rnn info`.
    expect(stepsOf(events, 'report')).toEqual(expect.arrayContaining([4, 5, 8, 10, 12]));
    const { history } = (await readCheckpoint(folder.bestPath)).training;
    expect(history.some(({ event }) => event === 'report')).toBe(true);
    const steps = events.flatMap((event) => ('step' in event ? [event.step] : []));
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(
      readFileSync(folder.logPath, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(events.map((event) => JSON.parse(JSON.stringify(event)) as unknown));
    expect([
      (await readCheckpoint(folder.latestPath)).training.step,
      (await readCheckpoint(folder.previousPath)).training.step,
    ]).toEqual([12, 6]);
  });

  test('only saves, and evaluates once, if nothing else was requested', async () => {
    const { events } = await train(verses, { maxSteps: 3 });
    expect(events.map(({ event }) => event)).toEqual(['start', 'report', 'evaluation', 'checkpoint', 'end']);
    const { events: unvalidated } = await train(corpusOf('abcd'.repeat(50), ''), { maxSteps: 3, evaluateEvery: 1 });
    expect(unvalidated.map(({ event }) => event)).toEqual(['start', 'report', 'checkpoint', 'end']);
    expect(endOf(unvalidated).bestValidationLossNats).toBeNull();
  });

  test('with a length in epochs ends after the last window of the text', async () => {
    const { events } = await train(verses, { epochs: 2, batchSize: 8, sequenceLength: 20 });
    const windows = Math.floor(Math.floor((verses.train.length - 1) / 8) / 20);
    expect(endOf(events)).toMatchObject({ reason: 'epochs', step: 2 * windows });
    expect(those(events, 'report').at(-1)).toMatchObject({ epoch: 2, progress: 1 });
  });

  test('reports every step if steps take longer than a second, and otherwise once a second', async () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now');
    onTestFinished(() => clock.mockRestore());
    clock.mockImplementation(() => (now += 1000));
    expect(stepsOf((await train(verses, { maxSteps: 4 })).events, 'report')).toEqual([1, 2, 3, 4]);
    clock.mockImplementation(() => (now += 1));
    expect(stepsOf((await train(verses, { maxSteps: 4 })).events, 'report')).toEqual([4]);
  });

  test('stops when `patience` evaluations have had no better loss', async () => {
    // The more the model learns of this text, the worse it predicts the other one.
    const { events } = await train(corpusOf('ab'.repeat(200), 'bbbbaaaa'.repeat(5)), {
      maxSteps: 200,
      evaluateEvery: 2,
      patience: 3,
      learningRate: 0.05,
    });
    const evaluations = those(events, 'evaluation');
    const bestAt = evaluations.findLastIndex(({ best }) => best);
    expect(endOf(events)).toMatchObject({ reason: 'patience', step: evaluations[bestAt].step + 3 * 2 });
    expect(
      evaluations
        .slice(bestAt + 1)
        .every(({ validationLossNats }) => validationLossNats >= evaluations[bestAt].validationLossNats),
    ).toBe(true);
  });

  test('that is stopped ends after the current update step and saves its state', async () => {
    const controller = new AbortController();
    const { events, folder } = await train(
      verses,
      { maxSteps: 100, sampleEvery: 7 },
      { signal: controller.signal, stopAfter: ({ event }) => event === 'sample' && controller.abort() },
    );
    expect(endOf(events)).toMatchObject({ reason: 'signal', step: 7, checkpoint: folder.latestPath });
    expect((await readCheckpoint(folder.latestPath)).training.step).toBe(7);
    expect(endOf((await train(verses, { maxSteps: 100 }, { signal: AbortSignal.abort() })).events)).toMatchObject({
      reason: 'signal',
      step: 0,
    });
  });

  test('that is stopped in a long evaluation does not finish the evaluation, and saves its state', async () => {
    const controller = new AbortController();
    const { events, folder } = await train(
      verses,
      { maxSteps: 5, evaluateEvery: 2 },
      {
        signal: controller.signal,
        stopAfter: ({ event, ...rest }) => event === 'evaluation' && 'step' in rest && controller.abort(),
      },
    );
    expect(stepsOf(events, 'evaluation')).toEqual([2]); // and none of the step at which it ended
    expect(endOf(events)).toMatchObject({ reason: 'signal', step: 2, checkpoint: folder.latestPath });
  });

  const unstable = {
    cell: 'rnn-relu',
    hidden: 64,
    batchSize: 4,
    maxSteps: 12,
    optimizer: 'sgd',
    learningRate: 5,
    clipNorm: 0,
    schedule: 'constant',
  } as const;

  test('recovers if a validation loss is not a number, and never saves such a loss as the best', async () => {
    const { events } = await train(verses, { ...unstable, evaluateEvery: 1 });
    expect(
      those(events, 'recovery').some(({ reason }) =>
        reason.includes('the validation loss is not a finite number at step'),
      ),
    ).toBe(true);
    for (const { validationLossNats } of those(events, 'evaluation'))
      expect(Number.isFinite(validationLossNats)).toBe(true);
  });

  test('continues when it cannot take a sample, and reports that', async () => {
    const { events } = await train(verses, { ...unstable, sampleEvery: 1, sampleLength: 200 });
    expect(those(events, 'recovery').some(({ reason }) => reason.startsWith('cannot take a sample: '))).toBe(true);
  });
});

describe('one seed', () => {
  const options = { cell: 'gru', layers: 2, dropout: 0.2, maxSteps: 12, evaluateEvery: 5, sampleEvery: 6 } as const;

  test('gives the same checkpoint and the same samples, and another seed gives others', async () => {
    const [first, second, other] = [
      await train(verses, options, { threads: 2 }),
      await train(verses, options, { threads: 2 }),
      await train(verses, { ...options, seed: 2 }, { threads: 2 }),
    ];
    const [a, b, c] = [
      await readCheckpoint(first.folder.latestPath),
      await readCheckpoint(second.folder.latestPath),
      await readCheckpoint(other.folder.latestPath),
    ];
    expect(timeless(b)).toEqual(timeless(a));
    expect(those(second.events, 'sample')).toEqual(those(first.events, 'sample'));
    expect(c.tensors).not.toEqual(a.tensors);
    expect(those(other.events, 'sample')).not.toEqual(those(first.events, 'sample'));
  });

  // Mean nats per character. Kernels and thread counts differ in the seventh digit, and ten steps
  // of Adam hardly increase the difference.
  test.each([
    [
      'of earlier versions',
      false,
      [3.3602, 3.41926, 3.35656, 3.28439, 3.24306, 3.26839, 3.20393, 3.11997, 3.11757, 3.10286],
    ],
    ['of now', true, [3.3706, 3.38537, 3.34764, 3.26381, 3.24989, 3.23819, 3.21591, 3.09241, 3.09147, 3.06639]],
  ])('gives a run %s the first ten losses that it gave when this was written', async (_, textStarts, recorded) => {
    const options = optionsOf(verses, { layers: 2, maxSteps: 10, textStarts });
    const session = await Session.open({ options, corpus: verses, device: await openCpu({ threads: 2 }) });
    await session.begin();
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      const [{ lossNats }] = await session.advance(1, () => 0.01);
      losses.push(lossNats / (options.batchSize * options.sequenceLength));
    }
    await session.close();
    for (const [step, loss] of losses.entries())
      expect(loss, `step ${step + 1} of ${losses.join(', ')}`).toBeCloseTo(recorded[step], 4);
  });
});

test('with the plateau schedule the learning rate falls when the validation loss stops falling, and continues from there when the run does', async () => {
  // Such a low rate changes nothing, so the first evaluation remains the best.
  const given = { schedule: 'plateau', decay: 0.5, learningRate: 1e-30, evaluateEvery: 2 } as const;
  const rateOf = (events: readonly TrainingEvent[]): number =>
    (events.findLast(({ event }) => event === 'report') as ReportEvent).learningRate;
  const { events, folder } = await train(verses, { ...given, maxSteps: 7 });
  expect(rateOf(events) / 1e-30).toBeCloseTo(0.25, 12); // at 4 and 6
  const { checkpoint } = await folder.readNewestState();
  const more = await train(verses, { ...given, maxSteps: 11 }, { resumedFrom: checkpoint, folder });
  expect(rateOf(more.events) / 1e-30).toBeCloseTo(0.25 / 8, 12); // at 7, where the run ended before, 8 and 10
});
