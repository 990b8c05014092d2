// Speed of the built program beside PyTorch, both as whole programs, alternating in one run; medians and ratios as a Markdown
// table on stdout. `npm run bench`, after `npm run build`.
//
//   node bench/pytorch.js [--rounds 3] [--corpus FILE] [--peer SCRIPT] [--python /usr/bin/python3] [--only train|sample|start]
//                         [--device cpu] [--peer-device cpu|cuda] [--configurations H128-L2-N50-T50,H512-L3-N64-T64]
//
// The peer is a script that trains or samples a stacked nn.LSTM and prints one JSON line with chars_per_second; it is no part of
// this project. Its best setting on two cores is one torch thread and two OpenBLAS threads, which are its defaults. Without it
// its column says `missing`, and the heading says why.
//
// --device is where `rnn train` runs, --peer-device the peer; what a step takes on a gpu comes first. `rnn sample` is left to
// itself, as users leave it: it draws on the cpu.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const configurations = {
  'H128-L2-N50-T50': { hidden: 128, layers: 2, batch: 50, seq: 50, steps: 160, peerSteps: 60, sampled: 30_000, peerSampled: 4000 },
  'H256-L2-N64-T64': { hidden: 256, layers: 2, batch: 64, seq: 64, steps: 40, peerSteps: 20, sampled: 10_000, peerSampled: 2000 },
  'H512-L3-N64-T64': { hidden: 512, layers: 3, batch: 64, seq: 64, steps: 12, peerSteps: 8, sampled: 3000, peerSampled: 500 },
  'H512-L3-N256-T128': { hidden: 512, layers: 3, batch: 256, seq: 128, steps: 8, peerSteps: 5, sampled: 3000, peerSampled: 500 },
};
/** On a gpu, as many steps as there is time for: reports come about once a second. */
const GPU_SECONDS = 20;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    corpus: { type: 'string', default: join(root, '../shared/data/tinyshakespeare.txt') },
    peer: { type: 'string', default: join(root, '../shared/peers/pytorch_lstm.py') },
    python: { type: 'string', default: '/usr/bin/python3' },
    only: { type: 'string', default: '' },
    device: { type: 'string', default: 'cpu' },
    'peer-device': { type: 'string', default: 'cpu' },
    configurations: { type: 'string', default: Object.keys(configurations).slice(0, 2).join() },
  },
});
const rounds = Number(flags.rounds);
const onGpu = flags.device.startsWith('gpu');
const chosen = flags.configurations.split(',').map(configurationNamed);

const folder = mkdtempSync(join(tmpdir(), 'rnn-bench-'));
const corpus = existsSync(flags.corpus) ? flags.corpus : sonnets();
const peerMissing = missingPeer();
const wanted = (part) => flags.only === '' || flags.only === part;

if (onGpu) for (const configuration of chosen) console.log(dryRun(configuration));
console.log(`rnn on ${flags.device} beside PyTorch on ${flags['peer-device']}: ${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}, ${rounds} rounds, medians`);
console.log(peerMissing === null ? `peer: ${peerVersion()}` : `no peer: ${peerMissing}`);
console.log('\n| what | rnn | PyTorch | ratio |\n|---|---|---|---|');
for (const configuration of chosen) {
  if (wanted('train')) compare('training', configuration, trainOurs, (c) => runPeer(c, flags['peer-device'] === 'cuda' ? ['--minutes', GPU_SECONDS / 60] : ['--steps', c.peerSteps]));
  if (wanted('sample')) compare('sampling', configuration, sampleOurs, (c) => runPeer(c, ['--sample', c.peerSampled]));
}
if (wanted('start')) {
  row('`rnn --help`', `${median(times(5, () => rnn(['--help']))).toFixed(0)} ms`, '', '');
  const run = runOf(chosen[0]);
  row(`first character of \`rnn sample\`, H${chosen[0].hidden} L${chosen[0].layers}`, `${median(times(5, () => rnn(['sample', '--checkpoint', run, '--length', '1']))).toFixed(0)} ms`, '', '');
}
rmSync(folder, { recursive: true });

/** Our figure and the peer's in turn, so that both see the same weather. */
function compare(what, configuration, ours, theirs) {
  const figures = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round++) {
    figures.ours.push(ours(configuration));
    if (peerMissing === null) figures.theirs.push(theirs(configuration));
  }
  const { hidden, layers, batch, seq } = configuration;
  const name = `${what}, LSTM H${hidden} L${layers}${what === 'training' ? ` N${batch} T${seq}` : ''}`;
  const [mine, peer] = [median(figures.ours), median(figures.theirs)];
  row(name, perSecond(mine), peerMissing === null ? perSecond(peer) : 'missing', peerMissing === null ? `${(mine / peer).toFixed(2)}×` : '');
}

/** Characters per second of `rnn train`, the median of its reports after the first. */
function trainOurs(configuration) {
  const length = onGpu ? ['--max-steps', 1_000_000, '--max-time', `${GPU_SECONDS}s`] : ['--max-steps', configuration.steps];
  const reports = lines(rnn(trainArguments(configuration, join(folder, 'speed'), [...length, '--device', flags.device]))).filter((line) => line.event === 'report');
  return median((reports.length > 1 ? reports.slice(1) : reports).map((line) => line.charactersPerSecond));
}

/** What `rnn bench` tells of a step without measuring it: passes, kernels, bytes. */
function dryRun({ hidden, layers, batch, seq }) {
  const sizes = ['--hidden', hidden, '--layers', layers, '--batch-size', batch, '--seq-length', seq].map(String);
  return rnn(['bench', '--device', flags.device, '--dry-run', ...sizes]);
}

/** From the difference of a long and a short text, so that starting up does not count. */
function sampleOurs(configuration) {
  const run = runOf(configuration);
  const timed = (length) => times(1, () => rnn(['sample', '--checkpoint', run, '--length', String(length), '--seed', '1']))[0];
  const short = timed(1000);
  return (1000 * (configuration.sampled - 1000)) / (timed(configuration.sampled) - short);
}

/** A run of a few small steps, made once, to sample from. */
function runOf({ hidden, layers }) {
  const out = join(folder, `h${hidden}`);
  if (!existsSync(out)) rnn(trainArguments({ hidden, layers, batch: 8, seq: 8 }, out, ['--max-steps', 20, '--device', 'cpu']));
  return out;
}

function trainArguments({ hidden, layers, batch, seq }, out, more) {
  const sizes = ['--hidden', hidden, '--layers', layers, '--batch-size', batch, '--seq-length', seq, ...more].map(String);
  return ['train', corpus, '--out', out, '--force', '--json', '--eval-every', '0', '--sample-every', '0', '--val-fraction', '0.01', ...sizes];
}

function runPeer({ hidden, layers, batch, seq }, more) {
  const sizes = ['--hidden', hidden, '--layers', layers, '--batch', batch, '--seq', seq, '--device', flags['peer-device'], ...more].map(String);
  return lines(run(flags.python, [flags.peer, corpus, ...sizes])).at(-1).chars_per_second;
}

function configurationNamed(name) {
  const known = configurations[name.trim().replaceAll(' ', '-')];
  if (known === undefined) throw new Error(`no configuration ${name}: one of ${Object.keys(configurations).join(', ')}`);
  return known;
}

function missingPeer() {
  if (!existsSync(flags.peer)) return `there is no script at ${flags.peer} (--peer names one)`;
  const { status, stdout } = spawnSync(flags.python, ['-c', 'import torch; print(torch.cuda.is_available())'], { encoding: 'utf8' });
  if (status !== 0) return `${flags.python} has no torch (Debian: apt-get install python3-torch libopenblas0-pthread)`;
  return flags['peer-device'] === 'cuda' && stdout.trim() !== 'True' ? `the torch of ${flags.python} finds no cuda` : null;
}

function peerVersion() {
  return run(flags.python, ['-c', 'import torch; print("PyTorch", torch.__version__, torch.__config__.show().split("BLAS_INFO=")[-1].split(",")[0])']).trim();
}

function sonnets() {
  run(process.execPath, [join(root, 'bin/rnn.js'), 'corpus', 'sonnets'], folder);
  return join(folder, 'corpora/sonnets.txt');
}

function rnn(args) {
  return run(process.execPath, [join(root, 'bin/rnn.js'), ...args]);
}

function run(command, args, cwd = root) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26, timeout: 600_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stderr}`);
  return stdout;
}

function times(count, act) {
  return Array.from({ length: count }, () => {
    const before = performance.now();
    act();
    return performance.now() - before;
  });
}

function lines(text) {
  return text.trim().split('\n').map((line) => JSON.parse(line));
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted.length % 2 ? sorted[(sorted.length - 1) / 2] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
}

function perSecond(figure) {
  return `${Math.round(figure).toLocaleString('en')} characters/s`;
}

function row(...cells) {
  console.log(`| ${cells.join(' | ')} |`);
}
