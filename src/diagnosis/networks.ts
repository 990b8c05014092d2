// Checks of whole networks: every cell, every optimizer, and what a device does with several calls and several jobs.
import type { Call, Job, Workload } from '../devices/device.ts';
import { cells } from '../model/cells/registry.ts';
import { backwardStepProgram, networkProgram } from '../model/network.ts';
import { parameterShapes } from '../model/parameters.ts';
import { Random } from '../random.ts';
import { type OptimizerOptions, createOptimizer } from '../training/optimizers.ts';
import { Pair, type ParityCheck, usual } from './pair.ts';
import { maskChecks, stateChecks } from './states.ts';
import { type Size, Trial, small, tolerance } from './trial.ts';

const sizes: readonly Size[] = [
  { layers: 1, T: 1, N: 1, H: 1, V: 2 },
  { layers: 1, T: 3, N: 9, H: 7, V: 5 },
  { layers: 2, T: 7, N: 13, H: 19, V: 65 },
  { layers: 3, T: 5, N: 8, H: 16, V: 11, embedding: 6 },
  { layers: 2, T: 6, N: 13, H: 17, V: 9, dropout: 0.4 },
  { layers: 2, T: 12, N: 4, H: 33, V: 71 },
];

/** Cells that others are made like: the rest are checked at two sizes. */
const principal: ReadonlySet<string> = new Set(['lstm', 'gru', 'rnn', 'rnn-relu']);

const around: Size = { layers: 2, T: 3, N: 9, H: 12, V: 9, embedding: 5 };

/** Connections and regularisation, some of them together: each with what else makes it other operations. */
const variations: readonly (readonly [cell: string, Size])[] = [
  ['lstm', { ...around, layers: 3, embedding: 0, architecture: { skip: 'both' } }],
  ['gru', { ...around, architecture: { skip: 'both', tied: true } }],
  ['lstm', { ...around, embedding: 12, architecture: { tied: true, stacking: 'residual' } }],
  ['gru', { ...around, architecture: { stacking: 'highway', learnedState: true } }],
  ['rnn', { ...around, T: 5, architecture: { timeSkip: 3 } }],
  ['lstm', { ...around, architecture: { timeSkip: 7, learnedState: true, skip: 'input' } }],
  ['lstm', { ...around, architecture: { layerNorm: true } }],
  ['lstm', { ...around, regularisation: { dropout: 0.3, locked: true, weightDropout: 0.3, embeddingDropout: 0.4 } }],
  ['mlstm', { ...around, embedding: 0, regularisation: { weightDropout: 0.5, activation: 2, temporal: 1 } }],
  ['gru', { ...around, regularisation: { smoothing: 0.1, clipState: 1e-4 } }],
];

function described(options: object): string {
  return Object.entries(options)
    .map(([name, value]) => `, ${name} ${value}`)
    .join('');
}

function cellCheck(cell: string, size: Size): ParityCheck {
  const { layers, T, N, H, V, embedding, dropout, architecture = {}, regularisation = {} } = size;
  const others = { ...(embedding ? { embedding } : {}), ...(dropout ? { dropout } : {}), ...architecture, ...regularisation };
  return {
    name: `${cell}: ${layers} × ${H}, batch ${N}, ${T} steps, ${V} symbols${described(others)}`,
    quick: size === sizes[1] && (cell === 'lstm' || cell === 'gru'),
    lasting: cell !== 'rnn-relu' && sizes.indexOf(size) > 1,
    run(device) {
      const trial = new Trial(cell, size);
      return Pair.compare(device, trial.workload(), async (pair) => {
        await pair.write({ kind: 'parameters' }, trial.parameters());
        await trial.fillStates(pair);
        for (let window = 0; window < 3; window++) {
          await pair.run('train', [{ ...trial.window(), reset: window === 0 }]);
          await pair.tensors('gradient of', 'gradients', tolerance.gradients * (architecture.layerNorm ? 20 : 1));
          await trial.states(pair, 'train');
        }
        for (let window = 0; window < 2; window++) await pair.run('evaluate', [{ ...trial.evaluation(), reset: window === 0 }]);
        for (let step = 0; step < 3; step++) await pair.run('sample', [{ ids: trial.symbols(N), reset: step === 0 }]);
        await trial.states(pair, 'sample');
      });
    },
  };
}

/** Ten steps, handed over as 1, 3 and 6 calls, with the gradient clipped, dropout, and a reset on the way. */
function optimizerCheck(options: Omit<OptimizerOptions, 'clipNorm' | 'momentum'>): ParityCheck {
  const { optimizer: name, ...rest } = options;
  return {
    name: `${name}${described(rest)}: ten steps with clipping, in runs of 1, 3 and 6`,
    quick: name === 'adam' && Object.keys(rest).length === 0,
    run(device) {
      const trial = new Trial('lstm', { ...small, dropout: 0.2 });
      const optimizer = createOptimizer({ ...options, clipNorm: 0.1, momentum: 0.9 });
      return Pair.compare(device, trial.workload(optimizer), async (pair) => {
        await pair.write({ kind: 'parameters' }, trial.parameters());
        const calls = Array.from({ length: 10 }, (_, i): Call => ({
          ...trial.window(),
          reset: i === 6,
          update: optimizer.scalars(i + 1, 0.01 / (1 + i / 5)),
        }));
        for (const run of [calls.slice(0, 1), calls.slice(1, 4), calls.slice(4)]) {
          const results = await pair.run('train', run, { ...usual, loss: 1e-4, norm: 1e-3 });
          if (results.some(({ gradientNorm }) => gradientNorm < 0.1)) throw new Error('the check should clip, and does not');
        }
        for (const slot of optimizer.rule.slots) await pair.vector(`slot ${slot}`, { kind: 'slot', name: slot }, tolerance.slots);
        await pair.tensors('weights', 'parameters', tolerance.weights);
      });
    },
  };
}

/** A carried state that is not a number: the update is refused, nothing changes, and no later call of the run is run. */
function refusalCheck(cell: string): ParityCheck {
  return {
    name: `${cell}: an update refused for a state that is not a number`,
    quick: cell === 'lstm',
    run(device) {
      const trial = new Trial(cell, small);
      const optimizer = createOptimizer({ optimizer: 'adam', clipNorm: 5, momentum: 0 });
      const step = (at: number): Call => ({ ...trial.window(), update: optimizer.scalars(at, 0.01) });
      return Pair.compare(device, trial.workload(optimizer), async (pair) => {
        await pair.write({ kind: 'parameters' }, trial.parameters());
        await pair.run('train', [step(1), step(2)]);
        const held = [{ kind: 'parameters' }, ...optimizer.rule.slots.map((name) => ({ kind: 'slot', name }) as const)] as const;
        const before = await Promise.all(held.map((resident) => pair.read(resident)));
        const name = trial.stateNames().at(-1)!;
        await pair.write({ kind: 'state', job: 'train', name }, new Float32Array(small.N * small.H).fill(NaN));
        await pair.run('train', [step(3), { ...step(4), reset: true }, step(5)]);
        for (const [i, resident] of held.entries()) {
          pair.comparison.vectors(`${resident.kind} after a refused update`, await pair.read(resident), before[i], 0);
        }
        await pair.run('train', [{ ...step(3), reset: true }, step(4)], { ...usual, loss: 1e-4, norm: 1e-3 });
        await pair.tensors('weights', 'parameters', tolerance.weights);
      });
    },
  };
}

/**
 * The second update of five is enormous, though finite. Then a state grows beyond all numbers, so the third is refused and the run ends
 * there.
 */
const refusalInside: ParityCheck = {
  name: 'a run that ends at a refused update in its middle',
  quick: false,
  run(device) {
    const trial = new Trial('rnn-relu', { ...small, T: 12 });
    const optimizer = createOptimizer({ optimizer: 'sgd', clipNorm: 0, momentum: 0.5 });
    return Pair.compare(device, trial.workload(optimizer), async (pair) => {
      await pair.write({ kind: 'parameters' }, trial.parameters());
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
      await pair.tensors('weights written anew', 'parameters', 1e-5);
    });
  },
};

const severalJobs: ParityCheck = {
  name: 'training, evaluation and sampling in turn, and vectors read and written',
  quick: false,
  run(device) {
    const trial = new Trial('lstm', small);
    const { N, H } = small;
    const optimizer = createOptimizer({ optimizer: 'rmsprop', clipNorm: 0, momentum: 0 });
    let step = 0;
    const train = (): Call => ({ ...trial.window(), update: optimizer.scalars(++step, 0.005) });
    const sample = (): Call => ({ ids: trial.symbols(N) });
    const loose = { loss: 1e-4, norm: 1e-3, outputs: 1e-4 };
    return Pair.compare(device, trial.workload(optimizer), async (pair) => {
      const random = new Random(3);
      const fill = (count: number, low: number, high: number): Float32Array =>
        Float32Array.from({ length: count }, () => low + (high - low) * random.uniform());
      const parameters = trial.parameters();
      await pair.write({ kind: 'parameters' }, parameters);
      pair.comparison.vectors('weights as written', await pair.read({ kind: 'parameters' }), parameters, 0);
      await pair.run('train', [train(), train()], loose);
      await pair.run('evaluate', [trial.evaluation(), trial.evaluation()], loose);
      await pair.run('sample', [sample(), sample(), sample()], loose);
      await pair.run('train', [train()], loose);
      for (const job of ['train', 'evaluate', 'sample']) {
        for (const name of trial.stateNames()) await pair.vector(`state ${name} of ${job}`, { kind: 'state', job, name }, 1e-4);
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
        trial.parameters().map((weight) => weight / 2),
      );
      await pair.run('sample', [sample()]);
      await pair.run('evaluate', [{ ...trial.evaluation(), reset: true }]);
      await pair.run('train', [{ ...trial.window(), reset: true }, trial.window()]);
      await pair.tensors('gradient of', 'gradients', tolerance.gradients);
      await pair.tensors('weights', 'parameters', 0);
    });
  },
};

/** What is asked of a network to see what it has learnt: predictions and what cells hold over several steps, and one step back. */
function lookingCheck(cell: string): ParityCheck {
  return {
    name: `${cell}: predictions, what cells hold, and a step back`,
    quick: false,
    run(device) {
      const trial = new Trial(cell, small);
      const { model } = trial;
      const { T, N, H } = small;
      const jobs: Job[] = [
        {
          name: 'predict',
          steps: T,
          batch: N,
          build: (rows) => networkProgram(model, { steps: T, rows }, { loss: true, outputs: 'logits' }),
        },
        { name: 'inspect', steps: T, batch: N, build: (rows) => networkProgram(model, { steps: T, rows }, { outputs: 'activations' }) },
        { name: 'back', steps: 1, batch: N, build: (rows) => backwardStepProgram(model, rows) },
      ];
      return Pair.compare(device, { parameters: parameterShapes(model), jobs, update: null }, async (pair) => {
        await pair.write({ kind: 'parameters' }, trial.parameters());
        for (const job of ['predict', 'inspect'])
          for (let window = 0; window < 2; window++) await pair.run(job, [{ ...trial.window(), reset: window === 0 }]);
        for (const name of trial.stateNames()) {
          await pair.write(
            { kind: 'state', job: 'back', name },
            Float32Array.from({ length: N * H }, () => trial.random.normal() / 2),
          );
          await pair.write(
            { kind: 'state', job: 'back', name: `seed.${name}` },
            Float32Array.from({ length: N * H }, () => trial.random.normal()),
          );
        }
        await pair.run('back', [{ ids: trial.symbols(N), targets: trial.symbols(N) }]);
      });
    },
  };
}

const interactive: ParityCheck = {
  name: 'sampling that is interactive, one row at a time',
  quick: false,
  run(device) {
    const trial = new Trial('gru', { ...small, N: 1, embedding: 5 });
    const workload: Workload = {
      parameters: parameterShapes(trial.model),
      jobs: trial.workload().jobs.filter(({ name }) => name === 'sample'),
      update: null,
      interactive: true,
    };
    return Pair.compare(device, workload, async (pair) => {
      for (const scale of [1, 0.5]) {
        await pair.write(
          { kind: 'parameters' },
          trial.parameters().map((weight) => weight * scale),
        );
        for (let step = 0; step < 5; step++) await pair.run('sample', [{ ids: trial.symbols(1), reset: step === 0 }]);
      }
      await trial.states(pair, 'sample');
    });
  },
};

export const networkChecks: readonly ParityCheck[] = [
  ...stateChecks,
  ...maskChecks,
  ...cells.flatMap(({ name }) => (principal.has(name) ? sizes : sizes.slice(1, 3)).map((size) => cellCheck(name, size))),
  ...variations.map(([cell, size]) => cellCheck(cell, size)),
  ...(['adam', 'rmsprop', 'adagrad', 'sgd'] as const).map((optimizer) => optimizerCheck({ optimizer })),
  optimizerCheck({ optimizer: 'sgd', nesterov: true, weightDecay: 0.5, clipValue: 0.01, average: 0.8 }),
  optimizerCheck({ optimizer: 'adam', average: 0.8, accumulate: 3 }),
  ...['lstm', 'gru', 'mlstm'].map(lookingCheck),
  ...[...principal].map(refusalCheck),
  refusalInside,
  severalJobs,
  interactive,
];
