// The tasks of bench/quality.js: each is a row. Pure.
//
// A task names its text, how the text is split, and either the options of `rnn train` or the script
// of a peer with its options. `minutes` is about how long it takes on two cores. `published` is the
// test loss in nats per character that the authors of the text's benchmark report.
import { presets } from '../../dist/options/presets.js';

/**
 * Where a text comes from, and the beginning of its SHA-256. A generated text has a count instead, and a text that is
 * not in the folder of texts has a path.
 */
export const texts = {
  'warpeace.txt': { sha256: 'b0fc81c399971eaf', source: 'War and Peace by Tolstoy in English, with LF line ends' },
  'tinyshakespeare.txt': { sha256: '86c4e6aa9db7c042', source: 'data/tinyshakespeare/input.txt of karpathy/char-rnn' },
  'names.txt': { sha256: '0a30b5557f192f32', source: 'names.txt of karpathy/makemore' },
  'languages.tsv': {
    sha256: 'a176fabfd6e95069',
    source: 'data/names/ of spro/practical-pytorch as surname, tab, language: sorted, equal rows merged',
  },
  'dates.tsv': { count: 20_000, kind: 'dates' },
  'reversal.tsv': { count: 40_000, kind: 'reversal' },
  // For docs/gallery.md. These texts change with their versions, so they have no SHA-256.
  sonnets: { path: 'corpora/sonnets.txt', source: 'the built-in corpus, rnn corpus sonnets' },
  'c-headers': { path: '/usr/include/linux/*.h', source: 'the package linux-libc-dev of Debian' },
  typescript: { path: 'src', source: 'the source of rnn' },
  'german-words': { path: '/usr/share/dict/ngerman', source: 'the package wngerman of Debian' },
};

/**
 * How a text is split 80/10/10. `inOrder`: the text trains, validates and tests, in this order.
 * `firstTests`: the last tenth validates, and the first tenth tests. `charRnn`: so do the last two
 * tenths of each of 100 rows, and line ends are CR LF. `records`, `pairs`: a hash of each record decides. `whole`, `wholeRecords`: the last tenth, or a tenth of the records, validates,
 * and nothing tests.
 */
export const splits = {
  whole: [],
  wholeRecords: ['--records', 'line'],
  inOrder: ['--validation-fraction', 0.1, '--test-fraction', 0.1],
  firstTests: [],
  charRnn: ['--keep-line-ends'],
  records: ['--records', 'line', '--validation-fraction', 0.1, '--test-fraction', 0.1],
  pairs: ['--records', 'line', '--learn-after', String.raw`\t`, '--validation-fraction', 0.1, '--test-fraction', 0.1],
};

/** The splits without a test part. */
export const wholeSplits = ['whole', 'wholeRecords'];

const words = (line) => line.split(' ').filter(Boolean);
const sample = words('--temp 0.8 --length 500 --seed 1');
const sampleRecords = words('--temp 0.8 --count 20 --unique --novel --seed 1');

/**
 * Networks of Karpathy, Johnson and Fei-Fei (2015), with their test losses, from memory. A row of
 * their table has about as many parameters as an LSTM of one layer, here 119,251 as with 128 units.
 */
const published = [
  { cell: 'lstm', layers: 1, hidden: 128, loss: 1.277, minutes: 5 },
  { cell: 'lstm', layers: 2, hidden: 84, loss: 1.227, minutes: 6 },
  { cell: 'gru-cho', layers: 1, hidden: 151, loss: 1.23, minutes: 5 },
  { cell: 'gru-cho', layers: 2, hidden: 98, loss: 1.226, minutes: 6 },
  { cell: 'rnn', layers: 1, hidden: 272, loss: 1.417, minutes: 5 },
  { cell: 'rnn', layers: 2, hidden: 173, loss: 1.286, minutes: 6 },
  { cell: 'lstm', layers: 2, hidden: 128, minutes: 9 },
];
/** The lowest test loss of their table, from memory: a GRU of three layers in the row of 512 units. */
const publishedBest = 1.077;

const warAndPeace = { group: 'warpeace', text: 'warpeace.txt', split: 'charRnn' };
const shakespeare = { text: 'tinyshakespeare.txt', split: 'firstTests' };
const names = { group: 'names', text: 'names.txt', split: 'records' };

/** The same LSTM for rnn and for PyTorch, with the rate and the decay that rnn chooses for it. */
const equalNetworks = {
  '3m': { hidden: 256, dropout: 0.3, seconds: 165, 'learning-rate': 0.016 },
  '30m': { hidden: 512, dropout: 0.5, seconds: 1650, 'learning-rate': 0.0078 },
};
const equalOptions = { layers: 2, embedding: 64, 'weight-decay': 0.02, 'clip-norm': 0.5 };

function equalTasks([time, { seconds, ...sizes }]) {
  const common = Object.entries({ ...equalOptions, ...sizes }).flatMap(([name, value]) => [`--${name}`, value]);
  const task = { ...shakespeare, group: 'equal-time', time, minutes: seconds / 60 + 1, seconds };
  const plain = words('--cell lstm --skip none --state-reset 0 --batch-size 32 --sequence-length 64');
  return [
    { ...task, name: `equal-time-${time}-rnn`, rnn: [...plain, ...common, '--budget', `${seconds}s`] },
    {
      ...task,
      name: `equal-time-${time}-pytorch`,
      peer: { script: 'pytorch_quality.py', args: common },
    },
  ];
}

/** The seconds of training of a preset. A text of any length has as many. */
const secondsOf = (preset, kind) => presets[preset].options({ length: 1e6, kind }).budgetMs / 1000;
/** With evaluations, and saving. */
const minutesOf = (preset, kind) => (1.1 * secondsOf(preset, kind)) / 60;

/** The peers get as many seconds of training as the preset, without evaluations. */
function makemoreTasks(preset) {
  const seconds = secondsOf(preset, 'list');
  return ['gru', 'transformer'].map((model) => ({
    ...names,
    name: `names-${preset}-makemore-${model}`,
    preset,
    minutes: seconds / 60 + 1,
    seconds,
    peer: { script: 'makemore.py', args: ['--model', model] },
  }));
}

export const tasks = [
  ...published.map(({ cell, layers, hidden, loss, minutes }) => ({
    ...warAndPeace,
    name: `warpeace-${cell}-${hidden}x${layers}`,
    rnn: ['--preset', 'karpathy-2015', '--cell', cell, '--hidden', hidden, '--layers', layers],
    published: loss,
    minutes,
  })),
  {
    ...warAndPeace,
    name: 'warpeace-best',
    rnn: words('--preset best'),
    published: publishedBest,
    minutes: minutesOf('best', 'text'),
  },
  {
    ...warAndPeace,
    split: 'inOrder',
    name: 'warpeace-best-in-order',
    rnn: words('--preset best'),
    minutes: minutesOf('best', 'text'),
  },
  { ...shakespeare, group: 'shakespeare', name: 'shakespeare-default', rnn: [], minutes: 2, sample },
  ...['quick', 'good', 'best'].map((preset) => ({
    ...shakespeare,
    group: 'shakespeare',
    name: `shakespeare-${preset}`,
    rnn: ['--preset', preset],
    minutes: minutesOf(preset, 'text'),
    sample,
  })),
  ...Object.entries(equalNetworks).flatMap(equalTasks),
  ...['quick', 'good'].map((preset) => ({
    ...names,
    name: `names-${preset}`,
    preset,
    rnn: ['--preset', preset],
    sample: sampleRecords,
    minutes: minutesOf(preset, 'list'),
  })),
  ...['quick', 'good'].flatMap(makemoreTasks),
  { ...names, group: 'lists', name: 'names-default', rnn: [], minutes: 2 },
  { group: 'lists', text: 'languages.tsv', split: 'pairs', name: 'languages-default', rnn: [], minutes: 1 },
  {
    group: 'lists',
    text: 'languages.tsv',
    split: 'pairs',
    name: 'languages-tutorial',
    peer: { script: 'tutorial.py', args: [], threads: { threads: 1, blasThreads: 1 } },
    minutes: 10,
  },
  { group: 'lists', text: 'dates.tsv', split: 'pairs', name: 'dates-default', rnn: [], minutes: 2 },
  { group: 'lists', text: 'reversal.tsv', split: 'pairs', name: 'reversal-default', rnn: [], minutes: 2 },
  ...['sonnets', 'c-headers', 'typescript'].map((text) => ({
    group: 'gallery',
    text,
    split: 'whole',
    name: `gallery-${text}`,
    rnn: words('--preset quick'),
    sample,
    minutes: minutesOf('quick', 'text'),
  })),
  {
    group: 'gallery',
    text: 'german-words',
    split: 'wholeRecords',
    name: 'gallery-german-words',
    rnn: words('--preset quick'),
    sample: sampleRecords,
    minutes: minutesOf('quick', 'list'),
  },
].map((task) => ({ ...task, rnn: task.rnn ?? null, peer: task.peer ?? null }));

/** The tasks of a name: a task, or a group. @throws for an unknown name */
export function tasksNamed(name) {
  const found = tasks.filter((task) => task.name === name || task.group === name);
  if (found.length > 0) return found;
  const known = [...new Set(tasks.map(({ group }) => group)), ...tasks.map((task) => task.name)];
  throw new Error(`${name} is not a task: expected one of ${known.join(', ')}`);
}
