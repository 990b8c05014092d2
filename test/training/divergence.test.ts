import { expect, test } from 'vitest';
import { LossTrend } from '../../src/training/divergence.ts';
import { Random } from '../../src/random.ts';

/** ln V of 128 tokens. */
const UNIFORM_NATS = Math.log(128);

/** The first step at which a jump is detected, counted from 1. Null if there is no jump. */
function jumpIn(losses: readonly number[], trend = new LossTrend(UNIFORM_NATS)): number | null {
  const index = losses.findIndex((loss) => trend.add(loss) !== null);
  return index < 0 ? null : index + 1;
}

const falling = (steps: number): number[] =>
  Array.from({ length: steps }, (_, step) => 1.2 + 3 * Math.exp(-step / 100));

test('a falling loss with the noise of small batches never jumps', () => {
  const random = new Random(3);
  expect(jumpIn(falling(5000).map((loss) => Math.max(0, loss + 0.5 * random.normal())))).toBeNull();
});

test('one window of strange text is not a jump, and neither is a loss that is higher by half', () => {
  expect(jumpIn([...falling(500), 12, ...new Array<number>(500).fill(1.25)])).toBeNull();
  expect(jumpIn([...falling(500), ...new Array<number>(500).fill(1.9)])).toBeNull();
});

test('a loss that more than doubles and stays has jumped, and the message has both values', () => {
  expect(jumpIn([...falling(500), ...new Array<number>(100).fill(4)])).toBeLessThan(530);
  const trend = new LossTrend(UNIFORM_NATS);
  const messages = [...falling(500), ...new Array<number>(20).fill(30)]
    .map((loss) => trend.add(loss))
    .filter((message) => message !== null);
  expect(messages[0]).toMatch(/^the loss jumped from 1\.\d\d to \d+\.\d\d nats$/);
});

test('after overfitting, a loss of one nat is not a jump', () => {
  expect(
    jumpIn([...falling(200), ...new Array<number>(300).fill(0.01), ...new Array<number>(100).fill(0.9)]),
  ).toBeNull();
  expect(
    jumpIn([...falling(200), ...new Array<number>(300).fill(0.01), ...new Array<number>(100).fill(1.5)]),
  ).not.toBeNull();
});

test('the trend continues from its state as if it had not been interrupted', () => {
  const losses = [...falling(300), ...new Array<number>(40).fill(4)];
  const whole = jumpIn(losses);
  for (const cut of [10, 49, 50, 200, 310]) {
    const first = new LossTrend(UNIFORM_NATS);
    expect(jumpIn(losses.slice(0, cut), first)).toBeNull();
    const state = JSON.parse(JSON.stringify(first.state)) as typeof first.state;
    expect(jumpIn(losses.slice(cut), new LossTrend(UNIFORM_NATS, state))! + cut).toBe(whole);
  }
});

test('the trend uses the loss per character, for windows of any length', () => {
  const trend = new LossTrend(UNIFORM_NATS);
  expect(
    trend.problemIn([
      { lossNats: 30, characters: 10, updated: true },
      { lossNats: 60, characters: 20, updated: true },
    ]),
  ).toBeNull();
  expect(trend.state).toMatchObject({ steps: 2, average: 3 });
});

test('a loss that stays far above the loss of a uniform guess has diverged, even if it was never lower', () => {
  expect(jumpIn(new Array<number>(100).fill(736))).toBe(50);
  expect(jumpIn(new Array<number>(100).fill(1.9 * UNIFORM_NATS))).toBeNull();
  const trend = new LossTrend(UNIFORM_NATS);
  expect([...new Array<number>(50).fill(736)].map((loss) => trend.add(loss)).at(-1)).toBe(
    'the loss is 736.00 nats, far above the 4.85 of a uniform guess',
  );
});
