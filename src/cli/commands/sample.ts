// `rnn sample`: writes text to stdout as the model generates it. sampling/ generates it.
import type { TrainedModel } from '../../runs/checkpoint.ts';
import type { Activity } from '../../training/activity.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import type { Unit } from '../../corpus/vocabulary.ts';
import { inQuotes, usageError, corpusError } from '../../errors.ts';
import type { TextOrBytes } from '../../sampling/sample.ts';
import type { Context } from '../context.ts';
import { UTF8 } from '../../options/choices.ts';
import { exclusiveOf } from '../../options/commands.ts';
import { sampleOptions } from '../../options/trained.ts';
import type { CommandOptionValues } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { machineFrom } from '../devices.ts';
import { unescape } from '../../options/escapes.ts';
import type { Io } from '../process/io.ts';
import { writeSamples } from '../results/samples.ts';
import { badValue } from '../../options/values.ts';
import { readWhole } from '../input/whole-file.ts';

type SampleFlags = CommandOptionValues<typeof sampleOptions>;

/** A model takes many minutes to read a longer prompt. */
const MAX_PRIME_BYTES = 64e6;

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
function checkpointOf(run: string | undefined, { origins }: Context): Pick<SampleFlags, 'checkpoint'> {
  if (run === undefined) return {};
  if (origins.get('--checkpoint') === '--checkpoint')
    throw usageError(`cannot use ${inQuotes(run)} and --checkpoint together`, 'name the run once');
  return { checkpoint: run };
}

async function sample(flags: SampleFlags, context: Context): Promise<void> {
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
  const { machine, by } = machineFrom(flags, context);
  const { openModel } = await import('../../api/model.ts');
  const model = await openModel(flags.checkpoint, machine);
  const { unit } = model.vocabulary;
  const prime = await primeFor(model.trained, given);
  const stop = flags.stop?.map((text) => typedText('--stop', text, unit));
  const device = by === '' ? '' : `, device ${machine.device} by RNN_DEVICE`;
  const activity = (current: Activity): void => {
    if (current.kind === 'sampling' && flags.seed === undefined && !json)
      stderr.note(`${model.path}, --seed ${seed}${device}`);
    waiting?.listen(current);
  };
  const options = { prime, midText, stop, keepStop, seed, count, length, temperature, topK, topP, minP };
  await writeSamples(model, { ...options, listener: { activity } }, { json, keepPrime: !noPrime }, stdout);
}

/** Text from the command line, with its escapes, or the bytes of a file. */
type Prime = { readonly typed: string } | { readonly name: string; readonly bytes: Uint8Array };

/** @throws RnnError `corpus` for a file that cannot be read */
async function readPrime({ prime, primeFile }: SampleFlags, io: Io): Promise<Prime> {
  if (primeFile === undefined) return { typed: prime ?? '' };
  const isPiped = isStandardInput(primeFile);
  const name = isPiped ? 'standard input' : primeFile;
  try {
    return { name, bytes: await readWhole(isPiped ? io.stdin : primeFile, MAX_PRIME_BYTES) };
  } catch (cause) {
    throw corpusError(
      `cannot read --prime-file ${name}: ${(cause as Error).message}`,
      'name a text file, or - for standard input',
      { cause },
    );
  }
}

/**
 * Decodes a file in the encoding of the model's text.
 *
 * @throws RnnError `corpus` for a file in another encoding, unless the model reads bytes
 */
async function primeFor({ vocabulary: { unit }, training }: TrainedModel, prime: Prime): Promise<TextOrBytes> {
  if ('typed' in prime) return typedText('--prime', prime.typed, unit);
  if (unit === 'byte') return prime.bytes;
  const { decodeText } = await import('../../corpus/encoding.ts');
  const { recordedReadingOrNull } = await import('../../training/record.ts');
  const { encoding = UTF8 } = recordedReadingOrNull(training) ?? {};
  const text = decodeText(prime.bytes, encoding);
  if (text !== null) return text;
  throw corpusError(
    `--prime-file ${prime.name} is not ${encoding === UTF8 ? 'UTF-8' : encoding}`,
    `convert it with iconv -f WINDOWS-1252 -t ${encoding.toUpperCase()}, or from its actual encoding, or use a byte-level model, which reads any file`,
  );
}

/**
 * Text from the command line with its escapes replaced.
 *
 * @throws RnnError `usage` for bytes that are not UTF-8, which Node replaces by U+FFFD, if the
 * model reads bytes
 */
function typedText(flag: string, text: string, unit: Unit): TextOrBytes {
  if (unit === 'byte' && text.includes('\u{FFFD}'))
    throw badValue(flag, text, 'valid UTF-8', String.raw`write any other byte as \xff, and U+FFFD itself as \u{fffd}`);
  return unescape(text, unit);
}
