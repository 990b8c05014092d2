// Each cell against a naive twin: one unit of one row at a time in plain loops, written from the papers and not from the cell.
import { describe, expect, test } from 'vitest';
import { type Matrix, evaluate } from '../../../src/devices/reference/evaluate.ts';
import { RnnError } from '../../../src/errors.ts';
import type { Cell } from '../../../src/model/cells/cell.ts';
import { cellNamed, cells } from '../../../src/model/cells/registry.ts';
import { Builder } from '../../../src/program/builder.ts';
import { Random } from '../../../src/random.ts';

/** Two orders of adding up a few float64 numbers around one. */
const TOLERANCE = 1e-12;
const [N, D, H] = [3, 5, 4];

type Named = Readonly<Record<string, Matrix>>;
/** The new states of unit j of row n. */
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

const vanilla = (f: (z: number) => number): Unit => (n, j, x, { h }, { Wx, Wh, b }) => ({ h: f(dot(x, n, Wx, j) + dot(h, n, Wh, j) + b[j]) });

const twins: Readonly<Record<string, Unit>> = {
  lstm(n, j, x, { h, c }, { Wx, Wh, b }) {
    const z = (gate: number): number => dot(x, n, Wx, gate * H + j) + dot(h, n, Wh, gate * H + j) + b[gate * H + j];
    const cell = sigmoid(z(1)) * c[n * H + j] + sigmoid(z(0)) * Math.tanh(z(2));
    return { c: cell, h: sigmoid(z(3)) * Math.tanh(cell) };
  },
  gru(n, j, x, { h }, { Wx, Wh, b, bh }) {
    const fromInput = (gate: number): number => dot(x, n, Wx, gate * H + j) + b[gate * H + j];
    const fromState = (gate: number): number => dot(h, n, Wh, gate * H + j);
    const r = sigmoid(fromInput(0) + fromState(0));
    const z = sigmoid(fromInput(1) + fromState(1));
    const candidate = Math.tanh(fromInput(2) + r * (fromState(2) + bh[j]));
    return { h: (1 - z) * candidate + z * h[n * H + j] };
  },
  rnn: vanilla(Math.tanh),
  'rnn-relu': vanilla((z) => Math.max(0, z)),
};

function programStep(cell: Cell, x: Matrix, state: Named, weights: Named): Map<string, Matrix> {
  const ops = new Builder();
  const parameters = Object.fromEntries(cell.weights(D, H).map(({ name, rows, columns }) => [name, ops.parameter(name, rows, columns)]));
  const states = Object.fromEntries(cell.states.map((name) => [name, ops.state(name, N, H)]));
  const program = ops.program(new Map(Object.entries(cell.step(ops, ops.input('x', N, D), states, parameters))));
  const { values } = evaluate(program, { parameters: new Map(Object.entries(weights)), inputs: new Map([['x', x]]), state: new Map(Object.entries(state)) });
  return new Map([...program.outputs].map(([name, value]) => [name, values.get(value)!]));
}

describe.each(cells.map((cell) => [cell.name, cell] as const))('%s', (name, cell) => {
  test('computes, over three steps, what its equations say when written out for each unit', () => {
    const random = new Random(6);
    const normal = (count: number): Matrix => Float64Array.from({ length: count }, () => random.normal());
    const weights = Object.fromEntries(cell.weights(D, H).map((weight) => [weight.name, normal(weight.rows * weight.columns)]));
    let state: Named = Object.fromEntries(cell.states.map((each) => [each, normal(N * H)]));
    for (let step = 0; step < 3; step++) {
      const x = normal(N * D);
      const got = programStep(cell, x, state, weights);
      expect([...got.keys()].toSorted()).toEqual(cell.states.toSorted());
      for (const [which, values] of got) {
        for (let n = 0; n < N; n++) for (let j = 0; j < H; j++) expect(Math.abs(values[n * H + j] - twins[name](n, j, x, state, weights)[which])).toBeLessThan(TOLERANCE);
      }
      state = Object.fromEntries(got);
    }
  });

  test('says of its weights what an initialisation must know: the gates of each block, and a forget gate that exists', () => {
    for (const { rows, columns, role, gates } of cell.weights(D, H)) {
      expect(columns).toBe(gates.length * H);
      expect(rows).toBe({ input: D, recurrent: H, bias: 1 }[role]);
      expect(gates).toContain(cell.forgetGate ?? gates[0]);
    }
  });
});

test('a cell that does not exist is a mistake of usage, and the ones that do are listed', () => {
  expect(() => cellNamed('lstn')).toThrow(RnnError);
  expect(() => cellNamed('lstn')).toThrow(expect.objectContaining({ kind: 'usage', message: "unknown cell 'lstn'", hint: 'one of lstm, gru, rnn, rnn-relu' }) as Error);
});
