// Options of a run as their flags have them, without dashes: `dropout 0.3`, `tied`, `no-text-starts`.
import { optionRules } from '../training/option-rules.ts';
import type { TrainingOptions } from '../training/options.ts';
import { duration } from './format.ts';

/** `lr` for `learningRate`. A name that is not an option of training is returned unchanged. */
export const flagOf = (option: string): string =>
  Object.hasOwn(optionRules, option) ? optionRules[option as keyof TrainingOptions].flag.slice(2) : option;

/** The value of an option; a length of time in words. */
export function valueInWords(option: string, value: unknown): string {
  if (typeof value === 'number' && option.endsWith('Ms')) return duration(value);
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '–');
}

export const optionsInWords = (options: Partial<TrainingOptions>): string[] =>
  Object.entries(options).map(([option, value]) => {
    if (typeof value === 'boolean') return `${value ? '' : 'no-'}${flagOf(option)}`;
    return `${flagOf(option)} ${valueInWords(option, value)}`;
  });
