// Trains on four lists with default options, and scores the held-out records:
// `node bench/records.js [names] [languages] [dates] [reversal] [--data FOLDER] [--budget 120s]
// [--python python3]`, after `npm run build`. Only the options that divide the text are given.
//
// names: names.txt of makemore, compared with a GRU with makemore's settings in PyTorch. languages:
// surname and language, compared with the RNN of PyTorch's tutorial. Both files must be in --data.
// dates and reversal are made by bench/pairs.js. Each file is split by rnn, so a record is in the
// same part for both programs. Without --budget, rnn chooses the length of the run.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Corpus } from '../dist/index.js';
import { jsonLines, root, run } from './comparison/processes.js';
import { pairs } from './pairs.js';

const TEST_FRACTION = 0.1;
/** The options of each list, and the time that the peer gets. */
const tasks = {
  names: { file: 'names.txt', isPaired: false, peerSeconds: 120 },
  languages: { file: 'languages.tsv', isPaired: true, peerSeconds: 0 },
  dates: { count: 20_000, isPaired: true, peerSeconds: null },
  reversal: { count: 40_000, isPaired: true, peerSeconds: null },
};

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string', default: '.' }, budget: { type: 'string' }, python: { type: 'string' } },
});
const folder = mkdtempSync(join(tmpdir(), 'rnn-records-'));
const program = (...args) => run(process.execPath, [join(root, 'bin/rnn.js'), ...args], { seconds: 3600 });

/** Writes the records of some parts, one a line, for the peer. */
function writeRecords(corpus, name, parts) {
  const {
    end,
    data: { symbols },
  } = corpus.vocabulary;
  const textOf = (ids) => Array.from(ids.subarray(1), (id) => (id === end ? '\n' : symbols[id])).join('');
  const path = join(folder, `${name}.txt`);
  writeFileSync(path, parts.map((part) => textOf(corpus[part])).join(''));
  return path;
}

async function measure(name) {
  const { file, count, isPaired, peerSeconds } = tasks[name];
  const path = file === undefined ? join(folder, `${name}.tsv`) : join(given.data, file);
  if (file === undefined) writeFileSync(path, pairs(name, count));
  if (!existsSync(path)) return console.log(JSON.stringify({ task: name, skipped: `${path} not found` }));
  const division = ['--records', 'line', ...(isPaired ? ['--learn-after', '\t'] : [])];
  const out = join(folder, name);
  const started = performance.now();
  const length = given.budget === undefined ? [] : ['--budget', given.budget];
  program('train', path, ...division, '--test-fraction', TEST_FRACTION, ...length, '--out', out, '--json');
  const seconds = (performance.now() - started) / 1000;
  const { nats, exactAccuracy, macroRecall } = jsonLines(
    program('eval', path, '--checkpoint', out, '--part', 'test', '--json'),
  )[0];
  console.log(JSON.stringify({ task: name, seconds, nats, exactAccuracy, macroRecall }));
  if (given.python === undefined || peerSeconds === null) return;
  const corpus = await Corpus.read(path, {
    records: 'line',
    ...(isPaired && { learnAfter: '\t' }),
    testFraction: TEST_FRACTION,
  });
  // The peer has no validation part, so it trains on it too.
  const parts = [writeRecords(corpus, 'train', ['train', 'validation']), writeRecords(corpus, 'test', ['test'])];
  const script = join(root, 'bench/peers/records.py');
  const limit = peerSeconds > 0 ? ['--seconds', peerSeconds] : [];
  console.log(run(given.python, [script, name, ...parts, ...limit], { seconds: 3600 }).trim());
}

try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(tasks)) await measure(name);
} finally {
  rmSync(folder, { recursive: true });
}
