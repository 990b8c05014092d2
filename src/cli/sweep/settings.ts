// What the environment and a file say of the points of a sweep. It becomes options of each point's command line, as if
// it stood after `--`: so the sweep checks it, its folder remembers it, and --emit prints it.
import { Command } from 'commander';
import { addTrainFlags, type TrainFlags } from '../commands/train-flags.ts';
import type { Context } from '../context.ts';
import { type Settled, settingsOfTrain } from '../settings.ts';
import { Fixed, ofThisMachine, own } from './options.ts';

/**
 * @param words the text, and what followed `--`
 * @param axes what was given to --grid or --sample: `hidden=128,256`
 * @throws Commander's errors, or a usage error for options that are not for all points
 */
export async function fixedFor(words: readonly string[], axes: readonly string[], context: Context): Promise<Fixed> {
  const fixed = new Fixed(words);
  const train = new Command('train');
  addTrainFlags(train);
  const tried = axes.map((axis) => `--${axis.replace(/^--/, '').replace(/=.*/, '')}`);
  const given = new Map([
    ...Object.entries(fixed.flags),
    ...train.options.filter(({ long }) => tried.includes(long!)).map((option) => [option.attributeName(), true] as const),
  ]);
  const settings = (await settingsOfTrain(train, given, fixed.flags.config, context)).filter(isForPoints);
  return settings.length === 0 && fixed.flags.config === undefined
    ? fixed
    : new Fixed([...withoutConfig(words), ...settings.flatMap(wordsOf)]);
}

/** A sweep decides some options by itself. What the environment says of the machine, each point finds in its own. */
function isForPoints({ flag, source }: Settled): boolean {
  const name = flag.attributeName();
  return name !== 'config' && !Object.hasOwn(own, name) && !(source === 'env' && ofThisMachine.includes(name as keyof TrainFlags));
}

function wordsOf({ flag, texts }: Settled): readonly string[] {
  if (typeof texts === 'boolean') return [texts ? flag.longName : `--no-${flag.key}`];
  // In one word each: a text may begin with a dash.
  return texts.map((text) => `${flag.longName}=${text}`);
}

function withoutConfig(words: readonly string[]): string[] {
  return words.filter((word, index) => word !== '--config' && !word.startsWith('--config=') && words[index - 1] !== '--config');
}
