// Compares each cell with a reference implementation: one unit of one row at a time in plain loops,
// written from the papers instead of the cell.
import { describe, expect, test } from 'vitest';
import { type Matrix, evaluateProgram } from '../../../src/devices/reference/evaluate.ts';
import { RnnError } from '../../../src/errors.ts';
import type { Cell } from '../../../src/model/cells/cell.ts';
import { lstmLayerNorm } from '../../../src/model/cells/lstm-layer-norm.ts';
import { cellNamed, allCells } from '../../../src/model/cells/registry.ts';
import { Builder } from '../../../src/program/builder.ts';
import { Random } from '../../../src/random.ts';

/** Two orders of adding a few float64 numbers near one. */
const TOLERANCE = 1e-12;
const [N, D, H] = [3, 5, 4];
/** As in layer normalisation, and in PyTorch. */
const EPSILON = 1e-5;

type Named = Readonly<Record<string, Matrix>>;
/** The new states of unit j of row n, and its gates. */
type Unit = (n: number, j: number, x: Matrix, state: Named, w: Named) => Record<string, number>;

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Σ_d x[n, d] · W[d, column] */
function dot(x: Matrix, n: number, W: Matrix, column: number): number {
  const width = x.length / N;
  const columns = W.length / width;
  let sum = 0;
  for (let d = 0; d < width; d++) sum += x[n * width + d] * W[d * columns + column];
  return sum;
}

const vanilla =
  (f: (z: number) => number): Unit =>
  (n, j, x, { h }, { Wx, Wh, b }) => ({ h: f(dot(x, n, Wx, j) + dot(h, n, Wh, j) + b[j]) });

const references: Readonly<Record<string, Unit>> = {
  lstm(n, j, x, { h, c }, { Wx, Wh, b }) {
    const z = (gate: number): number => dot(x, n, Wx, gate * H + j) + dot(h, n, Wh, gate * H + j) + b[gate * H + j];
    const [i, f, o] = [sigmoid(z(0)), sigmoid(z(1)), sigmoid(z(3))];
    const cell = f * c[n * H + j] + i * Math.tanh(z(2));
    return { c: cell, h: o * Math.tanh(cell), i, f, o };
  },
  'lstm with layer normalisation'(n, j, x, { h, c }, { Wx, Wh, b, gh, gc, bc }) {
    const fromState = normalised(Array.from({ length: 4 * H }, (_, column) => dot(h, n, Wh, column)));
    const z = (gate: number, unit: number): number => {
      const column = gate * H + unit;
      return dot(x, n, Wx, column) + b[column] + gh[column] * fromState[column];
    };
    const cell = Array.from(
      { length: H },
      (_, unit) => sigmoid(z(1, unit)) * c[n * H + unit] + sigmoid(z(0, unit)) * Math.tanh(z(2, unit)),
    );
    const o = sigmoid(z(3, j));
    return {
      c: cell[j],
      h: o * Math.tanh(gc[j] * normalised(cell)[j] + bc[j]),
      i: sigmoid(z(0, j)),
      f: sigmoid(z(1, j)),
      o,
    };
  },
  gru(n, j, x, { h }, { Wx, Wh, b, bh }) {
    const fromInput = (gate: number): number => dot(x, n, Wx, gate * H + j) + b[gate * H + j];
    const fromState = (gate: number): number => dot(h, n, Wh, gate * H + j);
    const r = sigmoid(fromInput(0) + fromState(0));
    const z = sigmoid(fromInput(1) + fromState(1));
    const candidate = Math.tanh(fromInput(2) + r * (fromState(2) + bh[j]));
    return { h: (1 - z) * candidate + z * h[n * H + j], r, z };
  },
  rnn: vanilla(Math.tanh),
  'rnn-relu': vanilla((z) => Math.max(0, z)),
  irnn: vanilla((z) => Math.max(0, z)),
  'lstm-peephole'(n, j, x, { h, c }, { Wx, Wh, b, pi, pf, po }) {
    const z = (gate: number): number => dot(x, n, Wx, gate * H + j) + dot(h, n, Wh, gate * H + j) + b[gate * H + j];
    const before = c[n * H + j];
    const [i, f] = [sigmoid(z(0) + pi[j] * before), sigmoid(z(1) + pf[j] * before)];
    const cell = f * before + i * Math.tanh(z(2));
    const o = sigmoid(z(3) + po[j] * cell);
    return { c: cell, h: o * Math.tanh(cell), i, f, o };
  },
  'lstm-1997'(n, j, x, { h, c }, { Wx, Wh, b }) {
    const z = (gate: number): number => dot(x, n, Wx, gate * H + j) + dot(h, n, Wh, gate * H + j) + b[gate * H + j];
    const [i, o] = [sigmoid(z(0)), sigmoid(z(2))];
    const cell = c[n * H + j] + i * Math.tanh(z(1));
    return { c: cell, h: o * Math.tanh(cell), i, o };
  },
  'lstm-coupled'(n, j, x, { h, c }, { Wx, Wh, b }) {
    const z = (gate: number): number => dot(x, n, Wx, gate * H + j) + dot(h, n, Wh, gate * H + j) + b[gate * H + j];
    const [f, o] = [sigmoid(z(0)), sigmoid(z(2))];
    const cell = f * c[n * H + j] + (1 - f) * Math.tanh(z(1));
    return { c: cell, h: o * Math.tanh(cell), f, o };
  },
  mlstm(n, j, x, { h, c }, { Wx, Wm, Wh, b }) {
    const fromInput = (block: number, unit: number): number => dot(x, n, Wx, block * H + unit) + b[block * H + unit];
    const m = Float64Array.from({ length: N * H }, (_, at) =>
      Math.floor(at / H) === n ? fromInput(0, at % H) * dot(h, n, Wm, at % H) : 0,
    );
    const z = (gate: number): number => fromInput(1 + gate, j) + dot(m, n, Wh, gate * H + j);
    const [i, f, o] = [sigmoid(z(0)), sigmoid(z(1)), sigmoid(z(3))];
    const cell = f * c[n * H + j] + i * Math.tanh(z(2));
    return { c: cell, h: o * Math.tanh(cell), i, f, o };
  },
  'gru-cho'(n, j, x, { h }, { Wx, Wh, Wn, b }) {
    const fromInput = (gate: number, unit: number): number => dot(x, n, Wx, gate * H + unit) + b[gate * H + unit];
    const r = (unit: number): number => sigmoid(fromInput(0, unit) + dot(h, n, Wh, unit));
    const z = sigmoid(fromInput(1, j) + dot(h, n, Wh, H + j));
    const candidate = Math.tanh(fromInput(2, j) + dot(gatedBy(r, h, n), n, Wn, j));
    return { h: (1 - z) * candidate + z * h[n * H + j], r: r(j), z };
  },
  mut1(n, j, x, { h }, { Wx, Wr, Wh, b, bh }) {
    const fromInput = (gate: number, unit: number): number => dot(x, n, Wx, gate * H + unit) + b[gate * H + unit];
    const r = (unit: number): number => sigmoid(fromInput(1, unit) + dot(h, n, Wr, unit));
    const z = sigmoid(fromInput(0, j));
    return {
      h: Math.tanh(dot(gatedBy(r, h, n), n, Wh, j) + Math.tanh(fromInput(2, j)) + bh[j]) * z + h[n * H + j] * (1 - z),
      z,
      r: r(j),
    };
  },
  mut2(n, j, x, { h }, { Wx, Wz, Wr, Wh, b }) {
    const fromInput = (gate: number, unit: number): number => dot(x, n, Wx, gate * H + unit) + b[gate * H + unit];
    const r = (unit: number): number => sigmoid(fromInput(1, unit) + dot(h, n, Wr, unit));
    const z = sigmoid(fromInput(0, j) + dot(h, n, Wz, j));
    return { h: Math.tanh(dot(gatedBy(r, h, n), n, Wh, j) + fromInput(2, j)) * z + h[n * H + j] * (1 - z), z, r: r(j) };
  },
  mut3(n, j, x, { h }, { Wx, Wz, Wr, Wh, b }) {
    const fromInput = (gate: number, unit: number): number => dot(x, n, Wx, gate * H + unit) + b[gate * H + unit];
    const r = (unit: number): number => sigmoid(fromInput(1, unit) + dot(h, n, Wr, unit));
    const z = sigmoid(fromInput(0, j) + dot(h.map(Math.tanh), n, Wz, j));
    return { h: Math.tanh(dot(gatedBy(r, h, n), n, Wh, j) + fromInput(2, j)) * z + h[n * H + j] * (1 - z), z, r: r(j) };
  },
};

/** (x − mean)/√(variance + ε) */
function normalised(x: readonly number[]): number[] {
  const mean = x.reduce((sum, value) => sum + value / x.length, 0);
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2 / x.length, 0);
  return x.map((value) => (value - mean) / Math.sqrt(variance + EPSILON));
}

/** r∘h of row n. */
function gatedBy(r: (unit: number) => number, h: Matrix, n: number): Matrix {
  return h.map((value, at) => (Math.floor(at / H) === n ? r(at % H) * value : 0));
}

function programStep(cell: Cell, x: Matrix, state: Named, weights: Named): Map<string, Matrix> {
  const ops = new Builder();
  const parameters = Object.fromEntries(
    cell.weights(D, H).map(({ name, rows, columns }) => [name, ops.parameter(name, rows, columns)]),
  );
  const states = Object.fromEntries(cell.states.map((name) => [name, ops.loadState(name, N, H)]));
  const fromInput = ops.linear(ops.input('x', N, D), parameters['Wx'], parameters['b']);
  const program = ops.program(new Map(Object.entries(cell.step(ops, fromInput, states, parameters))));
  const { values } = evaluateProgram(program, {
    parameters: new Map(Object.entries(weights)),
    inputs: new Map([['x', x]]),
    state: new Map(Object.entries(state)),
  });
  return new Map([...program.outputs].map(([name, value]) => [name, values.get(value)!]));
}

const cellsByName: readonly (readonly [string, Cell])[] = [
  ...allCells.map((cell) => [cell.name, cell] as const),
  ['lstm with layer normalisation', lstmLayerNorm],
];

describe.each(cellsByName)('%s', (name, cell) => {
  test('computes over three time steps the same as its equations for each unit', () => {
    const random = new Random(6);
    const normal = (count: number): Matrix => Float64Array.from({ length: count }, () => random.normal());
    const weights = Object.fromEntries(
      cell.weights(D, H).map((weight) => [weight.name, normal(weight.rows * weight.columns)]),
    );
    let state: Named = Object.fromEntries(cell.states.map((each) => [each, normal(N * H)]));
    for (let step = 0; step < 3; step++) {
      const x = normal(N * D);
      const got = programStep(cell, x, state, weights);
      expect([...got.keys()].toSorted()).toEqual([...cell.states, ...cell.gates].toSorted());
      for (const [which, values] of got) {
        for (let n = 0; n < N; n++)
          for (let j = 0; j < H; j++)
            expect(Math.abs(values[n * H + j] - references[name](n, j, x, state, weights)[which])).toBeLessThan(
              TOLERANCE,
            );
      }
      state = Object.fromEntries(cell.states.map((each) => [each, got.get(each)!]));
    }
  });

  test('describes its weights for an initialisation: the gates of each block, and existing gates with a bias', () => {
    for (const { rows, columns, role, gates } of cell.weights(D, H)) {
      expect(columns).toBe(gates.length * H);
      expect(rows).toBe({ input: D, recurrent: H, bias: 1, gain: 1 }[role]);
    }
    const gates = cell.weights(D, H).find(({ name }) => name === 'b')!.gates;
    expect(cell.weights(D, H).find(({ name }) => name === 'Wx')).toMatchObject({ role: 'input', gates });
    for (const gate of [cell.forgetGate, cell.updateGate?.gate].filter((each) => each !== undefined))
      expect(gates).toContain(gate);
  });
});

test('a cell that does not exist is a usage error that lists the existing cells', () => {
  expect(() => cellNamed('lstn')).toThrow(RnnError);
  expect(() => cellNamed('lstn')).toThrow(
    expect.objectContaining({
      kind: 'usage',
      message:
        "cell is 'lstn': expected one of rnn, rnn-relu, irnn, lstm, lstm-peephole, lstm-1997, lstm-coupled, mlstm, gru, gru-cho, mut1, mut2, mut3",
    }) as Error,
  );
});
