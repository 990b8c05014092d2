// The section on scaling, and its charts, from the raw data of bench/scaling.json. Pure.
import { networkTold, paragraph, speed, table } from '../comparison/markdown.js';
import { median } from '../comparison/statistics.js';

const SECONDS_A_DAY = 86_400;
const GIGABYTE = 1e9;
/** Bytes per second of 1 and 10 Gbit/s. */
const networks = { '1 Gbit/s': 1.25e8, '10 Gbit/s': 1.25e9 };
const MAX_MACHINES = 1000;

const milliseconds = (ms) => Number(ms.toPrecision(3)).toLocaleString('en');
const megabytes = (bytes) => Math.round(bytes / 1e6).toLocaleString('en');
const percent = (fraction) => `${Math.round(100 * fraction)} %`;

/** @param data the parts that bench/scaling.js measured */
export function scalingSection(data) {
  const parts = [
    '## Scaling',
    paragraph(
      'How time and memory depend on sizes, and which formulas predict them. Times are medians. `node bench/scaling.js` measures this section, and `scaling.json` has all figures.',
    ),
    ...(data.threads === undefined ? [] : threadParts(data.threads)),
    ...(data.hidden === undefined ? [] : hiddenParts(data.hidden)),
    ...(data.options === undefined ? [] : optionParts(data.options)),
    ...(data.text === undefined ? [] : textParts(data.text)),
    ...(data.distributed === undefined ? [] : distributedParts(data.distributed)),
    ...(scalingCharts(data).length === 0 ? [] : ['![time and memory, measured and computed](scaling.svg)']),
  ];
  return `${parts.join('\n\n')}\n`;
}

const measuredOn = ({ program, machine, date }) => paragraph(`Measured with ${program} on ${machine}, ${date}.`);

function threadParts({ batch, steps, rows, ...about }) {
  const rate = (stepMs) => (1000 * batch * steps) / stepMs;
  const one = (hidden) => median(rows.find((row) => row.hidden === hidden && row.threads === 1).measured);
  return [
    '### Threads',
    paragraph(
      `Threads share the ${batch} rows of a batch. So a step with n threads is simulated by a step of one thread with ${batch}/n rows, which leaves out that threads wait for each other and share caches. Efficiency is the speed divided by n times the speed of one thread.`,
    ),
    table(
      ['network', 'threads', 'a step, ms', 'simulated, ms', 'characters/s', 'efficiency'],
      rows.map(({ hidden, layers, threads, measured, simulated }) => {
        const ms = measured.length > 0 ? median(measured) : median(simulated);
        return [
          networkTold({ hidden, layers, batch, seq: steps }),
          threads,
          measured.length > 0 ? milliseconds(median(measured)) : '',
          milliseconds(median(simulated)),
          `${speed(rate(ms))}${measured.length > 0 ? '' : ' (simulated)'}`,
          percent(one(hidden) / (threads * ms)),
        ];
      }),
    ),
    measuredOn(about),
  ];
}

function hiddenParts({ rows, ...about }) {
  return [
    '### Hidden units',
    paragraph(
      'LSTM of two layers, batches of 50 × 50. Time by the formula: two operations for each multiply-add of the matrix products, at the peak of the cores, which is measured in alternation. The memory by the formula is the estimate that `rnn train --dry-run` prints. The measured memory is the peak of the resident memory of a run of ten update steps. The last column is computed from the speed.',
    ),
    table(
      [
        'hidden',
        'parameters',
        'a step, ms',
        'at the peak, ms',
        'of the peak',
        'characters/s',
        'memory, MB',
        'by the formula, MB',
        'days for 1 GB, one epoch',
      ],
      rows.map((row) => {
        const { parameters, stepMs, peakMs } = stepOf(row);
        const rate = 2_500_000 / stepMs;
        return [
          row.hidden,
          parameters.toLocaleString('en'),
          milliseconds(stepMs),
          milliseconds(peakMs),
          percent(peakMs / stepMs),
          speed(rate),
          megabytes(row.peakBytes),
          megabytes(row.estimatedBytes),
          (GIGABYTE / rate / SECONDS_A_DAY).toPrecision(2),
        ];
      }),
    ),
    measuredOn(about),
  ];
}

/** The median step of a row, and its time at the peak of the processor. */
function stepOf({ rounds }) {
  const of = (figure) => median(rounds.map(figure));
  const { parameters } = rounds[0];
  const stepMs = of((round) => round.stepMs);
  return { parameters, stepMs, peakMs: stepMs * of(({ partOfPeak }) => partOfPeak) };
}

function optionParts({ rows, hidden, layers, batch, steps, ...about }) {
  const [plain] = rows.map(({ charactersPerSecond }) => median(charactersPerSecond));
  return [
    '### Options that add work',
    paragraph(
      `${networkTold({ hidden, layers, batch, seq: steps })}, trained without dropout, and with each option. The last column is the time of a step with the option, compared with a step without it.`,
    ),
    table(
      ['option', 'characters/s', 'added time'],
      rows.map(({ options, charactersPerSecond }) => {
        const rate = median(charactersPerSecond);
        return [options === '' ? '(none)' : `\`${options}\``, speed(rate), percent(plain / rate - 1)];
      }),
    ),
    measuredOn(about),
  ];
}

function textParts({ rows, ...about }) {
  return [
    '### Length of the text',
    paragraph(
      'LSTM H128 L2 N50 T50. The time to open the text includes the start of the program, reading, encoding and compiling.',
    ),
    table(
      ['characters', 'opened after, s', 'characters/s', 'memory, MB', 'by the formula, MB'],
      rows.map(({ characters, openSeconds, charactersPerSecond, peakBytes, estimatedBytes }) => [
        characters.toLocaleString('en'),
        openSeconds.toFixed(1),
        speed(charactersPerSecond),
        megabytes(peakBytes),
        megabytes(estimatedBytes),
      ]),
    ),
    measuredOn(about),
  ];
}

function distributedParts({ batch, steps, rows, torch, cores, ...about }) {
  const characters = batch * steps;
  return [
    '### When to train on many machines',
    paragraph(
      `\`docs/train_distributed.py\` with PyTorch ${torch} and gloo on one machine, compared with \`rnn\` on all ${cores} cores. PyTorch has no module for an mLSTM, so \`rnn_model.py\` steps it in Python. The last columns are computed: the smallest number of such machines, each with ${batch} rows, at which PyTorch is faster than \`rnn\` on one machine. A step takes the time of one machine plus 8·P·(m − 1)/m bytes through the network, for P parameters and m machines (a ring of all-reduce in float32).`,
    ),
    table(
      [
        'network',
        'rnn',
        'one process',
        `${cores} processes`,
        'ratio',
        ...Object.keys(networks).map((name) => `machines, ${name}`),
      ],
      rows.map(({ cell, hidden, layers, parameters, rnn, processes }) => {
        const [ours, one, all] = [rnn, processes[1], processes[cores]].map((figures) => median(figures));
        const best = Math.max(one, all);
        return [
          networkTold({ cell, hidden, layers, batch, seq: steps }),
          speed(ours),
          speed(one),
          speed(all),
          (ours / best).toFixed(2),
          ...Object.values(networks).map((bandwidth) =>
            machinesToWin({ ours, best, parameters, characters, bandwidth }),
          ),
        ];
      }),
    ),
    paragraph(
      'So train on many machines if an epoch on one machine takes longer than you can wait, and you have at least this many machines. On one machine `rnn` is the faster program where the ratio is above 1.',
    ),
    measuredOn(about),
  ];
}

/**
 * The smallest number of machines with which the distributed program is faster than rnn on one.
 * @param ours, best characters per second of rnn, and of the distributed program on one machine
 */
export function machinesToWin({ ours, best, parameters, characters, bandwidth }) {
  for (let machines = 1; machines <= MAX_MACHINES; machines++) {
    const seconds = characters / best + (8 * parameters * (machines - 1)) / machines / bandwidth;
    if ((machines * characters) / seconds > ours) return machines;
  }
  return `more than ${MAX_MACHINES}`;
}

/** The charts of the parts that were measured. */
export function scalingCharts({ threads, hidden, text }) {
  const charts = [];
  if (hidden !== undefined) {
    const [{ hidden: smallest }] = hidden.rows;
    const at = ({ hidden: units }) => Math.log2(units / smallest);
    const axis = `hidden units, as doublings of ${smallest}`;
    const points = (figure) => hidden.rows.map((row) => [at(row), figure(row)]);
    charts.push(
      chart('Time of a step', 'ms', axis, [
        ['measured', points((row) => stepOf(row).stepMs)],
        ['computed', points((row) => stepOf(row).peakMs)],
      ]),
      chart('Memory', 'MB', axis, [
        ['measured', points(({ peakBytes }) => peakBytes / 1e6)],
        ['computed', points(({ estimatedBytes }) => estimatedBytes / 1e6)],
      ]),
    );
  }
  if (text !== undefined) {
    const [{ characters: shortest }] = text.rows;
    const points = (figure) => text.rows.map((row) => [Math.log10(row.characters / shortest), figure(row)]);
    charts.push(
      chart('Memory', 'MB', `${shortest.toLocaleString('en')} characters times a power of 10`, [
        ['measured', points(({ peakBytes }) => peakBytes / 1e6)],
        ['computed', points(({ estimatedBytes }) => estimatedBytes / 1e6)],
      ]),
    );
  }
  if (threads !== undefined) {
    const [{ hidden: units }] = threads.rows.slice(-1);
    const rows = threads.rows.filter((row) => row.hidden === units);
    const rate = (ms) => (threads.batch * threads.steps) / ms;
    charts.push(
      chart(`Speed with ${units} units`, '1,000 characters/s', 'threads', [
        [
          'measured',
          rows.filter(({ measured }) => measured.length > 0).map((row) => [row.threads, rate(median(row.measured))]),
        ],
        ['computed', rows.map((row) => [row.threads, rate(median(row.simulated))])],
      ]),
    );
  }
  return charts;
}

function chart(title, unit, horizontal, lines) {
  return {
    title,
    unit,
    horizontal,
    isLogarithmic: true,
    lines: lines.map(([name, points]) => ({ name, points })),
  };
}
