// `rnn gradients`: how far back the loss of networks reaches, side by side. What is measured is
// insight/'s.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Corpus, Tokens } from '../../corpus/read.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { RnnError } from '../../errors.ts';
import type { Gradients } from '../../api/model-results.ts';
import type { BareModel } from '../../evaluation/evaluate.ts';
import type { Context } from '../context.ts';
import { machineFrom } from '../devices.ts';
import { gradientsOptions } from '../../options/commands.ts';
import type { FlagsOf } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { gradientsTable } from '../results/gradients-table.ts';
import { readKnownText } from '../input/known-text.ts';
import { logOf } from '../../runs/log-file.ts';
import { namesOf } from '../runs-given.ts';
import { untrainedOptions } from '../untrained.ts';
import { OutputFiles } from '../output/output-files.ts';

type GradientsFlags = FlagsOf<typeof gradientsOptions>;

/** Of the chart in a terminal. */
const rows = 14;

/** A network, and the text in its own symbols. */
interface Subject {
  readonly name: string;
  readonly checkpoint: string | null;
  readonly network: BareModel;
  readonly tokens: Tokens;
}

export const { define } = defineCommand({
  description:
    'Tells how far back the loss reaches: the norm of its gradient at a step t with respect to what each layer held k steps before, and how much one step can stretch a gradient.',
  argument: 'the text: files, folders, globs, or - for standard input',
  options: gradientsOptions,
  examples: [
    ['rnn gradients book.txt', 'how far back the newest run learns'],
    ['rnn gradients book.txt --untrained lstm --untrained rnn', 'two cells side by side'],
    ['rnn gradients book.txt --svg gradients.svg', 'as a picture'],
  ],
  run: gradients,
});

async function gradients(sources: readonly string[], flags: GradientsFlags, context: Context): Promise<void> {
  const { stdout, waiting } = context;
  const { html, svg, json } = flags;
  const { machine } = machineFrom(flags, context);
  const reads = { ...flags, texts: sources, checkpoints: checkpointsOf(flags) };
  const files = await OutputFiles.open({ '--html': html, '--svg': svg, '--json': json }, reads, context);
  const subjects = await subjectsOf(sources, flags, context);
  const { gradientsThrough, withDevice, workOfGradients } = await import('../../api/trained.ts');
  const networks = subjects.map(({ network }) => network);
  const found: Gradients[] = [];
  await withDevice(machine, workOfGradients(networks, flags.jacobians), async (device) => {
    for (const { name, checkpoint, network, tokens } of subjects) {
      waiting?.begin('walking back in time');
      found.push({ name, ...(await gradientsThrough(network, tokens, device, flags)) });
      if (json) await stdout.writeJson(lineOf(found.at(-1)!, checkpoint));
    }
  });
  const { gradientCharts, gradientsPage } = await import('../../reports/gradients.ts');
  const { dashboard } = await import('../../reports/terminal.ts');
  const { svgOf } = await import('../../reports/svg.ts');
  const charts = gradientCharts(found);
  if (html !== undefined) await files.write('--html', gradientsPage(found, sources.join(' ')));
  if (svg !== undefined) await files.write('--svg', svgOf(charts, 'How far back the loss reaches'));
  if (json || html !== undefined || svg !== undefined) return;
  const chart = dashboard(charts.slice(0, 1), stdout.look(rows));
  await stdout.write(`${[...chart, '', ...gradientsTable(found, stdout)].join('\n')}\n`);
}

/** Those that are named; the newest run, as undefined, unless there are other networks to show. */
const checkpointsOf = ({ checkpoint, untrained = [] }: GradientsFlags): readonly (string | undefined)[] =>
  checkpoint ?? (untrained.length > 0 ? [] : [undefined]);

/**
 * The trained ones first. @throws RnnError `usage` if the text would have to be read twice and
 * cannot
 */
async function subjectsOf(sources: readonly string[], flags: GradientsFlags, context: Context): Promise<Subject[]> {
  const { io, waiting } = context;
  const untrained = (flags.untrained ?? []).map((name) => ({ name, options: untrainedOptions(name) }));
  const checkpoints = checkpointsOf(flags);
  if (sources.some(isStandardInput) && checkpoints.length > 1) {
    const reason = 'and each checkpoint reads the text with its own vocabulary';
    throw new RnnError('usage', `standard input (-) can be read only once, ${reason}`, {
      hint: 'put the text into a file',
    });
  }
  const { readModel } = await import('../../api/trained.ts');
  const { findCheckpoint } = await import('../../runs/store.ts');
  const subjects: Subject[] = [];
  let text: Corpus | null = null;
  const paths: string[] = [];
  for (const checkpoint of checkpoints) paths.push(await findCheckpoint(checkpoint));
  const names = namesOf(paths.map((path) => (existsSync(logOf(dirname(path))) ? dirname(path) : path)));
  for (const [index, path] of paths.entries()) {
    const loaded = await readModel(path);
    const read = await readKnownText(sources, loaded, flags, context);
    text ??= read;
    subjects.push({ name: names[index], checkpoint: path, network: loaded.trained, tokens: read.train });
  }
  if (untrained.length === 0) return subjects;
  const { untrainedModel } = await import('../../training/untrained.ts');
  const { readCorpus } = await import('../../corpus/read.ts');
  const { readingOf } = await import('../../api/run-request.ts');
  const asNewRun = readingOf({ ...flags, validationFraction: 0 });
  const corpus = text ?? (await readCorpus({ sources, ...asNewRun, onActivity: waiting?.listen, stdin: io.stdin }));
  return [
    ...subjects,
    ...untrained.map(({ name, options }) => ({
      name: `untrained ${name}`,
      checkpoint: null,
      network: untrainedModel(options, corpus),
      tokens: corpus.train,
    })),
  ];
}

/** Null is for a gradient of which nothing arrives. */
function lineOf(
  { name, model: { cell, layers, hidden }, flows, singularValues }: Gradients,
  checkpoint: string | null,
): object {
  const told = flows.map(({ layer, state, logNorms, perStep }) => ({
    layer,
    state,
    perStep,
    logNorms: logNorms.map((value) => (Number.isFinite(value) ? value : null)),
  }));
  return { event: 'gradients', name, checkpoint, model: { cell, layers, hidden }, flows: told, singularValues };
}
