// How programs become passes: how many there are, and which buffers each may read. Nothing is
// compiled for a device.
import { afterAll, describe, expect, it } from 'vitest';
import { type PassList, compilePasses } from '../../../src/devices/gpu/passes.ts';
import { type Reference, elementsOf, isNumber } from '../../../src/devices/gpu/writer.ts';
import { allCells } from '../../../src/model/cells/registry.ts';
import type { ModelConfiguration } from '../../../src/model/configuration.ts';
import { trainingProgram } from '../../../src/model/network.ts';
import { parameterShapes } from '../../../src/model/parameters.ts';
import { createOptimizer } from '../../../src/training/optimizers.ts';
import { isEverything } from '../../everything.ts';

interface Size {
  readonly layers: number;
  readonly steps: number;
  readonly inputs: number;
  readonly dropout: number;
  readonly embedding: number;
}

const usual: Size = { layers: 2, steps: 12, inputs: 9, dropout: 0, embedding: 0 };
const H = 128;
const N = 50;

const compiled = new Map<string, PassList>();

/**
 * One training step of a network, with Adam and clipping. Compiled once, because several tests
 * examine the same one.
 */
function passesOf(cell: string, given: Partial<Size> = {}): PassList {
  const size = { ...usual, ...given };
  const key = JSON.stringify([cell, size]);
  const list = compiled.get(key) ?? compile(cell, size);
  compiled.set(key, list);
  return list;
}

function compile(cell: string, { layers, steps, inputs, dropout, embedding }: Size): PassList {
  const model: ModelConfiguration = {
    cell,
    layers,
    hidden: H,
    embedding,
    vocabulary: 65,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout,
    conventions: {},
  };
  const { rule } = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0.9 });
  return compilePasses(trainingProgram(model, { steps, rows: N }, 1 / (N * steps)), {
    parameters: parameterShapes(model),
    update: rule,
    mostInputs: inputs,
  });
}

/** The buffers that a pass reads. Its other operands are numbers. */
function buffersRead({ operands }: PassList['passes'][number]): number {
  return operands.filter(
    (operand) => operand.kind === 'pass' || (operand.kind === 'argument' && !isNumber(operand.name)),
  ).length;
}

const variants: readonly [string, Partial<Size>][] = [
  ['2 layers', {}],
  ['2 layers, 7 inputs', { inputs: 7 }],
  ['2 layers, 15 inputs', { inputs: 15 }],
  ['2 layers, dropout', { dropout: 0.2 }],
  ['2 layers, an embedding', { embedding: 24 }],
  ['3 layers', { layers: 3 }],
  ['3 layers, all at once', { layers: 3, inputs: 7, dropout: 0.2, embedding: 24 }],
];

const principal: ReadonlySet<string> = new Set(['lstm', 'gru', 'rnn', 'mlstm']);

/** A second matrix product waits for the gated result of the first, forward and backward. */
const inTwoStages: ReadonlySet<string> = new Set(['mlstm', 'gru-cho', 'mut1', 'mut2', 'mut3']);

describe.each(allCells.map(({ name }) => name))('a training step of %s', (cell) => {
  afterAll(() => compiled.clear());

  const most = inTwoStages.has(cell) ? 16 : 6;

  // All variants of the principal cells, and two of each other cell, unless RNN_TEST=all.
  const looked = isEverything || principal.has(cell) ? variants : variants.filter((_, index) => index % 6 === 0);

  it.each(looked)(`takes at most ${most} passes a layer and time step, and sixty: %s`, (_, size) => {
    const { layers, steps } = { ...usual, ...size };
    const { cost, passes } = passesOf(cell, size);
    expect(cost.passes).toBe(passes.length);
    expect(passes.length).toBeLessThanOrEqual(most * layers * steps + 60);
  });

  it.each(isEverything || principal.has(cell) ? [7, 9, 15] : [7])(
    'has no pass that reads more than %i buffers',
    (inputs) => {
      for (const size of [{ inputs }, { inputs, layers: 3, dropout: 0.2, embedding: 24, steps: 10 }]) {
        expect(Math.max(...passesOf(cell, size).passes.map(buffersRead))).toBeLessThanOrEqual(inputs);
      }
    },
  );

  it('reads only results of earlier passes, and arguments', () => {
    const list = passesOf(cell, { dropout: 0.2, embedding: 24 });
    const given = new Set(list.arguments.map(({ name }) => name));
    const isThere = (operand: Reference, index: number): boolean =>
      operand.kind === 'pass'
        ? operand.index < index
        : operand.kind === 'number' || isNumber(operand.name) || given.has(operand.name);
    const missing = list.passes.flatMap(({ operands }, index) =>
      operands.filter((operand) => !isThere(operand, index)),
    );
    expect(missing).toEqual([]);
  });

  // Half of the operations of a mut1 at a time step wait for no state. They are combined into
  // passes that are all different.
  it.skipIf(cell === 'mut1')('has as many kernels for long sequences as for short', () => {
    const [short, long] = [12, 18].map((steps) => passesOf(cell, { steps }).cost.kernels);
    expect(Math.abs(long - short)).toBeLessThanOrEqual(4);
  });

  it('does the multiply-adds of its equations, and no more', () => {
    const [one, two] = [1, 2].map((layers) => passesOf(cell, { layers }).cost.multiplyAdds);
    const weights = parameterShapes({
      cell,
      layers: 2,
      hidden: H,
      embedding: 0,
      vocabulary: 65,
      forgetBias: 1,
      initialisation: 'uniform',
      dropout: 0,
      conventions: {},
    })
      .filter(({ name, rows }) => name.startsWith('layer1') && rows > 1)
      .reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    // Forward, back to the input, and the gradient of the weight. A cell may omit a product in the
    // first step.
    expect((two - one) / (3 * weights * N * usual.steps)).toBeCloseTo(1, 1);
  });
});

describe('a training step of two layers of LSTM', () => {
  it('takes at most 251 passes', () => {
    expect(passesOf('lstm').passes.length).toBeLessThanOrEqual(251);
  });

  it('moves fewer bytes than if every pass read whole buffers, and more than if each weight were read once', () => {
    const { cost, passes, arguments: given } = passesOf('lstm');
    const argument = new Map(given.map(({ name, shape }) => [name, 4 * elementsOf(shape)]));
    const bytesOf = (operand: Reference): number =>
      operand.kind === 'pass'
        ? 4 * elementsOf(passes[operand.index].shape)
        : operand.kind === 'argument'
          ? (argument.get(operand.name) ?? 0)
          : 0;
    const whole = passes.reduce(
      (sum, { shape, operands }) =>
        sum + 4 * elementsOf(shape) + operands.reduce((total, operand) => total + bytesOf(operand), 0),
      0,
    );
    expect(cost.bytes).toBeLessThan(0.5 * whole);
    const recurrent = 4 * H * H;
    expect(cost.bytes).toBeGreaterThan(4 * 2 * usual.steps * usual.layers * recurrent);
  });
});
