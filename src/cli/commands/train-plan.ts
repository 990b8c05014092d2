// What `rnn train --dry-run` shows: every option as it would be, and where it comes from.
import type { Corpus } from '../../corpus/read.ts';
import type { TrainingOptions } from '../../training/options.ts';
import type { ResolvedAnew } from '../../training/resolve.ts';
import type { Context } from '../context.ts';
import { count, shellWord } from '../format.ts';

const meanings = { weights: 'of --init-from', given: 'given', preset: 'preset', text: 'chosen from the text', default: 'default' };

interface Plan extends Pick<ResolvedAnew, 'options' | 'sources'> {
  /** What the user gave, without what comes with the weights of --init-from. */
  readonly asked: Partial<TrainingOptions>;
}

export async function showPlan({ rooms, stdout }: Context, json: boolean, { options, sources: resolved, asked }: Plan, corpus: Pick<Corpus, 'vocabulary' | 'train' | 'validation'>): Promise<number> {
  const { optionRules, parametersOf } = await rooms.planning();
  const names = Object.keys(options) as (keyof TrainingOptions)[];
  const sourceOf = (name: keyof TrainingOptions): keyof typeof meanings => (resolved[name] === 'given' && asked[name] === undefined ? 'weights' : resolved[name]);
  const sources = Object.fromEntries(names.map((name) => [name, sourceOf(name)]));
  const parameters = parametersOf(options, corpus.vocabulary.size);
  const { length: train } = corpus.train;
  const { length: validation } = corpus.validation;
  if (json) {
    await stdout.write(`${JSON.stringify({ event: 'plan', parameters, corpus: { symbols: corpus.vocabulary.size, train, validation }, options, sources })}\n`);
    return 0;
  }
  const rows = Object.entries(optionRules).map(([name, { flag }]) => [`${flag} ${shown(flag, options[name as keyof typeof options])}`, meanings[sources[name as keyof typeof sources]]] as const);
  const wide = Math.max(...rows.map(([option]) => option.length)) + 2;
  const lines = rows.map(([option, source]) => `${option.padEnd(wide)}${source}`);
  await stdout.write(`${[`${count(parameters)} parameters; ${count(train)} characters to train on, ${count(validation)} to validate on`, ...lines].join('\n')}\n`);
  return 0;
}

/** As the command line has it, as far as it has it. */
function shown(flag: string, value: unknown): string {
  if (value === null) return '(none)';
  if (flag === '--budget' || flag === '--max-time') return `${Number(value) / 1000}s`;
  return typeof value === 'string' ? shellWord(value) : String(value);
}
