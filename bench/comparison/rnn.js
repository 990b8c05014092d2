// The built program, measured from outside.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { median } from './statistics.js';
import { jsonLines, root, run, secondsOf } from './processes.js';

/** The least seconds to measure. */
const MIN_SECONDS = 4;
/** The first report is not counted: V8 is still compiling. */
const WARM_UP_SECONDS = 2;
/** On a GPU, reports are less frequent and compilation takes longer. */
const GPU_SECONDS = 20;
/** The target time of a timed sample. */
const SAMPLING_SECONDS = 2;

/**
 * The task of the peers: options that rnn would otherwise choose from the text, and that add work,
 * are off.
 */
const plain = {
  skip: 'none',
  dropout: 0,
  'weight-decay': 0,
  average: 0,
  'state-reset': 0,
  'clip-norm': 5,
  optimizer: 'adam',
  'learning-rate': 0.002,
  schedule: 'constant',
};

/** Options as words of a command line. An option with the value true is a flag. */
export const flagsOf = (options) =>
  Object.entries(options).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, value]));

export class Rnn {
  /** The devices that runs reported, by the name of their configuration. */
  deviceLines = new Map();
  #folder;
  #corpus;
  #device;
  #seconds = new Map();
  #lengths = new Map();

  constructor({ folder, corpus, device }) {
    this.#folder = folder;
    this.#corpus = corpus ?? writeSonnets(folder);
    this.#device = device;
  }

  get corpus() {
    return this.#corpus;
  }

  /**
   * Characters per second of `rnn train`, the median of its reports after the first. `setting`
   * names the environment.
   */
  train(configuration, { setting = '', env = {} } = {}) {
    const key = JSON.stringify([configuration, setting]);
    let seconds =
      this.#seconds.get(key) ?? (this.#device.startsWith('gpu') ? GPU_SECONDS : MIN_SECONDS + WARM_UP_SECONDS);
    for (;;) {
      const length = ['--max-steps', 1_000_000, '--max-time', `${seconds}s`, '--device', this.#device];
      const events = jsonLines(rnn(this.#trainArguments(configuration, join(this.#folder, 'speed'), length), { env }));
      const reports = events.filter(({ event }) => event === 'report');
      this.deviceLines.set(setting, events[0].device);
      if (reports.length > 1 && (reports.at(-1).elapsedMs - reports[0].elapsedMs) / 1000 >= MIN_SECONDS) {
        this.#seconds.set(key, seconds); // the next round need not find out again
        return median(reports.slice(1).map(({ charactersPerSecond }) => charactersPerSecond));
      }
      seconds *= 2; // its steps are long
    }
  }

  /**
   * Characters per second of `rnn sample`, all texts together. Computed from the difference of long
   * and short samples, so start-up does not count.
   */
  sample(configuration, texts = 1) {
    const checkpoint = this.#checkpoint(configuration);
    const timed = (length) =>
      secondsOf(() => rnn(['sample', '--checkpoint', checkpoint, '--length', length, '--count', texts, '--seed', 1]));
    const short = Math.ceil(1000 / texts);
    const key = JSON.stringify([configuration, texts]);
    let long = this.#lengths.get(key) ?? 4 * short;
    for (;;) {
      const seconds = timed(short);
      const more = timed(long) - seconds;
      const figure = (texts * (long - short)) / more;
      if (more > SAMPLING_SECONDS / 2) {
        this.#lengths.set(key, long);
        return figure;
      }
      // The first guesses are imprecise, because start-up hides the difference.
      long = more > 0.1 ? Math.ceil((1.2 * SAMPLING_SECONDS * figure) / texts) : long * 5;
    }
  }

  /** Milliseconds of the whole program, medians of five. */
  startUp(configuration) {
    const checkpoint = this.#checkpoint(configuration);
    const milliseconds = (args) => 1000 * median(Array.from({ length: 5 }, () => secondsOf(() => rnn(args))));
    return {
      help: milliseconds(['--help']),
      firstCharacter: milliseconds(['sample', '--checkpoint', checkpoint, '--length', 1]),
    };
  }

  /** The passes, kernels and bytes of a step that `rnn bench` prints without measuring. */
  dryRun({ cell = 'lstm', hidden, layers, batch, seq }) {
    const options = { device: this.#device, cell, hidden, layers, 'batch-size': batch, 'sequence-length': seq };
    return rnn(['bench', '--dry-run', ...flagsOf(options)]);
  }

  /** A run of a few small steps, made once, to sample from. */
  #checkpoint({ cell, hidden, layers }) {
    const out = join(this.#folder, `h${hidden}-l${layers}`);
    if (!existsSync(out))
      rnn(
        this.#trainArguments({ cell, hidden, layers, batch: 8, seq: 8 }, out, ['--max-steps', 20, '--device', 'cpu']),
      );
    return out;
  }

  #trainArguments({ cell = 'lstm', hidden, layers, batch, seq, embedding = 0 }, out, more) {
    const options = {
      ...plain,
      cell,
      hidden,
      layers,
      embedding,
      'batch-size': batch,
      'sequence-length': seq,
      'evaluate-every': 0,
      'sample-every': 0,
      'validation-fraction': 0.01,
      out,
    };
    return ['train', this.#corpus, '--force', '--json', ...flagsOf(options), ...more];
  }
}

/** The kernels that `rnn doctor` shows for this machine. */
export function kernelsTold() {
  try {
    const check = jsonLines(rnn(['doctor', '--json'], { seconds: 120 })).find(({ title }) => title === 'kernels');
    return check?.detail ?? 'not shown by rnn doctor';
  } catch {
    return 'rnn doctor failed';
  }
}

function writeSonnets(folder) {
  rnn(['corpus', 'sonnets'], { cwd: folder });
  return join(folder, 'corpora/sonnets.txt');
}

function rnn(args, options) {
  return run(process.execPath, [join(root, 'bin/rnn.js'), ...args], options);
}
