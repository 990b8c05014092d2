import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import type { Workload } from '../../src/devices/device.ts';
import { evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { openReference } from '../../src/devices/reference/reference.ts';
import { Builder } from '../../src/program/builder.ts';
import { differentiate } from '../../src/program/differentiate.ts';
import { Random } from '../../src/random.ts';
import { type Optimizer, type OptimizerOptions, createOptimizer } from '../../src/training/optimizers.ts';

const P = 7;
const STEPS = 12;

type Vector = Float64Array;

/** The formulas of the papers, in plain loops. `t` counts from 1. */
const formulas: Readonly<
  Record<string, (w: Vector, g: Vector, slots: Record<string, Vector>, t: number, rate: number) => void>
> = {
  adam(w, g, { m, v }, t, rate) {
    for (let i = 0; i < P; i++) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] ** 2;
      w[i] -= (rate * (m[i] / (1 - 0.9 ** t))) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-8);
    }
  },
  rmsprop(w, g, { v }, _, rate) {
    for (let i = 0; i < P; i++) {
      v[i] = 0.95 * v[i] + 0.05 * g[i] ** 2;
      w[i] -= (rate * g[i]) / (Math.sqrt(v[i]) + 1e-8);
    }
  },
  adagrad(w, g, { s }, _, rate) {
    for (let i = 0; i < P; i++) {
      s[i] += g[i] ** 2;
      w[i] -= (rate * g[i]) / (Math.sqrt(s[i]) + 1e-10);
    }
  },
  'sgd, nesterov'(w, g, { b }, _, rate) {
    for (let i = 0; i < P; i++) {
      b[i] = 0.8 * b[i] + g[i];
      w[i] -= rate * (g[i] + 0.8 * b[i]);
    }
  },
  sgd(w, g, { b }, _, rate) {
    for (let i = 0; i < P; i++) {
      b[i] = 0.8 * b[i] + g[i];
      w[i] -= rate * b[i];
    }
  },
};

function updated(
  { rule, scalars }: Optimizer,
  w: Vector,
  g: Vector,
  slots: Record<string, Vector>,
  step: number,
  rate: number,
  gradientScale: number,
): void {
  const program = rule.build(P);
  const inputs = new Map(
    Object.entries({ ...slots, parameters: w, gradients: g, gradientScale: Float64Array.of(gradientScale) }),
  );
  for (const [name, value] of Object.entries(scalars(step, rate))) inputs.set(name, Float64Array.of(value));
  const { values } = evaluateProgram(program, { parameters: new Map(), inputs, state: new Map() });
  w.set(values.get(program.outputs.get('parameters')!)!);
  for (const name of rule.slots) slots[name] = values.get(program.outputs.get(name)!)!;
}

const optionsOf = (name: string): OptimizerOptions => ({
  optimizer: name.split(',')[0] as OptimizerOptions['optimizer'],
  nesterov: name.endsWith('nesterov'),
  clipNorm: 5,
  momentum: 0.8,
});

describe.each(Object.keys(formulas))('%s', (name) => {
  const optimizer = createOptimizer(optionsOf(name));

  test('changes weights and its averages by its formula, from the first step on', () => {
    const random = new Random(4);
    const normal = (): Vector => Float64Array.from({ length: P }, () => random.normal());
    const zeros = (): Record<string, Vector> =>
      Object.fromEntries(optimizer.rule.slots.map((slot) => [slot, new Float64Array(P)]));
    const [w, slots, expectedSlots] = [normal(), zeros(), zeros()];
    const expected = w.slice();
    for (let step = 1; step <= STEPS; step++) {
      const g = normal();
      g[0] = step < 3 ? 0 : g[0]; // an element that has had no gradient yet
      const [rate, scale] = [0.01 / step, step % 2 === 0 ? 0.5 : 1];
      updated(optimizer, w, g, slots, step, rate, scale);
      formulas[name](
        expected,
        g.map((x) => x * scale),
        expectedSlots,
        step,
        rate,
      );
      for (let i = 0; i < P; i++) expect(w[i]).toBeCloseTo(expected[i], 9); // both have ε next to √v̂
      for (const slot of optimizer.rule.slots)
        for (let i = 0; i < P; i++) expect(slots[slot][i]).toBeCloseTo(expectedSlots[slot][i], 12);
    }
  });

  test('with weight decay subtracts η·λ times every weight, and leaves its averages unchanged', () => {
    const random = new Random(6);
    const decaying = createOptimizer({ ...optionsOf(name), weightDecay: 0.3 });
    const [g, w] = [0, 1].map(() => Float64Array.from({ length: P }, () => random.normal()));
    const zeros = (): Record<string, Vector> =>
      Object.fromEntries(optimizer.rule.slots.map((slot) => [slot, new Float64Array(P)]));
    const [expected, slots, expectedSlots] = [w.slice(), zeros(), zeros()];
    const first = w.slice();
    updated(decaying, w, g, slots, 1, 0.2, 1);
    formulas[name](expected, g, expectedSlots, 1, 0.2);
    for (let i = 0; i < P; i++) expect(w[i]).toBeCloseTo(expected[i] - 0.2 * 0.3 * first[i], 9);
    for (const slot of optimizer.rule.slots)
      for (let i = 0; i < P; i++) expect(slots[slot][i]).toBeCloseTo(expectedSlots[slot][i], 12);
  });

  test('with --clip-value limits every element of the gradient, after clipping by norm', () => {
    const clipping = createOptimizer({ ...optionsOf(name), clipValue: 0.25 });
    const g = Float64Array.of(0.1, -0.1, 1, -1, 0.5, 0, 0.6);
    const [w, slots] = [
      new Float64Array(P),
      Object.fromEntries(optimizer.rule.slots.map((slot) => [slot, new Float64Array(P)])),
    ];
    const [expected, expectedSlots] = [
      new Float64Array(P),
      Object.fromEntries(optimizer.rule.slots.map((slot) => [slot, new Float64Array(P)])),
    ];
    updated(clipping, w, g, slots, 1, 0.2, 0.5);
    formulas[name](expected, Float64Array.of(0.05, -0.05, 0.25, -0.25, 0.25, 0, 0.25), expectedSlots, 1, 0.2);
    for (let i = 0; i < P; i++) expect(w[i]).toBeCloseTo(expected[i], 9);
    for (const slot of optimizer.rule.slots)
      for (let i = 0; i < P; i++) expect(slots[slot][i]).toBeCloseTo(expectedSlots[slot][i], 12);
  });

  test('with --average maintains an average of the weights, which soon forgets the first ones', () => {
    const random = new Random(8);
    const normal = (): Vector => Float64Array.from({ length: P }, () => random.normal());
    const averaging = createOptimizer({ ...optionsOf(name), average: 0.6 });
    expect(averaging.ownSlots).toEqual(optimizer.rule.slots);
    const w = normal();
    const slots = Object.fromEntries(
      averaging.rule.slots.map((slot) => [slot, slot === 'average' ? w.slice() : new Float64Array(P)]),
    );
    const average = w.slice();
    const plain = w.slice();
    const plainSlots = Object.fromEntries(optimizer.rule.slots.map((slot) => [slot, new Float64Array(P)]));
    for (let step = 1; step <= STEPS; step++) {
      const g = normal();
      updated(averaging, w, g, slots, step, 0.1, 1);
      updated(optimizer, plain, g, plainSlots, step, 0.1, 1);
      const d = Math.min(0.6, (1 + step) / (10 + step)); // from step 13 on it would be 0.6
      for (let i = 0; i < P; i++) average[i] = d * average[i] + (1 - d) * w[i];
      expect(w).toEqual(plain);
      for (let i = 0; i < P; i++) expect(slots['average'][i]).toBeCloseTo(average[i], 12);
    }
    expect(averaging.scalars(1000, 0.1)['share']).toBeCloseTo(0.4, 12);
  });

  test('with --accumulate changes only the sum until the last window, and then updates by the mean of the gradients', () => {
    const random = new Random(9);
    const normal = (): Vector => Float64Array.from({ length: P }, () => random.normal());
    const options = { ...optionsOf(name), weightDecay: 0.1, average: 0.6 };
    const [gathering, plain] = [createOptimizer({ ...options, accumulate: 3 }), createOptimizer(options)];
    const w = normal();
    const zeros = ({ rule }: Optimizer): Record<string, Vector> =>
      Object.fromEntries(rule.slots.map((slot) => [slot, slot === 'average' ? w.slice() : new Float64Array(P)]));
    const [slots, expectedSlots, expected] = [zeros(gathering), zeros(plain), w.slice()];
    for (let update = 1; update <= 4; update++) {
      const gradients = [normal(), normal(), normal()];
      for (const [i, g] of gradients.entries()) {
        const held = [w.slice(), ...plain.rule.slots.map((slot) => slots[slot].slice())];
        updated(gathering, w, g, slots, 3 * (update - 1) + i + 1, 0.1 / update, i === 1 ? 0.5 : 1);
        expect(isDeepStrictEqual([w, ...plain.rule.slots.map((slot) => slots[slot])], held)).toBe(i < 2);
      }
      const mean = gradients[0].map((g, i) => (g + 0.5 * gradients[1][i] + gradients[2][i]) / 3);
      updated(plain, expected, mean, expectedSlots, update, 0.1 / update, 1);
      for (let i = 0; i < P; i++) expect(w[i]).toBeCloseTo(expected[i], 12);
      for (const slot of plain.rule.slots)
        for (let i = 0; i < P; i++) expect(slots[slot][i]).toBeCloseTo(expectedSlots[slot][i], 12);
      expect(slots['sum'].every((x) => x === 0)).toBe(true);
    }
  });

  // A sum of squares never falls.
  test.skipIf(name === 'adagrad')('without gradients its averages decay to zero instead of denormal numbers', () => {
    const slots = Object.fromEntries(optimizer.rule.slots.map((slot) => [slot, new Float64Array(P).fill(1e-30)]));
    updated(optimizer, new Float64Array(P), new Float64Array(P), slots, 100, 0.01, 1);
    for (const slot of optimizer.rule.slots) expect([...slots[slot]]).toEqual(new Array(P).fill(0));
  });
});

describe('clipping by the global norm', () => {
  /**
   * Cross entropy of two biases, whose gradient is known: softmax − onehot, times a scale that
   * makes it long or short.
   */
  function workloadOf(clipNorm: number, scale: number): Workload {
    const build = (rows: number) => {
      const ops = new Builder();
      const logits = ops.linear(
        ops.gather(ops.parameter('table', 2, 2), ops.input('ids', rows)),
        ops.parameter('W', 2, 3),
        ops.parameter('b', 1, 3),
      );
      ops.crossEntropy(logits, ops.input('targets', rows), scale);
      return differentiate(ops.program(new Map()));
    };
    return {
      parameters: [
        { name: 'table', rows: 2, columns: 2 },
        { name: 'W', rows: 2, columns: 3 },
        { name: 'b', rows: 1, columns: 3 },
      ],
      jobs: [{ name: 'train', steps: 1, batch: 2, build }],
      update: createOptimizer({ optimizer: 'sgd', clipNorm, momentum: 0 }).rule,
    };
  }

  test.each(['reference', 'cpu'])(
    'scales the whole gradient down to the norm on the %s device, and never up',
    async (name) => {
      const device = name === 'cpu' ? await openCpu({ threads: 1 }) : openReference();
      for (const [clipNorm, scale, clips] of [
        [5, 1, false],
        [5, 100, true],
        [0, 100, false],
        [0.01, 1, true],
      ] as const) {
        const executable = await device.compile(workloadOf(clipNorm, scale));
        const before = Float32Array.from({ length: 13 }, (_, i) => Math.sin(i));
        await executable.write({ kind: 'parameters' }, before);
        const [{ gradientNorm, updated: applied }] = await executable.run('train', [
          { ids: Int32Array.of(0, 1), targets: Int32Array.of(2, 1), update: { learningRate: 1 } },
        ]);
        const [after, gradients] = [
          await executable.read({ kind: 'parameters' }),
          await executable.read({ kind: 'gradients' }),
        ];
        const norm = Math.hypot(...gradients);
        expect(applied).toBe(true);
        expect(gradientNorm / norm).toBeCloseTo(1, 5);
        expect(norm > clipNorm && clipNorm > 0).toBe(clips);
        const factor = clips ? clipNorm / norm : 1;
        for (let i = 0; i < after.length; i++)
          expect(Math.abs(after[i] - (before[i] - factor * gradients[i]))).toBeLessThan(1e-5);
        await executable.close();
      }
    },
  );
});
