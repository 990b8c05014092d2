// How near `rnn train TEXT` with no other option is to the best of ten sensible alternatives and of `--preset quick`, all given the time
// that the default takes: `node bench/defaults.js --plays FILE --novel FILE --code FILE --list FILE [--sizes 10000,100000]` after `npm run
// build`. The last tenth of each text is a test part that no run sees. A list is shuffled first, and each of its lines stays whole. What was
// measured is kept in bench/defaults.jsonl, a line a run, and is not measured again; with no text the table is printed from there alone.
// Nothing else should run meanwhile.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../dist/random.js';
import { tableHead, tableRow } from './comparison/markdown.js';
import { jsonLines, root, run } from './comparison/processes.js';

/** Fixed before anything was measured. */
const alternatives = {
  'lstm 1×128': '--cell lstm --layers 1 --hidden 128',
  'lstm 1×256, dropout 0.3': '--cell lstm --layers 1 --hidden 256 --dropout 0.3',
  'lstm 2×128, dropout 0.2': '--cell lstm --layers 2 --hidden 128 --dropout 0.2',
  'lstm 2×256, dropout 0.3': '--cell lstm --layers 2 --hidden 256 --dropout 0.3',
  'lstm 2×256, dropout 0.5, weight decay 0.1': '--cell lstm --layers 2 --hidden 256 --dropout 0.5 --weight-decay 0.1',
  'lstm 2×512, dropout 0.25': '--cell lstm --layers 2 --hidden 512 --dropout 0.25',
  'gru 2×256, dropout 0.3': '--cell gru --layers 2 --hidden 256 --dropout 0.3',
  'mlstm 1×128, dropout 0.5, weight decay 0.3': '--cell mlstm --layers 1 --hidden 128 --dropout 0.5 --weight-decay 0.3 --clip-norm 0.5',
  'mlstm 1×256, dropout 0.5, weight decay 0.3': '--cell mlstm --layers 1 --hidden 256 --dropout 0.5 --weight-decay 0.3 --clip-norm 0.5',
  'mlstm 2×256, dropout 0.4, weight decay 0.1': '--cell mlstm --layers 2 --hidden 256 --dropout 0.4 --weight-decay 0.1 --clip-norm 0.5',
  'preset quick': '--preset quick',
};
const DEFAULT = 'default';
const MAX_SECONDS = 600;
/** Nats that the default may be behind the best, besides one standard error. */
const MARGIN_NATS = 0.02;
const store = join(root, 'bench/defaults.jsonl');
const program = join(root, 'bin/rnn.js');

const { values } = parseArgs({
  options: {
    ...Object.fromEntries(['plays', 'novel', 'code', 'list'].map((name) => [name, { type: 'string' }])),
    sizes: { type: 'string', default: '10000,100000,1000000,5000000' },
  },
});
const texts = ['plays', 'novel', 'code', 'list'].filter((name) => values[name] !== undefined);
const known = existsSync(store) ? jsonLines(readFileSync(store, 'utf8')) : [];
for (const size of values.sizes.split(',').map(Number)) {
  for (const text of texts) {
    const seeds = size <= 100_000 ? 5 : 1;
    for (let seed = 1; seed <= seeds; seed++) measure({ text, size, seed });
  }
}
for (const size of new Set(known.map((each) => each.size)))
  console.log(
    `${tableOf(
      known.filter((each) => each.size === size),
      size,
    )}\n`,
  );

/** The default first: its time is what the others get. */
function measure({ text, size, seed }) {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-defaults-'));
  try {
    const [train, test] = splitOf(readFileSync(values[text], 'utf8'), { size, seed, isList: text === 'list' });
    const seen = new Set(train);
    writeFileSync(join(folder, 'train.txt'), train);
    // A model cannot read a character that it never saw: those are left out, the same for all.
    writeFileSync(join(folder, 'test.txt'), [...test].filter((character) => seen.has(character)).join(''));
    const find = (name) => known.find((each) => each.text === text && each.size === size && each.seed === seed && each.name === name);
    const seconds = () => find(DEFAULT).seconds;
    for (const [name, options] of Object.entries({ [DEFAULT]: '', ...alternatives })) {
      if (find(name) !== undefined) continue;
      const length = name === DEFAULT ? ['--max-time', `${MAX_SECONDS}s`] : ['--budget', `${seconds().toFixed(2)}s`];
      const measured = { text, size, seed, name, ...trained(folder, [...options.split(' ').filter(Boolean), ...length, '--seed', seed]) };
      known.push(measured);
      appendFileSync(store, `${JSON.stringify(measured)}\n`);
      console.error(`${text} ${size} seed ${seed} ${name}: ${measured.nats.toFixed(4)} nats, ${measured.seconds.toFixed(1)} s`);
    }
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

/** Training time and the loss of the best checkpoint on the test part. */
function trained(folder, options) {
  const train = ['train', 'train.txt', '--val-fraction', 0.1, '--sample-every', 0, '--device', 'cpu', '--out', 'run', '--force', '--json'];
  const lines = jsonLines(run(process.execPath, [program, ...train, ...options], { cwd: folder, seconds: 2 * MAX_SECONDS + 600 }));
  const { training } = JSON.parse(readFileSync(join(folder, 'run/latest.json'), 'utf8'));
  const score = ['eval', 'test.txt', '--checkpoint', 'run', '--json'];
  const [{ nats }] = jsonLines(run(process.execPath, [program, ...score], { cwd: folder, seconds: MAX_SECONDS }));
  const { step, reason } = lines.at(-1);
  return { nats, seconds: training.loop.trainingMs / 1000, step, reason };
}

function tableOf(runs, size) {
  const names = [...new Set(runs.map(({ name }) => name))];
  const samples = [...new Set(runs.map(({ text, seed }) => `${text} ${seed}`))];
  const nats = (name, sample) => runs.find((each) => each.name === name && `${each.text} ${each.seed}` === sample)?.nats;
  const complete = samples.filter((sample) => names.every((name) => nats(name, sample) !== undefined));
  const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const means = names
    .map((name) => ({ name, mean: mean(complete.map((sample) => nats(name, sample))) }))
    .toSorted((a, b) => a.mean - b.mean);
  const [best] = means;
  const rows = means.map(({ name, mean: own }) => {
    const behind = complete.map((sample) => nats(name, sample) - nats(best.name, sample));
    const error = Math.sqrt(mean(behind.map((each) => (each - mean(behind)) ** 2)) / Math.max(1, complete.length - 1));
    const isNear = mean(behind) <= MARGIN_NATS + error;
    return tableRow([
      name,
      own.toFixed(4),
      mean(behind).toFixed(4),
      error.toFixed(4),
      name === DEFAULT ? (isNear ? 'near' : 'behind') : '',
    ]);
  });
  const head = tableHead([`${size.toLocaleString('en')} characters`, 'test loss, nats', 'behind the best', 'standard error', 'verdict']);
  return `${complete.length} of ${samples.length} texts and seeds\n\n${head}\n${rows.join('\n')}`;
}
