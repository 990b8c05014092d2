// All options of `rnn train`, under the headings of its help, and what follows from the rows.
import type { ValueOf } from './kind.ts';
import { RnnError } from '../errors.ts';
import { type Condition, type Option, type Options, type ValuesOf, defaultOf, keyOf } from './option.ts';
import { commonOptions } from './common.ts';
import { modelOptions, regularisationOptions } from './network.ts';
import { folderOptions, machineOptions, outputOptions, readingOptions } from './run.ts';
import {
  type TrainingOption,
  type TrainingOptions,
  learningOptions,
  learningRateOptions,
  lengthOptions,
  trainingNames,
  trainingOptions,
  watchingOptions,
} from './training.ts';

const files = { ...folderOptions, ...watchingOptions };
const output = { ...outputOptions, ...commonOptions };

export const trainGroups: Readonly<Record<string, Options>> = {
  'The text:': readingOptions,
  'The model (what is chosen depends on the text and the run):': modelOptions,
  'Against overfitting, with --dropout:': regularisationOptions,
  'How long (one of the first three):': lengthOptions,
  'Learning:': learningOptions,
  'The learning rate:': learningRateOptions,
  'Evaluating and saving:': files,
  'The machine:': machineOptions,
  'Where options come from, and output:': output,
};

const all = { ...readingOptions, ...trainingOptions, ...folderOptions, ...machineOptions, ...output };
export const trainOptions: Readonly<Record<keyof typeof all, Option>> = all;
/** The options that were given. */
export interface TrainFlags extends Partial<ValuesOf<typeof all>> {}

/**
 * `--learning-rate` of `learningRate`; of a name that is not an option of `rnn train`, the name.
 */
export const flagOf = (name: string): string =>
  Object.hasOwn(trainOptions, name) ? `--${keyOf(name, trainOptions[name as keyof typeof all])}` : name;

/** The names of the training options whose row satisfies a condition. */
export const namesWith = (has: (option: Option) => boolean): TrainingOption[] =>
  trainingNames.filter((name) => has(trainingOptions[name]));

/** The values of those options of a table that earlier checkpoints lack. */
type EarlierValuesOf<Table extends Options> = {
  readonly [Name in keyof Table as Table[Name] extends { readonly earlier: unknown } ? Name : never]: ValueOf<
    Table[Name]['kind']
  >;
};

function earlierValues<Table extends Options>(table: Table): EarlierValuesOf<Table> {
  const known = Object.entries(table).filter(([, { earlier }]) => earlier !== undefined);
  return Object.fromEntries(known.map(([name, { earlier }]) => [name, earlier])) as EarlierValuesOf<Table>;
}

/** The values of options in checkpoints that do not record them. */
export const earlierReading = earlierValues(readingOptions);
export const earlierOptions = earlierValues(trainingOptions);

/** The values of options that are not given, as far as they do not follow from the text. */
export function defaultValues(): Partial<TrainingOptions> {
  const known = trainingNames
    .map((name) => [name, defaultOf(trainingOptions[name])])
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as Partial<TrainingOptions>;
}

export interface WrongValue {
  readonly name: string;
  readonly value: unknown;
  readonly expected: string;
}

/**
 * The first option with a value that is not of its kind; null if there is none. A missing one
 * counts as well.
 */
export function wrongValue(
  table: Options,
  values: Readonly<Record<string, unknown>>,
  names = Object.keys(table),
): WrongValue | null {
  for (const name of names) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (!table[name].kind.holds(value)) return { name, value, expected: table[name].kind.expected(value) };
  }
  return null;
}

/** The first of its needs that an option lacks beside the others; undefined if it is off. */
function lackOf(
  name: TrainingOption,
  options: TrainingOptions,
): { readonly need: Condition; readonly is: string } | undefined {
  const { needs = [] }: Option = trainingOptions[name];
  const valueOf = ({ option }: Condition): unknown => options[option as TrainingOption];
  const need = isOff(name, options) ? undefined : needs.find((each) => !each.holds(valueOf(each) as never));
  return need && { need, is: `${flagOf(need.option)} is ${String(valueOf(need))}` };
}

/** A note for each option that was given and has no effect beside the others. */
export function notesOnNoEffect(given: Partial<TrainingOptions>, options: TrainingOptions): string[] {
  return trainingNames.flatMap((name) => {
    const lack = given[name] === undefined ? undefined : lackOf(name, options);
    return lack === undefined ? [] : [`${flagOf(name)} has no effect because ${lack.need.otherwise ?? lack.is}`];
  });
}

/** @throws RnnError `usage` for an option that is an error beside the others */
export function refuseLacking(options: TrainingOptions): void {
  for (const name of trainingNames) {
    const { need, is } = lackOf(name, options) ?? {};
    if (need?.orError === undefined) continue;
    const flags = [name, need.option].map(flagOf);
    throw new RnnError('usage', `${flags[0]} cannot be used where ${is}`, { hint: need.orError, options: flags });
  }
}

/** It was switched off, or is as it was before there was the option. */
function isOff(name: TrainingOption, options: TrainingOptions): boolean {
  const { kind, earlier, needs = [] }: Option = trainingOptions[name];
  const isError = needs.some(({ orError }) => orError !== undefined);
  return (isError || kind.name === 'switch' || kind.name === 'choice') && options[name] === earlier;
}
