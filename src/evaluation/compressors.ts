// Sizes of a text after compression, as baselines for a model.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Tokens } from '../corpus/read.ts';
import type { VocabularyData } from '../corpus/vocabulary.ts';

/** Bytes by name of the compressor. */
export type CompressedSizes = Readonly<Record<string, number>>;

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LARGE_WINDOW, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;

/** The bytes of a text in UTF-8, or the original bytes of a byte-level text. */
export function textBytesOf(tokens: Tokens, { unit, symbols }: VocabularyData): Uint8Array {
  if (unit === 'byte') return Uint8Array.from(tokens);
  const encoded = symbols.map((symbol) => Buffer.from(symbol));
  let length = 0;
  for (const id of tokens) length += encoded[id].length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const id of tokens) {
    bytes.set(encoded[id], at);
    at += encoded[id].length;
  }
  return bytes;
}

/** Sizes by gzip and brotli at their highest levels, with headers. A megabyte takes two seconds. */
export async function compressedSizes(text: Uint8Array): Promise<CompressedSizes> {
  const brotli = {
    [BROTLI_PARAM_QUALITY]: 11,
    [BROTLI_PARAM_LARGE_WINDOW]: 1,
    [BROTLI_PARAM_LGWIN]: 30,
    [BROTLI_PARAM_SIZE_HINT]: text.length,
  };
  const [zipped, brewed] = await Promise.all([
    promisify(gzip)(text, { level: 9 }),
    promisify(brotliCompress)(text, { params: brotli }),
  ]);
  return { gzip: zipped.length, brotli: brewed.length };
}

/** Size by the system's `xz -9e`. Empty if that program is missing or fails. */
export async function xzSize(text: Uint8Array, program = 'xz'): Promise<CompressedSizes> {
  const compression = promisify(execFile)(program, ['-9e', '--stdout'], { encoding: 'buffer', maxBuffer: Infinity });
  compression.child.stdin!.on('error', () => {}).end(text); // xz may exit before it has read everything
  return compression.then(
    ({ stdout }) => ({ xz: stdout.length }),
    () => ({}),
  );
}
