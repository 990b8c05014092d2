// `rnn sample`: writes text to stdout as the model draws it. The drawing is in sampling/.
import type { Command } from 'commander';
import type { TrainedModel } from '../../runs/checkpoint.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import type { Unit } from '../../corpus/vocabulary.ts';
import { RnnError, inQuotes } from '../../errors.ts';
import type { Given } from '../../sampling/sample.ts';
import type { Context } from '../context.ts';
import { type MachineFlags, deviceFlag, listDevices, machineFrom, threadsFlag } from '../devices.ts';
import { unescaped } from '../escapes.ts';
import {
  addExamples,
  addGroups,
  anyTextFlag,
  commonFlags,
  listFlag,
  numberFlag,
  omitFlag,
  switchFlag,
  textFlag,
} from '../flags.ts';
import type { Io } from '../process/io.ts';
import { writeSamples } from '../results/samples.ts';
import { badValue } from '../../options/values.ts';
import { readWhole } from '../input/whole-file.ts';

interface SampleFlags extends MachineFlags {
  readonly checkpoint?: string;
  readonly temp?: number;
  readonly length: number;
  readonly prime?: string;
  readonly primeFile?: string;
  readonly midText?: boolean;
  readonly noPrime?: boolean;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly num: number;
  readonly stop?: readonly string[];
  readonly noStop?: boolean;
  readonly json?: boolean;
}

const positive = { whole: true, min: 1 };
/** A longer prime takes many minutes to read. */
const MAX_PRIME_BYTES = 64e6;

export function define(command: Command, context: Context): void {
  command
    .description('Writes text with a trained model to stdout, as it is drawn.')
    .argument('[run]', 'a run folder or a checkpoint; the newest run unless given');
  const groups = {
    'The text:': [
      textFlag('--checkpoint <path>', 'the run, given as an option'),
      numberFlag('--length <n>', 'characters to write', positive).default(500),
      anyTextFlag('--prime <text>', 'how the text starts; \\n, \\t and \\u{2014} work'),
      textFlag('--prime-file <file>', 'how the text starts, from a file, or - for stdin'),
      switchFlag('--mid-text', 'the prime is from within a text, not its start'),
      omitFlag('--no-prime', 'leave the prime out of the output'),
      listFlag('--stop <text>', 'end where this is written; escapes work; repeatable'),
      omitFlag('--no-stop', 'leave the text of --stop out of the output'),
      numberFlag('--num <n>', 'how many texts; several are drawn at once', positive).default(1),
    ],
    'The choice of each character:': [
      numberFlag('--temp <x>', '1 as the model predicts, 0.5-0.8 safer, 0 the likeliest', { min: 0 }),
      numberFlag('--top-k <n>', 'only the k likeliest; 10-40', positive),
      numberFlag('--top-p <x>', 'only the likeliest that make up this share; 0.9-0.95', { above: 0, max: 1 }),
      numberFlag('--min-p <x>', 'only those at least x times as likely as the first; 0.05', { min: 0, max: 1 }),
      numberFlag('--seed <n>', 'the same seed writes the same text', { whole: true, min: 0 }),
    ],
    'The machine:': [deviceFlag('where to draw; listed below (default: auto)'), threadsFlag('of the cpu')],
    'Output:': [switchFlag('--json', 'one JSON object per text, when it is complete'), ...commonFlags()],
  };
  addGroups(command, groups);
  listDevices(command);
  addExamples(command, [
    ['rnn sample', '500 characters by the newest run'],
    ["rnn sample --prime 'Chapter 1' --temp 0.7 --length 2000", 'calmer, and longer'],
    ['rnn sample checkpoints/hamlet --num 8 --json', 'eight texts as data'],
    ["rnn sample --num 20 --stop '\\n' --no-stop", 'twenty lines'],
    ["rnn sample --top-p 0.9 --stop 'The end' --seed 42", 'the same text every time'],
  ]);
  command.action((run: string | undefined, flags: SampleFlags) =>
    sample({ ...flags, ...checkpointOf(run, context) }, context),
  );
}

/**
 * The argument takes the place of RNN_CHECKPOINT. @throws a usage error if the run is given twice
 */
function checkpointOf(run: string | undefined, { origins }: Context): Pick<SampleFlags, 'checkpoint'> {
  if (run === undefined) return {};
  if (origins.get('--checkpoint') === '--checkpoint')
    throw new RnnError('usage', `${inQuotes(run)} and --checkpoint exclude each other`, { hint: 'give the run once' });
  return { checkpoint: run };
}

async function sample(flags: SampleFlags, { io, stdout, stderr, waiting }: Context): Promise<void> {
  refuseSeedsBeyond(flags);
  const given = await readPrime(flags, io);
  const { readModel } = await import('../../api/trained.ts');
  const { openSamplerFor, seedsFrom } = await import('../../api/writer.ts');
  const { path, trained } = await readModel(flags.checkpoint);
  const { unit } = trained.vocabulary;
  const prime = await primeFor(trained, given);
  const stop = flags.stop?.map((text) => typedText('--stop', text, unit)) ?? null;
  const { num: count, length, midText, json = false, noPrime = false, noStop = false } = flags;
  const seed = flags.seed ?? io.randomSeed();
  const maxCount = Number.MAX_SAFE_INTEGER - seed + 1;
  if (count > maxCount) throw badValue('--num', String(count), `at most ${maxCount} with --seed ${seed}`);
  const { machine, by } = machineFrom(flags, io);
  waiting.begin('compiling');
  const { sampler, close } = await openSamplerFor(trained, machine, {
    texts: count,
    length,
  });
  try {
    const device = by === '' ? '' : `, device ${machine.device} by RNN_DEVICE`;
    if (flags.seed === undefined && !json) stderr.note(`${path}, --seed ${seed}${device}`);
    waiting.begin('sampling'); // until the first of it is there
    const options = { temperature: flags.temp, topK: flags.topK, topP: flags.topP, minP: flags.minP };
    const request = { prime, midText, length, stop, keepStop: !noStop, seeds: seedsFrom(seed, count), options };
    await writeSamples(sampler, request, { unit, seed, count, json, keepPrime: !noPrime }, stdout);
  } finally {
    await close();
  }
}

/** @throws a usage error if two texts would have one seed, because numbers end */
function refuseSeedsBeyond({ seed, num: count }: SampleFlags): void {
  if (seed === undefined || seed <= Number.MAX_SAFE_INTEGER - (count - 1)) return;
  throw badValue(
    '--seed',
    String(seed),
    `at most 2^53 − ${count} with --num ${count}`,
    'each text has the seed after that of the one before',
  );
}

/** Text that was typed, with its escapes, or the bytes of a file. */
type Prime = { readonly typed: string } | { readonly name: string; readonly bytes: Uint8Array };

/** @throws a usage error for both flags at once, a corpus error for a file that cannot be read */
async function readPrime({ prime, primeFile }: SampleFlags, io: Io): Promise<Prime> {
  if (primeFile === undefined) return { typed: prime ?? '' };
  if (prime !== undefined)
    throw new RnnError('usage', '--prime and --prime-file exclude each other', {
      hint: 'give the start of the text once',
    });
  const isPiped = isStandardInput(primeFile);
  const name = isPiped ? 'standard input' : primeFile;
  try {
    return { name, bytes: await readWhole(isPiped ? io.stdin : primeFile, MAX_PRIME_BYTES) };
  } catch (cause) {
    throw new RnnError('corpus', `--prime-file ${name} cannot be read: ${(cause as Error).message}`, {
      hint: 'give a text file, or - for standard input',
      cause,
    });
  }
}

/**
 * A file is read in the encoding of the model's text. @throws RnnError `corpus` for one of another,
 * unless the model reads bytes
 */
async function primeFor({ vocabulary: { unit }, training }: TrainedModel, prime: Prime): Promise<Given> {
  if ('typed' in prime) return typedText('--prime', prime.typed, unit);
  if (unit === 'byte') return prime.bytes;
  const { UTF8, decodeText } = await import('../../corpus/encoding.ts');
  const { recordedReadingOrNull } = await import('../../training/record.ts');
  const { encoding = UTF8 } = recordedReadingOrNull(training) ?? {};
  const text = decodeText(prime.bytes, encoding);
  if (text !== null) return text;
  throw new RnnError('corpus', `--prime-file ${prime.name} is not ${encoding === UTF8 ? 'UTF-8' : encoding}`, {
    hint: `convert it with iconv -f WINDOWS-1252 -t ${encoding.toUpperCase()}, or from the encoding that it has; only a model of bytes reads any file`,
  });
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
