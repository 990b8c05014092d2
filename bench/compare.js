// Compares the speed of the built program with PyTorch, TensorFlow.js and brain.js, as whole
// programs that alternate in one run. Prints medians and ratios as Markdown while it runs. Writes
// bench/RESULTS.md at the end, or RESULTS-gpu.md for --device gpu, if it measured everything on the
// built-in text. If you name only a part, give --write. Without PyTorch it writes only a new page.
// `npm run bench`, after `npm run build`.
//
// node bench/compare.js [--quick] [--rounds 3] [--only train,sample,javascript,start] [--cells lstm,gru,rnn]
// [--configurations H128-L2-N50-T50,H256-L2-N64-T64,H512-L3-N64-T64] [--corpus FILE]
// [--device cpu] [--peer-device cpu|cuda] [--python python3] [--write FILE | --no-write]
//
// The peers are not dependencies of rnn. PyTorch comes from python3, from the system's Python if
// python3 has none, or only from --python. `npm install --prefix bench/peers` installs the peers in
// JavaScript. The page names each peer that is missing. The text is the built-in one unless you
// give --corpus.
//
// --device is where `rnn train` runs, --peer-device where PyTorch runs. For a GPU, the passes of a
// step are listed first. `rnn sample` gets no device, as users call it, and computes on the CPU.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { HOW_TO_INSTALL, javascriptPeers } from './comparison/javascript.js';
import { machineTold, programTold } from './comparison/machine.js';
import {
  commandTold,
  networkTold,
  ratio,
  roundsTold,
  speed,
  stepsTold,
  tableHead,
  tableRow,
  withoutPaths,
} from './comparison/markdown.js';
import { withSpeeds } from './comparison/page.js';
import { readOptions } from './comparison/options.js';
import { PyTorch } from './comparison/pytorch.js';
import { kernelsTold, Rnn } from './comparison/rnn.js';
import { alternate, failure, NOISE, pairedRatio } from './comparison/statistics.js';

const smallest = { hidden: 128, layers: 2, batch: 50, seq: 50 };
const largestSampled = { hidden: 512, layers: 3 };
const TEXTS = 8;

const options = readOptions(process.argv.slice(2));
const onGpu = options.device.startsWith('gpu');
const started = performance.now();
const page = [];
let isPyTorchMissing = false;
const folder = mkdtempSync(join(tmpdir(), 'rnn-bench-'));
try {
  const program = new Rnn({ folder, corpus: options.corpus, device: options.device });
  const pytorch = new PyTorch({ python: options.python, device: options.peerDevice, corpus: program.corpus });
  const sections = {
    train: compareTraining,
    sample: compareSampling,
    javascript: compareJavascript,
    start: showStartUp,
  };
  isPyTorchMissing = pytorch.missing !== null;
  tellCircumstances(pytorch);
  for (const part of options.parts) sections[part](program, pytorch);
  say(`\nTook ${Math.round((performance.now() - started) / 60_000)} minutes.`);
} finally {
  rmSync(folder, { recursive: true });
}
if (options.write !== null && isPyTorchMissing && !options.isWriteNamed && existsSync(options.write)) {
  console.error(`PyTorch is missing: ${basename(options.write)} is unchanged, because --write does not name it`);
} else if (options.write !== null) {
  writeFileSync(
    options.write,
    withSpeeds(existsSync(options.write) ? readFileSync(options.write, 'utf8') : null, page.join('\n')),
  );
  console.error(`written to ${basename(options.write)}`);
}

function tellCircumstances(pytorch) {
  say('# Speed compared with other programs\n');
  say(
    `Whole programs, measured in turn on one machine, ${options.rounds === 1 ? 'one round' : `${options.rounds} rounds`} or more. Figures are medians in characters per second. A ratio is`,
  );
  say(
    'the median of the ratios, ours to theirs, within each round, where both ran under the same load. A round with a figure more than',
  );
  say(
    `${100 * NOISE} % off its median is noisy: one more is made for it, ${options.repeats} at most, and all of them count.\n`,
  );
  say(tableHead(['property', 'value']));
  say(tableRow(['date', new Date().toISOString().slice(0, 10)]));
  say(tableRow(['machine', machineTold()]));
  say(tableRow(['rnn', `${programTold()}, Node ${process.version}, device ${options.device}`]));
  say(tableRow(['kernels, by `rnn doctor`', withoutPaths(kernelsTold())]));
  say(tableRow(['PyTorch', `${pytorch.version}${options.peerDevice === 'cpu' ? '' : `, on ${options.peerDevice}`}`]));
  for (const { name, version, problem } of javascriptPeers('', smallest))
    say(tableRow([name, version ?? `${problem}: \`${HOW_TO_INSTALL}\``]));
  say(tableRow(['text', options.corpus === null ? 'sonnets, built in' : basename(options.corpus)]));
  say(
    tableRow([
      'command',
      `\`${commandTold(['npm', 'run', 'bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])])}\``,
    ]),
  );
}

/** A PyTorch script of the same network, with as many threads as make it fastest there. */
function compareTraining(program, pytorch) {
  say('\n## Training compared with PyTorch\n');
  const ours = onGpu
    ? [{ name: 'rnn', env: {} }]
    : [
        { name: 'rnn', env: {} },
        { name: '`RNN_KERNELS=wasm`', env: { RNN_KERNELS: 'wasm' } },
      ];
  if (onGpu)
    for (const configuration of options.configurations)
      say(`    ${program.dryRun(configuration).trim().replaceAll('\n', '\n    ')}\n`);
  say(
    tableHead([
      'network',
      ...ours.map(({ name }) => name),
      'PyTorch',
      'its threads',
      ...ours.map(({ name }) => `ratio, ${name}`),
      'rounds',
    ]),
  );
  for (const cell of options.cells) {
    for (const sizes of options.configurations) {
      const configuration = { ...sizes, cell };
      const sides = ours.map(({ name, env }) => ({
        measure: () => program.train(configuration, { setting: name, env }),
      }));
      const theirs = pytorchSide(pytorch, configuration, 'train');
      const played = alternate([...sides, theirs], options);
      const figures = played.medians.slice(0, -1);
      const peer = played.medians.at(-1);
      say(
        tableRow([
          networkTold(configuration, 'batch'),
          ...figures.map(speed),
          theirs.problem ?? speed(peer),
          theirs.threads,
          ...figures.map((_, side) => ratio(pairedRatio(played.rounds, side, figures.length))),
          roundsTold(played),
        ]),
      );
    }
  }
  say("\nThreads are torch's × its BLAS's, the fastest numbers that were tried for each row. nn.LSTM and its");
  say(
    'similar modules read vectors, so PyTorch multiplies one-hot vectors by weights, while rnn gathers rows. PyTorch also adds two biases, and rnn one.',
  );
  say('Both differences favour rnn, in training and in sampling.\n');
  for (const { name } of ours) say(`- ${name} trains on ${withoutPaths(program.deviceLines.get(name))}`);
}

function compareSampling(program, pytorch) {
  say('\n## Sampling compared with PyTorch\n');
  say('One text, one character after the other. Start-up does not count.\n');
  say(tableHead(['network', 'rnn', 'PyTorch', 'its threads', 'ratio', 'rounds']));
  for (const configuration of differentNetworks(options.configurations)) {
    const theirs = pytorchSide(pytorch, configuration, 'sample');
    const played = alternate([{ measure: () => program.sample(configuration) }, theirs], options);
    const [ours, peer] = played.medians;
    say(
      tableRow([
        networkTold(configuration),
        speed(ours),
        theirs.problem ?? speed(peer),
        theirs.threads,
        ratio(pairedRatio(played.rounds, 0, 1)),
        roundsTold(played),
      ]),
    );
  }
  if (options.quick) return;
  const played = alternate(
    [{ measure: () => program.sample(largestSampled, TEXTS) }, { measure: () => program.sample(largestSampled) }],
    options,
  );
  say(`\n${tableHead(['network', `\`--count ${TEXTS}\`, all texts`, '`--count 1`', 'ratio', 'rounds'])}`);
  say(
    tableRow([
      networkTold(largestSampled),
      ...played.medians.map(speed),
      ratio(pairedRatio(played.rounds, 0, 1)),
      roundsTold(played),
    ]),
  );
}

/** The libraries that a user of JavaScript would choose otherwise. */
function compareJavascript(program) {
  say(`\n## Training compared with other JavaScript, ${networkTold(smallest, 'batch')}\n`);
  const peers = javascriptPeers(program.corpus, smallest);
  const played = alternate([{ measure: () => program.train(smallest) }, ...peers], options);
  const [ours, ...theirs] = played.medians;
  say(tableHead(['peer', 'rnn', 'peer', 'ratio', 'rounds', 'steps of the peer a round']));
  peers.forEach(({ name, problem, steps }, index) =>
    say(
      tableRow([
        name,
        speed(ours),
        problem ?? speed(theirs[index]),
        ratio(pairedRatio(played.rounds, 0, index + 1)),
        problem ? '' : roundsTold(played),
        stepsTold(steps),
      ]),
    ),
  );
  say(
    '\nTensorFlow.js runs without threads in Node, and through tf.layers: cells written by hand were about 10 % faster on wasm when tried. On its',
  );
  say(
    'cpu backend a step takes about 6 seconds on a 2.5 GHz Xeon, so only the steps in the last column are measured. brain.js does not have batches:',
  );
  say('its step is one string of 50 characters.');
}

function showStartUp(program) {
  const { help, firstCharacter } = program.startUp(smallest);
  say('\n## Start-up\n');
  say(tableHead(['command', 'milliseconds']));
  say(tableRow(['`rnn --help`', help.toFixed(0)]));
  say(tableRow([`\`rnn sample --length 1\`, ${networkTold(smallest)}`, firstCharacter.toFixed(0)]));
}

/**
 * PyTorch as a side of a comparison, with a problem if it is missing. Finds its best threads before
 * the first round.
 */
function pytorchSide(pytorch, configuration, measure) {
  if (pytorch.missing !== null) return { problem: pytorch.missing, threads: '', optional: true };
  try {
    const { threads, blasThreads } = pytorch.best(configuration, measure);
    return {
      threads: options.peerDevice === 'cpu' ? `${threads} × ${blasThreads}` : '',
      optional: true,
      measure: () => pytorch[measure](configuration),
    };
  } catch (error) {
    return { problem: failure(error), threads: '', optional: true };
  }
}

/** Batch and sequence length do not matter when one text is sampled. */
function differentNetworks(configurations) {
  return [...new Map(configurations.map(({ hidden, layers }) => [`${hidden} ${layers}`, { hidden, layers }])).values()];
}

function say(line) {
  console.log(line);
  page.push(line);
}
