// The names of options in messages. They come from the tables, so that every named flag exists.
import * as commands from './commands.ts';
import { predictOptions } from './predict.ts';
import { sampleOptions } from './sampling.ts';
import * as trained from './trained.ts';
import { type Option, type OptionGroups, type TableOf, keyOf, tableOf } from './option.ts';
import { type TrainFlags, trainOptions } from './train.ts';
import { wordsOf } from './words.ts';

const groups = [
  trained.evalOptions,
  commands.exportOptions,
  trained.gradientsOptions,
  commands.importOptions,
  trained.inspectOptions,
  predictOptions,
  sampleOptions,
  commands.sweepOptions,
] as const satisfies readonly OptionGroups[];

type NamesOf<Groups> = Groups extends OptionGroups ? keyof TableOf<Groups> : never;
/** An option of `rnn train`, or of another command. */
export type OptionName = keyof TrainFlags | NamesOf<(typeof groups)[number]>;

const rows = Object.assign({}, ...groups.map(tableOf), trainOptions) as Readonly<Record<OptionName, Option>>;

/** `--learning-rate` of `learningRate`. */
export const flagOf = (name: OptionName): string => `--${keyOf(name, rows[name])}`;

/**
 * Options with their values as on a command line: `--hidden 64`, `--tied`. Undefined and null
 * values are left out.
 */
export const asTyped = (values: { readonly [Name in OptionName]?: unknown }): string[] =>
  Object.entries(values)
    .filter(([, value]) => value != null)
    .map(([name, value]) => wordsOf(name, rows[name as OptionName], value).join(' '));

/** The hint of an error about a run folder. */
export const otherFolderHint = `choose another folder with ${flagOf('out')}`;

/** The options that make a training run smaller. */
export const sizeFlags = `${flagOf('hidden')}, ${flagOf('layers')}, ${flagOf('batchSize')} or ${flagOf('sequenceLength')}`;
