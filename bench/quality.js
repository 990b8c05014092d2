// How good presets are: `node bench/quality.js TEXT [NAME | NAME=FOLDER]…` after `npm run build`,
// with tinyshakespeare for TEXT. Trains each preset that you name (or takes a finished run from its
// folder) and keeps the results in bench/quality.json, which has all presets. Writes the end of
// bench/RESULTS.md: commands, losses, curves and samples. A `note` that you write in the JSON file,
// on the circumstances of a run, is shown too. `quick` takes 3 minutes, `good` 30, `best` 75.
// Nothing else should run meanwhile.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { presets } from '../dist/options/presets.js';
import { withQuality } from './comparison/page.js';
import { machineTold, programTold } from './comparison/machine.js';
import { tableHead, tableRow } from './comparison/markdown.js';
import { jsonLines, root, run } from './comparison/processes.js';
import { linePlot } from './plot.js';

const [text, ...named] = process.argv.slice(2);
const program = join(root, 'bin/rnn.js');
const store = join(root, 'bench/quality.json');
const results = existsSync(store) ? JSON.parse(readFileSync(store, 'utf8')) : {};
for (const each of named.length > 0 ? named : ['quick', 'good']) {
  const [, preset, folder] = /^([^=]*)=?(.*)$/.exec(each);
  results[preset] = resultOf(folder || trained(preset));
}
const runs = Object.keys(presets).flatMap((preset) => (preset in results ? [{ preset, ...results[preset] }] : []));
writeFileSync(store, `${JSON.stringify(results)}\n`);

const section = [
  '## Quality\n',
  `Losses on the last tenth of ${basename(text)}, in nats per character: up to 16 contiguous chunks, every character scored once. The`,
  `validation part is used only to choose the best checkpoint. Measured on ${[...new Set(runs.map(({ machine }) => machine))].join(' and ')}.\n`,
  tableHead([
    'command',
    'validation loss',
    'training loss',
    'parameters',
    'steps',
    'epochs',
    'minutes',
    'characters/s',
    'by',
  ]),
  ...runs.map(({ preset, best, training, parameters, steps, epochs, minutes, speed, program: by }) =>
    tableRow([
      `\`rnn train ${basename(text)} --preset ${preset} --device cpu\``,
      `**${best.toFixed(4)}**`,
      training.toFixed(3),
      parameters.toLocaleString('en'),
      steps.toLocaleString('en'),
      epochs.toFixed(1),
      minutes.toFixed(1),
      speed.toLocaleString('en'),
      by,
    ]),
  ),
  '\nTraining losses are measured with dropout. Minutes are from the first step to the end, with evaluations and saving. Reading the text and compiling take a few seconds more.\n',
  ...runs.flatMap(({ preset, note }) => (note === undefined ? [] : [`\`${preset}\`: ${note}\n`])),
  '![validation loss by time](quality.svg)',
  ...runs.map(
    ({ preset, sample }) =>
      `\n\`--preset ${preset}\`, \`rnn sample --temp 0.8 --length 500 --seed 1\`:\n\n\`\`\`\n${sample.trim()}\n\`\`\``,
  ),
].join('\n');

const page = join(root, 'bench/RESULTS.md');
writeFileSync(page, withQuality(readFileSync(page, 'utf8'), section));
writeFileSync(
  join(root, 'bench/quality.svg'),
  await linePlot(
    runs.map(({ preset, curve }) => ({ name: preset, points: curve })),
    { x: 'minutes of training', y: 'validation loss, nats per character' },
  ),
);

function trained(preset) {
  const folder = join(mkdtempSync(join(tmpdir(), 'rnn-quality-')), preset);
  const { status } = spawnSync(
    process.execPath,
    [program, 'train', text, '--preset', preset, '--device', 'cpu', '--out', folder, '--json'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0) throw new Error(`rnn train --preset ${preset} ended with ${status}`);
  return folder;
}

function resultOf(folder) {
  const events = jsonLines(readFileSync(join(folder, 'log.jsonl'), 'utf8'));
  const of = (kind) => events.filter(({ event }) => event === kind);
  const [start, end, reports] = [of('start')[0], of('end').at(-1), of('report')];
  const elapsedAt = new Map(reports.map(({ step, elapsedMs }) => [step, elapsedMs]));
  const last = reports.slice(-20);
  return {
    best: end.bestValidationLossNats,
    training: last.reduce((sum, { lossNats }) => sum + lossNats, 0) / last.length,
    parameters: start.parameters,
    steps: end.step,
    epochs: reports.at(-1).epoch,
    minutes: end.elapsedMs / 60_000,
    speed:
      Math.round(
        reports.map(({ charactersPerSecond }) => charactersPerSecond).toSorted((a, b) => a - b)[
          Math.floor(reports.length / 2)
        ] / 100,
      ) * 100,
    machine: machineTold(),
    program: programTold(),
    // An evaluation is logged before the report of its step, or right after it.
    curve: of('evaluation').map(({ step, validationLossNats }) => [
      round(nearest(elapsedAt, step) / 60_000),
      round(validationLossNats),
    ]),
    sample: run(process.execPath, [
      program,
      'sample',
      '--checkpoint',
      folder,
      '--temp',
      '0.8',
      '--length',
      '500',
      '--seed',
      '1',
    ]),
  };
}

function round(value) {
  return Number(value.toFixed(4));
}

function nearest(elapsedAt, step) {
  const [, elapsed] = [...elapsedAt].reduce((best, each) =>
    Math.abs(each[0] - step) < Math.abs(best[0] - step) ? each : best,
  );
  return elapsed;
}
