// `rnn gradients`: how far back the loss of networks reaches, side by side. What is measured is insight/'s.
import type { Command } from 'commander';
import type { Corpus, Tokens } from '../../corpus/read.ts';
import { RnnError } from '../../errors.ts';
import type { Device } from '../../devices/device.ts';
import type { Flow } from '../../insight/gradient-flow.ts';
import type { BareModel } from '../../insight/reading.ts';
import type { Context } from '../context.ts';
import { blasFlag, chosenDevice, deviceFlag, listDevices, refuseBlasWithout } from '../devices.ts';
import { commonFlags, listFlag, numberFlag, switchFlag, textFlag } from '../flags.ts';
import { harmless } from '../format.ts';
import { readKnownText } from '../known-text.ts';
import { lookOf } from '../text-look.ts';
import { untrainedOptions } from '../untrained.ts';
import { refuseUnwritable, writeOut } from '../written.ts';

interface GradientsFlags {
  readonly checkpoint?: readonly string[];
  readonly untrained?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly steps?: number;
  readonly positions?: number;
  readonly jacobians?: number;
  readonly device?: string;
  readonly threads?: number;
  readonly blas?: string;
  readonly html?: string;
  readonly svg?: string;
  readonly json?: boolean;
}

const defaults = { steps: 200, positions: 8, jacobians: 5 } as const;
/** Of the chart in a terminal. */
const rows = 14;
const positive = { whole: true, least: 1 };

/** A network, and the text in its own symbols. */
interface Subject {
  readonly name: string;
  readonly network: BareModel;
  readonly tokens: Tokens;
}

/** What is found about one. */
interface Found {
  readonly name: string;
  readonly network: BareModel;
  readonly flows: readonly Flow[];
  /** By layer. */
  readonly singularValues: readonly (readonly number[])[];
}

export function defineGradients(command: Command, context: Context): void {
  command
    .description('Tells how far back the loss reaches: the norm of its gradient at a step t with respect to what each layer held k steps before, and how much one step can stretch a gradient.')
    .argument('<corpus...>', 'a text to read: files, folders, globs, or - for standard input');
  const groups = {
    'The networks, side by side:': [
      listFlag('--checkpoint <path>', 'a run folder or a file; the newest run unless given; repeatable'),
      listFlag('--untrained <cell>', 'one as training would start with it, with its options: lstm,hidden=64,forget-bias=5; repeatable'),
    ],
    'What is measured:': [
      numberFlag('--steps <k>', `how many steps back (default: ${defaults.steps})`, { ...positive, most: 10_000 }),
      numberFlag('--positions <n>', `places in the text, of which the mean is told (default: ${defaults.positions})`, { ...positive, most: 1024 }),
      numberFlag('--jacobians <n>', `steps whose largest singular value is found; 0 none (default: ${defaults.jacobians})`, { whole: true, least: 0 }),
      listFlag('--include <glob>', 'of a folder, only these files'),
      listFlag('--exclude <glob>', 'of a folder, not these files'),
    ],
    'The machine:': [deviceFlag('where to compute; listed below (default: auto)'), numberFlag('--threads <n>', 'of the cpu; all cores unless given', positive), blasFlag()],
    'Output:': [
      textFlag('--html <file>', 'a page to zoom and read in, without a network; - is stdout'),
      textFlag('--svg <file>', 'a picture for papers and pages; - is stdout'),
      switchFlag('--json', 'one JSON object per network'),
      ...commonFlags(),
    ],
  };
  for (const [heading, flags] of Object.entries(groups)) {
    for (const flag of flags) command.addOption(flag.helpGroup(heading));
  }
  listDevices(command);
  command.action((sources: string[], flags: GradientsFlags) => gradients(sources, flags, context));
}

async function gradients(sources: readonly string[], flags: GradientsFlags, context: Context): Promise<void> {
  const { io, rooms, stdout } = context;
  const choice = chosenDevice(flags.device, io);
  refuseBlasWithout(flags.blas, [choice.name]);
  await refuseUnwritable(flags.html, flags.svg);
  const subjects = await subjectsOf(sources, flags, context);
  const { steps, positions, jacobians } = { ...defaults, ...flags };
  const { gradientFlow, largestSingularValues } = await rooms.gradients();
  const device = await openFor(subjects, choice.name, flags, context);
  const found: Found[] = [];
  try {
    for (const { name, network, tokens } of subjects) {
      const flows = await gradientFlow(network, tokens, device, { steps, positions });
      const singularValues = jacobians === 0 ? [] : await largestSingularValues(network, tokens, device, jacobians);
      found.push({ name, network, flows, singularValues });
      if (flags.json) await stdout.write(`${JSON.stringify(lineOf(found.at(-1)!))}\n`);
    }
  } finally {
    await device.close();
  }
  await show(found, sources, flags, context);
}

async function show(found: readonly Found[], sources: readonly string[], { html, svg, json }: GradientsFlags, context: Context): Promise<void> {
  const { rooms, stdout } = context;
  const { gradientCharts, gradientsPage, dashboard, svgOf } = await rooms.gradientPictures();
  if (html !== undefined) await writeOut(html, gradientsPage(found, sources.join(' ')), context);
  if (svg !== undefined) await writeOut(svg, await svgOf(gradientCharts(found), 'How far back the loss reaches'), context);
  if (json || html !== undefined || svg !== undefined) return;
  const [flow] = gradientCharts(found);
  await stdout.write(`${[...dashboard([flow], lookOf(stdout, rows)), '', ...table(found, context)].join('\n')}\n`);
}

/** The trained ones first. @throws RnnError `usage` if the text would have to be read twice and cannot */
async function subjectsOf(sources: readonly string[], flags: GradientsFlags, context: Context): Promise<Subject[]> {
  const { io, rooms } = context;
  const { untrained = [], include = [], exclude = [] } = flags;
  const asked = untrained.map((text) => ({ text, given: untrainedOptions(text) }));
  const given = flags.checkpoint ?? (untrained.length > 0 ? [] : [undefined]);
  if (sources.includes('-') && given.length > 1) {
    throw new RnnError('usage', 'standard input (-) can be read only once, and each checkpoint reads the text with its own vocabulary', { hint: 'put the text into a file' });
  }
  const { findCheckpoint, readCheckpoint } = await rooms.checkpoints();
  const subjects: Subject[] = [];
  let corpus: Corpus | null = null;
  for (const checkpoint of given) {
    const path = await findCheckpoint(checkpoint, 'use');
    const trained = await readCheckpoint(path, { weightsOnly: true });
    const read = await readKnownText(sources, 'all', flags, path, trained, context);
    corpus ??= read;
    subjects.push({ name: path, network: trained, tokens: read.train });
  }
  if (asked.length === 0) return subjects;
  const { untrainedModel } = await rooms.untrained();
  const text = corpus ?? (await (await rooms.corpus()).readCorpus({ sources, include, exclude, unit: 'char', minCount: 1, validationFraction: 0, validationFile: null, ...(sources.includes('-') ? { stdin: io.stdin } : {}) }));
  return [...subjects, ...asked.map((each) => ({ name: `untrained ${each.text}`, network: untrainedModel(each.given, text), tokens: text.train }))];
}

/** A step waits for the one before, as in sampling. */
async function openFor(subjects: readonly Subject[], name: string, flags: GradientsFlags, { rooms }: Context): Promise<Device> {
  const { threads, blas, steps, positions, jacobians } = { ...defaults, ...flags };
  const multiplyAdds = subjects.reduce((sum, { network: { model, tensors } }) => {
    const weights = tensors.reduce((all, { data }) => all + data.length, 0);
    return sum + 3 * weights * (positions * steps + jacobians * model.layers * model.hidden);
  }, 0);
  const { openDevice } = await rooms.devices();
  return openDevice(name, { work: { kind: 'sampling', multiplyAdds }, ...(threads === undefined ? {} : { threads }), ...(blas === undefined ? {} : { blas }) });
}

function lineOf({ name, network, flows, singularValues }: Found): object {
  const { cell, layers, hidden } = network.model;
  return {
    event: 'gradients', name, model: { cell, layers, hidden },
    flows: flows.map(({ layer, state, logNorms, perStep }) => ({ layer, state, perStep, logNorms: logNorms.map((value) => (Number.isFinite(value) ? value : null)) })),
    singularValues,
  };
}

/** The steps of the table. */
const shown = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

function table(found: readonly Found[], { stdout }: Context): string[] {
  const { dim, bold } = stdout.colour;
  const K = found[0].flows[0].logNorms.length - 1;
  const columns = shown.filter((k) => k <= K);
  const width = 8;
  const isStretchShown = found.some(({ singularValues }) => singularValues.length > 0);
  const head = `${''.padEnd(12)}${columns.map((k) => (k === 0 ? 'k = 0' : String(k)).padStart(width)).join('')}${'per step'.padStart(width + 2)}${isStretchShown ? '  σ max' : ''}`;
  const legend = [
    'The norm of the gradient of the loss at a step with respect to what was held k steps before it, and what it is multiplied by per step.',
    ...(isStretchShown ? ['σ max: the largest singular value of the Jacobian of one step of a layer: what it can multiply a gradient by.'] : []),
  ];
  return [...legend.map((line) => dim(line)), ...found.flatMap(({ name, network, flows, singularValues }) => [
    '',
    `${bold(harmless(name))}${dim(`  ${network.model.cell} ${network.model.layers}×${network.model.hidden}`)}`,
    dim(head),
    ...flows.map(({ layer, state, logNorms, perStep }, row) => {
      const values = columns.map((k) => powerOfTen(logNorms[k]).padStart(width)).join('');
      const stretch = flows[row - 1]?.layer === layer || singularValues.length === 0 ? '' : median(singularValues[layer]).toFixed(2).padStart(7);
      return `${`layer ${layer}  ${state}`.padEnd(12)}${values}${(perStep === null ? '–' : `×${perStep.toFixed(3)}`).padStart(width + 2)}${stretch}`;
    }),
  ])];
}

/** 3e-5, of a natural logarithm that may be beyond all numbers. */
function powerOfTen(logarithm: number): string {
  if (!Number.isFinite(logarithm)) return '0';
  const exponent = Math.floor(logarithm / Math.LN10);
  const digit = Math.round(Math.exp(logarithm - exponent * Math.LN10));
  return digit === 10 ? `1e${exponent + 1}` : `${digit}e${exponent}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
