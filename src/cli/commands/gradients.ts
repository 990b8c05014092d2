// `rnn gradients`: compares how far back the loss of networks reaches. insight/ measures it.
import { isStandardInput } from '../../corpus/standard-input.ts';
import { usageError } from '../../errors.ts';
import type { Corpus } from '../../api/corpus.ts';
import type { Model } from '../../api/model.ts';
import type { Gradients, MachineChoice } from '../../api/model-results.ts';
import type { Context } from '../context.ts';
import { machineFrom } from '../devices.ts';
import { gradientsOptions } from '../../options/trained.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { gradientsTable } from '../results/gradients-table.ts';
import { readKnownText, readOptionsOf } from '../input/known-text.ts';
import { runOf } from '../../runs/log-file.ts';
import { runNamesOf } from '../given-runs.ts';
import { untrainedOptions } from '../untrained.ts';
import { openOutputs } from '../output/output-files.ts';

type GradientsFlags = CommandOptionValues<typeof gradientsOptions>;

/** Rows of the chart in a terminal. */
const rows = 14;

/** A network, and the text in tokens of its vocabulary. */
interface Subject {
  readonly name: string;
  readonly model: Model;
  readonly text: Corpus;
}

export const { define } = defineCommand({
  description:
    'Show how far back in time gradients reach. The measure is the norm of a gradient: of the loss at time step t, with respect to the state of a layer at step t − k. Also show by how much one time step can multiply a gradient.',
  argument: 'The text: files, folders, globs, or - for standard input',
  options: gradientsOptions,
  examples: [
    ['rnn gradients book.txt', 'how far back gradients of the newest run reach'],
    ['rnn gradients book.txt --untrained lstm --untrained rnn', 'two cells side by side'],
    ['rnn gradients book.txt --svg gradients.svg', 'a picture'],
  ],
  run: gradients,
});

async function gradients(sources: readonly string[], flags: GradientsFlags, context: Context): Promise<void> {
  const { stdout, waiting } = context;
  const { html, svg, json, steps, positions, jacobians } = flags;
  const { machine } = machineFrom(flags, context);
  const reads = { ...flags, texts: sources, checkpoints: checkpointsOf(flags) };
  const files = await openOutputs({ '--html': html, '--svg': svg, '--json': json }, reads, context);
  const subjects = await subjectsOf(sources, flags, machine, context);
  const found: Gradients[] = [];
  for (const { name, model, text } of subjects) {
    waiting?.begin('computing gradients');
    found.push({ ...(await model.gradients(text, { steps, positions, jacobians })), name });
    if (json) await stdout.writeJson(lineOf(found.at(-1)!, model.path));
  }
  const { gradientCharts, gradientsPage } = await import('../../reports/gradients.ts');
  const { terminalCharts } = await import('../../reports/terminal.ts');
  const { svgOf } = await import('../../reports/svg.ts');
  const charts = gradientCharts(found);
  if (html !== undefined) await files.write('--html', gradientsPage(found, sources.join(' ')));
  if (svg !== undefined) await files.write('--svg', svgOf(charts, 'How far back the loss reaches'));
  if (json || html !== undefined || svg !== undefined) return;
  const chart = terminalCharts(charts.slice(0, 1), stdout.look(rows));
  await stdout.write(`${[...chart, '', ...gradientsTable(found, stdout)].join('\n')}\n`);
}

/** The named checkpoints, or undefined for the newest run unless untrained networks are shown. */
const checkpointsOf = ({ checkpoint, untrained = [] }: GradientsFlags): readonly (string | undefined)[] =>
  checkpoint ?? (untrained.length > 0 ? [] : [undefined]);

/**
 * The networks to compare, trained networks first.
 *
 * @throws RnnError `usage` if several checkpoints would have to read standard input
 */
async function subjectsOf(
  sources: readonly string[],
  flags: GradientsFlags,
  machine: MachineChoice,
  context: Context,
): Promise<Subject[]> {
  const untrained = (flags.untrained ?? []).map((name) => ({ name, options: untrainedOptions(name) }));
  const checkpoints = checkpointsOf(flags);
  if (sources.some(isStandardInput) && checkpoints.length > 1) {
    const reason = 'each checkpoint reads the text with its own vocabulary';
    throw usageError(`cannot read standard input (-) twice: ${reason}`, 'save the text to a file');
  }
  const { openModel } = await import('../../api/model.ts');
  const models: Model[] = [];
  for (const checkpoint of checkpoints) models.push(await openModel(checkpoint, machine));
  const names = runNamesOf(models.map(({ path }) => runOf(path!) ?? path!));
  const subjects: Subject[] = [];
  for (const [index, model] of models.entries())
    subjects.push({ name: names[index], model, text: await readKnownText(sources, model, flags, context) });
  if (untrained.length === 0) return subjects;
  const { untrainedModel } = await import('../../api/checkpoints.ts');
  const { Corpus } = await import('../../api/corpus.ts');
  const asNewRun = { ...readOptionsOf(sources, flags, context), validationFraction: 0 };
  const text = subjects[0]?.text ?? (await Corpus.read(sources, asNewRun));
  for (const { name, options } of untrained) {
    const model = await openModel(untrainedModel(text, options), machine);
    subjects.push({ name: `untrained ${name}`, model, text });
  }
  return subjects;
}

/** The JSON object of a network. A norm of zero has the logarithm null. */
function lineOf(
  { name, model: { cell, layers, hidden }, flows, singularValues }: Gradients,
  checkpoint: string | null,
): object {
  const finiteFlows = flows.map(({ layer, state, logNorms, perStep }) => ({
    layer,
    state,
    perStep,
    logNorms: logNorms.map((value) => (Number.isFinite(value) ? value : null)),
  }));
  return { event: 'gradients', name, checkpoint, model: { cell, layers, hidden }, flows: finiteFlows, singularValues };
}
