// Signals and timers get their turn while matrices are made orthogonal.
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ModelConfiguration } from '../src/model/configuration.ts';
import { initialParameters, initialParametersInSlices } from '../src/model/parameters.ts';
import { type SlicedWork, runUninterrupted } from '../src/sliced-work.ts';
import { Random } from '../src/random.ts';
import { makeOrthogonal } from '../src/training/orthogonal.ts';
import { runInSlices } from '../src/run-in-slices.ts';

const model: ModelConfiguration = {
  cell: 'gru',
  layers: 1,
  hidden: 24,
  embedding: 0,
  vocabulary: 5,
  forgetBias: 0,
  initialisation: 'orthogonal',
  dropout: 0,
  conventions: {},
};

/**
 * Runs as on a machine on which each slice takes 30 ms. `turns` counts the turns of the event loop.
 */
async function countTurns<Result>(pieces: SlicedWork<Result>): Promise<{ result: Result; turns: number }> {
  let turns = 0;
  let next = setImmediate(function count() {
    turns++;
    next = setImmediate(count);
  });
  onTestFinished(() => clearImmediate(next));
  let time = 0;
  const result = await runInSlices(pieces, () => (time += 30));
  clearImmediate(next);
  return { result, turns };
}

test('initial orthogonal matrices let the event loop run, and are the same', async () => {
  const { result, turns } = await countTurns(initialParametersInSlices(model, new Random(4)));
  expect(result).toEqual(initialParameters(model, new Random(4)));
  expect(turns).toBeGreaterThan(3 * model.hidden - 2);
});

test.each(['orthogonal', 'uniform', 'xavier'] as const)(
  'a slice of the %s initialisation draws at most a row of random numbers',
  (initialisation) => {
    const random = new Random(4);
    const draws = [vi.spyOn(random, 'uniform'), vi.spyOn(random, 'normal')];
    const drawn = (): number => draws.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    const pieces = initialParametersInSlices({ ...model, embedding: 8, initialisation }, random);
    let before = 0;
    while (pieces.next().done !== true) {
      expect(drawn() - before).toBeLessThanOrEqual(3 * model.hidden); // 3 gates
      before = drawn();
    }
    expect(before).toBeGreaterThan(3 * model.hidden * model.hidden);
  },
);

test('making matrices orthogonal lets the event loop run, and gives the same result', async () => {
  const uniform = (): Float32Array => initialParameters({ ...model, initialisation: 'uniform' }, new Random(4));
  const [atOnce, inTurns] = [uniform(), uniform()];
  runUninterrupted(makeOrthogonal(atOnce, model));
  const { turns } = await countTurns(makeOrthogonal(inTurns, model));
  expect(inTurns).toEqual(atOnce);
  expect(atOnce).not.toEqual(uniform());
  expect(turns).toBeGreaterThan(10 * model.hidden);
});

test('a short computation does not wait for the event loop', async () => {
  let turns = 0;
  const immediate = setImmediate(() => turns++);
  await runInSlices(makeOrthogonal(initialParameters(model, new Random(4)), model), () => 0);
  expect(turns).toBe(0);
  clearImmediate(immediate);
});
