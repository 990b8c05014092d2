// The section on speed, from the raw data of bench/speed.json. Pure.
import { networkTold, paragraph, ratio, roundsTold, speed, stepsTold, table } from './markdown.js';
import { NOISE, mediansOf, noisyRounds, pairedRatio } from './statistics.js';

/** @param data the result of bench/compare.js */
export function speedSection(data) {
  const parts = [
    '## Speed',
    paragraph(
      `Whole programs, measured in turn on one machine, in ${data.asked === 1 ? 'one round' : `${data.asked} rounds`}${data.repeats > 0 ? ' or more' : ''}. Figures are medians in characters per second. A ratio is the median of the ratios, ours to theirs, within each round, where all programs ran under the same load. A round with a figure more than ${100 * NOISE} % off its median is noisy. ${data.repeats > 0 ? `It is followed by one more round, up to ${data.repeats} in all, and every round counts. ` : ''}All rounds are in \`${data.rawData}\`.`,
    ),
    table(
      ['property', 'value'],
      [
        ['date', data.date],
        ['machine', data.machine],
        ['rnn', `${data.program}, Node ${data.node}, device ${data.device}`],
        ['kernels, by `rnn doctor`', data.kernels],
        ...data.peers.map(({ name, about }) => [name, about]),
        ['text', data.text],
        ['command', `\`${data.command}\``],
        ['minutes', data.minutes],
      ],
    ),
    ...(data.passes ?? []).map((pass) => `    ${pass.trim().replaceAll('\n', '\n    ')}`),
    ...(data.train === undefined ? [] : trainingParts(data)),
    ...(data.sample === undefined ? [] : samplingParts(data)),
    ...(data.javascript === undefined ? [] : javascriptParts(data)),
    ...(data.start === undefined ? [] : startParts(data)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function trainingParts(data) {
  return [
    '### Training',
    table(
      ['network', 'rnn', 'compared with', 'its speed', 'its threads', 'ratio', 'rounds'],
      data.train.flatMap(rowsOf),
    ),
    paragraph(
      "H counts units per layer, L layers, N batch rows, T time steps, and E is the width of a learned embedding. All programs train the same network with Adam and clipping by the global norm. For PyTorch, the threads are torch's × its BLAS's. They are the fastest numbers that were tried for each row.",
    ),
    paragraph(
      'Two things differ. nn.LSTM, nn.GRU and nn.RNN read vectors, so without an embedding PyTorch multiplies one-hot vectors, while rnn and the JAX program look up rows of the weights. With an embedding, as a user of PyTorch would write it, all programs multiply. PyTorch also adds two biases, and the other programs one.',
    ),
    Object.entries(data.devices)
      .map(([name, line]) => `- ${name} trains on ${line}`)
      .join('\n'),
  ];
}

function samplingParts({ sample, count }) {
  return [
    '### Sampling',
    paragraph(
      'One text, one character after the other. Start-up does not count. JAX compiles a loop of 100 characters with `lax.scan`, so Python runs once for all of them.',
    ),
    table(['network', 'rnn', 'compared with', 'its speed', 'its threads', 'ratio', 'rounds'], sample.flatMap(rowsOf)),
    ...(count === undefined
      ? []
      : [
          table(
            ['network', '`--count 1`', 'compared with', 'all its texts', 'ratio', 'rounds'],
            rowsOf(count).map(withoutThreads),
          ),
        ]),
  ];
}

function javascriptParts({ javascript }) {
  const rows = rowsOf(javascript).map((row, index) => [
    ...withoutThreads(row),
    stepsTold(javascript.sides[index + 1].steps ?? []),
  ]);
  return [
    '### Training compared with other JavaScript',
    table(['network', 'rnn', 'compared with', 'its speed', 'ratio', 'rounds', 'its steps a round'], rows),
    paragraph(
      'TensorFlow.js runs without threads in Node, and through tf.layers. Its wasm backend was about 10 % faster with cells written by hand. A step of its cpu backend takes seconds, so only the steps in the last column are measured. brain.js does not have batches: its step is one string of 50 characters.',
    ),
  ];
}

function startParts({ start }) {
  return [
    '### Start-up',
    table(
      ['command', 'milliseconds'],
      start.map(({ command, network, milliseconds }) => [
        `\`${command}\`${network === undefined ? '' : `, ${networkTold(network)}`}`,
        milliseconds.toFixed(0),
      ]),
    ),
  ];
}

/** A row of `rowsOf` for a table without the column of threads. */
function withoutThreads([network, ours, name, theirs, , times, rounds]) {
  return [network, ours, name, theirs, times, rounds];
}

/** A row for each side but the first, which is rnn. */
function rowsOf({ network, sides, asked, rounds }) {
  const medians = mediansOf(rounds);
  const told = roundsTold({ rounds, repeated: rounds.length - asked, noisy: noisyRounds(rounds) });
  return sides
    .slice(1)
    .map(({ name, threads = '', problem }, index) => [
      networkTold(network),
      speed(medians[0]),
      name,
      problem ?? speed(medians[index + 1]),
      threads,
      ratio(pairedRatio(rounds, 0, index + 1)),
      problem ? '' : told,
    ]);
}
