// PyTorch at its best: bench/peers/pytorch.py with the numbers of threads that suit the network and
// the machine.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { jsonLines, root, run } from './processes.js';

/**
 * Where Debian puts its torch. A python3 that comes first on the path, such as a user's
 * environment, does not always see it.
 */
const SYSTEM_PYTHON = '/usr/bin/python3';
const HOW_TO_INSTALL =
  'on Debian `apt-get install python3-torch libopenblas0-pthread`; --python names another Python that has it';
const NOT_INSTALLED = 'not installed';
const script = join(root, 'bench/peers/pytorch.py');
const CALIBRATION_SECONDS = 1.5;
/** A number of threads whose speed is below this fraction of the fastest is abandoned. */
const SECOND_CHANCE = 0.7;
const TRAINING_SECONDS = 4;
const CUDA_SECONDS = 20;
const SAMPLING_SECONDS = 2;

export class PyTorch {
  /** Why PyTorch is missing, or null. */
  missing;
  /**
   * Its version, the library or card that computes its matrix products, and the Python that has it.
   */
  version;
  #python;
  #device;
  #corpus;
  #calibrated = new Map();

  constructor({ python, device, corpus }) {
    const { command, name, missing } = pythonWithTorch(python, device);
    this.#python = command;
    this.#device = device;
    this.#corpus = corpus;
    this.missing = missing;
    this.version = missing === null ? `${this.#versionTold()}, of ${name}` : `${missing}: ${HOW_TO_INSTALL}`;
  }

  /**
   * The fastest numbers of threads, tried once for each network and kind of work: torch's own, and
   * its BLAS's.
   */
  best(configuration, measure) {
    const key = JSON.stringify([configuration, measure]);
    if (!this.#calibrated.has(key)) this.#calibrated.set(key, this.#calibrate(configuration, measure));
    return this.#calibrated.get(key);
  }

  train(configuration) {
    const seconds = this.#device === 'cuda' ? CUDA_SECONDS : TRAINING_SECONDS;
    return this.#run(configuration, this.best(configuration, 'train'), ['--seconds', seconds]);
  }

  sample(configuration) {
    const best = this.best(configuration, 'sample');
    return this.#run(configuration, best, ['--sample', Math.ceil(SAMPLING_SECONDS * best.charactersPerSecond)]);
  }

  #versionTold() {
    const { version, card, blas } = this.#tell(
      { hidden: 8, layers: 1, batch: 2, seq: 8 },
      { threads: 1, blasThreads: 1 },
      ['--steps', 1],
    );
    return `${version}, ${card ?? blas}`;
  }

  #calibrate(configuration, measure) {
    const work =
      measure === 'train' ? ['--seconds', CALIBRATION_SECONDS] : ['--sample', Math.ceil(1e6 / configuration.hidden)];
    // A card does the work, so threads of the processor do not matter.
    const candidates =
      this.#device === 'cuda' ? [{ threads: 1, blasThreads: 1 }] : threadCandidates(availableParallelism());
    const tried = (threads) => ({ ...threads, charactersPerSecond: this.#run(configuration, threads, work) });
    const first = candidates.map(tried);
    // Numbers of threads that another process may have slowed down get a second chance. This only
    // chooses: the figures that are reported are measured later.
    const again = first.filter(
      ({ charactersPerSecond }) => charactersPerSecond > SECOND_CHANCE * fastest(first).charactersPerSecond,
    );
    return fastest(again.length > 1 ? [...first, ...again.map(tried)] : first);
  }

  #run(configuration, threads, more) {
    return this.#tell(configuration, threads, more).charactersPerSecond;
  }

  #tell(configuration, { threads, blasThreads }, more) {
    const sizes = Object.entries(configuration).flatMap(([name, value]) => [`--${name}`, value]);
    const machine = ['--device', this.#device, '--threads', threads, '--blas-threads', blasThreads];
    return jsonLines(run(this.#python, [script, this.#corpus, ...sizes, ...machine, ...more])).at(-1);
  }
}

function fastest(tried) {
  return tried.reduce((best, other) => (other.charactersPerSecond > best.charactersPerSecond ? other : best));
}

/**
 * Powers of two up to the number of cores, and that number: for torch's threads, for the threads of
 * its BLAS, and for both. The best is often in between.
 */
export function threadCandidates(cores) {
  const counts = [cores];
  for (let power = 1; power < cores; power *= 2) counts.push(power);
  const pairs = counts.flatMap((count) =>
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

/** The Python that --python names, otherwise the first that has torch. */
function pythonWithTorch(named, device) {
  const choices =
    named === null
      ? [
          { command: 'python3', name: 'python3' },
          { command: SYSTEM_PYTHON, name: "the system's Python, as python3 has none" },
        ]
      : [{ command: named, name: '--python' }];
  for (const choice of choices) {
    const missing = whyMissing(choice.command, device);
    if (missing !== NOT_INSTALLED) return { ...choice, missing };
  }
  return { ...choices[0], missing: NOT_INSTALLED };
}

function whyMissing(python, device) {
  const { status, stdout } = spawnSync(python, ['-c', 'import torch; print(torch.cuda.is_available())'], {
    encoding: 'utf8',
  });
  if (status !== 0) return NOT_INSTALLED;
  return device === 'cuda' && stdout.trim() !== 'True' ? 'does not find cuda' : null;
}
