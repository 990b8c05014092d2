// `rnn sample`: writes text to stdout as the model draws it. The drawing is in sampling/.
import type { TrainedModel } from '../../runs/checkpoint.ts';
import type { Activity } from '../../training/activity.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import type { Unit } from '../../corpus/vocabulary.ts';
import { inQuotes, usageError, corpusError } from '../../errors.ts';
import type { Given } from '../../sampling/sample.ts';
import type { Context } from '../context.ts';
import { UTF8 } from '../../options/choices.ts';
import { exclusiveOf, sampleOptions } from '../../options/commands.ts';
import type { FlagsOf } from '../../options/option.ts';
import { defineCommand } from '../command.ts';
import { machineFrom } from '../devices.ts';
import { unescaped } from '../escapes.ts';
import type { Io } from '../process/io.ts';
import { writeSamples } from '../results/samples.ts';
import { badValue } from '../../options/values.ts';
import { readWhole } from '../input/whole-file.ts';

type SampleFlags = FlagsOf<typeof sampleOptions>;

/** A longer prime takes many minutes to read. */
const MAX_PRIME_BYTES = 64e6;

export const { define } = defineCommand({
  description: 'Writes text with a trained model to stdout, as it is drawn.',
  argument: 'a run folder or a checkpoint; the newest run unless given',
  options: sampleOptions,
  exclusive: exclusiveOf.sample,
  examples: [
    ['rnn sample', '500 characters by the newest run'],
    ["rnn sample --prime 'Chapter 1' --temp 0.7 --length 2000", 'calmer, and longer'],
    ['rnn sample checkpoints/hamlet --count 8 --json', 'eight texts as data'],
    ["rnn sample --count 20 --stop '\\n' --no-keep-stop", 'twenty lines'],
    ["rnn sample --top-p 0.9 --stop 'The end' --seed 42", 'the same text every time'],
  ],
  run: (run: string | undefined, flags, context) => sample({ ...flags, ...checkpointOf(run, context) }, context),
});

/**
 * The argument takes the place of RNN_CHECKPOINT. @throws a usage error if the run is given twice
 */
function checkpointOf(run: string | undefined, { origins }: Context): Pick<SampleFlags, 'checkpoint'> {
  if (run === undefined) return {};
  if (origins.get('--checkpoint') === '--checkpoint')
    throw usageError(`${inQuotes(run)} and --checkpoint exclude each other`, 'give the run once');
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
      'each text has the seed after that of the one before',
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

/** Text that was typed, with its escapes, or the bytes of a file. */
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
      `--prime-file ${name} cannot be read: ${(cause as Error).message}`,
      'give a text file, or - for standard input',
      { cause },
    );
  }
}

/**
 * A file is read in the encoding of the model's text. @throws RnnError `corpus` for one of another,
 * unless the model reads bytes
 */
async function primeFor({ vocabulary: { unit }, training }: TrainedModel, prime: Prime): Promise<Given> {
  if ('typed' in prime) return typedText('--prime', prime.typed, unit);
  if (unit === 'byte') return prime.bytes;
  const { decodeText } = await import('../../corpus/encoding.ts');
  const { recordedReadingOrNull } = await import('../../training/record.ts');
  const { encoding = UTF8 } = recordedReadingOrNull(training) ?? {};
  const text = decodeText(prime.bytes, encoding);
  if (text !== null) return text;
  throw corpusError(
    `--prime-file ${prime.name} is not ${encoding === UTF8 ? 'UTF-8' : encoding}`,
    `convert it with iconv -f WINDOWS-1252 -t ${encoding.toUpperCase()}, or from the encoding that it has; only a model of bytes reads any file`,
  );
}

/**
 * @throws RnnError `usage` for bytes that are not UTF-8, if the model reads bytes: Node puts U+FFFD
 * in their place
 */
function typedText(flag: string, text: string, unit: Unit): Given {
  if (unit === 'byte' && text.includes('\u{FFFD}'))
    throw badValue(flag, text, 'valid UTF-8', String.raw`write any other byte as \xff, and U+FFFD itself as \u{fffd}`);
  return unescaped(text, unit);
}
