// `rnn sample`: writes text to stdout as the model draws it. The drawing is in sampling/.
import type { Command } from 'commander';
import type { TrainedModel } from '../../checkpoint/checkpoint.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { RnnError } from '../../errors.ts';
import type { SamplingOptions } from '../../sampling/filters.ts';
import type { Context } from '../context.ts';
import { chosenDevice, deviceFlag, listDevices, ofMachine } from '../devices.ts';
import { addExamples, addGroups, anyTextFlag, commonFlags, numberFlag, switchFlag, textFlag } from '../flags.ts';
import { harmless } from '../format.ts';
import type { Output } from '../output.ts';
import { readWhole } from '../whole-file.ts';

interface SampleFlags {
  readonly checkpoint?: string;
  readonly temp?: number;
  readonly length: number;
  readonly prime?: string;
  readonly primeFile?: string;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly num: number;
  readonly stop?: string;
  readonly json?: boolean;
  readonly device?: string;
  readonly threads?: number;
}

const positive = { whole: true, least: 1 };
/** Of a file with a prime: what is read in minutes. */
const MAX_PRIME_BYTES = 64e6;

export function defineSample(command: Command, context: Context): void {
  command.description('Writes text with a trained model to stdout, as it is drawn.');
  const groups = {
    'The text:': [
      textFlag('--checkpoint <path>', 'a run folder or a file; the newest run unless given'),
      numberFlag('--length <n>', 'characters to write', positive).default(500),
      anyTextFlag('--prime <text>', 'how the text starts'),
      textFlag('--prime-file <file>', 'how the text starts, from a file, or - for stdin'),
      textFlag('--stop <text>', 'end where this has been written'),
      numberFlag('--num <n>', 'how many texts; several are drawn at once', positive).default(1),
    ],
    'The choice of each character:': [
      numberFlag('--temp <x>', '1 as the model predicts, 0.5-0.8 safer, 0 the likeliest', { least: 0 }),
      numberFlag('--top-k <n>', 'only the k likeliest; 10-40', positive),
      numberFlag('--top-p <x>', 'only the likeliest that make up this share; 0.9-0.95', { above: 0, most: 1 }),
      numberFlag('--min-p <x>', 'only those at least x times as likely as the first; 0.05', { least: 0, most: 1 }),
      numberFlag('--seed <n>', 'the same seed writes the same text', { whole: true, least: 0 }),
    ],
    'The machine:': [deviceFlag('where to draw; listed below (default: auto)'), numberFlag('--threads <n>', 'of the cpu', positive)],
    'Output:': [switchFlag('--json', 'one JSON object per text, when it is complete'), ...commonFlags()],
  };
  addGroups(command, groups);
  listDevices(command);
  addExamples(command, [
    ['rnn sample', '500 characters by the newest run'],
    ["rnn sample --prime 'Chapter 1' --temp 0.7 --length 2000", 'calmer, and longer'],
    ['rnn sample --checkpoint checkpoints/hamlet --num 8 --json', 'eight texts as data'],
    ["rnn sample --top-p 0.9 --stop 'The end' --seed 42", 'the same text every time'],
  ]);
  command.action((flags: SampleFlags) => sample(flags, context));
}

async function sample(flags: SampleFlags, context: Context): Promise<void> {
  const { io, rooms, stdout, stderr } = context;
  refuseTwice(flags);
  const options: SamplingOptions = { temperature: flags.temp, topK: flags.topK, topP: flags.topP, minP: flags.minP };
  const { findCheckpoint, readCheckpoint } = await rooms.checkpoints();
  const path = await findCheckpoint(flags.checkpoint, 'use');
  const checkpoint = await readCheckpoint(path, { weightsOnly: true });
  const prime = await readPrime(flags, checkpoint, context);
  const seed = flags.seed ?? io.randomSeed();
  const choice = chosenDevice(flags.device, io);
  const multiplyAdds = flags.num > 1 ? flags.num * flags.length * weightsOf(checkpoint) : 0;
  const device = await (await rooms.devices()).openDevice(choice.name, { work: { kind: 'sampling', multiplyAdds }, ...ofMachine(flags) });
  let closeSampler = (): Promise<void> => Promise.resolve();
  try {
    const by = choice.fromEnvironment ? `, device ${choice.name} by RNN_DEVICE` : '';
    if (flags.seed === undefined && !flags.json) stderr.line(stderr.colour.dim(harmless(`${path}, --seed ${seed}${by}`)));
    const { openSampler } = await rooms.sampling();
    const size = { texts: flags.num, length: flags.length, stops: flags.stop !== undefined, prime: prime.length };
    const sampler = await openSampler(checkpoint, device, size);
    closeSampler = () => sampler.close();
    // Refuses a prime that the model does not know before anything is on stdout.
    const texts = sampler.texts({ prime, length: flags.length, stop: flags.stop ?? null, seeds: seedsFrom(seed, flags.num), options });
    let index = 0;
    for (const pieces of texts) {
      const own = seed + index;
      const title = flags.num > 1 ? `text ${index + 1} of ${flags.num}, --seed ${own}` : null;
      if (flags.json) await writeObject({ index, seed: own, prime }, pieces, stdout);
      else await writeText({ title, first: index === 0, prime }, pieces, stdout);
      index++;
    }
  } finally {
    await closeSampler();
    await device.close();
  }
}

/** Each text has a seed of its own, by which it can be had again alone. */
function* seedsFrom(first: number, count: number): Generator<number> {
  for (let index = 0; index < count; index++) yield first + index;
}

async function writeText(
  { title, first, prime }: { title: string | null; first: boolean; prime: string },
  pieces: AsyncIterable<string>,
  stdout: Output,
): Promise<void> {
  const { colour } = stdout;
  if (title !== null) await stdout.write(`${first ? '' : '\n'}${colour.dim(`── ${title} ──`)}\n`);
  if (prime !== '') await stdout.write(colour.bold(prime));
  let last = prime;
  for await (const piece of pieces) {
    if (piece === '') continue;
    await stdout.write(piece);
    last = piece;
  }
  if (!last.endsWith('\n')) await stdout.write('\n');
}

async function writeObject(
  head: { index: number; seed: number; prime: string },
  pieces: AsyncIterable<string>,
  stdout: Output,
): Promise<void> {
  let text = head.prime;
  for await (const piece of pieces) text += piece;
  await stdout.write(`${JSON.stringify({ event: 'sample', ...head, text })}\n`);
}

/** @throws a usage error for both flags at once */
function refuseTwice({ prime, primeFile }: SampleFlags): void {
  if (prime !== undefined && primeFile !== undefined)
    throw new RnnError('usage', '--prime and --prime-file exclude each other', { hint: 'give the start of the text once' });
}

/** A file is read in the encoding of the model's text. @throws a corpus error for one that cannot be, or is of another */
async function readPrime({ prime = '', primeFile }: SampleFlags, { training }: TrainedModel, { io, rooms }: Context): Promise<string> {
  if (primeFile === undefined) return prime;
  const isPiped = isStandardInput(primeFile);
  const name = isPiped ? 'standard input' : primeFile;
  const bytes = await readWhole(isPiped ? io.stdin : primeFile, MAX_PRIME_BYTES).catch((cause: unknown) => {
    throw new RnnError('corpus', `--prime-file ${name} cannot be read: ${(cause as Error).message}`, {
      hint: 'give a text file, or - for standard input',
      cause,
    });
  });
  const { UTF8, decodeText, recordedReadingOrNull } = await rooms.reading();
  const { encoding = UTF8 } = recordedReadingOrNull(training) ?? {};
  const text = decodeText(bytes, encoding);
  if (text !== null) return text;
  throw new RnnError('corpus', `--prime-file ${name} is not ${encoding === UTF8 ? 'UTF-8' : encoding}`, {
    hint: 'iconv -f WINDOWS-1252 -t UTF-8 converts it if it was written on Windows in the West',
  });
}

function weightsOf({ tensors }: TrainedModel): number {
  return tensors.reduce((sum, { data }) => sum + data.length, 0);
}
