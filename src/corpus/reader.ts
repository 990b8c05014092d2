// The files of a corpus, into an encoder: chunk by chunk, and refused where they hold no text. Knows nothing of vocabularies and splits.
//
// Bytes go straight into the encoder and never become a JavaScript string. Line ends are kept as they are: CRLF is two
// characters, because a model of a text should be able to write that text. A UTF-8 byte order mark at the start of a file is
// dropped, except with `--unit byte`, where every byte counts.
import { createHash, type Hash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { RnnError } from '../errors.ts';
import { Encoder } from './encoder.ts';
import type { CorpusOptions } from './read.ts';
import { fileError, findFiles, isText, nameOf, type Source, STDIN, type TextFile } from './sources.ts';
import type { Unit } from './vocabulary.ts';

const CHUNK_BYTES = 2 ** 20;

/** Feeds files to an encoder and a hash. */
export class Reader {
  readonly encoder: Encoder;
  readonly hash: Hash = createHash('sha256');
  files = 0;
  skipped = 0;
  readonly #unit: Unit;
  readonly #stdin: CorpusOptions['stdin'];
  readonly #runFolder: string | undefined;

  constructor(unit: Unit, { stdin, runFolder }: Pick<CorpusOptions, 'stdin' | 'runFolder'>) {
    this.encoder = new Encoder(unit);
    this.#unit = unit;
    this.#stdin = stdin;
    this.#runFolder = runFolder;
  }

  async read(source: Source, include: readonly string[], exclude: readonly string[], { onlyPlain = false } = {}): Promise<void> {
    if (isText(source)) return this.#readText(source.name, [Buffer.from(source.text)], true);
    const { files, hidden } = await findFiles(source, { include, exclude, runFolder: this.#runFolder });
    this.skipped += hidden;
    for (const file of files) {
      if (onlyPlain) await refuseUnlessPlain(file.path);
      await this.#readFile(file);
    }
  }

  #readFile({ path, named }: TextFile): Promise<void> {
    return this.#readText(nameOf(path), path === STDIN ? stdinChunks(this.#stdin) : fileChunks(path), named);
  }

  async #readText(name: string, chunks: AsyncIterable<Buffer> | Iterable<Buffer>, named: boolean): Promise<void> {
    let offset = 0;
    this.encoder.begin();
    for await (const chunk of chunks) {
      const binary = this.#unit === 'char' ? binarySign(chunk, offset) : null;
      if (binary !== null) {
        if (!named && offset === 0) {
          this.skipped++;
          return;
        }
        throw binaryFile(name, binary, named);
      }
      this.hash.update(chunk);
      const invalid = this.encoder.push(chunk);
      if (invalid >= 0) throw invalidText(name, invalid, 'is not UTF-8', named);
      offset += chunk.length;
    }
    const incomplete = this.encoder.end();
    if (incomplete >= 0) throw invalidText(name, incomplete, 'ends within a character', named);
    this.files++;
  }
}

async function refuseUnlessPlain(file: string): Promise<void> {
  if (file === STDIN) return;
  const status = await stat(file).catch((error: unknown) => {
    throw fileError(file, error);
  });
  if (status.isFile()) return;
  throw new RnnError('corpus', `the validation text ${file} is not a plain file, and only the checkpoint names it`, {
    hint: 'name it again by --val-file if it is to be read',
  });
}

/** The bytes of a file in one buffer, which is used again and again. Sizes are not asked for: those of pipes are unknown. */
async function* fileChunks(file: string): AsyncGenerator<Buffer> {
  const handle = await open(file).catch((error: unknown) => {
    throw fileError(file, error);
  });
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length).catch((error: unknown) => {
        throw fileError(file, error);
      });
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close().catch(() => {});
  }
}

async function* stdinChunks(stdin: AsyncIterable<Uint8Array | string> = process.stdin): AsyncGenerator<Buffer> {
  for await (const chunk of stdin)
    yield typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Why these bytes at `offset` of a file are no text, or null. Text may hold a few control characters; a third is too many. */
function binarySign(bytes: Buffer, offset: number): string | null {
  if (offset === 0 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)))
    return 'it starts as UTF-16 does';
  const nul = bytes.indexOf(0);
  if (nul >= 0) return `a NUL byte at byte ${offset + nul}`;
  if (offset > 0) return null;
  const head = bytes.subarray(0, 8192);
  const controls = head.reduce(
    (count, byte) => count + (byte === 0x7f || (byte < 0x20 && (byte < 0x07 || byte > 0x0d) && byte !== 0x1b) ? 1 : 0),
    0,
  );
  return controls * 3 > head.length ? 'most of it is control characters' : null;
}

function binaryFile(name: string, sign: string, named: boolean): RnnError {
  const convert = sign.includes('UTF-16') ? `iconv -f UTF-16 -t UTF-8 makes it UTF-8; or ` : '';
  return new RnnError('corpus', `${name} looks like a binary file: ${sign}`, {
    hint: `${convert}a model made by rnn train --unit byte reads any file${named ? '' : `, --exclude '${name}' leaves it out`}`,
  });
}

function invalidText(name: string, offset: number, what: string, named: boolean): RnnError {
  return new RnnError('corpus', `${name} ${what} at byte ${offset}`, {
    hint: `a model made by rnn train --unit byte reads any file; iconv -f LATIN1 -t UTF-8 converts it if it is Latin-1${named ? '' : `; --exclude leaves it out`}`,
  });
}
