// `rnn inspect`: what the cells of a trained model hold while it reads a text. Looking is
// insight/'s, the page reports/'s.
import { basename, dirname, extname } from 'node:path';
import type { TrainedModel } from '../../runs/store.ts';
import type { Activations } from '../../insight/activations.ts';
import { type CellName, type Finding, cellText } from '../../insight/finding.ts';
import type { Saturation } from '../../insight/saturation.ts';
import { cellsTable, findingObject, gatesTable, saturationObject } from '../results/cells-table.ts';
import type { Context } from '../context.ts';
import { inspectOptions } from '../../options/commands.ts';
import type { FlagsOf, TableOf } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { machineFrom } from '../devices.ts';
import { count, unitName } from '../output/format.ts';
import { namesOfTexts, readKnownText } from '../input/known-text.ts';
import { markedText, shaderFor } from '../output/shaded-text.ts';
import { badValue } from '../../options/values.ts';
import { OutputFiles, isStdout, refuseMixed } from '../output/output-files.ts';

type InspectFlags = FlagsOf<TableOf<typeof inspectOptions>>;

export const { define } = defineCommand({
  description:
    'Shows what the units of a trained model do on a text: which of them tell quotations, brackets or the place in a line, and how often gates are open and shut.',
  argument: 'the text: files, folders, globs, or - for standard input',
  options: inspectOptions,
  examples: [
    ['rnn inspect book.txt', 'which cells tell what'],
    ['rnn inspect book.txt --cell 0.c.17', 'the text in the colours of one cell'],
    ['rnn inspect book.txt --html cells.html', 'a page with all cells'],
    ['rnn inspect book.txt --record cells.npz', 'for NumPy'],
  ],
  run: inspect,
});

/** A text, and what a model held while it read it. */
interface Seen {
  readonly path: string;
  readonly model: TrainedModel['model'];
  readonly pieces: readonly string[];
  readonly activations: Activations;
  /** How much was read, of how much, in words. */
  readonly extent: string;
  /** The one that is wanted. */
  readonly cell: CellName | null;
}

async function inspect(sources: readonly string[], flags: InspectFlags, context: Context): Promise<void> {
  refuseMixed({ '--html': flags.html, '--json': flags.json });
  const { recordFormats } = await import('../../insight/record.ts');
  const { saturationOf } = await import('../../insight/saturation.ts');
  const record = flags.record === undefined ? null : recordFormats[extname(flags.record)];
  if (record === undefined)
    throw badValue('--record', flags.record!, `a file whose name ends in ${Object.keys(recordFormats).join(' or ')}`);
  const files = new OutputFiles(
    { '--html': flags.html, '--record': flags.record },
    { ...flags, texts: sources, checkpoints: [flags.checkpoint] },
    context,
  );
  await files.refuseUnfit();
  const seen = await look(sources, flags, context);
  const { pieces, activations, cell } = seen;
  if (record !== null) await files.write('--record', record(pieces, activations));
  const isPageOnStdout = isStdout(flags.html);
  if (cell !== null && !isPageOnStdout) await showCell(cell, pieces, activations, flags, context);
  if (cell !== null && flags.html === undefined) return;
  const findings = await search(seen, flags, context);
  const saturation = saturationOf(activations);
  if (flags.html !== undefined) await writePage(files, sources, seen, { findings, saturation });
  if (cell === null && !isPageOnStdout) await showTables(findings, saturation, flags, context);
}

async function look(sources: readonly string[], flags: InspectFlags, context: Context): Promise<Seen> {
  const { stderr, waiting } = context;
  const { machine, by } = machineFrom(flags, context);
  const { readCells, readModel } = await import('../../api/trained.ts');
  const { activationsOf } = await import('../../insight/activations.ts');
  const { defaultLength, maxDefaultLength } = await import('../../insight/search.ts');
  const loaded = await readModel(flags.checkpoint);
  const { path, trained } = loaded;
  const { model } = trained;
  const cell = flags.cell === undefined ? null : cellNamed(flags.cell, model, activationsOf(model));
  const { train: whole, vocabulary } = await readKnownText(sources, loaded, flags, context);
  const decoder = vocabulary.decoder();
  const decoded = Array.from(whole.subarray(0, flags.length ?? maxDefaultLength(model)), (id) => decoder.push(id));
  const pieces = decoded.slice(0, flags.length ?? defaultLength(decoded, model));
  const tokens = whole.subarray(0, pieces.length);
  waiting.begin('compiling');
  const onRead = (done: number): void => waiting.listen({ kind: 'inspecting', done, total: tokens.length });
  const activations = await readCells(trained, tokens, machine, onRead);
  const read =
    tokens.length < whole.length ? `the first ${count(tokens.length)} of ${count(whole.length)}` : count(tokens.length);
  const extent = `${read} ${unitName(vocabulary.unit)}s`;
  if (!flags.json) stderr.note(`${path}, ${extent}; ${activations.device}${by}`);
  return { path, model, pieces, activations, extent, cell };
}

/** None in a text too short. */
async function search(
  { pieces, activations }: Seen,
  { json }: InspectFlags,
  { stderr, waiting }: Context,
): Promise<readonly Finding[]> {
  const { LEAST_CHARACTERS } = await import('../../insight/search.ts');
  waiting.begin('searching cells');
  if (pieces.length < LEAST_CHARACTERS && !json)
    stderr.note(`${count(pieces.length)} characters are too few to search for units: it takes ${LEAST_CHARACTERS}`);
  return (await import('../../api/trained.ts')).findCells(pieces, activations);
}

async function writePage(
  files: OutputFiles,
  sources: readonly string[],
  { path, model, pieces, activations, extent, cell }: Seen,
  found: { readonly findings: readonly Finding[]; readonly saturation: readonly Saturation[] },
): Promise<void> {
  const { cellsPage } = await import('../../reports/cells-page.ts');
  const summary = `${model.cell} ${model.layers} × ${model.hidden}, reading ${extent} of ${namesOfTexts(sources)}`;
  await files.write(
    '--html',
    cellsPage({ name: basename(dirname(path)), summary, pieces, activations, ...found, cell }),
  );
}

/** @throws RnnError `usage` for a name that is none, or not one of this model's */
function cellNamed(
  text: string,
  { layers, hidden }: TrainedModel['model'],
  known: readonly Omit<CellName, 'unit'>[],
): CellName {
  const [, layer, name, unit] = /^(\d+)\.([a-z]+)\.(\d+)$/.exec(text) ?? [];
  const cell = { layer: Number(layer), name, unit: Number(unit) };
  if (cell.unit < hidden && known.some((each) => each.layer === cell.layer && each.name === name)) return cell;
  const names = [...new Set(known.map((each) => each.name))];
  throw badValue(
    '--cell',
    text,
    `LAYER.VALUE.UNIT, such as 0.${names[0]}.0`,
    `this model has layers 0 to ${layers - 1}, in each ${names.join(', ')}, of units 0 to ${hidden - 1}`,
  );
}

async function showCell(
  cell: CellName,
  pieces: readonly string[],
  { all, hidden }: Activations,
  { json }: InspectFlags,
  { io, stdout }: Context,
): Promise<void> {
  const { usualRange, valuesOf } = await import('../../insight/activations.ts');
  const values = valuesOf(
    all.find(({ layer, name }) => layer === cell.layer && name === cell.name)!.values,
    cell.unit,
    hidden,
  );
  const [low, high] = usualRange(values);
  if (json) return stdout.writeJson({ event: 'cell', cell: cellText(cell), low, high, values: [...values] });
  const shade = await shaderFor(stdout, io.env);
  const shaded = pieces.map((text, at) => ({
    text,
    value: high === low ? 0 : (2 * (values[at] - low)) / (high - low) - 1,
  }));
  const scale = [-1, -0.5, 0, 0.5, 1].map((value) => ({ text: ' ', value }));
  const legend = `${cellText(cell)}: ${low.toFixed(2)} ${shade === null ? '▁▃▅▇█' : shade(scale)} ${high.toFixed(2)}`;
  const text =
    shade === null ? markedText(shaded, stdout.columns) : `${shade(shaded)}${pieces.at(-1) === '\n' ? '' : '\n'}`;
  await stdout.write(`${legend}\n\n${text}`);
}

async function showTables(
  findings: readonly Finding[],
  saturation: readonly Saturation[],
  { json }: InspectFlags,
  { stdout }: Context,
): Promise<void> {
  const tables = json
    ? [[...findings.map(findingObject), ...saturation.map(saturationObject)].map((object) => JSON.stringify(object))]
    : [cellsTable(findings, stdout), gatesTable(saturation, stdout.colour)];
  await stdout.write(
    tables
      .filter((lines) => lines.length > 0)
      .map((lines) => `${lines.join('\n')}\n`)
      .join('\n'),
  );
}
