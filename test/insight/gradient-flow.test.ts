// Compares gradients through time and Jacobians with finite differences in float64, and with theory
// for matrices of known spectral radius.
import { afterAll, describe, expect, test } from 'vitest';
import { parameterVector } from '../../src/runs/store.ts';
import { openDevice } from '../../src/devices/open.ts';
import { type Matrix, evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { type Flow, gradientFlow } from '../../src/insight/gradient-flow.ts';
import { largestSingularValue, largestSingularValues } from '../../src/insight/jacobian.ts';
import type { BareModel } from '../../src/evaluation/evaluate.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { lossProgram, networkProgram } from '../../src/model/network.ts';
import { orthogonalMatrix } from '../../src/model/orthogonal.ts';
import { initialParameters, parameterShapes } from '../../src/model/parameters.ts';
import { runUninterrupted } from '../../src/sliced-work.ts';
import { Random } from '../../src/random.ts';
import { modelOfSeed, withWeights } from './models.ts';

const [H, V] = [4, 5];
const STEP = 1e-5;

const reference = await openDevice('reference');
const cpu = await openDevice('cpu', { threads: 1 });
afterAll(() => Promise.all([reference.close(), cpu.close()]));

const textOf = (length: number, symbols = V): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * at + (at >> 2)) % symbols);
const norm = (vector: Iterable<number>): number => Math.hypot(...vector);
const flowOf = (flows: readonly Flow[], layer: number, state: string): Flow =>
  flows.find((flow) => flow.layer === layer && flow.state === state)!;

/** Changes one number of a state after step `at`, as if the step had computed it. */
interface Nudge {
  readonly at: number;
  readonly layer: number;
  readonly state: string;
  readonly unit: number;
  readonly by: number;
}

type Held = Readonly<Record<string, Matrix>>;

/** A network in float64, one time step at a time. */
class Stepwise {
  readonly #trained: BareModel;
  readonly #parameters: Map<string, Matrix>;

  constructor(trained: BareModel) {
    this.#trained = trained;
    const vector = Float64Array.from(parameterVector(trained));
    let offset = 0;
    this.#parameters = new Map(
      parameterShapes(trained.model).map(({ name, rows, columns }) => [
        name,
        vector.subarray(offset, (offset += rows * columns)),
      ]),
    );
  }

  /** The states after each character, and the carried values at the end. */
  read(text: Uint8Array, { at, layer, state, unit, by }: Nudge): { held: Held[]; carried: Map<string, Matrix> } {
    const program = networkProgram(this.#trained.model, { steps: 1, rows: 1 }, { outputs: 'activations' });
    const carried = new Map<string, Matrix>();
    const held = Array.from(text, (symbol, t) => {
      const parameters = new Map(this.#parameters);
      // The layer above reads an output through its Wx, so a change of the output acts like a
      // change of its bias.
      const Wx = parameters.get(`layer${layer + 1}.Wx`);
      if (t === at && state === 'h' && Wx) {
        const b = parameters.get(`layer${layer + 1}.b`)!;
        parameters.set(
          `layer${layer + 1}.b`,
          b.map((bias, column) => bias + by * Wx[unit * b.length + column]),
        );
      }
      const { values } = evaluateProgram(program, {
        parameters,
        inputs: new Map([['ids', Float64Array.of(symbol)]]),
        state: carried,
      });
      const now = Object.fromEntries([...program.outputs].map(([name, value]) => [name, values.get(value)!.slice()]));
      for (const [name, vector] of carried) carried.set(name, vector.slice());
      if (t === at) carried.get(`layer${layer}.${state}`)![unit] += by;
      return now;
    });
    return { held, carried };
  }

  /** The loss of the last character. */
  loss(text: Uint8Array, nudge: Nudge): number {
    const { carried: state } = this.read(text.subarray(0, -2), nudge);
    const inputs = new Map([
      ['ids', Float64Array.of(text.at(-2)!)],
      ['targets', Float64Array.of(text.at(-1)!)],
    ]);
    return evaluateProgram(lossProgram(this.#trained.model, { steps: 1, rows: 1 }, 1), {
      parameters: this.#parameters,
      inputs,
      state,
    }).lossNats;
  }

  /**
   * The whole gradient of that loss with respect to a state. For a cell state it includes the path
   * through the output, h = o∘tanh(c).
   */
  gradient(text: Uint8Array, at: number, layer: number, state: string): number[] {
    const own = Array.from({ length: H }, (_, unit) =>
      difference((by) => this.loss(text, { at, layer, state, unit, by })),
    );
    if (state !== 'c') return own;
    const { [`layer${layer}.c`]: c, [`layer${layer}.o`]: o } = this.read(text, { at, layer, state, unit: 0, by: 0 })
      .held[at];
    const h = this.gradient(text, at, layer, 'h');
    return own.map((value, unit) => value + h[unit] * o[unit] * (1 - Math.tanh(c[unit]) ** 2));
  }
}

function difference(told: (by: number) => number): number {
  return (told(STEP) - told(-STEP)) / (2 * STEP);
}

describe.each(allCells.map(({ name, states }) => [name, name === 'lstm-peephole' ? ['h'] : states] as const))(
  '%s',
  (cell, states) => {
    test('gradient norms, time step by time step into the past, agree with finite differences', async () => {
      const trained = modelOfSeed(3, { cell, layers: 2, hidden: H, vocabulary: V });
      const text = textOf(7);
      const flows = await gradientFlow(trained, text, { steps: 4, positions: 1 });
      const stepwise = new Stepwise(trained);
      for (const layer of [0, 1]) {
        for (const state of states) {
          for (const k of [1, 2, 4]) {
            const wanted = norm(stepwise.gradient(text, text.length - 2 - k, layer, state));
            expect(
              Math.exp(flowOf(flows, layer, state).logNorms[k]) / wanted,
              `layer ${layer}, ${state}, ${k} back`,
            ).toBeCloseTo(1, 7);
          }
        }
      }
    });
  },
);

describe('a tanh network whose recurrent matrix has the spectral radius', () => {
  /**
   * The input is zero, so the state stays 0, where the slope of tanh is 1: the Jacobian is the
   * matrix itself.
   */
  const networkOf = (recurrent: Float64Array, hidden: number): BareModel =>
    withWeights(modelOfSeed(2, { cell: 'rnn', layers: 1, hidden, vocabulary: V }), {
      'layer0.Wh': recurrent,
      'layer0.Wx': new Float64Array(V * hidden),
      'layer0.b': new Float64Array(hidden),
    });

  test.each([0.5, 1, 1.5])(
    '%d, orthogonal up to a factor: gradients change by that factor at each time step',
    async (radius) => {
      const matrix = runUninterrupted(orthogonalMatrix(16, new Random(4))).map((x) => x * radius);
      const [{ logNorms, perStep }] = await gradientFlow(networkOf(matrix, 16), textOf(300), {
        steps: 200,
        positions: 2,
      });
      logNorms.forEach((value, k) => expect(value - logNorms[0]).toBeCloseTo(k * Math.log(radius), 4));
      expect(perStep).toBeCloseTo(radius, 6);
      const [values] = await largestSingularValues(networkOf(matrix, 16), textOf(60), cpu, 3);
      values.forEach((value) => expect(value).toBeCloseTo(radius, 4));
    },
  );

  test.each([0.5, 1, 1.5])(
    '%d, random: gradients decay, stay or grow as the radius predicts, within the bound of the largest singular value',
    async (radius) => {
      const hidden = 24;
      const random = new Random(9);
      const any = Float64Array.from({ length: hidden * hidden }, () => random.normal());
      const scale = radius / spectralRadius(any);
      const matrix = any.map((x) => x * scale);
      const [{ logNorms, perStep }] = await gradientFlow(networkOf(matrix, hidden), textOf(300), {
        steps: 200,
        positions: 2,
      });
      expect(perStep! / radius).toBeCloseTo(1, 2);
      const bound = Math.log(largestSingularValue(matrix));
      logNorms.forEach((value, k) => expect(value - logNorms[0]).toBeLessThanOrEqual(k * bound + 1e-4));
      expect(bound).toBeGreaterThan(Math.log(radius));
    },
  );

  /** ‖Aⁿ‖^(1/n) for n = 2¹² (Gelfand, 1941), by squaring. */
  function spectralRadius(matrix: Float64Array): number {
    const n = Math.sqrt(matrix.length);
    let power = matrix;
    let logarithm = 0; // of the factor taken out, per first power
    for (let squarings = 0, exponent = 1; squarings < 12; squarings++, exponent *= 2) {
      const size = norm(power);
      logarithm += Math.log(size) / exponent;
      const scaled = power.map((x) => x / size);
      power = scaled.map((_, at) =>
        Array.from({ length: n }, (__, k) => scaled[Math.floor(at / n) * n + k] * scaled[k * n + (at % n)]).reduce(
          (sum, x) => sum + x,
          0,
        ),
      );
    }
    return Math.exp(logarithm + Math.log(norm(power)) / 2 ** 12);
  }
});

test('an LSTM with a forget bias of 5 keeps gradients that a tanh network loses', async () => {
  const fresh = (cell: string): BareModel => {
    const { model } = modelOfSeed(1, { cell, layers: 1, hidden: 32, vocabulary: V, forgetBias: 5 });
    return withWeights({ model, tensors: [] }, {}, initialParameters(model, new Random(6)));
  };
  const lost = async (cell: string, state: string): Promise<number> => {
    const { logNorms } = flowOf(await gradientFlow(fresh(cell), textOf(300), { steps: 100, positions: 4 }), 0, state);
    return logNorms[100] - logNorms[0];
  };
  expect(await lost('lstm', 'c')).toBeGreaterThan(Math.log(0.3));
  expect(await lost('rnn', 'h')).toBeLessThan(Math.log(1e-8));
});

test('a vanished gradient is −∞ without an error, and the rate is null without two points', async () => {
  const dead = withWeights(modelOfSeed(2, { cell: 'rnn', layers: 1, hidden: H, vocabulary: V }), {
    'layer0.Wh': new Float64Array(H * H),
  });
  const [{ logNorms, perStep }] = await gradientFlow(dead, textOf(30), { steps: 3, positions: 2 });
  expect(logNorms[0]).toBeGreaterThan(-20);
  expect(logNorms.slice(1)).toEqual([-Infinity, -Infinity, -Infinity]);
  expect(perStep).toBeNull();
});

test('a layer whose gradient fades much faster than another has the same gradient as alone', async () => {
  const layers = [0.9, 0.1].map((radius) =>
    runUninterrupted(orthogonalMatrix(H, new Random(3))).map((x) => x * radius),
  );
  const none = {
    'layer0.Wx': new Float64Array(V * H),
    'layer0.b': new Float64Array(H),
    'layer1.Wx': new Float64Array(H * H),
    'layer1.b': new Float64Array(H),
  };
  const skipping = modelOfSeed(2, { cell: 'rnn', layers: 2, hidden: H, vocabulary: V, skip: 'output' });
  const flows = await gradientFlow(
    withWeights(skipping, { ...none, 'layer0.Wh': layers[0], 'layer1.Wh': layers[1] }),
    textOf(300),
    {
      steps: 200,
      positions: 2,
    },
  );
  expect(flowOf(flows, 0, 'h').perStep).toBeCloseTo(0.9, 6);
  expect(flowOf(flows, 1, 'h').perStep).toBeCloseTo(0.1, 6);
});

test('a saturated cell still passes a small gradient', async () => {
  // With i and g wide open, and f open, c grows by one per step, until tanh(c) is 1 in float32, and
  // differs from 1 only in float64.
  const b = Float64Array.from({ length: 4 * H }, (_, at) => [8, 40, 8, 0][Math.floor(at / H)]);
  const full = withWeights(modelOfSeed(4, { cell: 'lstm', layers: 1, hidden: H, vocabulary: V }, 0.1), {
    'layer0.b': b,
  });
  const flow = flowOf(await gradientFlow(full, textOf(14), { steps: 8, positions: 1 }), 0, 'c');
  // 1 − tanh²(13) = 4/e²⁶, and o is 1/2. In float32 the derivative is 0 from 9 on.
  expect(flow.logNorms[0]).toBeGreaterThan(-32);
  expect(flow.logNorms[0]).toBeLessThan(-24);
});

test('positions with a zero gradient do not affect positions with a gradient', async () => {
  // One of the two tokens makes all units negative, so that a rectifier passes no gradient.
  const Wx = Float64Array.from({ length: 2 * H }, (_, at) => (at < H ? 1 : -9));
  const network = withWeights(modelOfSeed(2, { cell: 'rnn-relu', layers: 1, hidden: H, vocabulary: 2 }), {
    'layer0.Wx': Wx,
    'layer0.Wh': runUninterrupted(orthogonalMatrix(H, new Random(1))).map(Math.abs),
    'layer0.b': new Float64Array(H),
  });
  const text = Uint8Array.from({ length: 300 }, (_, at) => (at < 150 ? 0 : 1));
  const flow = async (from: number, to: number, positions: number): Promise<readonly number[]> =>
    (await gradientFlow(network, text.subarray(from, to), { steps: 3, positions }))[0].logNorms;
  const [alive, dead, both] = [await flow(0, 60, 1), await flow(240, 300, 1), await flow(0, 300, 2)];
  expect(alive.every(Number.isFinite)).toBe(true);
  expect(dead).toEqual([-Infinity, -Infinity, -Infinity, -Infinity].with(0, dead[0]));
  expect(both.slice(1)).toEqual(alive.slice(1));
});

test('a network whose state overflows is refused with a hint', async () => {
  const exploding = withWeights(modelOfSeed(2, { cell: 'rnn-relu', layers: 1, hidden: H, vocabulary: V }), {
    'layer0.Wh': Float64Array.from({ length: H * H }, () => 1e30),
    'layer0.b': Float64Array.from({ length: H }, () => 9),
  });
  await expect(gradientFlow(exploding, textOf(60), { steps: 20, positions: 1 })).rejects.toMatchObject({
    kind: 'diverged',
    message: expect.stringMatching(
      /^cannot follow gradients: the state of the network is not a finite number after 1\d characters$/,
    ) as string,
  });
});

test('a text that is too short is refused', async () => {
  await expect(
    gradientFlow(modelOfSeed(2, { cell: 'rnn', layers: 1, hidden: H, vocabulary: V }), textOf(12), {
      steps: 10,
      positions: 2,
    }),
  ).rejects.toMatchObject({
    kind: 'corpus',
    message: 'the text has 12 characters: expected at least 13 to look 10 time steps back',
  });
});

describe('the largest singular value', () => {
  test.each<[what: string, matrix: number[], value: number]>([
    ['a diagonal', [3, 0, 0, 0, -7, 0, 0, 0, 2], 7],
    ['a product of two vectors', [2, 4, 1, 2], 5],
    ['one row', [0, 0, 0, 0, 0, 0, 8, -7, 0], Math.sqrt(113)],
    ['nothing', [0, 0, 0, 0], 0],
  ])('of %s is exact', (_, matrix, value) => {
    expect(largestSingularValue(Float64Array.from(matrix))).toBeCloseTo(value, 5);
  });

  const text = textOf(6);
  test.each<[cell: string, more: Partial<ModelConfiguration>]>([
    ['lstm', {}],
    ['gru', {}],
    ['rnn', {}],
    ['lstm', { learnedState: true }],
  ])(
    'of a time step of %s with %o agrees with the Jacobian of finite differences, in each layer',
    async (cell, more) => {
      const trained = modelOfSeed(7, { cell, layers: 2, hidden: H, vocabulary: V, ...more });
      const found = await largestSingularValues(trained, text, reference, 1);
      const states = allCells.find(({ name }) => name === cell)!.states;
      // Columns of the Jacobian of the last step: states after it, perturbed before it.
      const stepwise = new Stepwise(trained);
      for (const layer of [0, 1]) {
        const after = (state: string, unit: number, by: number): Float64Array => {
          const { held } = stepwise.read(text, { at: text.length - 2, layer, state, unit, by });
          return Float64Array.from(states.flatMap((name) => [...held.at(-1)![`layer${layer}.${name}`]]));
        };
        const columns = states.flatMap((state) =>
          Array.from({ length: H }, (_, unit) => {
            const [above, below] = [after(state, unit, STEP), after(state, unit, -STEP)];
            return above.map((value, j) => (value - below[j]) / (2 * STEP));
          }),
        );
        const S = columns.length;
        const jacobian = Float64Array.from({ length: S * S }, (_, at) => columns[at % S][Math.floor(at / S)]);
        expect(found[layer]).toHaveLength(1);
        expect(found[layer][0] / largestSingularValue(jacobian)).toBeCloseTo(1, 4);
      }
    },
  );

  test.each(['cpu', 'gpu:cpu'])('is the same on %s', async (name) => {
    const trained = modelOfSeed(7, { cell: 'mlstm', layers: 2, hidden: H, vocabulary: V, learnedState: true });
    const device = await openDevice(name, { threads: 1 });
    const [wanted, got] = await Promise.all(
      [reference, device].map((each) => largestSingularValues(trained, text, each, 3)),
    );
    await device.close();
    expect(wanted.map((values) => values.length)).toEqual([3, 3]);
    wanted.flat().forEach((value, index) => expect(got.flat()[index] / value).toBeCloseTo(1, 4));
  });

  test('is omitted for a network with a time skip', async () => {
    expect(
      await largestSingularValues(
        modelOfSeed(7, { cell: 'rnn', layers: 1, hidden: H, vocabulary: V, timeSkip: 2 }),
        text,
        cpu,
        3,
      ),
    ).toEqual([]);
  });
});
