// `rnn info`: what a checkpoint is, for people or as JSON. Reading it is checkpoint/'s.
import { access, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { TrainedModel } from '../../runs/store.ts';
import type { CorpusRecord } from '../../training/record.ts';
import type { RunBackground } from '../../training/runs.ts';
import type { Verdict } from '../../training/verdict.ts';
import type { Context } from '../context.ts';
import { addExamples, commonFlags, switchFlag } from '../flags.ts';
import { verdictLines } from '../progress/verdict.ts';
import { bits, bytes, count, onOneLine, symbol, wrap, unitName } from '../format.ts';
import { type ComparedRun, comparisonTable, differingOptions } from '../runs-compared.ts';
import { namesOf } from '../runs-given.ts';

/** What `--json` prints; fields are only ever added. */
interface Info {
  readonly event: 'info';
  readonly path: string;
  readonly bytes: number;
  readonly modified: string;
  readonly model: TrainedModel['model'];
  readonly parameters: number;
  readonly vocabulary: TrainedModel['vocabulary'];
  readonly training: {
    readonly step: number;
    readonly epoch: number;
    readonly lossNats: number | null;
    readonly validationLossNats: number | null;
    readonly bestValidationLossNats: number | null;
    readonly options: Readonly<Record<string, unknown>>;
    /** The text that the run had; null where the checkpoint does not say. */
    readonly corpus: CorpusRecord | null;
  };
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly optimizer: string | null;
  /** The verdict on the run of the checkpoint; null without a log, or if nothing was evaluated. */
  readonly verdict: Verdict | null;
}

export function defineInfo(command: Command, context: Context): void {
  command
    .description('Shows what a checkpoint is, or compares several.')
    .argument('[checkpoint...]', 'run folders or files; the newest run unless given');
  for (const flag of [switchFlag('--json', 'everything but the weights, as one JSON object each'), ...commonFlags()])
    command.addOption(flag);
  addExamples(command, [
    ['rnn info', 'the newest run'],
    ['rnn info checkpoints/hamlet', 'a run by its folder'],
    ['rnn info checkpoints/hamlet/best.json --json', 'a file, as data'],
    ['rnn info checkpoints/a checkpoints/b', 'two runs, and the options in which they differ'],
  ]);
  command.action((given: readonly string[], { json = false }: { json?: boolean }) => show(given, json, context));
}

async function show(given: readonly string[], json: boolean, context: Context): Promise<void> {
  const { stdout, rooms } = context;
  const { findCheckpoint, readCheckpoint } = await rooms.checkpoints();
  const infos: Info[] = [];
  const compared: ComparedRun[] = [];
  // One after another: each has its weights in memory while it is described.
  for (const each of given.length === 0 ? [undefined] : given) {
    const path = await findCheckpoint(each);
    const trained = await readCheckpoint(path, { weightsOnly: true });
    const corpus = (await rooms.reading()).recordedCorpusOrNull(trained.training);
    const info = await describe(path, trained, corpus, await verdictOn(path, context));
    infos.push(info);
    if (given.length > 1) compared.push(comparedRun(info, (await rooms.runs()).backgroundOf(trained)));
  }
  const names = namesOfCheckpoints(infos.map(({ path }) => path));
  const runs = compared.map((run, index) => ({ ...run, name: names[index] }));
  if (json) {
    for (const info of infos) await stdout.write(`${JSON.stringify(info)}\n`);
    if (runs.length > 1) await stdout.write(`${JSON.stringify({ event: 'comparison', options: differingOptions(runs) })}\n`);
    return;
  }
  const { dim } = stdout.colour;
  await stdout.write(`${runs.length > 1 ? comparisonTable(runs, dim) : table(infos[0], stdout.columns, dim)}\n`);
}

function comparedRun({ path, model, parameters, vocabulary, training }: Info, { text, trainedMs }: RunBackground): ComparedRun {
  const { conventions: _, vocabulary: __, ...network } = model;
  return {
    ...training,
    name: path,
    text: text === null ? '–' : `${text.name ?? 'text'} ${text.digest.slice(0, 7)}, ${count(text.train)}+${count(text.validation)}`,
    parameters,
    vocabulary: vocabulary.symbols.length,
    trainedMs,
    options: { ...network, ...training.options },
  };
}

/** The names of the runs, or of the files where two are of one run. */
function namesOfCheckpoints(paths: readonly string[]): readonly string[] {
  const folders = paths.map((path) => dirname(resolve(path)));
  return new Set(folders).size === folders.length ? namesOf(folders) : paths;
}

/** From the log of the run that a checkpoint is in. */
async function verdictOn(path: string, { rooms }: Context): Promise<Verdict | null> {
  const folder = dirname(path);
  const hasLog = await access(join(folder, 'log.jsonl')).then(
    () => true,
    () => false,
  );
  if (!hasLog) return null;
  const [run] = await (await rooms.logs()).readRuns([folder]);
  return run.curves.verdict;
}

async function describe(
  path: string,
  { model, vocabulary, training, tensors, optimizer }: TrainedModel,
  corpus: CorpusRecord | null,
  verdict: Verdict | null,
): Promise<Info> {
  const file = await stat(path);
  const { step, epoch, history, bestValidationLossNats, options } = training;
  return {
    event: 'info',
    path,
    bytes: file.size,
    modified: file.mtime.toISOString(),
    model,
    parameters: tensors.reduce((sum, { data }) => sum + data.length, 0),
    vocabulary,
    training: {
      step,
      epoch,
      lossNats: lastOf(history, 'lossNats'),
      validationLossNats: lastOf(history, 'validationLossNats'),
      bestValidationLossNats,
      options,
      corpus,
    },
    tensors: tensors.map(({ name, shape }) => ({ name, shape })),
    optimizer: optimizer?.name ?? null,
    verdict,
  };
}

function lastOf(history: TrainedModel['training']['history'], key: string): number | null {
  const value = history.findLast((line) => typeof line[key] === 'number')?.[key];
  return typeof value === 'number' ? value : null;
}

function sizesOf({ characters, train, validation, test }: CorpusRecord, unit: string): string {
  const parts = [`${count(train)} training`, `${count(validation)} validation`, `${count(test)} test`];
  return `${count(characters)} ${unit}s: ${parts.join(', ')}`;
}

const loss = (nats: number | null): string =>
  nats === null ? 'none' : `${nats.toFixed(3)} nats, ${bits(nats).toFixed(3)} bits per character`;

/** Sizes, and what is not as it mostly is. */
function described({
  cell,
  layers,
  hidden,
  embedding,
  dropout,
  skip = 'none',
  stacking = 'plain',
  timeSkip = 0,
  tied,
  layerNorm,
  learnedState,
}: Info['model']): string {
  return [
    `${cell}, ${layers} × ${hidden}`,
    embedding > 0 && `embedding ${embedding}`,
    tied && 'tied',
    dropout > 0 && `dropout ${dropout}`,
    skip !== 'none' && `skip ${skip}`,
    stacking !== 'plain' && stacking,
    timeSkip > 0 && `time skip ${timeSkip}`,
    layerNorm && 'layer norm',
    learnedState && 'learned state',
  ]
    .filter(Boolean)
    .join(', ');
}

const verdictRows = ({ verdict }: Info): [string, string][] =>
  verdict === null ? [] : verdictLines(verdict, { bold: (text) => text }).map((line, index) => [index === 0 ? 'verdict' : '', line]);

/** Two columns: names, and values wrapped to the width of the terminal. */
function table(info: Info, columns: number, dim: (text: string) => string): string {
  const { model, vocabulary, training } = info;
  const plain = Object.entries(training.options)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  const conventions = Object.entries(model.conventions).map(([name, value]) => `${name} ${value}`);
  const symbols = vocabulary.unit === 'byte' ? 'all 256 bytes' : vocabulary.symbols.map(symbol).join(' ');
  const unknown = vocabulary.unknown === null ? '' : ', one of them for all unknown ones';
  const rows: [string, string][] = [
    ['file', `${info.path}, ${bytes(info.bytes)}, ${info.modified.slice(0, 16).replace('T', ' ')} UTC`],
    ['model', described(model)],
    ['parameters', count(info.parameters)],
    ['conventions', conventions.join('; ') || 'none'],
    ['vocabulary', `${count(vocabulary.symbols.length)} ${unitName(vocabulary.unit)}s${unknown}`],
    ['', symbols],
    ...(training.corpus === null ? [] : [['text', sizesOf(training.corpus, unitName(vocabulary.unit))] satisfies [string, string]]),
    ['trained', `${count(training.step)} steps, ${training.epoch.toFixed(2)} epochs`],
    ['loss', loss(training.lossNats)],
    ['validation', `${loss(training.validationLossNats)}; best ${loss(training.bestValidationLossNats)}`],
    ...verdictRows(info),
    ['options', plain.join(', ')],
    ['optimizer', info.optimizer ?? 'not kept: good for all but --resume'],
  ];
  const indent = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows
    .map(
      ([name, value]) =>
        `${dim(name.padEnd(indent))}${wrap(onOneLine(value), Math.max(20, columns - indent - 1)).join(`\n${' '.repeat(indent)}`)}`,
    )
    .join('\n');
}
