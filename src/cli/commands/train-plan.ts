// What `rnn train --dry-run` shows: every option as it would be, and where it comes from; as data, too, of which a
// part is a configuration file.
import type { Corpus } from '../../corpus/read.ts';
import type { TrainingOptions } from '../../training/options.ts';
import type { ReadingOptions } from '../../training/record.ts';
import type { ResolvedAnew } from '../../training/resolve.ts';
import type { Context } from '../context.ts';
import { count, shellWord } from '../format.ts';
import { rivalsOf } from '../rivals.ts';
import type { TrainFlags } from './train-flags.ts';

interface Plan extends Pick<ResolvedAnew, 'options' | 'sources'> {
  /** What the user gave, without what comes with the weights of --init-from. */
  readonly asked: Partial<TrainingOptions>;
  readonly reading: ReadingOptions;
  /** Of the run folder. */
  readonly path: string;
}

type Source = ResolvedAnew['sources'][keyof TrainingOptions] | 'weights';

interface Row {
  readonly flag: string;
  readonly value: unknown;
  readonly source: Source;
  /** In words: `--lr`, `RNN_LR`, `rnn.json`, `preset quick`. */
  readonly origin: string;
}

export async function showPlan(
  context: Context,
  flags: TrainFlags,
  plan: Plan,
  corpus: Pick<Corpus, 'vocabulary' | 'train' | 'validation'>,
): Promise<number> {
  const { rooms, stdout } = context;
  const { optionRules, parametersOf } = await rooms.planning();
  const { options, reading, path } = plan;
  const own = Object.entries(optionRules).map(([name, { flag }]) => rowOfOption(flag, name as keyof TrainingOptions, plan, context));
  const rows = [...own, ...rowsOfReading(flags, reading, context), ...rowsOfMachine(flags, context), ...rowsOfFiles(flags, path, context)];
  const parameters = parametersOf(options, corpus.vocabulary.size);
  const { length: train } = corpus.train;
  const { length: validation } = corpus.validation;
  if (flags.json) {
    const sources = Object.fromEntries(Object.keys(options).map((name) => [name, sourceOf(name as keyof TrainingOptions, plan)]));
    const machine = { device: flags.device ?? null, threads: flags.threads ?? null, blas: flags.blas ?? null };
    const origins = Object.fromEntries(rows.map(({ flag, origin }) => [flag.slice(2), origin]));
    const text = { symbols: corpus.vocabulary.size, train, validation };
    const settings = { options, sources, reading, machine, out: path, origins, config: asConfig(rows) };
    await stdout.write(`${JSON.stringify({ event: 'plan', parameters, corpus: text, ...settings })}\n`);
    return 0;
  }
  const shown = rows.map(({ flag, value, origin }) => [`${flag} ${inWords(flag, value)}`, origin] as const);
  const wide = Math.max(...shown.map(([option]) => option.length)) + 2;
  const head = `${count(parameters)} parameters; ${count(train)} characters to train on, ${count(validation)} to validate on`;
  const lines = shown.map(([option, origin]) => `${option.padEnd(wide)}${origin}`);
  await stdout.write(`${[head, ...lines].join('\n')}\n`);
  return 0;
}

function sourceOf(name: keyof TrainingOptions, { sources, asked }: Plan): Source {
  return sources[name] === 'given' && asked[name] === undefined ? 'weights' : sources[name];
}

function rowOfOption(flag: string, name: keyof TrainingOptions, plan: Plan, { origins }: Context): Row {
  const source = sourceOf(name, plan);
  const { preset } = plan.options;
  const origin = {
    weights: 'of --init-from',
    given: origins.get(attributeOf(flag)) ?? flag,
    preset: `preset ${preset}`,
    text: 'chosen from the text',
    default: 'default',
  }[source];
  return { flag, value: plan.options[name], source, origin };
}

/** A row of an option that no preset and no text has a say in. */
function rowOf(flag: string, value: unknown, { origins }: Context, otherwise = 'default'): Row {
  const origin = origins.get(attributeOf(flag));
  return { flag, value, source: origin === undefined ? 'default' : 'given', origin: origin ?? otherwise };
}

function rowsOfReading(
  { initFrom }: TrainFlags,
  { include, exclude, unit, encoding, keepLineEnds, skipInvalid, minCount, validationFraction, validationFile }: ReadingOptions,
  context: Context,
): Row[] {
  const isValidatedElsewhere = rivalsOf('valFraction').some((name) => context.origins.has(name));
  return [
    rowOf('--include', include, context),
    rowOf('--exclude', exclude, context),
    rowOf('--unit', unit, context, initFrom === undefined ? 'default' : 'of --init-from'),
    rowOf('--encoding', encoding, context),
    rowOf('--keep-line-ends', keepLineEnds, context),
    rowOf('--skip-invalid', skipInvalid, context),
    rowOf('--min-count', minCount, context),
    rowOf('--val-fraction', isValidatedElsewhere ? null : validationFraction, context),
    rowOf('--val-file', validationFile, context),
  ];
}

function rowsOfMachine({ device, threads, blas }: TrainFlags, context: Context): Row[] {
  const wish = context.io.env.RNN_BLAS || undefined;
  return [
    rowOf('--device', device ?? 'auto', context),
    rowOf('--threads', threads ?? null, context, 'all cores'),
    rowOf('--blas', blas ?? wish ?? 'auto', context, wish === undefined ? 'default' : 'RNN_BLAS'),
  ];
}

function rowsOfFiles({ initFrom, config }: TrainFlags, path: string, context: Context): Row[] {
  return [
    rowOf('--out', path, context, 'the name of the text'),
    rowOf('--init-from', initFrom ?? null, context),
    rowOf('--config', config ?? null, context),
  ];
}

/** What a configuration file needs for the same run on any text: all that is not so by default. */
function asConfig(rows: readonly Row[]): object {
  const kept = rows.filter(
    ({ flag, value, source }) => flag !== '--config' && value !== null && source !== 'default' && source !== 'weights',
  );
  return Object.fromEntries(kept.map(({ flag, value }) => [flag.slice(2), isTime(flag) ? seconds(value) : value]));
}

const isTime = (flag: string): boolean => flag === '--budget' || flag === '--max-time';
const seconds = (value: unknown): string => `${Number(value) / 1000}s`;

/** `maxSteps` of `--max-steps`. */
const attributeOf = (flag: string): string => flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** As the command line has it, as far as it has it. */
function inWords(flag: string, value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return '(none)';
  if (isTime(flag)) return seconds(value);
  if (Array.isArray(value)) return value.map(shellWord).join(` ${flag} `);
  return typeof value === 'string' ? shellWord(value) : String(value);
}
