// Compares the speed of the built program with PyTorch, JAX, TensorFlow.js and brain.js, as whole
// programs that alternate in one run. Prints the section Speed of bench/RESULTS.md, and writes it
// there (or to RESULTS-gpu.md for --device gpu) and the raw data to bench/speed.json, if it measured
// everything on the built-in text. If you measure only a part, name a page with --write. Without
// PyTorch it writes only a new page. `npm run bench`, after `npm run build`.
//
// node bench/compare.js [--quick] [--rounds 3] [--only train,sample,javascript,start] [--cells lstm,gru,rnn]
// [--configurations H128-L2-N50-T50,H256-L2-N64-T64,H512-L3-N64-T64] [--corpus FILE]
// [--device cpu] [--peer-device cpu|cuda] [--python PYTHON]… [--write FILE | --no-write]
//
// The peers are not dependencies of rnn. `python3 -m venv bench/peers/python` makes an environment
// for PyTorch and JAX, in which bench/peers/python/bin/pip installs `torch numpy jax`. They also
// come from python3, from the system's Python, or from each --python instead. All versions that are
// found are measured. `npm install --prefix bench/peers` installs the peers in JavaScript. The page
// names each peer that is missing. The text is the built-in one unless you give --corpus.
//
// --device is where `rnn train` runs, --peer-device where PyTorch runs. For a GPU, the passes of a
// step are listed first. `rnn sample` gets no device, as users call it, and computes on the CPU.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { HOW_TO_INSTALL, javascriptPeers } from './comparison/javascript.js';
import { machineTold, programTold } from './comparison/machine.js';
import { commandTold, networkTold, withoutPaths } from './comparison/markdown.js';
import { withSection } from './comparison/page.js';
import { readOptions } from './comparison/options.js';
import { problemOfPyTorch, pythonPeers } from './comparison/python-peers.js';
import { kernelsTold, Rnn } from './comparison/rnn.js';
import { speedSection } from './comparison/speed-section.js';
import { alternate } from './comparison/statistics.js';

const smallest = { hidden: 128, layers: 2, batch: 50, seq: 50 };
const largestSampled = { hidden: 512, layers: 3 };
const TEXTS = 8;
/** The width that a user of PyTorch might choose for some 60 characters. */
const EMBEDDING = 64;

const options = readOptions(process.argv.slice(2));
const onGpu = options.device.startsWith('gpu');
const started = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'rnn-bench-'));
const data = {};
let peers;
try {
  const program = new Rnn({ folder, corpus: options.corpus, device: options.device });
  peers = pythonPeers({ pythons: options.pythons, device: options.peerDevice, corpus: program.corpus });
  Object.assign(data, circumstances());
  const parts = { train: compareTraining, sample: compareSampling, javascript: compareJavascript, start: showStartUp };
  for (const part of options.parts) Object.assign(data, parts[part](program));
} finally {
  rmSync(folder, { recursive: true });
}
data.minutes = Math.round((performance.now() - started) / 60_000);
const section = speedSection(data);
process.stdout.write(section);
if (options.write !== null && problemOfPyTorch(peers) && !options.isWriteNamed && existsSync(options.write)) {
  console.error(`PyTorch is missing: ${basename(options.write)} is unchanged, because --write does not name it`);
} else if (options.write !== null) {
  const page = existsSync(options.write) ? readFileSync(options.write, 'utf8') : null;
  writeFileSync(options.write, withSection(page, section));
  writeFileSync(rawFile(), `${JSON.stringify(data, null, 1)}\n`);
  console.error(`written to ${basename(options.write)} and ${basename(rawFile())}`);
}

/** `speed.json` for `RESULTS.md`, and otherwise a file with the name of the page. */
function rawFile() {
  return options.write.replace(/RESULTS\.md$/, 'speed.md').replace(/(\.md)?$/, '.json');
}

function circumstances() {
  const javascript = javascriptPeers('', smallest);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: machineTold(),
    program: programTold(),
    node: process.version,
    device: options.device,
    kernels: withoutPaths(kernelsTold()),
    peers: [
      ...peers.map(({ name, about }) => ({ name, about: withoutPaths(about) })),
      ...javascript.map(({ name, version, problem }) => ({
        name,
        about: version ?? `${problem}: \`${HOW_TO_INSTALL}\``,
      })),
    ],
    text: options.corpus === null ? 'sonnets, built in' : basename(options.corpus),
    command: commandTold(['npm', 'run', 'bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])]),
    rawData: options.write === null ? 'speed.json' : basename(rawFile()),
    asked: options.rounds,
    repeats: options.repeats,
  };
}

/** The same network in all programs, and in LSTMs also behind a learned embedding. */
function compareTraining(program) {
  const networks = [
    ...options.cells.flatMap((cell) => options.configurations.map((sizes) => ({ ...sizes, cell }))),
    ...(options.cells.includes('lstm')
      ? options.configurations.map((sizes) => ({ ...sizes, cell: 'lstm', embedding: EMBEDDING }))
      : []),
  ];
  const settings = onGpu ? {} : { '`RNN_KERNELS=wasm`': { RNN_KERNELS: 'wasm' } };
  const train = networks.map((network) =>
    compared(network, [
      { name: 'rnn', measure: () => program.train(network, { setting: 'rnn' }) },
      ...peers.map((peer) => sideOf(peer, network, 'train')),
      ...Object.entries(settings).map(([name, env]) => ({
        name,
        measure: () => program.train(network, { setting: name, env }),
      })),
    ]),
  );
  const devices = Object.fromEntries([...program.deviceLines].map(([name, line]) => [name, withoutPaths(line)]));
  return { ...(onGpu && { passes: options.configurations.map((sizes) => program.dryRun(sizes)) }), train, devices };
}

function compareSampling(program) {
  const sample = differentNetworks(options.configurations).map((network) =>
    compared(network, [
      { name: 'rnn', measure: () => program.sample(network) },
      ...peers.map((peer) => sideOf(peer, network, 'sample')),
    ]),
  );
  if (options.quick) return { sample };
  const count = compared(largestSampled, [
    { name: 'rnn', measure: () => program.sample(largestSampled) },
    { name: `\`--count ${TEXTS}\``, measure: () => program.sample(largestSampled, TEXTS) },
  ]);
  return { sample, count };
}

/** The libraries that a user of JavaScript would choose otherwise. */
function compareJavascript(program) {
  const sides = javascriptPeers(program.corpus, smallest);
  return { javascript: compared(smallest, [{ name: 'rnn', measure: () => program.train(smallest) }, ...sides]) };
}

function showStartUp(program) {
  const { hidden, layers } = smallest;
  const { help, firstCharacter } = program.startUp({ hidden, layers });
  return {
    start: [
      { command: 'rnn --help', milliseconds: help },
      { command: 'rnn sample --length 1', network: { hidden, layers }, milliseconds: firstCharacter },
    ],
  };
}

function sideOf(peer, network, measure) {
  return peer.problem ? { name: peer.name, problem: peer.problem, optional: true } : peer.side(network, measure);
}

/** Alternating rounds of all sides, as raw data. */
function compared(network, sides) {
  console.error(`${networkTold(network)}: ${sides.map(({ name }) => name).join(', ')}`);
  const { rounds } = alternate(sides, options);
  const about = sides.map(({ name, threads, problem, steps }) => ({
    name,
    threads,
    problem: problem ?? undefined,
    steps,
  }));
  return { network, sides: about, asked: options.rounds, rounds };
}

/** Batch and sequence length do not matter when one text is sampled. */
function differentNetworks(configurations) {
  return [...new Map(configurations.map(({ hidden, layers }) => [`${hidden} ${layers}`, { hidden, layers }])).values()];
}
