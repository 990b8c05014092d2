// Reads the lines of files and of standard input as they arrive, whatever bytes they contain.
import { TextDecoder } from 'node:util';
import { UTF8, encodingNamed } from '../options/choices.ts';
import { encodingOfMark } from './encoding.ts';
import { binarySign } from './refusals.ts';
import { type ByteChunks, fileChunks, fileError, findFiles, stdinChunks } from './sources.ts';
import { isStandardInput } from './standard-input.ts';

/** A longer line is cut: it is more likely a file without lines. */
export const MAX_LINE = 2 ** 20;
const CHUNK_BYTES = 2 ** 18;

/** A line of a text, without its line feed. */
export interface TextLine {
  /** The path of the file, or `-`. */
  readonly source: string;
  /** Counted from 1, with empty lines. */
  readonly number: number;
  /** With U+FFFD for bytes that are not in the encoding. Bytes, if the reader was asked for them. */
  readonly text: string | Uint8Array;
  /** The line is longer than MAX_LINE, and only its beginning is here. */
  readonly isCut: boolean;
}

/** A line of a file, which may be empty. */
type SplitLine = Pick<TextLine, 'number' | 'isCut'> & { readonly text: string };

/** Splits the text of a file into lines, piece by piece. */
export class LineSplitter {
  #rest = '';
  #number = 0;

  /** Returns the lines that end in this piece. */
  push(text: string): SplitLine[] {
    const lines = (this.#rest + text).split('\n');
    // One more character shows that the line is too long.
    this.#rest = lines.pop()!.slice(0, MAX_LINE + 1);
    return lines.map((line) => this.#line(line));
  }

  /** Returns the last line if no line feed ends it. */
  end(): SplitLine[] {
    return this.#rest === '' ? [] : [this.#line(this.#rest)];
  }

  #line(text: string): SplitLine {
    const isCut = text.length > MAX_LINE;
    return { number: ++this.#number, text: isCut ? text.slice(0, MAX_LINE) : text, isCut };
  }
}

/**
 * Finds the files to read lines from: files, all text files of folders, and files of patterns. `-` is
 * standard input.
 *
 * @throws RnnError `corpus` for a source that does not exist or cannot be read
 */
export async function findLineFiles(sources: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const source of sources) {
    const found = await findFiles(source, { include: [], exclude: [] });
    if (found.unreadable.length > 0) throw found.unreadable[0].error;
    for (const { path, isNamed } of found.files) if (isNamed || !(await isBinary(path))) files.push(path);
  }
  return files;
}

/** How lines are read. */
export interface LineReading {
  /** A label of the Encoding Standard. A byte order mark in a file takes precedence. */
  readonly encoding: string;
  /** Read the bytes of each line, for byte-level models. */
  readonly asBytes: boolean;
  /** Empty lines count, too. Default false. */
  readonly keepEmpty?: boolean;
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
}

/**
 * Yields the lines of files, unless they are empty. Each list has the lines that arrived together.
 *
 * @throws RnnError `corpus` for a file that cannot be read
 */
export async function* readLines(
  files: readonly string[],
  { encoding, asBytes, keepEmpty = false, stdin }: LineReading,
): AsyncGenerator<readonly TextLine[]> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for (const source of files) {
    const chunks = isStandardInput(source) ? stdinChunks(stdin) : chunksOfFile(source, buffer);
    const splitter = new LineSplitter();
    const lines = (split: readonly SplitLine[]): TextLine[] =>
      split
        .filter(({ text }) => keepEmpty || (text !== '' && text !== '\r'))
        .map(({ text, ...line }) => ({ ...line, source, text: asBytes ? Buffer.from(text, 'latin1') : text }));
    for await (const text of asBytes ? textOfBytes(chunks) : decodeChunks(chunks, encoding))
      yield lines(splitter.push(text));
    yield lines(splitter.end());
  }
}

const chunksOfFile = (file: string, buffer: Uint8Array): ByteChunks =>
  fileChunks(file, buffer, (error) => {
    throw fileError(file, error, { isNamed: true });
  });

/** Whether a file in a folder looks binary, as when a model trains on the folder. */
async function isBinary(file: string): Promise<boolean> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for await (const head of chunksOfFile(file, buffer)) return binarySign(head, true, null) !== null;
  return false;
}

/** A code unit for each byte. */
async function* textOfBytes(chunks: ByteChunks): AsyncGenerator<string> {
  for await (const chunk of chunks) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
}

async function* decodeChunks(chunks: ByteChunks, requested: string): AsyncGenerator<string> {
  let decoder: TextDecoder | null = null;
  for await (const chunk of chunks) {
    const marked = requested === UTF8 ? null : encodingOfMark(chunk);
    decoder ??= new TextDecoder(marked ?? encodingNamed(requested) ?? UTF8);
    yield decoder.decode(chunk, { stream: true });
  }
  if (decoder !== null) yield decoder.decode();
}
