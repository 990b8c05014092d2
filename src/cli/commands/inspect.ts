// `rnn inspect`: the values of a trained model's units while it reads a text. insight/ computes
// them, and reports/ makes the page.
import { basename, dirname, extname } from 'node:path';
import type { UnitFindings } from '../../api/model-results.ts';
import type { ModelConfiguration } from '../../model/configuration.ts';
import type { Activations } from '../../insight/activations.ts';
import { type UnitName, unitText } from '../../insight/finding.ts';
import { unitsTable, findingObject, gatesTable, saturationObject } from '../results/units-table.ts';
import type { Context } from '../context.ts';
import { inspectOptions } from '../../options/trained.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { machineFrom } from '../devices.ts';
import { count } from '../../count.ts';
import { tokenName } from '../../options/choices.ts';
import { namesOfTexts, readKnownText } from '../input/known-text.ts';
import { markedText, shaderFor } from '../output/shaded-text.ts';
import { badValue } from '../../options/values.ts';
import { isStdout, openOutputs } from '../output/output-files.ts';

type InspectFlags = CommandOptionValues<typeof inspectOptions>;

export const { define } = defineCommand({
  description:
    'Find the units of a trained model that track a property of a text, such as quotations, brackets or the position in a line. Also show how often gates are open or closed.',
  argument: 'The text: files, folders, globs, or - for standard input',
  options: inspectOptions,
  examples: [
    ['rnn inspect book.txt', 'the units that track a property of the text'],
    ['rnn inspect book.txt --unit 0.c.17', 'the text coloured by one unit'],
    ['rnn inspect book.txt --html units.html', 'a page with all units'],
    ['rnn inspect book.txt --record units.npz', 'all values, for NumPy'],
  ],
  run: inspect,
});

async function inspect(sources: readonly string[], flags: InspectFlags, context: Context): Promise<void> {
  const { stderr, waiting } = context;
  const note = (text: string): void => void (flags.json || stderr.note(text));
  const { activationFormats } = await import('../../insight/record.ts');
  const record = flags.record === undefined ? null : activationFormats[extname(flags.record)];
  if (record === undefined)
    throw badValue(
      '--record',
      flags.record!,
      `a file whose name ends with ${Object.keys(activationFormats).join(' or ')}`,
    );
  const outputs = { '--html': flags.html, '--record': flags.record, '--json': flags.json };
  const reads = { ...flags, texts: sources, checkpoints: [flags.checkpoint] };
  const files = await openOutputs(outputs, reads, context);
  const { machine, deviceOriginText } = machineFrom(flags, context);
  const { findUnits } = await import('../../api/found-units.ts');
  const { openModel } = await import('../../api/model.ts');
  const { activationsOf } = await import('../../insight/activations.ts');
  const { MIN_CHARACTERS, maxDefaultLength } = await import('../../insight/search.ts');

  const opened = await openModel(flags.checkpoint, machine);
  const path = opened.path!;
  const model = opened.configuration;
  const unit = flags.hiddenUnit === undefined ? null : unitNamed(flags.hiddenUnit, model, activationsOf(model));
  // One more, to notice that there are more.
  const neededCharacters = (flags.length ?? maxDefaultLength(model)) + 1;
  const text = await readKnownText(sources, opened, flags, context, { neededCharacters });
  waiting?.begin('compiling');
  const listener = { activity: waiting?.listen };
  const cells = await opened.activations(text, { length: flags.length ?? null, listener });
  const { pieces, activations } = cells;
  const read = `${pieces.length < text.characters ? 'the first ' : ''}${count(pieces.length)}`;
  const extent = `${read} ${tokenName(opened.vocabulary.unit)}s`;
  note(`${path}, ${extent}, ${activations.device}${deviceOriginText}`);
  if (record !== null) await files.write('--record', record(pieces, activations));

  const isPageOnStdout = isStdout(flags.html);
  if (unit !== null && !isPageOnStdout) await showUnit(unit, pieces, activations, flags, context);
  if (unit !== null && flags.html === undefined) return;
  waiting?.begin('searching units');
  if (pieces.length < MIN_CHARACTERS)
    note(
      `skipped the search for units, which needs at least ${MIN_CHARACTERS} ${tokenName(opened.vocabulary.unit)}s: rnn read only ${count(pieces.length)}`,
    );
  const found = await findUnits(cells);
  if (flags.html !== undefined) {
    const { unitsPage } = await import('../../reports/cells-page.ts');
    const summary = `${model.cell} ${model.layers} × ${model.hidden}, reading ${extent} of ${namesOfTexts(sources)}`;
    const page = { name: basename(dirname(path)), summary, pieces, activations, ...found, unit };
    await files.write('--html', unitsPage(page));
  }
  if (unit === null && !isPageOnStdout) await showTables(found, flags, context);
}

/** @throws RnnError `usage` for a name that is not valid, or not in this model */
function unitNamed(
  text: string,
  { layers, hidden }: ModelConfiguration,
  known: readonly Omit<UnitName, 'unit'>[],
): UnitName {
  const [, layer, name, index] = /^(\d+)\.([a-z]+)\.(\d+)$/.exec(text) ?? [];
  const unit = { layer: Number(layer), name, unit: Number(index) };
  if (unit.unit < hidden && known.some((each) => each.layer === unit.layer && each.name === name)) return unit;
  const names = [...new Set(known.map((each) => each.name))];
  throw badValue(
    '--unit',
    text,
    `LAYER.VALUE.UNIT, such as 0.${names[0]}.0`,
    `this model has layers 0 to ${layers - 1}, values ${names.join(', ')}, and units 0 to ${hidden - 1}`,
  );
}

async function showUnit(
  unit: UnitName,
  pieces: readonly string[],
  { arrays, hidden }: Activations,
  { json }: InspectFlags,
  { io, stdout }: Context,
): Promise<void> {
  const { usualRange, valuesOfUnit: valuesOf } = await import('../../insight/activations.ts');
  const values = valuesOf(
    arrays.find(({ layer, name }) => layer === unit.layer && name === unit.name)!.values,
    unit.unit,
    hidden,
  );
  const [low, high] = usualRange(values);
  // Programs read the name `cell`, from before units were called units.
  if (json) return stdout.writeJson({ event: 'cell', cell: unitText(unit), low, high, values: [...values] });
  const shade = await shaderFor(stdout, io.env);
  const shaded = pieces.map((text, at) => ({
    text,
    value: high === low ? 0 : (2 * (values[at] - low)) / (high - low) - 1,
  }));
  const scale = [-1, -0.5, 0, 0.5, 1].map((value) => ({ text: ' ', value }));
  const legend = `${unitText(unit)}: ${low.toFixed(2)} ${shade === null ? '▁▃▅▇█' : shade(scale)} ${high.toFixed(2)}`;
  const text =
    shade === null ? markedText(shaded, stdout.columns) : `${shade(shaded)}${pieces.at(-1) === '\n' ? '' : '\n'}`;
  await stdout.write(`${legend}\n\n${text}`);
}

async function showTables(
  { findings, saturation }: UnitFindings,
  { json }: InspectFlags,
  { stdout }: Context,
): Promise<void> {
  const tables = json
    ? [[...findings.map(findingObject), ...saturation.map(saturationObject)].map((object) => JSON.stringify(object))]
    : [unitsTable(findings, stdout), gatesTable(saturation, stdout.colour)];
  await stdout.write(
    tables
      .filter((lines) => lines.length > 0)
      .map((lines) => `${lines.join('\n')}\n`)
      .join('\n'),
  );
}
