// The option --interactive of rnn sample, and the options that it excludes.
import { onOff } from './kind.ts';
import type { ExclusiveOptions, Option } from './option.ts';

export const interactiveOption = {
  kind: onOff,
  help: 'Continue each line that you type, or each line of stdin. /help lists its commands',
  isCommon: true,
} as const satisfies Option<boolean>;

const hint = 'omit one of them: --interactive continues the lines that you type';

const prompts = ['prime', 'primeFile', 'primes'];
const choice = ['unique', 'novel', 'notIn', 'match', 'maxTries', 'bestOf'];
const excluded = [...prompts, 'count', 'json', ...choice];

/** Options that choose other prompts, several texts or another output. */
export const exclusiveOfInteractive = excluded.map((option): ExclusiveOptions => ({
  options: ['interactive', option],
  hint,
}));
