// The weights of ten runs over cells, optimizers and options, as digests: `node bench/digests.js`
// after `npm run build` compares them with bench/digests.json, and --write replaces that file. A
// refactoring does not change them on the machine that wrote them. Another processor may round
// differently.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from './comparison/processes.js';

const STEPS = 60;
const runs = {
  default: '',
  'layer normalisation, Nesterov':
    '--cell lstm --layer-norm --layers 1 --optimizer sgd --nesterov --schedule one-cycle',
  'GRU, RMSProp, locked dropout':
    '--cell gru --gate-bias 1 --optimizer rmsprop --locked-dropout --dropout 0.3 --schedule exponential',
  'tanh, Adagrad': '--cell rnn --layers 1 --optimizer adagrad --clip-value 0.1 --initialisation xavier --state-reset 0',
  'MUT1, residual': '--cell mut1 --layers 3 --stacking residual --skip output --schedule constant --average 0.9',
  'mLSTM, accumulated gradients':
    '--cell mlstm --layers 1 --accumulate 3 --random-offset --forget-bias 2 --weight-decay 0.5',
  'tied embedding':
    '--cell lstm --embedding 32 --hidden 32 --tied --embedding-dropout 0.1 --weight-dropout 0.3 --schedule step',
  'peepholes, random length': '--cell lstm-peephole --random-length --clip-state 0.1 --min-count 20 --no-text-starts',
  'orthogonal, skips through time':
    '--cell rnn --layers 2 --initialisation orthogonal --orthogonal-every 20 --time-skip 3 --skip input',
  'bytes, penalties':
    '--cell lstm-coupled --unit byte --learned-state --label-smoothing 0.1 --activation-penalty 1 --temporal-penalty 1 --schedule plateau --stacking highway',
};
const file = join(root, 'bench/digests.json');
const program = join(root, 'bin/rnn.js');
const folder = mkdtempSync(join(tmpdir(), 'rnn-digests-'));
try {
  run(process.execPath, [program, 'corpus', 'sonnets'], { cwd: folder });
  const digests = Object.fromEntries(Object.entries(runs).map(([name, options]) => [name, digestOf(options)]));
  const machine = `${cpus()[0].model.trim()}, ${arch()}, Node ${process.versions.node}`;
  if (process.argv.includes('--write')) writeFileSync(file, `${JSON.stringify({ machine, digests }, null, 2)}\n`);
  const recorded = JSON.parse(readFileSync(file, 'utf8'));
  const other = Object.keys(runs).filter((name) => digests[name] !== recorded.digests[name]);
  for (const name of Object.keys(runs))
    console.log(`${other.includes(name) ? 'other' : 'same '}  ${digests[name].slice(0, 16)}  ${name}`);
  if (other.length > 0) {
    console.error(`${other.length} of ${Object.keys(runs).length} runs have other weights than on ${recorded.machine}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** SHA-256 of all weights after some steps, in one thread. */
function digestOf(options) {
  const machine = ['--device', 'cpu', '--threads', 1];
  const length = ['--max-steps', STEPS, '--evaluate-every', 20, '--sample-every', 0];
  const train = ['train', 'corpora/sonnets.txt', '--out', 'run', '--force', '--quiet', ...machine, ...length];
  run(process.execPath, [program, ...train, ...options.split(' ').filter(Boolean)], { cwd: folder });
  const hash = createHash('sha256');
  for (const { name, shape, data } of JSON.parse(readFileSync(join(folder, 'run/latest.json'), 'utf8')).tensors)
    hash.update(`${name} ${shape} ${data}\n`);
  return hash.digest('hex');
}
