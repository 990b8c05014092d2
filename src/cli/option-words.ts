// Writes options of a run like their flags, without dashes: `dropout 0.3`, `tied`,
// `no-text-starts`.
import { type Option, keyOf } from '../options/option.ts';
import { trainOptions } from '../options/train.ts';
import type { TrainingOptions } from '../options/training.ts';
import { formatDuration } from './output/format.ts';

/** `lr` for `learningRate`. A name that is not an option is returned unchanged. */
export const keyOfOption = (option: string): string =>
  Object.hasOwn(trainOptions, option) ? keyOf(option, trainOptions[option as keyof typeof trainOptions]) : option;

/** The value of an option, with durations like `2m 10s`. */
export function valueInWords(option: string, value: unknown): string {
  const row: Option | undefined = trainOptions[option as keyof typeof trainOptions];
  if (typeof value === 'number' && row?.kind.name === 'duration') return formatDuration(value);
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '–');
}

export const optionsInWords = (options: Partial<TrainingOptions>): string[] =>
  Object.entries(options).map(([option, value]) => {
    if (typeof value === 'boolean') return `${value ? '' : 'no-'}${keyOfOption(option)}`;
    return `${keyOfOption(option)} ${valueInWords(option, value)}`;
  });
