// Every cell, every optimizer, connections and regularisation, and several calls and jobs on one
// device.
import type { Call, Job } from '../../src/devices/device.ts';
import { cellCheck, optimizerCheck, refusalCheck } from '../../src/diagnosis/checks.ts';
import type { ParityCheck } from '../../src/diagnosis/pair.ts';
import { type NetworkSize, networkCheck, smallSize, tolerances } from '../../src/diagnosis/network-test.ts';
import { allCells } from '../../src/model/cells/registry.ts';
import { backwardStepProgram, networkProgram } from '../../src/model/network.ts';
import { createOptimizer } from '../../src/training/optimizers.ts';

const sizes: readonly NetworkSize[] = [
  { layers: 1, T: 1, N: 1, H: 1, V: 2 },
  { layers: 1, T: 3, N: 9, H: 7, V: 5 },
  { layers: 2, T: 7, N: 13, H: 19, V: 65 },
  { layers: 3, T: 5, N: 8, H: 16, V: 11, embedding: 6 },
  { layers: 2, T: 6, N: 13, H: 17, V: 9, dropout: 0.4 },
  { layers: 2, T: 12, N: 4, H: 33, V: 71 },
];

/** Cells that resemble other cells: the rest are checked at two sizes. */
const principal: ReadonlySet<string> = new Set(['lstm', 'gru', 'rnn', 'rnn-relu']);

const around: NetworkSize = { layers: 2, T: 3, N: 9, H: 12, V: 9, embedding: 5 };

/**
 * Connections and regularisation. Options that make each other use other operations are together.
 */
const variations: readonly (readonly [cell: string, NetworkSize])[] = [
  ['lstm', { ...around, layers: 3, embedding: 0, architecture: { skip: 'both' } }],
  ['gru', { ...around, architecture: { skip: 'both', tied: true } }],
  ['lstm', { ...around, embedding: 12, architecture: { tied: true, stacking: 'residual' } }],
  ['gru', { ...around, architecture: { stacking: 'highway', learnedState: true } }],
  ['rnn', { ...around, T: 5, architecture: { timeSkip: 3 } }],
  ['lstm', { ...around, architecture: { timeSkip: 7, learnedState: true, skip: 'input' } }],
  ['lstm', { ...around, architecture: { layerNorm: true } }],
  [
    'lstm',
    { ...around, regularisation: { dropout: 0.3, lockedDropout: true, weightDropout: 0.3, embeddingDropout: 0.4 } },
  ],
  [
    'mlstm',
    { ...around, embedding: 0, regularisation: { weightDropout: 0.5, activationPenalty: 2, temporalPenalty: 1 } },
  ],
  ['gru', { ...around, regularisation: { labelSmoothing: 0.1, clipState: 1e-4 } }],
];

/**
 * The second update of five is enormous, though finite. Then a state grows beyond all numbers, so
 * the third is refused and the run ends there.
 */
const refusalInside = networkCheck(
  'a run that ends at a refused update in its middle',
  {
    cell: 'rnn-relu',
    size: { ...smallSize, T: 12 },
    optimizer: createOptimizer({ optimizer: 'sgd', clipNorm: 0, momentum: 0.5 }),
  },
  async (pair, trial) => {
    const results = await pair.run(
      'train',
      Array.from({ length: 5 }, (_, i) => ({ ...trial.window(), update: { learningRate: i === 1 ? 1e37 : 0.1 } })),
    );
    if (results.map(({ updated }) => updated).join() !== 'true,true,false')
      throw new Error('the third update should be refused, and is not');
    await pair.vector('slot b', { kind: 'slot', name: 'b' }, 1e-5);
    await pair.tensors('weights', 'parameters', 1e-5);
    await pair.write({ kind: 'parameters' }, trial.parameters());
    await pair.run('train', [{ ...trial.window(), reset: true, update: { learningRate: 0.1 } }]);
    await pair.tensors('weights written again', 'parameters', 1e-5);
  },
);

const rmsprop = createOptimizer({ optimizer: 'rmsprop', clipNorm: 0, momentum: 0 });

const severalJobs = networkCheck(
  'training, evaluation and sampling in turn, and vectors read and written',
  { optimizer: rmsprop },
  async (pair, trial) => {
    const { N, H } = smallSize;
    let step = 0;
    const train = (): Call => ({ ...trial.window(), update: rmsprop.scalars(++step, 0.005) });
    const sample = (): Call => ({ ids: trial.symbols(N) });
    const loose = { loss: 1e-4, norm: 1e-3, outputs: 1e-4 };
    const fill = (count: number, low: number, high: number): Float32Array =>
      Float32Array.from({ length: count }, () => low + (high - low) * trial.random.uniform());
    const parameters = trial.parameters();
    pair.comparison.vectors('weights as written', await pair.read({ kind: 'parameters' }), parameters, 0);
    await pair.run('train', [train(), train()], loose);
    await pair.run('evaluate', [trial.evaluation(), trial.evaluation()], loose);
    await pair.run('sample', [sample(), sample(), sample()], loose);
    await pair.run('train', [train()], loose);
    for (const job of ['train', 'evaluate', 'sample']) {
      for (const name of trial.stateNames())
        await pair.vector(`state ${name} of ${job}`, { kind: 'state', job, name }, 1e-4);
    }

    const v = fill(parameters.length, 0.5, 1);
    await pair.write({ kind: 'slot', name: 'v' }, v);
    pair.comparison.vectors('slot as written', await pair.read({ kind: 'slot', name: 'v' }), v, 0);
    await pair.run('train', [train()], loose);
    await pair.vector('slot v', { kind: 'slot', name: 'v' }, 1e-5);

    const state = { kind: 'state', job: 'sample', name: 'layer1.c' } as const;
    const c = fill(N * H, -2, 2);
    await pair.write(state, c);
    pair.comparison.vectors('state as written', await pair.read(state), c, 0);
    await pair.run('sample', [sample(), sample()], loose);
    await pair.run('sample', [{ ...sample(), reset: true }], loose);

    await pair.write(
      { kind: 'parameters' },
      parameters.map((weight) => weight / 2),
    );
    await pair.run('sample', [sample()]);
    await pair.run('evaluate', [{ ...trial.evaluation(), reset: true }]);
    await pair.run('train', [{ ...trial.window(), reset: true }, trial.window()]);
    await pair.tensors('gradient of', 'gradients', tolerances.gradients);
    await pair.tensors('weights', 'parameters', 0);
  },
);

/**
 * The programs that examine a trained network: predictions and activations over several steps, and
 * one step back.
 */
function lookingCheck(cell: string): ParityCheck {
  const { T, N, H } = smallSize;
  return networkCheck(
    `${cell}: predictions, activations, and a step back`,
    {
      cell,
      jobs: ({ model }): Job[] => [
        {
          name: 'predict',
          steps: T,
          batch: N,
          build: (rows) => networkProgram(model, { steps: T, rows }, { loss: true, outputs: 'logits' }),
        },
        {
          name: 'inspect',
          steps: T,
          batch: N,
          build: (rows) => networkProgram(model, { steps: T, rows }, { outputs: 'activations' }),
        },
        { name: 'back', steps: 1, batch: N, build: (rows) => backwardStepProgram(model, rows) },
      ],
    },
    async (pair, trial) => {
      for (const job of ['predict', 'inspect'])
        for (let window = 0; window < 2; window++) await pair.run(job, [{ ...trial.window(), reset: window === 0 }]);
      const normal = (deviation: number): Float32Array =>
        Float32Array.from({ length: N * H }, () => trial.random.normal() * deviation);
      for (const name of trial.stateNames()) {
        await pair.write({ kind: 'state', job: 'back', name }, normal(0.5));
        await pair.write({ kind: 'state', job: 'back', name: `seed.${name}` }, normal(1));
      }
      await pair.run('back', [{ ids: trial.symbols(N), targets: trial.symbols(N) }]);
    },
  );
}

const interactive = networkCheck(
  'sampling that is interactive, one row at a time',
  {
    cell: 'gru',
    size: { ...smallSize, N: 1, embedding: 5 },
    jobs: (_, usual) => usual.filter(({ name }) => name === 'sample'),
    interactive: true,
  },
  async (pair, trial) => {
    for (const scale of [1, 0.5]) {
      await pair.write(
        { kind: 'parameters' },
        trial.parameters().map((weight) => weight * scale),
      );
      for (let step = 0; step < 5; step++) await pair.run('sample', [{ ids: trial.symbols(1), reset: step === 0 }]);
    }
    await trial.compareStates(pair, 'sample');
  },
);

const lengths = [4, 1, 7] as const;
const nameOf = (steps: number): string => `train ${steps}`;

/** Sequences of three lengths in turn, as in training with --random-length. */
const sharedState = networkCheck(
  'windows of three lengths that carry one state',
  {
    size: { ...smallSize, dropout: 0.2 },
    optimizer: createOptimizer({ optimizer: 'sgd', clipNorm: 1, momentum: 0.5 }),
    jobs: (trial) =>
      lengths.map((steps) => ({
        ...trial.training(steps, lengths[0]),
        name: nameOf(steps),
        sharesStateWith: nameOf(lengths[0]),
      })),
  },
  async (pair, trial) => {
    const { N, H } = smallSize;
    const loose = { outputs: 2e-6, loss: 1e-4, norm: 1e-3 };
    const call = (steps: number, reset = false): Call => ({
      ...trial.window(steps),
      reset,
      update: { learningRate: 0.1 },
    });
    // Through any of the jobs.
    for (const name of trial.stateNames())
      await pair.write({ kind: 'state', job: nameOf(7), name }, new Float32Array(N * H).fill(0.5));
    for (const steps of [[1], [4, 4], [7], [4], [1, 1]]) {
      const job = nameOf(steps[0]);
      await pair.run(
        job,
        steps.map((each) => call(each)),
        loose,
      );
      for (const name of trial.stateNames()) {
        for (const other of lengths.map(nameOf))
          await pair.vector(`state ${name} of ${other} after ${job}`, { kind: 'state', job: other, name }, 1e-4);
      }
    }
    await pair.run(nameOf(7), [call(7, true)], loose);
    await pair.run(nameOf(1), [call(1)], loose);
    await pair.tensors('weights', 'parameters', tolerances.weights);
  },
);

/**
 * Checks that take many seconds on devices that compile each kernel for a second, and find hardly
 * anything that another check does not find.
 */
export const lastingChecks: readonly ParityCheck[] = allCells
  .filter(({ name }) => name !== 'rnn-relu')
  .flatMap(({ name }) => (principal.has(name) ? sizes.slice(2) : [sizes[2]]).map((size) => cellCheck(name, size)));

/**
 * Checks that run only with RNN_TEST=all: other checks compare their cell at another size, and
 * their size with another cell. These are every other size of gru, rnn and rnn-relu, and the
 * smaller size of each cell that is not principal.
 */
export const repeatedChecks: ReadonlySet<string> = new Set(
  allCells
    .filter(({ name }) => name !== 'lstm')
    .flatMap(({ name }, index) =>
      principal.has(name)
        ? sizes.filter((_, at) => at % 2 === index % 2).map((size) => cellCheck(name, size).name)
        : [cellCheck(name, sizes[1]).name],
    ),
);

export const networkChecks: readonly ParityCheck[] = [
  ...allCells.flatMap(({ name }) =>
    (principal.has(name) ? sizes.slice(0, 2) : [sizes[1]]).map((size) => cellCheck(name, size)),
  ),
  ...sizes.slice(2).map((size) => cellCheck('rnn-relu', size)),
  ...lastingChecks,
  ...variations.map(([cell, size]) => cellCheck(cell, size)),
  ...(['adam', 'rmsprop', 'adagrad', 'sgd'] as const).map((optimizer) => optimizerCheck({ optimizer })),
  optimizerCheck({ optimizer: 'sgd', nesterov: true, weightDecay: 0.5, clipValue: 0.01, average: 0.8 }),
  optimizerCheck({ optimizer: 'adam', average: 0.8, accumulate: 3 }),
  ...['lstm', 'gru', 'mlstm'].map(lookingCheck),
  ...[...principal].map(refusalCheck),
  refusalInside,
  severalJobs,
  interactive,
  sharedState,
];
