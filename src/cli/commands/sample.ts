// `rnn sample`: writes text to stdout as the model generates it. sampling/ generates it.
import type { Activity } from '../../training/activity.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { usageError } from '../../errors.ts';
import type { Context } from '../context.ts';
import { exclusiveOf } from '../../options/commands.ts';
import { sampleOptions } from '../../options/sampling.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { checkpointOf } from '../given-runs.ts';
import { machineFrom } from '../devices.ts';
import { isTyped } from '../input/known-text.ts';
import type { Primes } from '../input/primes.ts';
import { type GivenPrime, primeFor, readPrime, typedText } from '../input/prime.ts';
import { badValue } from '../../options/values.ts';

type SampleFlags = CommandOptionValues<typeof sampleOptions>;

export const { define } = defineCommand({
  description: 'Generate text with a trained model, and write it to stdout character by character.',
  argument: 'A run folder or a checkpoint [default: the newest run]',
  options: sampleOptions,
  exclusive: exclusiveOf.sample,
  examples: [
    ['rnn sample', '500 characters from the newest run'],
    ["rnn sample --prime 'Chapter 1' --temp 0.7 --length 2000", 'less random, and longer'],
    ['rnn sample --count 20 --unique --novel', 'twenty new records'],
    ['rnn sample --primes questions.txt --temp 0', 'an answer for each line'],
    ['rnn sample --interactive', 'a continuation of each line that you type'],
  ],
  run: (run: string | undefined, flags, context) => sample({ ...flags, ...checkpointOf(run, context) }, context),
});

async function sample(flags: SampleFlags, context: Context): Promise<number> {
  if (flags.interactive) return (await import('../interactive/open.ts')).openConversation(flags, context);
  const { io } = context;
  const { count, seed = io.randomSeed() } = flags;
  if (seed > Number.MAX_SAFE_INTEGER - (count - 1))
    throw badValue(
      '--seed',
      String(seed),
      `at most 2^53 − ${count} with --count ${count}`,
      'lower --seed or --count: each text uses the seed of the previous text plus one',
    );
  const match = flags.match === undefined ? undefined : expressionOf(flags.match);
  if ([flags.primeFile, flags.primes, ...(flags.notIn ?? [])].filter((file) => isStandardInput(file ?? '')).length > 1)
    throw usageError('cannot read standard input (-) twice', 'save one of the texts to a file');
  const given = await readPrime(flags, io);
  const primes =
    flags.primes === undefined ? null : await (await import('../input/primes.ts')).openPrimes(flags.primes, io);
  try {
    return await sampleFrom(primes ?? given, { flags, seed, match }, context);
  } finally {
    primes?.close();
  }
}

interface Request {
  readonly flags: SampleFlags;
  readonly seed: number;
  readonly match: RegExp | undefined;
}

async function sampleFrom(
  given: Primes | GivenPrime,
  { flags, seed, match }: Request,
  context: Context,
): Promise<number> {
  const { io, stdout, stderr, waiting } = context;
  const { length, midText, json = false, noPrime = false, keepStop, temperature, topK, topP, minP, noRepeat } = flags;
  const { unknown, unique, novel, maxTries, bestOf } = flags;
  const { machine, deviceOriginText } = machineFrom(flags, context);
  const { openModel } = await import('../../api/model.ts');
  const { recordedReadingOrNull } = await import('../../training/record.ts');
  const model = await openModel(flags.checkpoint, machine);
  const reading = recordedReadingOrNull(model.trained.training);
  const { unit } = model.vocabulary;
  const stop = flags.stop?.map((text) => typedText('--stop', text, unit));
  const ban = flags.ban === undefined ? undefined : typedText('--ban', flags.ban, unit);
  const { readKnownRecords } = await import('../input/known-records.ts');
  const notIn = flags.notIn && (await readKnownRecords(flags.notIn, reading, io));
  const device = deviceOriginText === '' ? '' : `, device ${machine.device} by RNN_DEVICE`;
  const isLineTyped = flags.primes !== undefined && isTyped([flags.primes], io);
  const activity = (current: Activity): void => {
    if (current.kind === 'sampling' && flags.seed === undefined && !json)
      stderr.note(`${model.path}, --seed ${seed}${device}`);
    if (!isLineTyped) waiting?.listen(current);
  };
  const isLines = 'lines' in given;
  const texts = isLines
    ? { primes: given.lines(model.trained) }
    : { prime: await primeFor(model.trained, given), count: flags.count };
  const choice = { unique, novel, notIn, match, maxTries, bestOf };
  const characters = { length, stop, keepStop, ban, noRepeat, temperature, topK, topP, minP };
  const options = { ...texts, ...choice, ...characters, midText, unknown, seed, listener: { activity } };
  // The output of a pair is the answer to its input.
  const keepPrime = !noPrime && !(isLines && reading?.learnAfter != null);
  const { exitCodeOf, noteOnSamples, writeSamples } = await import('../results/samples.ts');
  const written = await writeSamples(model, options, { json, keepPrime }, { stdout, stderr });
  if (!json) noteOnSamples(written, model, stderr);
  return exitCodeOf(written);
}

/** @throws RnnError `usage` for a text that is not a regular expression */
function expressionOf(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (cause) {
    throw badValue(
      '--match',
      text,
      `a regular expression of JavaScript (${(cause as Error).message.replace(/^.*: /, '')})`,
      String.raw`escape characters such as ( and [ with a backslash, as in '\('`,
    );
  }
}
