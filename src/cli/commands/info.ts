// `rnn info`: what a checkpoint is, for people or as JSON. Reading it is checkpoint/'s.
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import type { TrainedModel } from '../../checkpoint/store.ts';
import type { CorpusRecord } from '../../training/record.ts';
import type { Context } from '../context.ts';
import { addExamples, commonFlags, switchFlag } from '../flags.ts';
import { bits, bytes, count, harmless, symbol, wrap, unitName } from '../format.ts';

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
}

export function defineInfo(command: Command, context: Context): void {
  command.description('Shows what a checkpoint is.').argument('[checkpoint]', 'a run folder or a file; the newest run unless given');
  for (const flag of [switchFlag('--json', 'everything but the weights, as one JSON object'), ...commonFlags()]) command.addOption(flag);
  addExamples(command, [
    ['rnn info', 'the newest run'],
    ['rnn info checkpoints/hamlet', 'a run by its folder'],
    ['rnn info checkpoints/hamlet/best.json --json', 'a file, as data'],
  ]);
  command.action(async (given: string | undefined, flags: { json?: boolean }) => {
    const { stdout, rooms } = context;
    const { findCheckpoint, readCheckpoint } = await rooms.checkpoints();
    const path = await findCheckpoint(given, 'use');
    const trained = await readCheckpoint(path, { weightsOnly: true });
    const { recordedCorpusOrNull } = await rooms.reading();
    const info = await describe(path, trained, recordedCorpusOrNull(trained.training));
    await stdout.write(flags.json ? `${JSON.stringify(info)}\n` : `${table(info, stdout.columns, stdout.colour.dim)}\n`);
  });
}

async function describe(
  path: string,
  { model, vocabulary, training, tensors, optimizer }: TrainedModel,
  corpus: CorpusRecord | null,
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

/** What the checkpoint says of itself, without what could disturb a terminal or look like another row. */
const onOneLine = (text: string): string => harmless(text).replaceAll('\n', '␊');

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
