// Curves of runs as an SVG: `node bench/curves.js --of validation|training|norm --write FILE RUN…`,
// each RUN a run folder, or NAME=FOLDER. Training losses and norms are medians of several steps, so
// that a curve is a line.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from './comparison/statistics.js';
import { linePlot } from './plot.js';

const { values: flags, positionals } = parseArgs({
  options: { of: { type: 'string', default: 'validation' }, write: { type: 'string' }, most: { type: 'string' } },
  allowPositionals: true,
});
const POINTS = 120;
const curves = {
  validation: {
    y: 'validation loss, nats per character',
    points: (events) =>
      events
        .filter(({ event }) => event === 'evaluation')
        .map(({ step, validationLossNats }) => [step, validationLossNats]),
  },
  training: {
    y: 'training loss, nats per character',
    points: (events) => thinned(reports(events).map(({ step, lossNats }) => [step, lossNats])),
  },
  norm: {
    y: 'gradient norm',
    points: (events) => reports(events).map(({ step, gradientNorm }) => [step, gradientNorm]),
  },
};

const { y, points } = curves[flags.of];
const lines = positionals.map((named) => {
  // Folders of a sweep have these signs in their names.
  const [, name, folder] = existsSync(named) ? [null, basename(named), named] : /^([^=]*)=(.*)$/.exec(named);
  const events = readFileSync(join(folder, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  // Compare runs with different batch sizes by the characters that they have read.
  const { batchSize, sequenceLength } = events.find(({ event }) => event === 'start').options;
  const most = Number(flags.most ?? Infinity);
  return {
    name,
    points: points(events).map(([step, value]) => [(step * batchSize * sequenceLength) / 1e6, Math.min(value, most)]),
  };
});
const plot = await linePlot(lines, { x: 'million characters read', y });
if (flags.write) writeFileSync(flags.write, plot);
else process.stdout.write(plot);

function reports(events) {
  return events.filter(({ event }) => event === 'report');
}

function thinned(all) {
  const size = Math.ceil(all.length / POINTS);
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => {
    const some = all.slice(i * size, (i + 1) * size);
    return [some.at(-1)[0], median(some.map(([, value]) => value))];
  });
}
