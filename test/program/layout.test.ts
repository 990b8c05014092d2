import { describe, expect, test } from 'vitest';
import { type Matrix, computeValue, crossEntropy, evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { networkProgram, trainingProgram } from '../../src/model/network.ts';
import { parameterShapes } from '../../src/model/parameters.ts';
import { runUninterrupted } from '../../src/sliced-work.ts';
import { Builder } from '../../src/program/builder.ts';
import { type Layout, layOut } from '../../src/program/layout.ts';
import type { Location } from '../../src/program/placement.ts';
import { foldRunningSums } from '../../src/program/rewrite.ts';
import type { Program, Value } from '../../src/program/value.ts';
import { Random } from '../../src/random.ts';
import { isEverything } from '../everything.ts';

const random = new Random(3);
const normal = (count: number): Matrix => Float64Array.from({ length: count }, () => random.normal() / 2);
const integers = (count: number, below: number): Matrix =>
  Float64Array.from({ length: count }, () => random.uint32() % below);

/**
 * Runs a program in one flat memory like a device: it reads every operand from its location, and
 * stores every result where the layout says.
 */
function runInLayout(
  program: Program,
  layout: Layout,
  parameters: ReadonlyMap<string, Matrix>,
  inputs: ReadonlyMap<string, Matrix>,
  state: Map<string, Matrix>,
) {
  const arena = new Float64Array(layout.arenaElements).fill(NaN);
  const gradients = new Map<string, Matrix>();
  let lossNats = 0;
  const locate = ({ buffer, row, column }: Location): { memory: Matrix; offset: number } => {
    const within = (row + buffer.before) * buffer.columns + column;
    if (buffer.space === 'arena') return { memory: arena, offset: layout.offsetOf(buffer) + within };
    if (buffer.space === 'parameter') return { memory: parameters.get(buffer.name)!, offset: within };
    if (buffer.space === 'input') return { memory: inputs.get(buffer.name)!, offset: within };
    if (!gradients.has(buffer.name))
      gradients.set(buffer.name, new Float64Array(buffer.rows * buffer.columns).fill(NaN));
    return { memory: gradients.get(buffer.name)!, offset: within };
  };
  const load = (value: Value, location: Location): Matrix => {
    const { memory, offset } = locate(location);
    return Float64Array.from(
      { length: value.rows * value.columns },
      (_, i) => memory[offset + Math.floor(i / value.columns) * location.buffer.columns + (i % value.columns)],
    );
  };
  const store = (value: Value, location: Location, values: Matrix): void => {
    const { memory, offset } = locate(location);
    values.forEach((x, i) => {
      memory[offset + Math.floor(i / value.columns) * location.buffer.columns + (i % value.columns)] = x;
    });
  };
  const oneStep = (value: Value, inputsOf: readonly Matrix[]): Matrix => {
    if (value.kind === 'crossEntropy') {
      const result = crossEntropy(value, inputsOf[0], inputsOf[1]);
      lossNats += result.lossNats;
      return result.gradient;
    }
    return computeValue(value, inputsOf, { parameters, inputs, state });
  };
  const kept = new Map<string, Matrix>();
  for (const step of layout.steps) {
    if (step.kind === 'copy') store(step.value, step.to, load(step.value, layout.locationOf(step.value)));
    else {
      const results = new Map<Value, Matrix>();
      for (const value of step.kind === 'chain' ? step.values : [step.value]) {
        const operands = value.inputs.map((input) => results.get(input) ?? load(input, layout.locationOf(input)));
        if (value.kind === 'storeState') kept.set(value.name, operands[0]);
        else results.set(value, oneStep(value, operands));
      }
      for (const [value, result] of results)
        for (const location of layout.storesOf(value)) store(value, location, result);
    }
  }
  for (const [name, matrix] of kept) state.set(name, matrix);
  return {
    lossNats,
    gradients,
    outputs: new Map([...program.outputs].map(([name, value]) => [name, load(value, layout.locationOf(value))])),
  };
}

function expectSame(
  program: Program,
  parameters: ReadonlyMap<string, Matrix>,
  inputs: ReadonlyMap<string, Matrix>,
): Layout {
  const states = (): Map<string, Matrix> =>
    new Map(
      program.values
        .filter((value) => value.kind === 'loadState')
        .map((value) => [value.name, Float64Array.from({ length: value.rows * value.columns }, (_, i) => Math.sin(i))]),
    );
  const [state, expectedState] = [states(), states()];
  const layout = runUninterrupted(layOut(program));
  const got = runInLayout(program, layout, parameters, inputs, state);
  const expected = evaluateProgram(program, { parameters, inputs, state: expectedState });
  expect(got.lossNats).toBe(expected.lossNats);
  for (const [name, value] of program.gradients)
    expect(got.gradients.get(name), name).toEqual(expected.values.get(value));
  for (const [name, value] of program.outputs) expect(got.outputs.get(name), name).toEqual(expected.values.get(value));
  expect(state).toEqual(expectedState);
  return layout;
}

describe.each(allCells.map((cell) => cell.name))('the layout of a %s program', (cell) => {
  test.each([
    [1, 1, 1],
    [1, 2, 3],
    [2, 5, 2],
    [3, 4, 1],
  ])('of %i layers over %i steps of %i rows computes the same in shared and in separate memory', (layers, T, N) => {
    for (const embedding of [0, 3]) {
      const [H, V] = [4, 5];
      const model: ModelConfiguration = {
        cell,
        layers,
        hidden: H,
        embedding,
        vocabulary: V,
        forgetBias: 1,
        initialisation: 'uniform',
        dropout: 0,
        conventions: {},
      };
      const parameters = new Map(
        parameterShapes(model).map(({ name, rows, columns }) => [name, normal(rows * columns)]),
      );
      const inputs = new Map([
        ['ids', integers(T * N, V)],
        ['targets', integers(T * N, V)],
      ]);
      expectSame(trainingProgram(model, { steps: T, rows: N }, 1 / (N * T)), parameters, inputs);
      expectSame(networkProgram(model, { steps: T, rows: N }, { loss: true }), parameters, inputs);
      expectSame(
        networkProgram(model, { steps: 1, rows: N }, { outputs: 'logits' }),
        parameters,
        new Map([['ids', integers(N, V)]]),
      );
    }
  });
});

test('an LSTM step needs little more memory than its gates, states and hidden outputs', () => {
  const [T, N, H, V] = [20, 4, 32, 7];
  const model: ModelConfiguration = {
    cell: 'lstm',
    layers: 1,
    hidden: H,
    embedding: 0,
    vocabulary: V,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
  };
  const layout = runUninterrupted(layOut(trainingProgram(model, { steps: T, rows: N }, 1)));
  const gates = T * N * 4 * H;
  const sequences = 4 * (T + 1) * N * H; // h, c, tanh c, dh
  expect(layout.arenaElements).toBeLessThan(1.1 * (gates + sequences + T * N * V));
});

/** A random program of elementwise operations, matrix products, and nested views and joins. */
function randomProgram(seed: number): Program {
  const chance = new Random(seed);
  const below = (limit: number): number => chance.uint32() % limit;
  const [R, C] = [2, 3];
  const builder = new Builder();
  const [weight, bias] = [builder.parameter('W', C, C), builder.parameter('b', 1, C)];
  const pool = [builder.scale(builder.input('x', R, C), 2), builder.loadState('s', R, C)];
  const like = ({ rows, columns }: { rows: number; columns: number }): Value => {
    const fitting = pool.filter((value) => value.rows === rows && value.columns === columns);
    return fitting[below(fitting.length)];
  };
  for (let count = 4 + below(14); count > 0; count--) {
    const x = pool[below(pool.length)];
    const makers: (() => Value)[] = [
      () => builder.add(x, like(x)),
      () => builder.multiply(x, like(x)),
      () => builder.scale(x, 1 + below(5) / 4),
    ];
    if (x.columns === C)
      makers.push(() =>
        builder.matmul(x, weight, { ...(below(2) ? { plus: like(x) } : {}), ...(below(2) ? { bias } : {}) }),
      );
    if (x.rows > R) makers.push(() => builder.rows(x, below(x.rows - R + 1), R));
    if (x.columns > C) makers.push(() => builder.columns(x, below(x.columns - C + 1), C));
    if (x.rows * x.columns <= 24) {
      const pieces = Array.from({ length: 2 + below(2) }, () => like(x));
      const inAnyOrder = pieces
        .map((_, index) => ({ index, key: below(99) }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ index }) => index);
      makers.push(
        () => builder.concatenate(pieces),
        () => builder.join(inAnyOrder.map((index) => ({ value: pieces[index], row: index * x.rows, column: 0 }))),
        () => builder.join(inAnyOrder.map((index) => ({ value: pieces[index], row: 0, column: index * x.columns }))),
        () =>
          builder.join([
            { value: builder.concatenate([x, pieces[0]]), row: 0, column: 0 },
            { value: pieces[1], row: x.rows, column: x.columns },
            { value: x, row: 0, column: x.columns },
          ]),
      );
    }
    pool.push(makers[below(makers.length)]());
  }
  return builder.program(
    new Map(
      Array.from({ length: 1 + below(3) }, (_, index) => [
        `y${index}`,
        builder.scale(pool[below(pool.length)], 9 + index),
      ]),
    ),
  );
}

function expectSameOutputs(
  got: Program,
  expected: Program,
  parameters: ReadonlyMap<string, Matrix>,
  inputs: ReadonlyMap<string, Matrix>,
): void {
  const [values, expectedValues] = [got, expected].map(
    (program) => evaluateProgram(program, { parameters, inputs, state: new Map([['s', inputs.get('x')!]]) }).values,
  );
  for (const [name, value] of expected.outputs)
    expect(values.get(got.outputs.get(name)!), `${name}, rewritten`).toEqual(expectedValues.get(value));
}

test('any program of nested views and joins computes the same in shared memory, in separate memory, and after rewriting', () => {
  for (let seed = 1; seed <= (isEverything ? 6000 : 1200); seed++) {
    try {
      const program = randomProgram(seed);
      const [parameters, inputs] = [
        new Map([
          ['W', normal(9)],
          ['b', normal(3)],
        ]),
        new Map([['x', normal(6)]]),
      ];
      expectSame(program, parameters, inputs);
      if (seed % 4 === 0) expectSameOutputs(foldRunningSums(program), program, parameters, inputs);
    } catch (cause) {
      throw new Error(`random program ${seed}`, { cause });
    }
  }
});

test('a value with two places in two joins is stored twice', () => {
  const builder = new Builder();
  const x = builder.parameter('x', 2, 3);
  const [a, b] = [builder.sigmoid(x), builder.tanh(x)];
  const wide = builder.join([
    { value: a, row: 0, column: 0 },
    { value: b, row: 0, column: 3 },
  ]);
  const crossed = builder.join([
    { value: b, row: 0, column: 0 },
    { value: a, row: 0, column: 3 },
  ]);
  const view = builder.join([
    { value: builder.rows(wide, 1, 1), row: 0, column: 0 },
    { value: builder.rows(crossed, 0, 1), row: 1, column: 0 },
  ]);
  const twice = builder.concatenate([a, a, b]);
  const program = builder.program(
    new Map(
      Object.entries({
        wide: builder.scale(wide, 2),
        crossed: builder.scale(crossed, 3),
        view: builder.scale(view, 4),
        twice: builder.scale(twice, 5),
      }),
    ),
  );
  expectSame(program, new Map([['x', normal(6)]]), new Map());
});

test('a result does not overwrite an operand of which it repeats a row or a column', () => {
  const builder = new Builder();
  const made = (name: string, rows: number, columns: number): Value =>
    builder.tanh(builder.parameter(name, rows, columns));
  const [row, column] = [made('row', 1, 3), made('column', 2, 1)];
  const below = builder.concatenate([row, made('other row', 1, 3)]);
  const sideBySide = builder.join([
    { value: column, row: 0, column: 0 },
    { value: made('other columns', 2, 2), row: 0, column: 1 },
  ]);
  const results = [builder.multiply(below, row), builder.multiply(sideBySide, column)];
  const layout = runUninterrupted(layOut(builder.program(new Map(results.map((value, i) => [`y${i}`, value])))));
  for (const value of results)
    expect(layout.locationOf(value).buffer).not.toBe(layout.locationOf(value.inputs[0]).buffer);
});
