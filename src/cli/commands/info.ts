// `rnn info`: describes a checkpoint, or compares several, as text or as JSON.
import { dirname, resolve } from 'node:path';
import type { CheckpointInfo as Info } from '../../api/runs.ts';
import type { CorpusRecord } from '../../training/record.ts';
import type { RunBackground } from '../../training/runs.ts';
import type { Context } from '../context.ts';
import { infoOptions } from '../../options/commands.ts';
import { modelOptions } from '../../options/network.ts';
import type { Options } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { lossText, verdictLines } from '../progress/text.ts';
import { optionsInWords } from '../option-words.ts';
import { printableToken } from '../../evaluation/scored-text.ts';
import { count } from '../../count.ts';
import { formatBytes, onOneLine } from '../output/format.ts';
import { type Unit, tokenName } from '../../options/choices.ts';
import { type ComparedRun, comparisonTable, differingOptions } from '../results/runs-compared.ts';
import { runNamesOf } from '../given-runs.ts';
import { withLabel } from '../output/text-table.ts';

export const { define } = defineCommand({
  description: 'Describe a checkpoint, or compare several.',
  argument: 'Run folders or files [default: the newest run]',
  options: infoOptions,
  examples: [
    ['rnn info', 'the newest run'],
    ['rnn info checkpoints/hamlet', 'a run by its folder'],
    ['rnn info checkpoints/hamlet/best.json --json', 'a file, as JSON'],
    ['rnn info checkpoints/a checkpoints/b', 'two runs, and the options that differ'],
  ],
  run: (given: readonly string[], { json = false }, context) => show(given, json, context),
});

async function show(paths: readonly string[], json: boolean, { stdout }: Context): Promise<void> {
  const { describeCheckpoint } = await import('../../api/runs.ts');
  const found: Awaited<ReturnType<typeof describeCheckpoint>>[] = [];
  for (const each of paths.length === 0 ? [undefined] : paths) found.push(await describeCheckpoint(each));
  const infos = found.map(({ info }) => info);
  const names = namesOfCheckpoints(infos.map(({ path }) => path));
  const runs = found.map(({ info, background }, index) => comparedRun(names[index], info, background));
  if (json) {
    for (const info of infos) await stdout.writeJson(info);
    if (runs.length > 1) await stdout.writeJson({ event: 'comparison', options: differingOptions(runs) });
    return;
  }
  const { dim } = stdout.colour;
  await stdout.write(`${runs.length > 1 ? comparisonTable(runs, dim) : table(infos[0], stdout.columns, dim)}\n`);
}

function comparedRun(
  name: string,
  { model, parameters, vocabulary, training }: Info,
  { text, trainedMs }: RunBackground,
): ComparedRun {
  const { conventions: _, vocabulary: __, ...network } = model;
  return {
    ...training,
    name,
    text:
      text === null
        ? '–'
        : `${text.name ?? 'text'} ${text.digest.slice(0, 7)}, ${count(text.train)}+${count(text.validation)}`,
    parameters,
    vocabulary: vocabulary.symbols.length,
    level: vocabulary.unit,
    trainedMs,
    options: { ...network, ...training.options },
  };
}

/** The names of the runs, or the paths of the files if two files belong to one run. */
function namesOfCheckpoints(paths: readonly string[]): readonly string[] {
  const folders = paths.map((path) => dirname(resolve(path)));
  return new Set(folders).size === folders.length ? runNamesOf(folders) : paths;
}

function sizesOf({ characters, train, validation, test }: CorpusRecord, unit: string): string {
  const parts = [`${count(train)} training`, `${count(validation)} validation`, `${count(test)} test`];
  return `${count(characters)} ${unit}s: ${parts.join(', ')}`;
}

const lossWords = (nats: number | null, level: Unit): string => (nats === null ? 'none' : lossText(nats, level));

/** The sizes of the network, and its architecture options that differ from their defaults. */
function modelText(model: Info['model']): string {
  const { cell, layers, hidden, ...others } = model;
  const rows: Options = modelOptions;
  const isShown = (name: string): boolean => rows[name]?.fixedFor === 'weights' || name === 'dropout';
  const enabledOptions = Object.entries(others).filter(
    ([name, value]) => isShown(name) && value && value !== rows[name].legacyValue,
  );
  return [`${cell}, ${layers} × ${hidden}`, ...optionsInWords(Object.fromEntries(enabledOptions))].join(', ');
}

/** `line, learn-after \t`. */
function divisionInWords({ records, column, learnAfter, weights, lowercase }: Division): string {
  const named = (text: string): string => [...text].map(printableToken).join('');
  return [
    column.length > 0 ? `rows, column ${column.map(named).join(', column ')}` : named(records ?? 'line'),
    ...(learnAfter === null ? [] : [`learn-after ${named(learnAfter)}`]),
    ...weights.map((each) => `weight ${each}`),
    ...(lowercase ? ['lowercase'] : []),
  ].join(', ');
}

const verdictRows = ({ verdict, vocabulary: { unit } }: Info): [string, string][] =>
  verdict === null ? [] : verdictLines(verdict, unit).map((line, index) => [index === 0 ? 'verdict' : '', line]);

type Division = NonNullable<Info['training']['division']>;

/** Two columns: names, and values wrapped to the width of the terminal. */
function table(info: Info, columns: number, dim: (text: string) => string): string {
  const { model, vocabulary, training } = info;
  const { division } = training;
  const recordedOptions = Object.entries(training.options).filter(([, value]) => value !== null);
  const conventions = Object.entries(model.conventions).map(([name, value]) => `${name} ${value}`);
  const symbols = vocabulary.unit === 'byte' ? 'all 256 bytes' : vocabulary.symbols.map(printableToken).join(' ');
  const unknown = vocabulary.unknown === null ? '' : ', one of them for unknown characters';
  const end = vocabulary.end == null ? '' : ', one of them the end of records';
  const loss = (nats: number | null): string => lossWords(nats, vocabulary.unit);
  const rows: [string, string][] = [
    ['file', `${info.path}, ${formatBytes(info.bytes)}, ${info.modified.slice(0, 16).replace('T', ' ')} UTC`],
    ['model', modelText(model)],
    ['parameters', count(info.parameters)],
    ['conventions', conventions.join('; ') || 'none'],
    ['vocabulary', `${count(vocabulary.symbols.length)} ${tokenName(vocabulary.unit)}s${unknown}${end}`],
    ['', symbols],
    ...(training.corpus === null
      ? []
      : [['text', sizesOf(training.corpus, tokenName(vocabulary.unit))] satisfies [string, string]]),
    ...(division === null ? [] : [['records', divisionInWords(division)] satisfies [string, string]]),
    ['trained', `${count(training.step)} update steps, ${training.epoch.toFixed(2)} epochs`],
    ...(training.device === null ? [] : [['device', training.device] satisfies [string, string]]),
    ['loss', loss(training.lossNats)],
    ['validation', `${loss(training.validationLossNats)} (best: ${loss(training.bestValidationLossNats)})`],
    ...verdictRows(info),
    ['options', optionsInWords(Object.fromEntries(recordedOptions)).join(', ')],
    ['optimizer', info.optimizer ?? 'not saved: only --resume needs it'],
  ];
  const indent = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows
    .map(([name, value]) => withLabel(dim(name), onOneLine(value), indent, Math.max(indent + 20, columns - 1)))
    .join('\n');
}
