// The output of `rnn train --dry-run`, as text or JSON: the time that the run would take, and each
// option with its value and origin. A part of the JSON is a configuration file.
import type { DryRun } from '../../api/plan-run.ts';
import type { RunEstimate } from '../../training/estimate.ts';
import { excludedBy, readingNames } from '../../options/run.ts';
import { flagOf } from '../../options/flags.ts';
import { type TrainFlags, trainOptions } from '../../options/train.ts';
import { textOfValue } from '../../options/words.ts';
import { keyOfOption } from '../option-words.ts';
import { type TrainingOptions, trainingNames } from '../../options/training.ts';
import type { ReadingOptions } from '../../options/run.ts';
import type { NewRunOptions } from '../../training/resolve.ts';
import type { Context } from '../context.ts';
import { count } from '../../count.ts';
import { tokenName } from '../../options/choices.ts';
import { formatBytes, formatDuration, formatMilliseconds } from '../output/format.ts';
import { shellWord } from '../../shell-word.ts';
import { textTable } from '../output/text-table.ts';

type Source = NewRunOptions['sources'][keyof TrainingOptions] | 'weights';

type TrainName = keyof typeof trainOptions;

interface Row {
  readonly name: TrainName;
  readonly value: unknown;
  readonly source: Source;
  /** The source for people: `--learning-rate`, `RNN_LEARNING_RATE`, `rnn.json`, `preset quick`. */
  readonly origin: string;
}

/**
 * Writes the plan to stdout.
 *
 * @param path the run folder
 * @returns the exit code
 */
export async function showPlan(
  context: Context,
  flags: TrainFlags,
  { options, sources, reading, corpus, estimate, unmeasured }: DryRun,
  path: string,
): Promise<number> {
  const { stdout } = context;
  const { parametersOf } = await import('../../training/model.ts');
  const ofTraining = rowsOfTraining(flags, options, sources, context);
  const rows = [...ofTraining, ...otherRows(flags, reading, path, context)];
  const parameters = parametersOf(options, corpus.vocabulary.size);
  const { length: train } = corpus.train;
  const { length: validation } = corpus.validation;
  const { length: test } = corpus.test;
  if (flags.json) {
    await stdout.writeJson({
      event: 'plan',
      parameters,
      corpus: { symbols: corpus.vocabulary.size, train, validation, test },
      options,
      sources: Object.fromEntries(ofTraining.map(({ name, source }) => [name, source])),
      reading,
      machine: { device: flags.device ?? null, threads: flags.threads ?? null, kernels: flags.kernels ?? null },
      out: path,
      origins: Object.fromEntries(rows.map(({ name, origin }) => [keyOfOption(name), origin])),
      config: asConfig(rows),
      estimate,
      unmeasured,
    });
    return 0;
  }
  const optionRows = rows.map((row) => [`${flagOf(row.name)} ${inWords(row)}`, row.origin]);
  const head = `${count(parameters)} parameters, ${count(train)} ${tokenName(corpus.vocabulary.unit)}s for training, ${count(validation)} for validation${test > 0 ? `, ${count(test)} for testing` : ''}`;
  const measured = estimate === null ? [`time    not measured: ${unmeasured}`] : estimateLines(estimate, options);
  await stdout.write(`${[head, ...measured, '', ...textTable(optionRows, 'l')].join('\n')}\n`);
  return 0;
}

/** The time that the whole run takes, and its limits. */
function estimateLines(estimate: RunEstimate, { budgetMs, maxTimeMs, patience }: TrainingOptions): string[] {
  const { steps, epochs, stepMs, evaluations, evaluationMs, samples, sampleMs } = estimate;
  const whole = estimate.milliseconds < 1000 ? 'less than a second' : `about ${formatDuration(estimate.milliseconds)}`;
  const budget = budgetMs === null ? '' : `--budget ${textOfValue(trainOptions.budgetMs, budgetMs)} allows `;
  const looks = [
    evaluationMs !== null && `${plural(evaluations, 'evaluation')} of ${formatMilliseconds(evaluationMs)}`,
    sampleMs !== null && `${plural(samples, 'sample')} of ${formatMilliseconds(sampleMs)}`,
  ].filter((part) => part !== false);
  return [
    `time    ${whole}: ${budget}${count(steps)} update steps of ${formatMilliseconds(stepMs)}, ${epochs.toFixed(1)} epochs`,
    ...(looks.length > 0 ? [`        with ${looks.join(' and ')}`] : []),
    ...(patience > 0 ? [`        unless --patience ${patience} ends it earlier`] : []),
    ...(maxTimeMs !== null && maxTimeMs < estimate.milliseconds
      ? [`        --max-time ends this invocation after ${formatDuration(maxTimeMs)}`]
      : []),
    `device  ${estimate.device}, about ${formatBytes(estimate.memoryBytes)} of memory`,
  ];
}

function rowsOfTraining(
  flags: TrainFlags,
  options: TrainingOptions,
  sources: DryRun['sources'],
  { origins }: Context,
): Row[] {
  return trainingNames.map((name) => {
    const flag = flagOf(name);
    // The checkpoint of --init-from also counts as given, although the user did not write the
    // option.
    const source = sources[name] === 'given' && flags[name] === undefined ? 'weights' : sources[name];
    const origin = {
      weights: 'from --init-from',
      given: origins.get(flag) ?? flag,
      preset: `preset ${options.preset}`,
      text: 'chosen from the text',
      default: 'default',
    }[source];
    return { name, value: options[name], source, origin };
  });
}

/** The options that depend neither on a preset nor on the text. */
function otherRows(
  { device, threads, kernels, initFrom, config }: TrainFlags,
  reading: ReadingOptions,
  path: string,
  { io, origins }: Context,
): Row[] {
  const row = (name: TrainName, value: unknown, otherwise = 'default'): Row => {
    const origin = origins.get(flagOf(name));
    return { name, value, source: origin === undefined ? 'default' : 'given', origin: origin ?? otherwise };
  };
  const isReplaced = (name: string): boolean =>
    excludedBy(name).some((other) => origins.has(flagOf(other as TrainName)));
  const ofReading = (name: keyof ReadingOptions): Row =>
    row(
      name,
      isReplaced(name) ? null : reading[name],
      name === 'unit' && initFrom !== undefined ? 'from --init-from' : 'default',
    );
  const fromEnvironment = io.env.RNN_KERNELS || undefined;
  return [
    ...readingNames.map(ofReading),
    row('device', device ?? 'auto'),
    row('threads', threads ?? null, 'all fast cores'),
    row('kernels', kernels ?? fromEnvironment ?? 'auto', fromEnvironment === undefined ? 'default' : 'RNN_KERNELS'),
    row('out', path, 'the name of the text'),
    row('initFrom', initFrom ?? null),
    row('config', config ?? null),
  ];
}

/**
 * A configuration file for the same run on any text: the options that differ from their defaults.
 */
function asConfig(rows: readonly Row[]): object {
  const chosenRows = rows.filter(
    ({ name, value, source }) => name !== 'config' && value !== null && source !== 'default' && source !== 'weights',
  );
  return Object.fromEntries(
    chosenRows.map(({ name, value }) => [
      keyOfOption(name),
      trainOptions[name].kind.name === 'duration' ? textOfValue(trainOptions[name], value) : value,
    ]),
  );
}

/** A value as it would be written on the command line, or `(none)`. */
function inWords({ name, value }: Row): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return '(none)';
  return [value]
    .flat()
    .map((each) => shellWord(textOfValue(trainOptions[name], each)))
    .join(` ${flagOf(name)} `);
}

const plural = (number: number, noun: string): string => `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
