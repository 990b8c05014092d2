// How time and memory depend on threads, hidden units and the length of the text, compared with
// formulas, and when docs/train_distributed.py is the better way: `node bench/scaling.js` after `npm
// run build`. Writes the section Scaling of bench/RESULTS.md, its chart, and the raw data to
// bench/scaling.json. Takes about 35 minutes, and 3 GB of disk and 5 GB of memory for the longest
// text and the largest network. Nothing else should run meanwhile.
//
// node bench/scaling.js [--only threads,hidden,options,text,distributed] [--rounds 3] [--seconds 2]
// [--hidden 64,128,…] [--text 10000,…] [--python PYTHON] [--no-write]
//
// --only measures some of the parts, and keeps the results of the other parts. Figures are medians of rounds. --python
// names a Python with PyTorch, for `distributed`.
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineTold, programTold } from './comparison/machine.js';
import { withSection } from './comparison/page.js';
import { withPeakMemory } from './comparison/peak-memory.js';
import { jsonLines, root, run, secondsOf } from './comparison/processes.js';
import { pythonWithTorch } from './comparison/python.js';
import { flagsOf } from './comparison/rnn.js';
import { median } from './comparison/statistics.js';
import { distributedTraining } from './comparison/torchrun.js';
import { plots } from './plot.js';
import { scalingCharts, scalingSection } from './scaling/section.js';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: 'threads,hidden,options,text,distributed' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    hidden: { type: 'string', default: '64,128,256,512,1024,2048' },
    text: { type: 'string', default: '10000,100000,1000000,10000000,100000000,1000000000' },
    python: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
  },
});
const numbers = (list) => list.split(',').map(Number);
const cores = availableParallelism();
const rounds = Number(flags.rounds);
/** Rows and steps of the part on threads, and of the distributed program. */
const WIDE = { 'batch-size': 64, 'sequence-length': 64 };
/** How much longer than another measurement this one is, because Python takes seconds to start. */
const DISTRIBUTED = 5;
/** PyTorch has a module for an LSTM. It steps an mLSTM, the cell of the preset best, one time step at a time. */
const DISTRIBUTED_NETWORKS = [
  { cell: 'lstm', hidden: 128, layers: 2 },
  { cell: 'lstm', hidden: 512, layers: 2 },
  { cell: 'mlstm', hidden: 768, layers: 1 },
];
/** Options whose share of the time of a step is measured. */
const ADDED_WORK = [
  { dropout: 0.3 },
  { 'weight-dropout': 0.3 },
  { 'weight-decay': 0.1 },
  { average: 0.999 },
  { skip: 'both' },
  { 'time-skip': 2 },
  { 'layer-norm': true },
];
const USUAL = { layers: 2, 'batch-size': 50, 'sequence-length': 50 };
const plain = { cell: 'lstm', skip: 'none', dropout: 0, 'weight-decay': 0, 'state-reset': 0 };
const rest = { 'evaluate-every': 0, 'sample-every': 0, 'validation-fraction': 0, device: 'cpu' };

const store = join(root, 'bench/scaling.json');
const page = join(root, 'bench/RESULTS.md');
const folder = mkdtempSync(join(tmpdir(), 'rnn-scaling-'));
const data = existsSync(store) ? JSON.parse(readFileSync(store, 'utf8')) : {};
const parts = {
  threads: measureThreads,
  hidden: measureHidden,
  options: measureOptions,
  text: measureTexts,
  distributed: measureDistributed,
};
const asked = flags.only.split(',');
const unknown = asked.find((part) => !Object.hasOwn(parts, part));
if (unknown !== undefined)
  throw new Error(`${unknown} is not a part: expected one of ${Object.keys(parts).join(', ')}`);
try {
  for (const part of asked) {
    console.error(part);
    const about = {
      date: new Date().toISOString().slice(0, 10),
      machine: machineTold(),
      program: programTold(),
      cores,
    };
    data[part] = { ...about, ...(await parts[part]()) };
  }
} finally {
  rmSync(folder, { recursive: true });
}
const section = scalingSection(data);
process.stdout.write(section);
if (!flags['no-write']) {
  writeFileSync(store, `${JSON.stringify(data, null, 1)}\n`);
  writeFileSync(page, withSection(readFileSync(page, 'utf8'), section));
  writeFileSync(join(root, 'bench/scaling.svg'), plots(scalingCharts(data), 'Time and memory, measured and computed'));
}

/**
 * Threads share the rows of a batch. With n threads, each computes a n-th of them, at least four
 * rows. So n threads are simulated by one thread with a n-th of the rows.
 */
function measureThreads() {
  const counts = [1, 2, 4, 8, 16];
  const networks = [128, 512].map((hidden) => ({ hidden, layers: 2 }));
  const rows = networks.flatMap((network) =>
    counts.map((threads) => ({ ...network, threads, measured: [], simulated: [] })),
  );
  for (let round = 0; round < rounds; round++) {
    for (const { hidden, layers, threads, measured, simulated } of rows) {
      const options = { ...WIDE, hidden, layers };
      if (threads <= cores) measured.push(benched({ ...options, threads }).training.stepMs);
      const share = { ...options, 'batch-size': WIDE['batch-size'] / threads, threads: 1 };
      simulated.push(benched(share).training.stepMs);
    }
  }
  return { batch: WIDE['batch-size'], steps: WIDE['sequence-length'], rows };
}

/** A step and its memory for each number of hidden units. */
function measureHidden() {
  const rows = numbers(flags.hidden).map((hidden) => ({ hidden, rounds: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const { hidden, rounds: all } of rows) {
      const { parameters, multiplyAdds, training } = benched({ ...USUAL, hidden });
      const { stepMs, gigaflops, partOfPeak } = training;
      all.push({ parameters, multiplyAdds, stepMs, gigaflops, partOfPeak });
    }
  }
  const text = writeText(1e6);
  return { rows: rows.map((row) => ({ ...row, ...memoryOf(text, { hidden: row.hidden }, ['--max-steps', 10]) })) };
}

/** The speed of a network of 512 units with options that add work to each step, and without. */
function measureOptions() {
  const text = writeText(1e6);
  const rows = [{}, ...ADDED_WORK].map((options) => ({
    options: flagsOf(options).join(' '),
    network: { hidden: 512, 'batch-size': 32, 'sequence-length': 64, ...options },
    charactersPerSecond: [],
  }));
  for (let round = 0; round < rounds; round++) {
    for (const { network, charactersPerSecond } of rows) {
      const length = ['--max-steps', 1e9, '--max-time', '9s'];
      charactersPerSecond.push(memoryOf(text, network, length).charactersPerSecond);
    }
  }
  return { batch: 32, steps: 64, hidden: 512, layers: USUAL.layers, rows };
}

/** A network of 128 units on texts of different lengths. */
function measureTexts() {
  return {
    rows: numbers(flags.text).map((characters) => {
      const text = writeText(characters);
      const row = { characters, ...memoryOf(text, { hidden: 128 }, ['--max-steps', 1e9, '--max-time', '6s']) };
      rmSync(text);
      return row;
    }),
  };
}

/** The estimated and the measured memory of a short run, its speed, and the seconds to open the text. */
function memoryOf(text, network, length) {
  const options = { ...plain, ...USUAL, ...network, ...rest, out: join(folder, 'run') };
  const { stdout, peakBytes, seconds } = withPeakMemory([
    'train',
    text,
    '--force',
    '--json',
    ...flagsOf(options),
    ...length,
  ]);
  const events = jsonLines(stdout);
  const of = (kind) => events.filter(({ event }) => event === kind);
  const speeds = of('report').map(({ charactersPerSecond }) => charactersPerSecond);
  return {
    estimatedBytes: Math.round(of('start')[0].memoryBytes),
    peakBytes,
    openSeconds: seconds - of('end')[0].elapsedMs / 1000,
    // The first report includes compilation by V8.
    charactersPerSecond: speeds.length > 1 ? Math.round(median(speeds.slice(1))) : undefined,
  };
}

/** docs/train_distributed.py with one process and with a process per core, compared with rnn. */
async function measureDistributed() {
  const python = pythonWithTorch(flags.python);
  const text = writeText(1e6);
  const rows = [];
  for (const network of DISTRIBUTED_NETWORKS) {
    const out = join(folder, `distributed-${network.cell}-${network.hidden}`);
    const options = { ...plain, ...network, 'max-steps': 1, ...rest, 'validation-fraction': 0.01, out };
    rnn(['train', text, '--force', '--quiet', ...flagsOf(options)]);
    rnn(['export', out, '--out', `${out}.safetensors`]);
    const row = { ...network, parameters: 0, rnn: [], processes: { 1: [], [cores]: [] } };
    for (let round = 0; round < rounds; round++) {
      const { parameters, training } = benched({ ...WIDE, ...network });
      row.parameters = parameters;
      row.rnn.push(training.charactersPerSecond);
      for (const [count, speeds] of Object.entries(row.processes))
        speeds.push(await distributedSpeed(python.command, `${out}.safetensors`, text, count));
    }
    rows.push(row);
  }
  return { torch: python.version, batch: WIDE['batch-size'], steps: WIDE['sequence-length'], rows };
}

/** Characters per second, from the difference of a long and a short run. */
async function distributedSpeed(python, model, text, processes) {
  const train = await distributedTraining(python, processes);
  const out = join(folder, 'trained.safetensors');
  const timed = (steps) => secondsOf(() => train([model, text, ...flagsOf({ ...WIDE, steps, out })]));
  const short = 5;
  const few = timed(short);
  const enough = DISTRIBUTED * Number(flags.seconds);
  for (let long = 4 * short; ;) {
    const more = timed(long) - few;
    if (more > enough) return (WIDE['batch-size'] * WIDE['sequence-length'] * (long - short)) / more;
    long = more > enough / 10 ? Math.ceil((1.3 * long * enough) / more) : 4 * long;
  }
}

function benched(options) {
  return jsonLines(rnn(['bench', '--device', 'cpu', '--json', ...flagsOf({ seconds: flags.seconds, ...options })]))[0];
}

function rnn(words) {
  return run(process.execPath, [join(root, 'bin/rnn.js'), ...words], { seconds: 3600 });
}

/** A text of 60 characters, in an order that does not matter here. @returns its path */
function writeText(characters) {
  const path = join(folder, `${characters}.txt`);
  const piece = Buffer.alloc(Math.min(characters, 1e7));
  let seed = 1;
  for (let i = 0; i < piece.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    piece[i] = 40 + ((seed >>> 16) % 60);
  }
  const file = openSync(path, 'w');
  for (let left = characters; left > 0; left -= piece.length) writeSync(file, piece, 0, Math.min(left, piece.length));
  closeSync(file);
  return path;
}
