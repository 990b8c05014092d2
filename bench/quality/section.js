// The section on quality, and its charts, from the raw data of bench/quality.json. Pure.
import { paragraph, table } from '../comparison/markdown.js';
import { tasks } from './tasks.js';

const bits = (nats) => nats / Math.LN2;
const loss = (nats) => (nats === undefined ? '–' : `${nats.toFixed(3)} (${bits(nats).toFixed(2)})`);
const count = (number) => (number === undefined ? '–' : number.toLocaleString('en'));
const percent = (fraction) => (fraction === undefined ? '–' : `${(100 * fraction).toFixed(1)} %`);
const optionsOf = ({ rnn, peer }) => (rnn === null ? peer.args : rnn).join(' ');

const columns = {
  task: ['task', ({ task }) => `\`${task.name}\``],
  options: ['options of `rnn train`', ({ task }) => (task.rnn === null ? '' : `\`${optionsOf(task) || '(none)'}\``)],
  program: ['program', ({ task, result }) => (task.rnn === null ? result.program.split(/[+,]/)[0] : 'rnn')],
  time: ['training seconds', ({ task }) => task.seconds],
  test: ['test loss', ({ result }) => (result.testLossNats === undefined ? '–' : `**${loss(result.testLossNats)}**`)],
  published: ['published test loss', ({ task }) => (task.published === undefined ? '' : loss(task.published))],
  validation: ['validation loss', ({ result }) => loss(result.validationLossNats)],
  training: ['training loss', ({ result }) => loss(result.trainingLossNats)],
  lowest: ['epochs at the lowest validation loss', ({ result }) => lowest(result.curve)?.[1]?.toFixed(1) ?? '–'],
  exact: ['exact answers', ({ result }) => percent(result.exactAccuracy)],
  recall: ['macro-averaged recall', ({ result }) => result.macroRecall?.toFixed(3) ?? '–'],
  parameters: ['parameters', ({ result }) => count(result.parameters)],
  steps: ['update steps', ({ result }) => count(result.steps)],
  epochs: ['epochs', ({ result }) => result.epochs?.toFixed(1) ?? '–'],
  minutes: ['minutes', ({ result }) => result.minutes?.toFixed(1) ?? '–'],
  speed: ['characters/s', ({ result }) => count(result.charactersPerSecond)],
};

const byMinutes = { x: 'minutes', at: 0 };
const byEpochs = { x: 'epochs', at: 1 };

/** Groups of tasks. A chart shows the curves of some of its tasks. */
const groups = [
  {
    title: 'War and Peace',
    group: 'warpeace',
    text: 'Networks of Karpathy, Johnson and Fei-Fei 2015 (arXiv 1506.02078), trained as the paper says: RMSProp 0.002, batches of 100 × 100, 50 epochs. The rows of the paper’s table are numbers of parameters, so each network here has as many as an LSTM with one layer of 128 units. The text has CR LF line ends, and 3,258,225 characters. It is split as char-rnn, the program of the first author, splits texts: into 100 rows, of which the first 80 % train, then 10 % validate and 10 % test. The GRU has its reset gate before the product, as in char-rnn. `warpeace-lstm-128x2` has 128 units in each layer. The last two rows are a preset. Its published loss is the lowest of the paper. `warpeace-best-in-order` has LF line ends, and the last tenth of the text tests, so it meets chapters that are unlike the rest. **The published losses are quoted from memory, and were not checked against the paper.** The paper’s text has 31 more characters.',
    columns: ['task', 'test', 'published', 'validation', 'lowest', 'epochs', 'parameters', 'minutes', 'speed'],
    charts: [{ file: 'quality-warpeace.svg', axis: byEpochs, includes: ({ name }) => !name.includes('best') }],
  },
  {
    title: 'tinyshakespeare',
    group: 'shakespeare',
    text: 'The presets were chosen by their loss on the last tenth of this text. So the last tenth validates here, and the test part is the first tenth, by which no preset was chosen. The 80 % between them train.',
    columns: ['task', 'options', 'test', 'validation', 'training', 'parameters', 'steps', 'epochs', 'minutes', 'speed'],
    charts: [{ file: 'quality-shakespeare.svg', axis: byMinutes, includes: () => true }],
  },
  {
    title: 'Equal time with PyTorch',
    group: 'equal-time',
    more: ['shakespeare-quick', 'shakespeare-good'],
    text: 'The same LSTM on the same split of tinyshakespeare: two layers with an embedding of 64, Adam, and the same learning rate, schedule, weight decay, dropout, clipping, batches and seconds of training. PyTorch has `nn.Embedding`, two biases instead of one, and its best number of threads. The presets take the same time with another network. Evaluations do not count.',
    columns: ['task', 'program', 'time', 'test', 'validation', 'parameters', 'epochs', 'speed'],
    charts: [
      {
        file: 'quality-equal-time-3m.svg',
        axis: byMinutes,
        includes: ({ name }) => /3m-|-quick/.test(name) && !name.includes('30m'),
      },
      { file: 'quality-equal-time-30m.svg', axis: byMinutes, includes: ({ name }) => /30m|-good/.test(name) },
    ],
  },
  {
    title: "makemore's names",
    group: 'names',
    text: 'The GRU and the Transformer of karpathy/makemore, trained as its code says, for as many seconds as the preset. A hash of each name decides its part, so equal names are in one part: 80 % train, 10 % validate, and 10 % test. Losses include the end of each name. makemore chooses its weights by evaluations after every 500 update steps, whose time does not count.',
    columns: ['task', 'program', 'test', 'validation', 'parameters', 'steps', 'epochs', 'minutes', 'speed'],
    charts: [
      { file: 'quality-names-quick.svg', axis: byMinutes, includes: ({ name }) => name.startsWith('names-quick') },
      { file: 'quality-names-good.svg', axis: byMinutes, includes: ({ name }) => name.startsWith('names-good') },
    ],
  },
  {
    title: 'Lists and pairs',
    group: 'lists',
    text: 'Without options, on lists of records that a hash splits 80/10/10: names, surnames with one of 18 languages, dates in twelve formats and words to write backwards. Losses of pairs are of the answer alone. The recurrent network of PyTorch’s tutorial on surnames is trained as the tutorial says, on the validation part too.',
    columns: ['task', 'program', 'test', 'exact', 'recall', 'parameters', 'epochs', 'minutes'],
    charts: [],
  },
];

/** @param results by the name of the task */
export function qualitySection(results) {
  const parts = [
    '## Quality',
    paragraph(
      'Losses are in nats per character, and in parentheses in bits. Every character of a part is scored once. The validation part only chooses the best checkpoint, and the test part is scored once, with this checkpoint. A training loss is measured with dropout. Minutes include evaluations and saving. Reading the text and compiling take a few seconds more. `node bench/quality.js TASK` repeats a row, and `node bench/quality.js --list` shows all tasks. `quality.json` has the command, the date, the machine and the curve of each.',
    ),
    ...groups.flatMap((group) => groupParts(group, results)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function groupParts(group, results) {
  const rows = rowsOf(group, results);
  if (!rows.some(({ task }) => task.group === group.group)) return [];
  const shown = group.columns.map((name) => columns[name]);
  return [
    `### ${group.title}`,
    paragraph(group.text),
    table(
      shown.map(([title]) => title),
      rows.map((row) => shown.map(([, cell]) => cell(row))),
    ),
    paragraph(circumstances(rows)),
    ...rows.flatMap(({ task, result }) =>
      result.note === undefined ? [] : [paragraph(`\`${task.name}\`: ${result.note}`)],
    ),
    ...chartsOf(group, results).map(({ file, title }) => `![${title}](${file})`),
    ...rows.flatMap(({ task, result }) =>
      result.sample === undefined || task.group !== group.group
        ? []
        : [`\`${task.name}\`, \`rnn sample ${task.sample.join(' ')}\`:`, `\`\`\`\n${result.sample.trim()}\n\`\`\``],
    ),
  ];
}

function rowsOf({ group, more = [] }, results) {
  return tasks
    .filter(({ name, group: of }) => (of === group || more.includes(name)) && name in results)
    .map((task) => ({ task, result: results[task.name] }));
}

/** The programs and machines of some rows, each once. */
function circumstances(rows) {
  const programs = [...new Set(rows.map(({ result }) => result.program))];
  const machines = [...new Set(rows.map(({ result }) => result.machine))];
  return `Measured with ${programs.join(' and ')}. The machine is ${machines.join(', or ')}.`;
}

/**
 * The charts that have a curve: each { file, title, axis, lines }. Curves of runs without epochs
 * are left out of charts by epochs.
 */
function chartsOf(group, results) {
  const rows = rowsOf(group, results);
  if (!rows.some(({ task }) => task.group === group.group)) return [];
  return group.charts.flatMap(({ file, axis, includes }) => {
    const lines = rows
      .filter(({ task }) => includes(task))
      .map(({ task, result }) => ({
        name: task.name,
        points: result.curve.map((point) => [point[axis.at], point[2]]).filter(([x]) => x !== null),
      }))
      .filter(({ points }) => points.length > 0);
    return lines.length === 0 ? [] : [{ file, title: `validation loss by ${axis.x}, ${group.title}`, axis, lines }];
  });
}

/** All charts of the section. */
export const qualityCharts = (results) => groups.flatMap((group) => chartsOf(group, results));

/** The point of a curve with the lowest loss. */
function lowest(curve) {
  return curve.reduce((best, point) => (best === undefined || point[2] < best[2] ? point : best), undefined);
}
