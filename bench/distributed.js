// Is docs/train_distributed.py reliable? `node bench/distributed.js` after `npm run build` runs it
// many times in two processes, with the same model and the same text. Counts how many runs end with
// 0, and how many print the same losses as the first. Takes about 10 seconds a run. Writes
// bench/distributed.json.
//
// node bench/distributed.js [--python PYTHON] [--runs 50] [--steps 20] [--no-write]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineTold, programTold } from './comparison/machine.js';
import { root, run } from './comparison/processes.js';
import { pythonWithTorch } from './comparison/python.js';
import { flagsOf } from './comparison/rnn.js';
import { distributedTraining } from './comparison/torchrun.js';

const PROCESSES = 2;
const { values: flags } = parseArgs({
  options: {
    python: { type: 'string' },
    runs: { type: 'string', default: '50' },
    steps: { type: 'string', default: '20' },
    'no-write': { type: 'boolean', default: false },
  },
});
const python = pythonWithTorch(flags.python);
const folder = mkdtempSync(join(tmpdir(), 'rnn-distributed-'));
const text = join(root, 'corpora/sonnets.txt');
const [start, model, trained] = ['start', 'start.safetensors', 'trained.safetensors'].map((name) => join(folder, name));
const network = { cell: 'mlstm', hidden: 64, 'max-steps': 1, 'sample-every': 0, device: 'cpu' };
const runs = [];
try {
  rnn(['train', text, '--quiet', '--out', start, ...flagsOf(network)]);
  rnn(['export', start, '--out', model]);
  for (let index = 0; index < Number(flags.runs); index++) runs.push(await outcome());
} finally {
  rmSync(folder, { recursive: true });
}
const result = {
  date: new Date().toISOString().slice(0, 10),
  machine: machineTold(),
  program: programTold(),
  torch: python.version,
  processes: PROCESSES,
  steps: Number(flags.steps),
  runs: runs.length,
  endedWithZero: runs.filter(({ error }) => error === undefined).length,
  equalToFirst: runs.filter(({ output }) => output !== undefined && output === runs[0].output).length,
  lastLine: runs[0].output?.trim().split('\n').at(-1),
  errors: runs.flatMap(({ error }) => error ?? []),
};
console.log(JSON.stringify(result, null, 1));
if (!flags['no-write']) writeFileSync(join(root, 'bench/distributed.json'), `${JSON.stringify(result, null, 1)}\n`);
process.exitCode = result.equalToFirst === runs.length ? 0 : 1;

/** The losses that a run prints, or the error that it ends with. */
async function outcome() {
  const train = await distributedTraining(python.command, PROCESSES);
  try {
    const options = { out: trained, steps: flags.steps, 'batch-size': 16, 'sequence-length': 32 };
    return { output: train([model, text, ...flagsOf(options)]) };
  } catch (error) {
    return { error: error.message };
  }
}

function rnn(words) {
  return run(process.execPath, [join(root, 'bin/rnn.js'), ...words]);
}
