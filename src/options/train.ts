// All options of `rnn train`, under the headings of its help, and values derived from the rows.
import { type Option, type Options, type ValuesOf, columnOf } from './option.ts';
import { commonOptions } from './common.ts';
import { modelOptions, regularisationOptions } from './network.ts';
import { folderOptions, machineOptions, outputOptions, readingOptions } from './run.ts';
import { type TrainingOption, learningOptions, lengthOptions, trainingNames, trainingOptions } from './training.ts';
import { learningRateOptions } from './learning-rate.ts';
import { monitoringOptions } from './watching.ts';

const files = { ...folderOptions, ...monitoringOptions };
const output = { ...outputOptions, ...commonOptions };

/** The options of `rnn train` by the headings of its help. */
export const trainGroups: Readonly<Record<string, Options>> = {
  'The text:': readingOptions,
  'The model:': modelOptions,
  'Against overfitting, with --dropout:': regularisationOptions,
  'Length of the run (give one of the first three):': lengthOptions,
  'Learning:': learningOptions,
  'The learning rate:': learningRateOptions,
  'Evaluating and saving:': files,
  'The machine:': machineOptions,
  'Sources of options, and output:': output,
};

const table = { ...readingOptions, ...trainingOptions, ...folderOptions, ...machineOptions, ...output };
/** The options of `rnn train` as one table. */
export const trainOptions: Readonly<Record<keyof typeof table, Option>> = table;
/** The options that were given. */
export interface TrainFlags extends Partial<ValuesOf<typeof table>> {}

/** The names of the training options whose row satisfies a condition. */
export const namesWith = (has: (option: Option) => boolean): TrainingOption[] =>
  trainingNames.filter((name) => has(trainingOptions[name]));

/** The values of options in checkpoints that do not record them. */
export const legacyReading = columnOf(readingOptions, 'legacyValue');
/** The values of training options in checkpoints that do not record them. */
export const legacyOptions = columnOf(trainingOptions, 'legacyValue');

/** An option with a value that is not of its kind. */
export interface WrongValue<Name = string> {
  readonly name: Name;
  readonly value: unknown;
  readonly expected: string;
}

/**
 * The first option whose value is not of its kind, or is missing. Null if there is no such option.
 */
export function wrongValue<Name extends string>(
  table: Readonly<Record<Name, Option>>,
  values: Readonly<Record<string, unknown>>,
  names = Object.keys(table) as Name[],
): WrongValue<Name> | null {
  for (const name of names) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (!table[name].kind.holds(value)) return { name, value, expected: table[name].kind.expected(value) };
  }
  return null;
}
