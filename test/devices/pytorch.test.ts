// Gradients compared with PyTorch, whose numbers are independent of our code.
// test/fixtures/pytorch_gradients.py wrote them in float64.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openCpu } from '../../src/devices/cpu/cpu.ts';
import { type Matrix, evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { cellNamed } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { trainingProgram } from '../../src/model/network.ts';
import { parameterShapes } from '../../src/model/parameters.ts';
import { isEverything } from '../everything.ts';

/** Relative to the largest element of the tensor. The fixtures have an error of at most 1e-9. */
const REFERENCE_TOLERANCE = 1e-8;
/** float32 sums in another order. PyTorch in float32 differs by the same amount. */
const CPU_TOLERANCE = 2e-6;
const CPU_LOSS_TOLERANCE = 1e-6;

interface Rounded {
  readonly unit: number;
  readonly values: readonly number[];
}

interface Case {
  readonly cell: string;
  readonly layers: number;
  readonly T: number;
  readonly N: number;
  readonly H: number;
  readonly V: number;
  readonly embedding: number;
  readonly ids: readonly number[];
  readonly targets: readonly number[];
  readonly weights: Readonly<Record<string, readonly number[]>>;
  /** Each is (L, N, H). */
  readonly states: Readonly<Record<string, readonly number[]>>;
  readonly meanLossNats: number;
  readonly gradients: Readonly<Record<string, Rounded>>;
  readonly finalStates: Readonly<Record<string, Rounded>>;
}

const { grid, cases } = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch-gradients.json', import.meta.url), 'utf8'),
) as {
  grid: number;
  cases: readonly Case[];
};

const scaled = (values: readonly number[], unit: number): Matrix => Float64Array.from(values, (x) => x * unit);

/** The transpose of a matrix with `columns` columns. */
function transposed(values: Matrix, columns: number): Matrix {
  const rows = values.length / columns;
  return Float64Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}

/**
 * One of our tensors, made from PyTorch's tensors, which `of` returns by their names. Biases are
 * either weights that are added, or gradients that are equal.
 */
function tensorOf(
  { cell, layers, H, V, embedding }: Case,
  name: string,
  of: (name: string) => Matrix,
  biases: 'weights' | 'gradients',
): Matrix {
  if (name === 'embedding.W') return of('embedding.weight');
  if (name === 'head.W') return transposed(of('head.weight'), H);
  if (name === 'head.b') return of('head.bias');
  const [layer, own] = [Number(name.slice(5, name.indexOf('.'))), name.slice(name.indexOf('.') + 1)];
  if (layer >= layers) throw new Error(name);
  if (own === 'Wx') return transposed(of(`weight_ih_l${layer}`), layer > 0 ? H : embedding || V);
  if (own === 'Wh') return transposed(of(`weight_hh_l${layer}`), H);
  const [ih, hh] = [of(`bias_ih_l${layer}`), of(`bias_hh_l${layer}`)];
  if (own === 'bh') return hh.subarray(2 * H);
  return ih.map((x, i) => (biases === 'gradients' || (cell === 'gru' && i >= 2 * H) ? x : x + hh[i]));
}

/** The largest difference, relative to the largest element. */
function worst(got: ArrayLike<number>, expected: Matrix): number {
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return (
    expected.reduce(
      (most, x, i) => Math.max(most, Math.abs(got[i] - x)),
      got.length === expected.length ? 0 : Infinity,
    ) / largest
  );
}

/** Tensors that differ by more than the tolerance, each with its difference. */
function tooFar(tolerance: number, differences: readonly (readonly [name: string, difference: number])[]): string[] {
  return differences
    .filter(([, difference]) => !(difference < tolerance))
    .map(([name, difference]) => `${name}: ${difference}`);
}

function prepare(one: Case) {
  const { cell, layers, T, N, H, V, embedding } = one;
  const model: ModelConfiguration = {
    cell,
    layers,
    hidden: H,
    embedding,
    vocabulary: V,
    forgetBias: 0,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
  };
  const shapes = parameterShapes(model);
  const build = (rows: number) => trainingProgram(model, { steps: T, rows }, 1 / (T * N));
  const layerOf = (all: Matrix, layer: number): Matrix => all.subarray(layer * N * H, (layer + 1) * N * H);
  const states = (of: (name: string) => Matrix): Map<string, Matrix> =>
    new Map(
      Array.from({ length: layers }, (_, layer) =>
        cellNamed(cell).states.map((name): [string, Matrix] => [`layer${layer}.${name}`, layerOf(of(name), layer)]),
      ).flat(),
    );
  return {
    shapes,
    build,
    weights: new Map(
      shapes.map(({ name }) => [
        name,
        tensorOf(one, name, (theirs) => scaled(one.weights[theirs], 1 / grid), 'weights'),
      ]),
    ),
    gradients: new Map(
      shapes.map(({ name }) => [
        name,
        tensorOf(one, name, (theirs) => scaled(one.gradients[theirs].values, one.gradients[theirs].unit), 'gradients'),
      ]),
    ),
    initial: states((name) => scaled(one.states[name], 1 / grid)),
    final: states((name) => scaled(one.finalStates[name].values, one.finalStates[name].unit)),
  };
}

/** The cases use two or three threads in turn. */
const threadsOf = (one: Case): readonly number[] => (isEverything ? [1, 2, 3] : [1, 2 + (cases.indexOf(one) % 2)]);

describe.each(cases)('$cell, $layers layers, T $T, N $N, H $H, embedding $embedding', (one) => {
  const { weights, gradients, initial, final, shapes, build } = prepare(one);
  const { T, N } = one;

  test('the reference device computes the loss, gradients and carried states of PyTorch', () => {
    const program = build(N);
    const state = new Map(initial);
    const inputs = new Map([
      ['ids', Float64Array.from(one.ids)],
      ['targets', Float64Array.from(one.targets)],
    ]);
    const { values, lossNats } = evaluateProgram(program, { parameters: weights, inputs, state });
    expect(
      tooFar(REFERENCE_TOLERANCE, [
        ['loss', Math.abs(lossNats / (T * N) / one.meanLossNats - 1)],
        ...[...gradients].map(
          ([name, expected]) =>
            [`gradient of ${name}`, worst(values.get(program.gradients.get(name)!)!, expected)] as const,
        ),
        ...[...final].map(([name, expected]) => [`carried ${name}`, worst(state.get(name)!, expected)] as const),
      ]),
    ).toEqual([]);
  });

  test.each(threadsOf(one))(
    'the cpu device computes the loss, gradients and carried states of PyTorch with %i threads',
    async (threads) => {
      const cpu = await openCpu({ threads });
      const executable = await cpu.compile({
        parameters: shapes,
        jobs: [{ name: 'train', steps: T, batch: N, build }],
        update: null,
      });
      try {
        await executable.write(
          { kind: 'parameters' },
          Float32Array.from([...weights.values()].flatMap((matrix) => [...matrix])),
        );
        for (const [name, matrix] of initial)
          await executable.write({ kind: 'state', job: 'train', name }, Float32Array.from(matrix));
        const [{ lossNats }] = await executable.run('train', [
          { ids: Int32Array.from(one.ids), targets: Int32Array.from(one.targets) },
        ]);
        expect(tooFar(CPU_LOSS_TOLERANCE, [['loss', Math.abs(lossNats / (T * N) / one.meanLossNats - 1)]])).toEqual([]);
        const got = await executable.read({ kind: 'gradients' });
        let offset = 0;
        const differences = [...gradients].map(([name, expected]): [string, number] => [
          `gradient of ${name}`,
          worst(got.subarray(offset, (offset += expected.length)), expected),
        ]);
        for (const [name, expected] of final)
          differences.push([
            `carried ${name}`,
            worst(await executable.read({ kind: 'state', job: 'train', name }), expected),
          ]);
        expect(tooFar(CPU_TOLERANCE, differences)).toEqual([]);
        expect(offset).toBe(got.length);
      } finally {
        await executable.close();
      }
    },
  );
});
