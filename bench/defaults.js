// Compares `rnn train TEXT` without options with ten sensible alternatives and `--preset quick`,
// all limited to the time that the default takes: `node bench/defaults.js plays=FILE novel=FILE
// code=FILE list=FILE [--sizes 10000,100000]` after `npm run build`. The last tenth of each text is
// a test part that no run sees. A list is shuffled first, and each of its lines stays whole.
//
// Time is counted in update steps. `node bench/defaults.js --pace …` first measures, while nothing
// else runs, how long a step of each configuration takes on all cores. Each run then makes as many
// steps as fit into the time of the default. So the runs can use one core each, and other load on
// the machine does not matter.
//
// Results are kept in bench/defaults.jsonl, one line per run, and are not measured again. Without a
// text, the table is printed from this file.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../dist/random.js';
import { tableHead, tableRow } from './comparison/markdown.js';
import { jsonLines, root } from './comparison/processes.js';

/** Chosen before anything was measured. */
const alternatives = {
  'lstm 1×128': '--cell lstm --layers 1 --hidden 128',
  'lstm 1×256, dropout 0.3': '--cell lstm --layers 1 --hidden 256 --dropout 0.3',
  'lstm 2×128, dropout 0.2': '--cell lstm --layers 2 --hidden 128 --dropout 0.2',
  'lstm 2×256, dropout 0.3': '--cell lstm --layers 2 --hidden 256 --dropout 0.3',
  'lstm 2×256, dropout 0.5, weight decay 0.1': '--cell lstm --layers 2 --hidden 256 --dropout 0.5 --weight-decay 0.1',
  'lstm 2×512, dropout 0.25': '--cell lstm --layers 2 --hidden 512 --dropout 0.25',
  'gru 2×256, dropout 0.3': '--cell gru --layers 2 --hidden 256 --dropout 0.3',
  'mlstm 1×128, dropout 0.5, weight decay 0.3':
    '--cell mlstm --layers 1 --hidden 128 --dropout 0.5 --weight-decay 0.3 --clip-norm 0.5',
  'mlstm 1×256, dropout 0.5, weight decay 0.3':
    '--cell mlstm --layers 1 --hidden 256 --dropout 0.5 --weight-decay 0.3 --clip-norm 0.5',
  'mlstm 2×256, dropout 0.4, weight decay 0.1':
    '--cell mlstm --layers 2 --hidden 256 --dropout 0.4 --weight-decay 0.1 --clip-norm 0.5',
  'preset quick': '--preset quick',
};
const DEFAULT = 'default';
/**
 * The options that an alternative omits, so that they do not follow the defaults of the program.
 */
const plain = { '--dropout': 0, '--weight-decay': 0, '--clip-norm': 5, '--skip': 'none', '--embedding': 0 };
const configurations = Object.entries({ [DEFAULT]: '', ...alternatives }).map(([name, text]) => {
  const options = text.split(' ').filter(Boolean);
  const isComplete = name === DEFAULT || options.includes('--preset');
  return {
    name,
    options: [
      ...options,
      ...Object.entries(isComplete ? {} : plain).flatMap((pair) => (options.includes(pair[0]) ? [] : pair)),
    ],
  };
});
/** No run takes longer. */
const MAX_SECONDS = 600;
/** Nats by which the default may be worse than the best, in addition to one standard error. */
const MARGIN_NATS = 0.02;
/** Each configuration is timed for some seconds in each round. */
const PACE = { seconds: 3, rounds: 3 };
const store = join(root, 'bench/defaults.jsonl');
const program = join(root, 'bin/rnn.js');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: 'string', default: '10000,100000,1000000,5000000' },
    pace: { type: 'boolean' },
    jobs: { type: 'string', default: '2' },
  },
});
/** The file of each text. */
const files = Object.fromEntries(positionals.map((pair) => pair.split('=')));
const texts = Object.keys(files);
const sizes = values.sizes.split(',').map(Number);
const known = existsSync(store) ? jsonLines(readFileSync(store, 'utf8')) : [];
const paces = known.filter(({ kind }) => kind === 'pace');
const runs = known.filter(({ kind }) => kind === 'run');

if (values.pace) for (const size of sizes) await measurePaces(size);
else await measureAll();
for (const size of new Set(runs.map((each) => each.size)))
  console.log(
    `${tableOf(
      runs.filter((each) => each.size === size),
      size,
    )}\n`,
  );

function keep(list, measured) {
  list.push(measured);
  appendFileSync(store, `${JSON.stringify(measured)}\n`);
}

/**
 * Milliseconds of a step of each configuration, on the first text: the median of rounds over all of
 * them.
 */
async function measurePaces(size) {
  const [text] = texts;
  await withText({ text, size, seed: 1 }, async (folder) => {
    const measured = new Map(configurations.map(({ name }) => [name, []]));
    for (let round = 0; round < PACE.rounds; round++) {
      for (const { name, options } of configurations) {
        const training = await trained(
          folder,
          [...options, '--max-time', `${PACE.seconds}s`, '--sample-every', 0],
          name,
        );
        const { batchSize, sequenceLength } = training.options;
        measured.get(name).push({ ms: training.loop.trainingMs / training.step, batchSize, sequenceLength });
      }
    }
    for (const [name, all] of measured) {
      const [median] = all.toSorted((a, b) => a.ms - b.ms).slice(Math.floor(all.length / 2));
      keep(paces, { kind: 'pace', size, text, name, ...median });
      console.error(`${size} ${name}: ${median.ms.toFixed(2)} ms a step`);
    }
  });
}

/**
 * Measures several texts at a time. The default comes first, because its time is the time of all
 * alternatives.
 */
async function measureAll() {
  const samples = sizes.flatMap((size) =>
    texts.flatMap((text) =>
      Array.from({ length: size <= 100_000 ? 5 : 1 }, (_, index) => ({ size, text, seed: index + 1 })),
    ),
  );
  const take = async () => {
    for (let sample = samples.shift(); sample !== undefined; sample = samples.shift()) await measure(sample);
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, take));
}

async function measure({ text, size, seed }) {
  const isOf = (each) => each.text === text && each.seed === seed;
  const runOf = (name) => runs.find((each) => each.size === size && each.name === name && isOf(each));
  // A text without a measured pace uses the pace of another text of its size.
  const paceOf = (name) => {
    const measured = paces.filter((each) => each.size === size && each.name === name);
    return measured.findLast((each) => each.text === text) ?? measured.at(-1);
  };
  await withText({ text, size, seed }, async (folder) => {
    for (const { name, options } of configurations) {
      if (runOf(name) !== undefined) continue;
      const { ms, batchSize, sequenceLength } = paceOf(name);
      const steps = name === DEFAULT ? null : Math.round((1000 * Math.min(MAX_SECONDS, runOf(DEFAULT).seconds)) / ms);
      const length =
        steps === null ? [] : ['--max-steps', steps, '--batch-size', batchSize, '--sequence-length', sequenceLength];
      const { step } = await trained(folder, [...options, ...length, '--seed', seed, '--threads', 1], name);
      const [{ nats }] = jsonLines(
        await run(['eval', 'test.txt', '--checkpoint', nameOf(name), '--threads', 1, '--json'], folder),
      );
      keep(runs, { kind: 'run', text, size, seed, name, nats, step, seconds: (step * ms) / 1000 });
      console.error(`${text} ${size} seed ${seed} ${name}: ${nats.toFixed(4)} nats, ${step} steps`);
    }
  });
}

async function withText({ text, size, seed }, act) {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-defaults-'));
  try {
    const [train, test] = splitOf(readFileSync(files[text], 'utf8'), { size, seed, isList: text === 'list' });
    const seen = new Set(train);
    writeFileSync(join(folder, 'train.txt'), train);
    // A model cannot read a character that it never saw, so all configurations omit these
    // characters.
    writeFileSync(join(folder, 'test.txt'), [...test].filter((character) => seen.has(character)).join(''));
    await act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the text to train on, and the test part */
function splitOf(whole, { size, seed, isList }) {
  if (!isList) {
    const text = whole.slice(0, size);
    const cut = Math.floor(0.9 * text.length);
    return [text.slice(0, cut), text.slice(cut)];
  }
  const random = new Random(seed);
  const lines = [...new Set(whole.split('\n').filter(Boolean))];
  for (let last = lines.length - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1));
    [lines[last], lines[other]] = [lines[other], lines[last]];
  }
  let taken = 0;
  const some = lines.slice(0, lines.findIndex((line) => (taken += line.length + 1) > size) + 1 || undefined);
  const cut = Math.floor(0.9 * some.length);
  return [some.slice(0, cut), some.slice(cut)].map((part) => `${part.join('\n')}\n`);
}

/** The folder of a configuration. */
function nameOf(configuration) {
  return configuration.replaceAll(/\W+/g, '-');
}

/** @returns the training record of the run's newest checkpoint */
async function trained(folder, options, name) {
  const out = nameOf(name);
  await run(
    [
      'train',
      'train.txt',
      '--validation-fraction',
      0.1,
      '--device',
      'cpu',
      '--out',
      out,
      '--force',
      '--quiet',
      ...options,
    ],
    folder,
  );
  return JSON.parse(readFileSync(join(folder, out, 'latest.json'), 'utf8')).training;
}

/** @returns stdout of rnn */
function run(args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args.map(String)], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const written = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) child[stream].on('data', (piece) => (written[stream] += piece));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(written.stdout);
      else reject(new Error(`rnn ${args.join(' ')} ended with ${code}:\n${written.stderr}`));
    });
  });
}

function tableOf(own, size) {
  const names = [...new Set(own.map(({ name }) => name))];
  const samples = [...new Set(own.map(({ text, seed }) => `${text} ${seed}`))];
  const nats = (name, sample) => own.find((each) => each.name === name && `${each.text} ${each.seed}` === sample)?.nats;
  const complete = samples.filter((sample) => names.every((name) => nats(name, sample) !== undefined));
  const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const means = names
    .map((name) => ({ name, mean: mean(complete.map((sample) => nats(name, sample))) }))
    .toSorted((a, b) => a.mean - b.mean);
  const [best] = means;
  const rows = means.map(({ name, mean: loss }) => {
    const behind = complete.map((sample) => nats(name, sample) - nats(best.name, sample));
    const error = Math.sqrt(mean(behind.map((each) => (each - mean(behind)) ** 2)) / Math.max(1, complete.length - 1));
    const isNear = mean(behind) <= MARGIN_NATS + error;
    return tableRow([
      name,
      loss.toFixed(4),
      mean(behind).toFixed(4),
      error.toFixed(4),
      name === DEFAULT ? (isNear ? 'near' : 'behind') : '',
    ]);
  });
  const head = tableHead([
    `${size.toLocaleString('en')} characters`,
    'test loss, nats',
    'behind the best',
    'standard error',
    'verdict',
  ]);
  return `${complete.length} of ${samples.length} texts and seeds\n\n${head}\n${rows.join('\n')}`;
}
