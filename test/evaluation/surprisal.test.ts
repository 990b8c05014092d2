import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import type { Device } from '../../src/devices/device.ts';
import { openDevice } from '../../src/devices/open.ts';
import { SurprisalRecord, isLikeliest, surprisalNats } from '../../src/evaluation/surprisal.ts';
import { Random } from '../../src/random.ts';
import { networkProgram } from '../../src/model/network.ts';
import { type TextToScore, score } from '../../src/evaluation/score.ts';
import { modelOfSeed } from '../insight/models.ts';

const V = 11;
const trained = modelOfSeed(4, { cell: 'lstm', layers: 2, hidden: 7, vocabulary: V });
const tokens = Uint8Array.from({ length: 90 }, (_, at) => (at * at + 3 * (at % 4)) % V);
const planOf = (streams: number, sequenceLength: number): TextToScore => ({
  tokens,
  streams,
  sequenceLength,
  dynamic: null,
  startSymbol: null,
});
/** Tolerance for float32 and the order of sums. */
const TOLERANCE = 1e-5;

/** The probabilities of the next character after each character, computed one by one in float64. */
function predictions(): number[][] {
  const program = networkProgram(trained.model, { steps: 1, rows: 1 }, { outputs: 'logits' });
  const parameters = new Map(trained.tensors.map(({ name, data }) => [name, Float64Array.from(data)]));
  const state = new Map<string, Float64Array>();
  return Array.from(tokens.subarray(0, -1), (id) => {
    const { values } = evaluateProgram(program, { parameters, inputs: new Map([['ids', Float64Array.of(id)]]), state });
    const weights = Array.from(values.get(program.outputs.get('logits')!)!, Math.exp);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return weights.map((weight) => weight / sum);
  });
}

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu', { threads: 2 });
});
afterAll(() => device.close());

describe('the surprisal of each character', () => {
  it('agrees with a plain computation in float64, with its rank and the most likely tokens', async () => {
    const record = new SurprisalRecord(tokens.length - 1, V);
    const { nats, accuracy } = await score(trained, planOf(1, 7), device, record);
    const expected = predictions();
    for (const [at, p] of expected.entries()) {
      const next = tokens[at + 1];
      const order = p.map((_, id) => id).toSorted((a, b) => p[b] - p[a]);
      expect(Math.abs(record.nats[at] + Math.log(p[next]))).toBeLessThan(TOLERANCE);
      expect(record.ranks[at]).toBe(order.indexOf(next));
      expect([...record.likeliest.subarray(5 * at, 5 * at + 5)]).toEqual(order.slice(0, 5));
      for (const [place, id] of order.slice(0, 5).entries())
        expect(Math.abs(record.probabilities[5 * at + place] - p[id])).toBeLessThan(TOLERANCE);
    }
    expect(nats).toBeCloseTo(record.nats.reduce((sum, each) => sum + each, 0) / 89, 6);
    expect(accuracy).toBe(record.ranks.filter((rank) => rank === 0).length / 89);
    expect(accuracy).toBeGreaterThan(0);
  });

  it('is stored at its position when several chunks are read in parallel, as far as there is room', async () => {
    const [whole, begun] = [new SurprisalRecord(89, V), new SurprisalRecord(20, V)];
    const [first, second] = [
      await score(trained, planOf(3, 7), device, whole),
      await score(trained, planOf(3, 7), device, begun),
    ];
    expect(second).toEqual(first);
    expect(begun.nats).toEqual(whole.nats.subarray(0, 20));
    // The first of three chunks begins like the single chunk.
    for (const [at, p] of predictions().slice(0, 30).entries())
      expect(whole.nats[at]).toBeCloseTo(-Math.log(p[tokens[at + 1]]), 4);
    expect(whole.nats.every((each) => each > 0)).toBe(true);
    expect(first.nats).toBeCloseTo(whole.nats.reduce((sum, each) => sum + each, 0) / 89, 6);
  });

  it('ranks equal logits by id, and lists all tokens if there are fewer than five', () => {
    const record = new SurprisalRecord(2, 3);
    const logits = Float32Array.of(9, 1, 2, 2);
    record.put(1, logits, 1, 2);
    expect(record.ranks[1]).toBe(1);
    expect([...record.likeliest.subarray(3)]).toEqual([1, 2, 0]);
    expect([0, 1, 2].map((symbol) => isLikeliest(logits, 1, 3, symbol))).toEqual([false, true, false]);
    expect(isLikeliest(Float32Array.of(1, Number.NaN, 0), 0, 3, 0)).toBe(false);
    expect(isLikeliest(Float32Array.of(Number.NaN), 0, 1, 0)).toBe(false);
  });
});

describe('the surprisal of a token', () => {
  const random = new Random(3);

  it.each([0.1, 1, 10, 40])('is as computed by Math.exp, for logits of scale %f', (scale) => {
    for (let trial = 0; trial < 50; trial++) {
      const logits = Float32Array.from({ length: 3 * V }, () => scale * (2 * random.uniform() - 1));
      const [start, symbol] = [V, trial % V];
      const sum = logits.subarray(V, 2 * V).reduce((total, logit) => total + Math.exp(logit), 0);
      const expected = Math.log(sum) - logits[start + symbol];
      expect(Math.abs(surprisalNats(logits, start, V, symbol) - expected)).toBeLessThan(1e-7);
    }
  });

  it('is not a number if a logit is not, and ignores tokens that cannot occur', () => {
    expect(surprisalNats(Float32Array.of(1, NaN, 2), 0, 3, 0)).toBeNaN();
    expect(surprisalNats(Float32Array.of(1, -Infinity, 1), 0, 3, 0)).toBeCloseTo(Math.LN2, 8);
  });
});
