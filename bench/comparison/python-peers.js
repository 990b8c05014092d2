// PyTorch and JAX at their best: the scripts of bench/peers/ with the numbers of threads that suit
// the network and the machine.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { jsonLines, root, run } from './processes.js';
import { HOW_TO_INSTALL, frameworksOf } from './python.js';
import { failure } from './statistics.js';

const folder = join(root, 'bench/peers');
const CALIBRATION_SECONDS = 1.5;
/** A number of threads whose speed is below this fraction of the fastest is abandoned. */
const SECOND_CHANCE = 0.7;
const TRAINING_SECONDS = 4;
const CUDA_SECONDS = 20;
const SAMPLING_SECONDS = 2;

const frameworks = {
  torch: { name: 'PyTorch', script: 'pytorch.py', candidates: threadCandidates },
  jax: {
    name: 'JAX',
    script: 'jax_network.py',
    candidates: (cores) => powersUpTo(cores).map((threads) => ({ threads })),
  },
};

/**
 * Every version of PyTorch and JAX that is found, newest PyTorch first. A framework that is missing
 * is one peer with a problem.
 */
export function pythonPeers({ pythons, device, corpus }) {
  const found = frameworksOf(pythons).filter(({ cuda }) => device !== 'cuda' || cuda);
  return Object.keys(frameworks).flatMap((framework) => {
    const versions = found.filter((each) => each.framework === framework);
    if (versions.length > 0) return versions.map((each) => new PythonPeer({ ...each, device, corpus }));
    const problem = device === 'cuda' ? 'not found, or does not find cuda' : 'not installed';
    return [{ name: frameworks[framework].name, problem, about: `${problem}: ${HOW_TO_INSTALL[framework]}` }];
  });
}

/** Why the newest PyTorch cannot be measured, or null. */
export const problemOfPyTorch = (peers) => peers.find(({ name }) => name.startsWith('PyTorch')).problem ?? null;

class PythonPeer {
  name;
  /** The library or card that computes its matrix products, and the Python that has it. */
  about;
  #script;
  #python;
  #device;
  #corpus;
  #candidates;
  #calibrated = new Map();

  constructor({ framework, version, command, name, device, corpus }) {
    const { name: title, script, candidates } = frameworks[framework];
    this.name = `${title} ${version.split('+')[0]}`;
    this.#script = join(folder, script);
    this.#python = command;
    this.#device = device;
    this.#corpus = corpus;
    this.#candidates = candidates;
    const { card, blas } = this.#measured({ hidden: 8, layers: 1, batch: 2, seq: 8 }, candidates(1)[0], ['--steps', 1]);
    this.about = `${version}, ${card ?? blas}, of ${name}`;
  }

  /**
   * This peer as a side of a comparison, with a problem if it fails. Finds its best threads before
   * the first round.
   * @param measure `train` or `sample`
   */
  side(network, measure) {
    try {
      const best = this.#best(network, measure);
      const work = measure === 'train' ? this.#training() : ['--sample', Math.ceil(SAMPLING_SECONDS * best.speed)];
      return {
        name: this.name,
        threads: this.#device === 'cpu' ? threadsTold(best) : '',
        optional: true,
        measure: () => this.#measured(network, best, work).charactersPerSecond,
      };
    } catch (error) {
      return { name: this.name, problem: failure(error), threads: '', optional: true };
    }
  }

  #training() {
    return ['--seconds', this.#device === 'cuda' ? CUDA_SECONDS : TRAINING_SECONDS];
  }

  /** The fastest numbers of threads, tried once for each network and kind of work. */
  #best(network, measure) {
    const key = JSON.stringify([network, measure]);
    if (!this.#calibrated.has(key)) this.#calibrated.set(key, this.#calibrate(network, measure));
    return this.#calibrated.get(key);
  }

  #calibrate(network, measure) {
    const work =
      measure === 'train' ? ['--seconds', CALIBRATION_SECONDS] : ['--sample', Math.ceil(1e6 / network.hidden)];
    // A card does the work, so threads of the processor do not matter.
    const cores = this.#device === 'cuda' ? 1 : availableParallelism();
    return bestThreads(
      this.#candidates(cores),
      (threads) => this.#measured(network, threads, work).charactersPerSecond,
    );
  }

  #measured(network, { threads, blasThreads }, more) {
    const sizes = Object.entries(network).flatMap(([name, value]) => [`--${name}`, value]);
    const machine = [
      ...(this.#device === 'cpu' ? [] : ['--device', this.#device]),
      '--threads',
      threads,
      ...(blasThreads === undefined ? [] : ['--blas-threads', blasThreads]),
    ];
    const told = run(this.#python, [this.#script, this.#corpus, ...sizes, ...machine, ...more], {
      env: { PYTHONDONTWRITEBYTECODE: '1' },
    });
    return jsonLines(told).at(-1);
  }
}

/** The fastest of some numbers of threads, with its speed. */
export function bestThreads(candidates, speedOf) {
  const tried = (threads) => ({ ...threads, speed: speedOf(threads) });
  const first = candidates.map(tried);
  // Numbers of threads that another process may have slowed down get a second chance. This only
  // chooses: the figures that are reported are measured later.
  const again = first.filter(({ speed }) => speed > SECOND_CHANCE * fastest(first).speed);
  return fastest(again.length > 1 ? [...first, ...again.map(tried)] : first);
}

function fastest(tried) {
  return tried.reduce((best, other) => (other.speed > best.speed ? other : best));
}

export const threadsTold = ({ threads, blasThreads }) =>
  blasThreads === undefined ? `${threads}` : `${threads} × ${blasThreads}`;

/**
 * Powers of two up to the number of cores, and that number: for torch's threads, for the threads of
 * its BLAS, and for both. The best is often in between.
 */
export function threadCandidates(cores) {
  const pairs = powersUpTo(cores).flatMap((count) =>
    count === 1
      ? [[1, 1]]
      : [
          [1, count],
          [count, 1],
          [count, count],
        ],
  );
  return pairs.map(([threads, blasThreads]) => ({ threads, blasThreads }));
}

/** The number itself, and the powers of two below it. */
function powersUpTo(cores) {
  const counts = [cores];
  for (let power = 1; power < cores; power *= 2) counts.push(power);
  return counts;
}
