// How training speed depends on threads, batch, hidden units, time steps and the length of the
// text: `node bench/scaling.js [--write FILE]` after `npm run build`. Varies one size at a time
// around an LSTM of two layers of 128 units, batch 50, 50 time steps. Prints a Markdown table on
// stdout. About six minutes. Figures are medians of three rounds, each of all sizes in turn.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machineTold, programTold } from './comparison/machine.js';
import { speed, tableHead, tableRow } from './comparison/markdown.js';
import { jsonLines, root, run } from './comparison/processes.js';
import { median } from './comparison/statistics.js';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    write: { type: 'string' },
  },
});
const program = join(root, 'bin/rnn.js');
const page = [];

const varied = [
  ...[1, 2, 4, 8, 16].map((threads) => [`${threads} ${threads === 1 ? 'thread' : 'threads'}`, { threads }]),
  ...[1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map((batch) => [`batch ${batch}`, { 'batch-size': batch }]),
  ...[32, 64, 128, 256, 512, 1024, 2048].map((hidden) => [`hidden ${hidden}`, { hidden }]),
  ...[16, 32, 64, 128, 256, 512].map((steps) => [`${steps} steps`, { 'sequence-length': steps }]),
];
const texts = [1, 10, 100];

say('# How speed depends on sizes\n');
say(
  `${machineTold()}, ${programTold()}, Node ${process.version}. LSTM of two layers of 128 units, batch 50, 50 steps, ${availableParallelism()} threads, unless`,
);
say(`the first column names another value. Medians of ${flags.rounds}.\n`);
const measured = new Map(varied.map(([name]) => [name, []]));
for (let round = 0; round < Number(flags.rounds); round++) {
  for (const [name, sizes] of varied) measured.get(name).push(benched(sizes));
}
say(tableHead(['', 'characters/s', 'GFLOP/s', 'a step, ms', 'compiling, ms', 'memory, MB']));
for (const [name, results] of measured) {
  const of = (figure) => median(results.map(figure));
  say(
    tableRow([
      name,
      speed(of(({ training }) => training.charactersPerSecond)),
      of(({ training }) => training.gigaflops).toFixed(0),
      of(({ training }) => training.stepMs).toPrecision(3),
      of(({ compileMs }) => compileMs).toFixed(0),
      (of(({ memoryBytes }) => memoryBytes) / 1e6).toFixed(0),
    ]),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'rnn-scaling-'));
const characters = new Map(texts.map((megabytes) => [megabytes, []]));
for (const megabytes of texts) writeFileSync(fileOf(megabytes), made(megabytes * 1e6));
for (let round = 0; round < Number(flags.rounds); round++)
  for (const megabytes of texts) characters.get(megabytes).push(trained(megabytes));
rmSync(folder, { recursive: true });
say(`\nThe length of the text:\n\n${tableHead(['text, MB', 'characters/s'])}`);
for (const [megabytes, figures] of characters) say(tableRow([megabytes, speed(median(figures))]));
if (flags.write !== undefined) writeFileSync(flags.write, `${page.join('\n')}\n`);

function benched(sizes) {
  return jsonLines(
    run(process.execPath, [
      program,
      'bench',
      '--device',
      'cpu',
      '--json',
      '--seconds',
      flags.seconds,
      ...Object.entries(sizes).flatMap(([name, value]) => [`--${name}`, value]),
    ]),
  )[0];
}

function trained(megabytes) {
  const sizes = ['--hidden', 128, '--layers', 2, '--batch-size', 50, '--sequence-length', 50];
  const rest = [
    '--json',
    '--force',
    '--out',
    join(folder, 'run'),
    '--max-time',
    '6s',
    '--max-steps',
    1e9,
    '--evaluate-every',
    0,
    '--sample-every',
    0,
    '--validation-fraction',
    0,
  ];
  const events = jsonLines(run(process.execPath, [program, 'train', fileOf(megabytes), ...sizes, ...rest]));
  return median(
    events
      .filter(({ event }) => event === 'report')
      .slice(1)
      .map(({ charactersPerSecond }) => charactersPerSecond),
  );
}

function fileOf(megabytes) {
  return join(folder, `${megabytes}.txt`);
}

/** Text of 60 characters, in an order that does not matter here. */
function made(length) {
  const bytes = Buffer.alloc(length);
  let seed = 1;
  for (let i = 0; i < length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    bytes[i] = 40 + ((seed >>> 16) % 60);
  }
  return bytes;
}

function say(text) {
  page.push(text);
  console.log(text);
}
