// Programs that look into a network: what they give against the plain forward pass, and against finite differences of it.
import { describe, expect, test } from 'vitest';
import { type Matrix, evaluate } from '../../src/devices/reference/evaluate.ts';
import { cells } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { activationName, activationNames, gradientFlowProgram, inspectionProgram, jacobianProgram, lossProgram, predictionProgram } from '../../src/model/network.ts';
import { modelWeights } from '../../src/model/parameters.ts';
import type { Program } from '../../src/program/value.ts';
import { Random } from '../../src/random.ts';

const [T, N, H, V] = [4, 2, 3, 5];
/** Central differences of this step in float64 are good to about 1e-9. */
const [STEP, TOLERANCE] = [1e-5, 1e-8];

const random = new Random(8);
const normal = (count: number): Matrix => Float64Array.from({ length: count }, () => random.normal() * 0.7);
const integers = (count: number): Matrix => Float64Array.from({ length: count }, () => random.uint32() % V);

function network(cell: string): { model: ModelConfiguration; parameters: Map<string, Matrix> } {
  const model = { cell, layers: 2, hidden: H, embedding: 0, vocabulary: V, forgetBias: 1, initialisation: 'uniform' as const, dropout: 0, conventions: {} };
  return { model, parameters: new Map(modelWeights(model).map(({ name, rows, columns }) => [name, normal(rows * columns)])) };
}

function outputs(program: Program, parameters: ReadonlyMap<string, Matrix>, inputs: Readonly<Record<string, Matrix>>, state = new Map<string, Matrix>()): Readonly<Record<string, Matrix>> {
  const { values } = evaluate(program, { parameters, inputs: new Map(Object.entries(inputs)), state });
  return Object.fromEntries([...program.outputs].map(([name, value]) => [name, values.get(value)!]));
}

describe.each(cells.map(({ name }) => name))('%s', (cell) => {
  const { model, parameters } = network(cell);
  const [ids, targets] = [integers(T * N), integers(T * N)];
  const names = [0, 1].flatMap((layer) => activationNames(model).map((name) => activationName(layer, name)));

  test('holds, step by step, what one step after the other leaves as its state', () => {
    const all = outputs(inspectionProgram(model, { steps: T, rows: N }), parameters, { ids });
    expect(Object.keys(all)).toEqual(names);
    const [single, state] = [inspectionProgram(model, { steps: 1, rows: N }), new Map<string, Matrix>()];
    for (let t = 0; t < T; t++) {
      const step = outputs(single, parameters, { ids: ids.subarray(t * N, (t + 1) * N) }, state);
      for (const name of names) {
        const values = all[name].subarray(t * N * H, (t + 1) * N * H);
        values.forEach((value, at) => expect(value).toBeCloseTo((state.get(name) ?? step[name])[at], 12));
      }
    }
  });

  test('predicts what its loss is made of', () => {
    const { logits } = outputs(predictionProgram(model, { steps: T, rows: N }), parameters, { ids });
    const { lossNats } = evaluate(lossProgram(model, { steps: T, rows: N }, 1), { parameters, inputs: new Map([['ids', ids], ['targets', targets]]), state: new Map() });
    const losses = Array.from(targets, (target, row) => {
      const own = logits.subarray(row * V, (row + 1) * V);
      return Math.log(own.reduce((sum, x) => sum + Math.exp(x), 0)) - own[target];
    });
    expect(losses.reduce((sum, loss) => sum + loss, 0)).toBeCloseTo(lossNats, 10);
  });

  test('leads the gradient of its last loss back as far as finite differences do', () => {
    const last = Float64Array.from({ length: T * N }, (_, row) => (row < (T - 1) * N ? -1 : targets[row]));
    const gradients = outputs(gradientFlowProgram(model, { steps: T, rows: N }), parameters, { ids, targets: last });
    const before = new Map<string, Matrix>();
    const first = outputs(inspectionProgram(model, { steps: 1, rows: N }), parameters, { ids: ids.subarray(0, N) }, before);
    const rest = { ids: ids.subarray(N), targets: last.subarray(N) };
    const program = lossProgram(model, { steps: T - 1, rows: N }, 1);
    const nudged = (name: string): Matrix => differences(before.get(name)!, () => evaluate(program, { parameters, inputs: new Map(Object.entries(rest)), state: new Map(before) }).lossNats);
    // Between two windows only the top layer can be nudged: what the layer above reads of the first step is not in the steps after it.
    const h = nudged('layer1.h');
    h.forEach((wanted, at) => expect(Math.abs(gradients['layer1.h@0'][at] - wanted)).toBeLessThan(TOLERANCE));
    // The gradient of a cell is by way of its output, too: h' = o∘tanh(c'). A peephole is one more way.
    const { 'layer1.c': c = h, 'layer1.o': o = h } = first;
    const carried = before.has('layer1.c') && cell !== 'lstm-peephole' ? nudged('layer1.c') : [];
    carried.forEach((wanted, at) => expect(Math.abs(gradients['layer1.c@0'][at] - wanted - h[at] * o[at] * (1 - Math.tanh(c[at]) ** 2))).toBeLessThan(TOLERANCE));
    expect(gradients['layer0.h@0'].some((value) => value !== 0)).toBe(true);
  });

  test.each([0, 1])('has, in layer %i, the Jacobian of finite differences', (layer) => {
    const states = cells.find(({ name }) => name === cell)!.states;
    const S = states.length * H;
    const [held, symbol] = [new Map([0, 1].flatMap((each) => states.map((name) => [activationName(each, name), normal(H)]))), Float64Array.of(2)];
    const repeated = (values: Matrix): Matrix => Float64Array.from({ length: S * values.length }, (_, at) => values[at % values.length]);
    const state = new Map([...held].map(([name, values]) => [name, repeated(values)]));
    states.forEach((name, block) => state.set(`seed.${name}`, Float64Array.from({ length: S * H }, (_, at) => (Math.floor(at / H) === block * H + (at % H) ? 1 : 0))));
    const rows = outputs(jacobianProgram(model, layer, S), parameters, { ids: repeated(symbol) }, state);
    const after = (): Matrix[] => {
      const now = new Map(held);
      outputs(inspectionProgram(model, { steps: 1, rows: 1 }), parameters, { ids: symbol }, now);
      return states.map((name) => now.get(activationName(layer, name))!);
    };
    for (const name of states) {
      for (let output = 0; output < S; output++) {
        const wanted = differences(held.get(activationName(layer, name))!, () => after()[Math.floor(output / H)][output % H]);
        wanted.forEach((value, j) => expect(Math.abs(rows[name][output * H + j] - value)).toBeLessThan(TOLERANCE));
      }
    }
  });
});

/** Of a number with respect to each of some values, which are put back. */
function differences(values: Matrix, told: () => number): Matrix {
  return values.map((before, at) => {
    values[at] = before + STEP;
    const above = told();
    values[at] = before - STEP;
    const below = told();
    values[at] = before;
    return (above - below) / (2 * STEP);
  });
}
