// Compares the network's program before any rewrite with a reference implementation: with one
// option at a time, and with options together.
import { describe, expect, test } from 'vitest';
import { type Matrix, evaluateProgram } from '../../src/devices/reference/evaluate.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { stateShapes } from '../../src/model/layer.ts';
import { lossProgram } from '../../src/model/network.ts';
import { modelWeights } from '../../src/model/parameters.ts';
import { type Regularisation, noRegularisation } from '../../src/model/regularisation.ts';
import { Random } from '../../src/random.ts';
import {
  type Case,
  H,
  L,
  N,
  SCALE,
  T,
  type SequenceResults,
  V,
  referenceCells,
  referenceResults,
} from './reference-network.ts';

/** Two orders of adding a few dozen float64 numbers near one. */
const TOLERANCE = 1e-12;

/** The same by the unchanged program, window after window. */
function programTold({ model, regularisation, weights, start, windows }: Case): SequenceResults[] {
  const program = lossProgram(model, { steps: T, rows: N }, SCALE, regularisation);
  const loss = program.values.find(({ kind }) => kind === 'crossEntropy')!;
  const state = new Map(Object.entries(start));
  return windows.map(({ ids, targets, dropoutKey }) => {
    const { lossNats, penalty, values } = evaluateProgram(program, {
      parameters: new Map(Object.entries(weights)),
      inputs: new Map([
        ['ids', ids],
        ['targets', targets],
      ]),
      state,
      dropoutKey,
    });
    return {
      lossNats,
      penalty,
      state: Object.fromEntries([...state].map(([name, matrix]) => [name, [...matrix]])),
      gradient: [...values.get(loss)!],
    };
  });
}

/**
 * Random weights, carried states and two windows of text. With a learned start, row 0 has read
 * nothing yet and row 1 has.
 */
function caseOf(cell: string, changes: Partial<ModelConfiguration>, some: Partial<Regularisation> = {}): Case {
  const random = new Random(11);
  const normal = (count: number): Matrix => Float64Array.from({ length: count }, () => random.normal() * 0.7);
  const integers = (from: number, below: number): Matrix =>
    Float64Array.from({ length: T * N }, () => from + (random.uint32() % (below - from)));
  const model: ModelConfiguration = {
    cell,
    layers: L,
    hidden: H,
    embedding: 0,
    vocabulary: V,
    forgetBias: 1,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
    ...changes,
  };
  const weights = Object.fromEntries(
    modelWeights(model).map(({ name, rows, columns, role }) => [
      name,
      normal(rows * columns).map((weight) => (role === 'gain' ? 1 + weight : weight)),
    ]),
  );
  const start = Object.fromEntries(
    stateShapes(model).map(({ name, columns }) => {
      if (name === 'started') return [name, Float64Array.of(0, 1)];
      return [name, normal(N * columns).map((value, at) => (model.learnedState && at < columns ? 0 : value))];
    }),
  );
  const windows = [21, 22].map((dropoutKey) => ({ ids: integers(0, V), targets: integers(-1, V), dropoutKey })); // −1: no target
  return { model, regularisation: { ...noRegularisation, ...some }, weights, start, windows };
}

function expectClose(got: readonly number[], wanted: readonly number[], what: string): void {
  expect(got.length, what).toBe(wanted.length);
  got.forEach((value, at) => {
    expect(Math.abs(value - wanted[at]), `${what}[${at}]`).toBeLessThan(TOLERANCE);
  });
}

function expectTwin(given: Case): void {
  const wanted = referenceResults(given);
  for (const [which, told] of programTold(given).entries()) {
    const { lossNats, penalty, state, gradient } = wanted[which];
    expectClose([told.lossNats], [lossNats], `loss of window ${which}`);
    expectClose([told.penalty], [penalty], `penalty of window ${which}`);
    expectClose(told.gradient, gradient, `gradient of the logits in window ${which}`);
    expect(Object.keys(told.state).toSorted()).toEqual(Object.keys(state).toSorted());
    for (const [name, values] of Object.entries(state))
      expectClose(told.state[name], values, `${name} after window ${which}`);
  }
}

type Row = readonly [what: string, model: Partial<ModelConfiguration>, regularisation?: Partial<Regularisation>];

const ofAnyCell: readonly Row[] = [
  ['layers on top of each other, fed one-hot', {}],
  ['an embedding', { embedding: 4 }],
  ['connections from the input to every layer', { skip: 'input' }],
  ['connections to every layer from an embedding of width H', { skip: 'input', embedding: H }],
  ['connections from every layer to the output', { skip: 'output' }],
  ['connections from the input and to the output, with an embedding', { skip: 'both', embedding: 4 }],
  ['residual layers', { stacking: 'residual' }],
  ['highway layers', { stacking: 'highway' }],
  ['highway layers with connections to the output', { stacking: 'highway', skip: 'both' }],
  ['steps that read the output of two steps before', { timeSkip: 2 }],
  ['steps that read further back than a window is long', { timeSkip: 6 }],
  ['an output tied to an embedding as wide as the layers', { tied: true, embedding: H }],
  ['an output tied to an embedding of another width', { tied: true, embedding: 4 }],
  ["a tied output of the layers' width that every layer leads to", { tied: true, embedding: H, skip: 'output' }],
  ['a tied output of another width that every layer leads to', { tied: true, embedding: 4, skip: 'both' }],
  ['a learned start, for the row that has read nothing', { learnedState: true }],
  ['a learned start where steps read further back', { learnedState: true, timeSkip: 2 }],
  ['dropout, separate in every step', {}, { dropout: 0.4 }],
  ['locked dropout', {}, { dropout: 0.4, lockedDropout: true }],
  ['dropout in highway layers that read the input', { stacking: 'highway', skip: 'both' }, { dropout: 0.4 }],
  ['dropout of weights from state to state, not of those from further back', { timeSkip: 2 }, { weightDropout: 0.4 }],
  ['dropout of symbols', { embedding: 4 }, { embeddingDropout: 0.4 }],
  [
    'dropout of symbols before every layer, and not in the weights of a tied output',
    { embedding: 4, tied: true, skip: 'input' },
    { embeddingDropout: 0.4 },
  ],
  ['a penalty on activations', {}, { activationPenalty: 2 }],
  ['a penalty on activations, after dropout', {}, { activationPenalty: 2, dropout: 0.4 }],
  ['a penalty on changes', {}, { temporalPenalty: 3 }],
  ['a penalty on changes, before dropout', {}, { temporalPenalty: 3, dropout: 0.4, lockedDropout: true }],
  [
    "penalties on the last layer's output, before its input is added",
    { stacking: 'residual' },
    { activationPenalty: 2, temporalPenalty: 3, dropout: 0.4 },
  ],
  ['smoothed targets', {}, { labelSmoothing: 0.2 }],
  [
    'all regularisation together',
    { embedding: 4 },
    {
      dropout: 0.3,
      lockedDropout: true,
      weightDropout: 0.4,
      embeddingDropout: 0.3,
      activationPenalty: 2,
      temporalPenalty: 3,
      labelSmoothing: 0.1,
      clipState: 1,
    },
  ],
  [
    'everything together',
    { embedding: 4, tied: true, skip: 'both', stacking: 'highway', timeSkip: 3, learnedState: true },
    {
      dropout: 0.3,
      weightDropout: 0.4,
      embeddingDropout: 0.3,
      activationPenalty: 2,
      temporalPenalty: 3,
      labelSmoothing: 0.1,
    },
  ],
];

const ofLayerNorm: readonly Row[] = [
  ['alone', {}],
  ['of all that is read, with connections from an embedding', { embedding: 4, skip: 'both' }],
  ['but not of the output of two steps before', { timeSkip: 2 }],
  ['in residual layers', { stacking: 'residual' }],
  ['of weights with holes', {}, { weightDropout: 0.4, dropout: 0.3 }],
  [
    'with everything else',
    { embedding: 4, tied: true, skip: 'both', stacking: 'highway', timeSkip: 6, learnedState: true },
    {
      dropout: 0.3,
      lockedDropout: true,
      weightDropout: 0.4,
      embeddingDropout: 0.3,
      activationPenalty: 2,
      temporalPenalty: 3,
      labelSmoothing: 0.1,
    },
  ],
];

describe.each(Object.keys(referenceCells))('loss, states and penalties of %s cells match their equations', (cell) => {
  for (const [what, model, regularisation] of ofAnyCell)
    test(`with ${what}`, () => expectTwin(caseOf(cell, model, regularisation)));
});

describe('loss, states and penalties of lstm cells with layer normalisation match their equations', () => {
  for (const [what, model, regularisation] of ofLayerNorm)
    test(`layer normalisation ${what}`, () =>
      expectTwin(caseOf('lstm', { layerNorm: true, ...model }, regularisation)));
});

test('label smoothing changes the gradients, but not the reported loss', () => {
  const [plain, smoothed] = [0, 0.2].map((labelSmoothing) => programTold(caseOf('lstm', {}, { labelSmoothing })));
  for (const [which, { lossNats, gradient, state }] of plain.entries()) {
    expect(smoothed[which]).toMatchObject({ lossNats, penalty: 0, state });
    expect(smoothed[which].gradient).not.toEqual(gradient);
  }
});
