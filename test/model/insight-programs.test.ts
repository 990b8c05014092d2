// Compares programs that look into a network with the plain forward pass.
// test/insight/gradient-flow.test.ts tests the backward program.
import { describe, expect, test } from 'vitest';
import { type Matrix, evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { activationName } from '../../src/model/layer.ts';
import { activationNames, lossProgram, networkProgram } from '../../src/model/network.ts';
import { modelWeights } from '../../src/model/parameters.ts';
import type { Program } from '../../src/program/value.ts';
import { Random } from '../../src/random.ts';

const [T, N, H, V] = [4, 2, 3, 5];

const random = new Random(8);
const normal = (count: number): Matrix => Float64Array.from({ length: count }, () => random.normal() * 0.7);
const integers = (count: number): Matrix => Float64Array.from({ length: count }, () => random.uint32() % V);

function network(cell: string): { model: ModelConfiguration; parameters: Map<string, Matrix> } {
  const model = {
    cell,
    layers: 2,
    hidden: H,
    embedding: 0,
    vocabulary: V,
    forgetBias: 1,
    initialisation: 'uniform' as const,
    dropout: 0,
    conventions: {},
  };
  return {
    model,
    parameters: new Map(modelWeights(model).map(({ name, rows, columns }) => [name, normal(rows * columns)])),
  };
}

function outputs(
  program: Program,
  parameters: ReadonlyMap<string, Matrix>,
  inputs: Readonly<Record<string, Matrix>>,
  state = new Map<string, Matrix>(),
): Readonly<Record<string, Matrix>> {
  const { values } = evaluateProgram(program, { parameters, inputs: new Map(Object.entries(inputs)), state });
  return Object.fromEntries([...program.outputs].map(([name, value]) => [name, values.get(value)!]));
}

describe.each(allCells.map(({ name }) => name))('%s', (cell) => {
  const { model, parameters } = network(cell);
  const [ids, targets] = [integers(T * N), integers(T * N)];
  const names = [0, 1].flatMap((layer) => activationNames(model).map((name) => activationName(layer, name)));

  test('has at every step the state that single steps leave', () => {
    const all = outputs(networkProgram(model, { steps: T, rows: N }, { outputs: 'activations' }), parameters, { ids });
    expect(Object.keys(all)).toEqual(names);
    const [single, state] = [
      networkProgram(model, { steps: 1, rows: N }, { outputs: 'activations' }),
      new Map<string, Matrix>(),
    ];
    for (let t = 0; t < T; t++) {
      const step = outputs(single, parameters, { ids: ids.subarray(t * N, (t + 1) * N) }, state);
      for (const name of names) {
        const values = all[name].subarray(t * N * H, (t + 1) * N * H);
        values.forEach((value, at) => expect(value).toBeCloseTo((state.get(name) ?? step[name])[at], 12));
      }
    }
  });

  test('has the logits that its loss is computed from', () => {
    const { logits } = outputs(networkProgram(model, { steps: T, rows: N }, { outputs: 'logits' }), parameters, {
      ids,
    });
    const { lossNats } = evaluateProgram(lossProgram(model, { steps: T, rows: N }, 1), {
      parameters,
      inputs: new Map([
        ['ids', ids],
        ['targets', targets],
      ]),
      state: new Map(),
    });
    const losses = Array.from(targets, (target, row) => {
      const own = logits.subarray(row * V, (row + 1) * V);
      return Math.log(own.reduce((sum, x) => sum + Math.exp(x), 0)) - own[target];
    });
    expect(losses.reduce((sum, loss) => sum + loss, 0)).toBeCloseTo(lossNats, 10);
  });
});
