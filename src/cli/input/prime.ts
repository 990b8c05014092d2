// Prompts: text from the command line with its escapes, or a file in the encoding of a model's text.
import { isStandardInput } from '../../corpus/standard-input.ts';
import type { Unit } from '../../corpus/vocabulary.ts';
import { corpusError } from '../../errors.ts';
import { UTF8 } from '../../options/choices.ts';
import { unescape } from '../../options/escapes.ts';
import { badValue } from '../../options/values.ts';
import type { TrainedModel } from '../../runs/checkpoint.ts';
import type { TextOrBytes } from '../../sampling/sample.ts';
import type { Io } from '../process/io.ts';
import { readWhole } from './whole-file.ts';

/** A model takes many minutes to read a longer prompt. */
const MAX_PRIME_BYTES = 64e6;

/** Text from the command line, with its escapes, or the bytes of a file. */
export type GivenPrime = { readonly typed: string } | { readonly name: string; readonly bytes: Uint8Array };

/** @throws RnnError `corpus` for a file that cannot be read */
export async function readPrime(
  { prime, primeFile }: { readonly prime?: string; readonly primeFile?: string },
  io: Io,
): Promise<GivenPrime> {
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
 * @param flag the name of a typed prompt in errors
 * @throws RnnError `corpus` for a file in another encoding, unless the model reads bytes
 */
export async function primeFor(
  { vocabulary: { unit }, training }: TrainedModel,
  prime: GivenPrime,
  flag = '--prime',
): Promise<TextOrBytes> {
  if ('typed' in prime) return typedText(flag, prime.typed, unit);
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
export function typedText(flag: string, text: string, unit: Unit): TextOrBytes {
  if (unit === 'byte' && text.includes('\u{FFFD}'))
    throw badValue(flag, text, 'valid UTF-8', String.raw`write any other byte as \xff, and U+FFFD itself as \u{fffd}`);
  return unescape(text, unit);
}
