// `rnn sample`: writes text to stdout as the model generates it. sampling/ generates it.
import type { Activity } from '../../training/activity.ts';
import { inQuotes, usageError } from '../../errors.ts';
import type { Context } from '../context.ts';
import { exclusiveOf } from '../../options/commands.ts';
import { sampleOptions } from '../../options/trained.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { machineFrom } from '../devices.ts';
import { writeSamples } from '../results/samples.ts';
import { badValue } from '../../options/values.ts';
import { primeFor, readPrime, typedText } from '../input/prime.ts';

type SampleFlags = CommandOptionValues<typeof sampleOptions>;

export const { define } = defineCommand({
  description: 'Generate text with a trained model, and write it to stdout character by character.',
  argument: 'A run folder or a checkpoint [default: the newest run]',
  options: sampleOptions,
  exclusive: exclusiveOf.sample,
  examples: [
    ['rnn sample', '500 characters from the newest run'],
    ["rnn sample --prime 'Chapter 1' --temp 0.7 --length 2000", 'safer, and longer'],
    ['rnn sample checkpoints/hamlet --count 8 --json', 'eight texts as JSON'],
    ["rnn sample --count 20 --stop '\\n' --no-keep-stop", 'twenty lines'],
    ["rnn sample --top-p 0.9 --stop 'The end' --seed 42", 'the same text every time'],
  ],
  run: (run: string | undefined, flags, context) => sample({ ...flags, ...checkpointOf(run, context) }, context),
});

/**
 * The run given as an argument, instead of RNN_CHECKPOINT.
 *
 * @throws a usage error if it is given twice
 */
export function checkpointOf(run: string | undefined, { origins }: Context): Pick<SampleFlags, 'checkpoint'> {
  if (run === undefined) return {};
  if (origins.get('--checkpoint') === '--checkpoint')
    throw usageError(`cannot use ${inQuotes(run)} and --checkpoint together`, 'name the run once');
  return { checkpoint: run };
}

async function sample(flags: SampleFlags, context: Context): Promise<number | void> {
  if (flags.interactive) return (await import('../interactive/open.ts')).openConversation(flags, context);
  const { io, stdout, stderr, waiting } = context;
  const { count, length, midText, json = false, noPrime = false, keepStop, temperature, topK, topP, minP } = flags;
  const { seed = io.randomSeed() } = flags;
  if (seed > Number.MAX_SAFE_INTEGER - (count - 1))
    throw badValue(
      '--seed',
      String(seed),
      `at most 2^53 − ${count} with --count ${count}`,
      'lower --seed or --count: each text uses the seed of the previous text plus one',
    );
  const given = await readPrime(flags, io);
  const { machine, deviceOriginText } = machineFrom(flags, context);
  const { openModel } = await import('../../api/model.ts');
  const model = await openModel(flags.checkpoint, machine);
  const { unit } = model.vocabulary;
  const prime = await primeFor(model.trained, given);
  const stop = flags.stop?.map((text) => typedText('--stop', text, unit));
  const device = deviceOriginText === '' ? '' : `, device ${machine.device} by RNN_DEVICE`;
  const activity = (current: Activity): void => {
    if (current.kind === 'sampling' && flags.seed === undefined && !json)
      stderr.note(`${model.path}, --seed ${seed}${device}`);
    waiting?.listen(current);
  };
  const options = { prime, midText, stop, keepStop, seed, count, length, temperature, topK, topP, minP };
  await writeSamples(model, { ...options, listener: { activity } }, { json, keepPrime: !noPrime }, stdout);
}
