import { describe, expect, test } from 'vitest';
import { type Matrix, evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { lossProgram, networkProgram, trainingProgram } from '../../src/model/network.ts';
import { parameterShapes } from '../../src/model/parameters.ts';
import { Builder } from '../../src/program/builder.ts';
import { differentiate } from '../../src/program/differentiate.ts';
import { foldRunningSums } from '../../src/program/rewrite.ts';
import { type Program, Uses, type Value } from '../../src/program/value.ts';
import { Random } from '../../src/random.ts';

const [T, L, N, H, V] = [10, 2, 3, 4, 5];
const modelOf = (cell: string, embedding = 0): ModelConfiguration => ({
  cell,
  layers: L,
  hidden: H,
  embedding,
  vocabulary: V,
  forgetBias: 1,
  initialisation: 'uniform',
  dropout: 0,
  conventions: {},
});
const products = (program: Program): Value<'matmul'>[] => program.values.filter((value) => value.kind === 'matmul');
const kinds = (program: Program, kind: Value['kind']): number =>
  program.values.filter((value) => value.kind === kind).length;

describe('the products of an LSTM over ten steps in two layers', () => {
  test("are one for h in each time step and layer, one for the upper layer's whole input, and the head in a forward pass", () => {
    const program = networkProgram(modelOf('lstm'), { steps: T, rows: N }, { loss: true });
    expect(products(program)).toHaveLength(L * T + (L - 1) + 1);
    expect(kinds(program, 'gather')).toBe(1); // the input of the lowest layer, all time steps together
  });

  test('are, in training, also one for each dh except in the first time step, and one for the gradient of each weight', () => {
    const program = trainingProgram(modelOf('lstm'), { steps: T, rows: N }, 1);
    const forward = L * T + (L - 1) + 1;
    const backward = L * (T - 1) + (L - 1) + 1; // the state that is carried in does not get a gradient
    const weights = L + (L - 1) + 1; // Wh of each layer, Wx of the upper layer, and the head (the lowest Wx is a scatter)
    expect(products(program)).toHaveLength(forward + backward + weights);
    expect(products(program).filter((value) => value.transposeA)).toHaveLength(weights);
    expect(kinds(program, 'scatter')).toBe(1);
  });
});

describe('rewriting', () => {
  test.each(allCells.map((cell) => cell.name))('does not change a loss, gradient or state of %s', (cell) => {
    for (const embedding of [0, 3]) {
      const random = new Random(2);
      const normal = (count: number): Matrix => Float64Array.from({ length: count }, () => random.normal() / 2);
      const model = modelOf(cell, embedding);
      const parameters = new Map(
        parameterShapes(model).map(({ name, rows, columns }) => [name, normal(rows * columns)]),
      );
      const integers = (): Matrix => Float64Array.from({ length: T * N }, () => random.uint32() % V);
      const inputs = new Map([
        ['ids', integers()],
        ['targets', integers()],
      ]);
      const plain = differentiate(lossProgram(model, { steps: T, rows: N }, 0.1));
      const rewritten = trainingProgram(model, { steps: T, rows: N }, 0.1);
      const [state, expectedState] = [new Map<string, Matrix>(), new Map<string, Matrix>()];
      const [got, expected] = [
        evaluateProgram(rewritten, { parameters, inputs, state }),
        evaluateProgram(plain, { parameters, inputs, state: expectedState }),
      ];
      expect(got.lossNats).toBeCloseTo(expected.lossNats, 10);
      expect([...rewritten.gradients.keys()].toSorted()).toEqual([...plain.gradients.keys()].toSorted());
      for (const [name, value] of plain.gradients)
        expectClose(got.values.get(rewritten.gradients.get(name)!)!, expected.values.get(value)!, name);
      for (const [name, matrix] of expectedState) expectClose(state.get(name)!, matrix, name);
    }
  });
});

describe('folding of running sums', () => {
  test.each(allCells.map((cell) => cell.name))('folds every sum with a product in %s', (cell) => {
    for (const program of [
      trainingProgram(modelOf(cell), { steps: T, rows: N }, 1),
      networkProgram(modelOf(cell), { steps: T, rows: N }, { loss: true }),
    ]) {
      const uses = new Uses(program);
      const lone = program.values.filter(
        (value) =>
          value.kind === 'elementwise' &&
          value.apply === 'add' &&
          value.inputs.some(
            (input) =>
              input.kind === 'matmul' && !input.plus && uses.usersOf(input).length === 1 && !uses.isReadByCaller(input),
          ),
      );
      expect(lone).toEqual([]);
    }
    expect(
      products(trainingProgram(modelOf('lstm'), { steps: T, rows: N }, 1)).filter(({ plus }) => plus).length,
    ).toBeGreaterThanOrEqual(L * T);
  });

  test('folds either side and keeps the bias, but does not fold a product that has another reader or must be broadcast', () => {
    const ops = new Builder();
    const [x, W, b, y] = [
      ops.input('x', 2, 3),
      ops.parameter('W', 3, 4),
      ops.parameter('b', 1, 4),
      ops.input('y', 2, 4),
    ];
    const folded = (write: () => Value): Value =>
      foldRunningSums(ops.program(new Map([['out', write()]]))).outputs.get('out')!;
    expect(folded(() => ops.add(ops.linear(x, W, b), y))).toMatchObject({ kind: 'matmul', plus: true, bias: true });
    expect(folded(() => ops.add(y, ops.linear(x, W)))).toMatchObject({ kind: 'matmul', plus: true, bias: false });
    const product = ops.linear(x, W);
    expect(folded(() => ops.add(ops.tanh(product), ops.add(y, product)))).toMatchObject({
      kind: 'elementwise',
      inputs: [{ apply: 'tanh' }, { kind: 'elementwise' }],
    });
    expect(folded(() => ops.add(b, ops.linear(x, W)))).toMatchObject({ kind: 'elementwise' });
    const single = ops.matmul(ops.input('row', 1, 3), ops.parameter('column', 3, 1));
    expect(folded(() => ops.add(b, single))).toMatchObject({ kind: 'elementwise' });
  });
});

function expectClose(got: Matrix, expected: Matrix, what: string): void {
  expect(got.length, what).toBe(expected.length);
  expect(
    got.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i])), 0),
    what,
  ).toBeLessThan(1e-12);
}
