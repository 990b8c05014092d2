// `rnn gradients`: how far back the loss of networks reaches, side by side. What is measured is insight/'s.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { Corpus, Tokens } from '../../corpus/read.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { RnnError } from '../../errors.ts';
import type { Device } from '../../devices/device.ts';
import type { BareModel } from '../../evaluation/evaluate.ts';
import type { Context } from '../context.ts';
import { blasFlag, chosenDevice, deviceFlag, listDevices, ofMachine, refuseBlasWithout, threadsFlag } from '../devices.ts';
import { addExamples, addGroups, commonFlags, listFlag, numberFlag, skipInvalidFlag, switchFlag, textFlag } from '../flags.ts';
import { type GradientsOf, gradientsTable } from '../gradients-table.ts';
import { readKnownText } from '../known-text.ts';
import { logOf, namesOf } from '../runs-given.ts';
import { lookOf } from '../text-look.ts';
import { untrainedOptions } from '../untrained.ts';
import { OutputFiles, forceFlag, refuseMixed } from '../written.ts';

interface GradientsFlags {
  readonly checkpoint?: readonly string[];
  readonly untrained?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly encoding?: string;
  readonly skipInvalid?: boolean;
  readonly steps?: number;
  readonly positions?: number;
  readonly jacobians?: number;
  readonly device?: string;
  readonly threads?: number;
  readonly blas?: string;
  readonly html?: string;
  readonly svg?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const defaults = { steps: 200, positions: 4, jacobians: 3 } as const;
/** Of the chart in a terminal. */
const rows = 14;
const positive = { whole: true, min: 1 };

/** A network, and the text in its own symbols. */
interface Subject {
  readonly name: string;
  readonly checkpoint: string | null;
  readonly network: BareModel;
  readonly tokens: Tokens;
}

export function defineGradients(command: Command, context: Context): void {
  command
    .description(
      'Tells how far back the loss reaches: the norm of its gradient at a step t with respect to what each layer held k steps before, and how much one step can stretch a gradient.',
    )
    .argument('<corpus...>', 'the text: files, folders, globs, or - for standard input');
  const groups = {
    'The networks, side by side:': [
      listFlag('--checkpoint <path>', 'a run or a file, repeatable; the newest run unless given'),
      listFlag('--untrained <cell>', 'as training starts, repeatable: lstm,hidden=64'),
    ],
    'What is measured:': [
      numberFlag('--steps <k>', `time steps back; twice the window is enough (default: ${defaults.steps})`, { ...positive, max: 10_000 }),
      numberFlag('--positions <n>', `places in the text; more are steadier (default: ${defaults.positions})`, {
        ...positive,
        max: 1024,
      }),
      numberFlag('--jacobians <n>', `steps whose σ max is found; 0 none (default: ${defaults.jacobians})`, {
        whole: true,
        min: 0,
        max: 1000,
      }),
      listFlag('--include <glob>', 'of a folder, only these files'),
      listFlag('--exclude <glob>', 'of a folder, not these files'),
      textFlag('--encoding <name>', 'of the files, such as windows-1252; as in training'),
      skipInvalidFlag(),
    ],
    'The machine:': [deviceFlag('where to compute; listed below (default: auto)'), threadsFlag(), blasFlag()],
    'Output:': [
      textFlag('--html <file>', 'a page to zoom and read in; - is stdout'),
      textFlag('--svg <file>', 'a picture for papers and pages; - is stdout'),
      forceFlag(),
      switchFlag('--json', 'one JSON object per network'),
      ...commonFlags(),
    ],
  };
  addGroups(command, groups);
  listDevices(command);
  addExamples(command, [
    ['rnn gradients book.txt', 'how far back the newest run learns'],
    ['rnn gradients book.txt --untrained lstm --untrained rnn', 'two cells side by side'],
    ['rnn gradients book.txt --svg gradients.svg', 'as a picture'],
  ]);
  command.action((sources: string[], flags: GradientsFlags) => gradients(sources, flags, context));
}

async function gradients(sources: readonly string[], flags: GradientsFlags, context: Context): Promise<void> {
  const { io, rooms, stdout, waiting } = context;
  refuseMixed({ '--html': flags.html, '--svg': flags.svg, '--json': flags.json });
  const choice = chosenDevice(flags.device, io);
  refuseBlasWithout(flags.blas, [choice.name]);
  const checkpoints = checkpointsOf(flags);
  const files = new OutputFiles({ '--html': flags.html, '--svg': flags.svg }, { ...flags, texts: sources, checkpoints }, context);
  await files.refuseUnfit();
  const subjects = await subjectsOf(sources, flags, context);
  const { steps, positions, jacobians } = { ...defaults, ...flags };
  const { gradientFlow, largestSingularValues } = await rooms.gradients();
  const device = await openFor(subjects, choice.name, flags, context);
  const found: GradientsOf[] = [];
  try {
    for (const { name, checkpoint, network, tokens } of subjects) {
      waiting.begin('walking back in time');
      const flows = await gradientFlow(network, tokens, { steps, positions });
      const singularValues = await largestSingularValues(network, tokens, device, jacobians);
      found.push({ name, model: network.model, flows, singularValues });
      if (flags.json) await stdout.write(`${JSON.stringify(lineOf(found.at(-1)!, checkpoint))}\n`);
    }
  } finally {
    await device.close();
  }
  await show(found, sources, flags, files, context);
}

async function show(
  found: readonly GradientsOf[],
  sources: readonly string[],
  { html, svg, json }: GradientsFlags,
  files: OutputFiles,
  { rooms, stdout }: Context,
): Promise<void> {
  const { gradientCharts, gradientsPage, dashboard, svgOf } = await rooms.gradientPictures();
  if (html !== undefined) await files.write('--html', gradientsPage(found, sources.join(' ')));
  if (svg !== undefined) await files.write('--svg', svgOf(gradientCharts(found), 'How far back the loss reaches'));
  if (json || html !== undefined || svg !== undefined) return;
  const [flow] = gradientCharts(found);
  await stdout.write(`${[...dashboard([flow], lookOf(stdout, rows)), '', ...gradientsTable(found, stdout)].join('\n')}\n`);
}

/** Those that are named; the newest run, as undefined, unless there are other networks to show. */
const checkpointsOf = ({ checkpoint, untrained = [] }: GradientsFlags): readonly (string | undefined)[] =>
  checkpoint ?? (untrained.length > 0 ? [] : [undefined]);

/** The trained ones first. @throws RnnError `usage` if the text would have to be read twice and cannot */
async function subjectsOf(sources: readonly string[], flags: GradientsFlags, context: Context): Promise<Subject[]> {
  const { io, rooms, waiting } = context;
  const { untrained = [], include = [], exclude = [], skipInvalid = false } = flags;
  const asked = untrained.map((text) => ({ text, given: untrainedOptions(text) }));
  const given = checkpointsOf(flags);
  const isPiped = sources.some(isStandardInput);
  if (isPiped && given.length > 1) {
    throw new RnnError('usage', 'standard input (-) can be read only once, and each checkpoint reads the text with its own vocabulary', {
      hint: 'put the text into a file',
    });
  }
  const { findCheckpoint, readCheckpoint } = await rooms.checkpoints();
  const subjects: Subject[] = [];
  let corpus: Corpus | null = null;
  const paths: string[] = [];
  for (const checkpoint of given) paths.push(await findCheckpoint(checkpoint));
  const names = namesOf(paths.map((path) => (existsSync(logOf(dirname(path))) ? dirname(path) : path)));
  for (const [index, path] of paths.entries()) {
    const trained = await readCheckpoint(path, { weightsOnly: true });
    const read = await readKnownText(sources, { path, trained }, flags, context);
    corpus ??= read;
    subjects.push({ name: names[index], checkpoint: path, network: trained, tokens: read.train });
  }
  if (asked.length === 0) return subjects;
  const { untrainedModel } = await rooms.untrained();
  const { readCorpus } = await rooms.corpus();
  const { encoding = (await rooms.reading()).UTF8 } = flags;
  const isWhole = { validationFraction: 0, validationFile: null, testFraction: 0, testFile: null };
  const readAsNewRun = { unit: 'char', keepLineEnds: false, skipInvalid, minCount: 1, ...isWhole } as const;
  const stdin = isPiped ? { stdin: io.stdin } : {};
  const text = corpus ?? (await readCorpus({ ...readAsNewRun, sources, include, exclude, encoding, onActivity: waiting.listen, ...stdin }));
  return [
    ...subjects,
    ...asked.map((each) => ({
      name: `untrained ${each.text}`,
      checkpoint: null,
      network: untrainedModel(each.given, text),
      tokens: text.train,
    })),
  ];
}

/** For the Jacobians: gradients through time are walked in float64. */
async function openFor(subjects: readonly Subject[], name: string, flags: GradientsFlags, { rooms }: Context): Promise<Device> {
  const { jacobians } = { ...defaults, ...flags };
  const multiplyAdds = subjects.reduce((sum, { network: { model, tensors } }) => {
    const weights = tensors.reduce((all, { data }) => all + data.length, 0);
    return sum + 2 * weights * jacobians * model.layers * model.hidden;
  }, 0);
  const { openDevice } = await rooms.devices();
  return openDevice(name, { work: { kind: 'sampling', multiplyAdds }, ...ofMachine(flags) });
}

/** Null is for a gradient of which nothing arrives. */
function lineOf({ name, model: { cell, layers, hidden }, flows, singularValues }: GradientsOf, checkpoint: string | null): object {
  const told = flows.map(({ layer, state, logNorms, perStep }) => ({
    layer,
    state,
    perStep,
    logNorms: logNorms.map((value) => (Number.isFinite(value) ? value : null)),
  }));
  return { event: 'gradients', name, checkpoint, model: { cell, layers, hidden }, flows: told, singularValues };
}
