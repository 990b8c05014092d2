// The files of a corpus, into an encoder: chunk by chunk, and refused where they hold no text. Knows nothing of vocabularies and splits.
//
// Bytes go straight into the encoder and never become a JavaScript string, unless they are in another encoding than UTF-8. CR and CRLF
// become LF, and a newline is put between files that lack their last, unless line ends are to be kept. A byte order mark at the start of
// a file is dropped. With `--unit byte` every byte counts, and nothing of this is done.
import { createHash, type Hash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { RnnError, inQuotes, systemCode } from '../errors.ts';
import { Encoder } from './encoder.ts';
import { type Converted, Converter, HEAD_BYTES, UTF8, encodingOf, encodingOfMark, hasUtf32Mark, recogniseUtf16 } from './encoding.ts';
import type { HeldOut } from './held-out.ts';
import { LineEnds } from './line-ends.ts';
import { pathForSystem } from './names.ts';
import type { CorpusOptions } from './read.ts';
import { type NamedFile, binaryFile, binarySign, invalidText, shortenedFile, utf16File, utf32File } from './refusals.ts';
import { fileError, findFiles, isText, nameOf, type Source, type TextFile } from './sources.ts';
import { isStandardInput } from './standard-input.ts';

const CHUNK_BYTES = 2 ** 20;
const NEWLINE = Buffer.from('\n');

type ReaderOptions = Pick<CorpusOptions, 'stdin' | 'runFolder' | 'encoding' | 'keepLineEnds' | 'include' | 'exclude' | 'unit'>;

/** The file that is being read. */
interface OpenFile extends NamedFile {
  /** Where in the store it starts. */
  readonly start: number;
  readonly encoding: string;
  /** A byte order mark says which encoding it is. */
  readonly isMarked: boolean;
  /** Null for UTF-8, and for bytes. */
  readonly converter: Converter | null;
  /** Null where they are kept. */
  readonly lineEnds: LineEnds | null;
  /** What was last encoded, and how much before it. */
  last: { readonly bytes: Uint8Array; readonly begin: number };
}

/** Feeds files to an encoder and a hash. */
export class Reader {
  readonly encoder: Encoder;
  /** Of the text that was read; a copy from an earlier moment takes its place to leave out a part. */
  hash: Hash = createHash('sha256');
  files = 0;
  skipped = 0;
  /** Files whose CR or CRLF line ends were read as LF. */
  readonly changedLineEnds: string[] = [];
  /** Newlines that were put between files. */
  joins = 0;
  readonly #options: ReaderOptions;
  /** Where in the store the present part of the corpus starts. */
  #partStart = 0;
  /** For all files, one after another: to make one for each took most of the time where they are small. */
  #buffer: Buffer | null = null;

  constructor(options: ReaderOptions) {
    this.encoder = new Encoder(options.unit);
    this.#options = options;
  }

  /** What follows is another text: no newline is put before it. */
  beginPart(): void {
    this.#partStart = this.encoder.store.length;
  }

  /** @param onlyPlain the part that a checkpoint names this source for: then no device and no pipe is read */
  async read(source: Source, onlyPlain: HeldOut | null = null): Promise<void> {
    if (isText(source)) {
      const { name, text } = source;
      // A string has no encoding any more.
      return this.#readText({ name, named: true }, [Buffer.from(text)], typeof text === 'string' ? UTF8 : this.#options.encoding);
    }
    const { files, skipped } = await findFiles(source, this.#options);
    this.skipped += skipped;
    for (const file of files) {
      if (onlyPlain !== null) await refuseUnlessPlain(file.path, onlyPlain);
      await this.#readFile(file);
    }
  }

  #readFile({ path, named }: TextFile): Promise<void> {
    const chunks = isStandardInput(path) ? stdinChunks(this.#options.stdin) : this.#fileChunks(path, named);
    return this.#readText({ name: nameOf(path), named }, chunks, this.#options.encoding);
  }

  async #readText(named: NamedFile, chunks: AsyncIterable<Buffer> | Iterable<Buffer>, encoding: string): Promise<void> {
    let file: OpenFile | null = null;
    let offset = 0;
    for await (const chunk of withWholeHead(chunks)) {
      if (chunk.length === 0) continue;
      file ??= this.#begin(named, chunk, encoding);
      if (file === null) return;
      this.#push(file, file.converter?.push(chunk) ?? { utf8: chunk, isValid: true }, offset);
      offset += chunk.length;
    }
    if (file !== null) this.#end(file, offset);
    this.files++;
  }

  /** @returns null for a binary file found in a folder, which is skipped */
  #begin(file: NamedFile, head: Buffer, asked: string): OpenFile | null {
    const { unit, keepLineEnds } = this.#options;
    const isBytes = unit === 'byte';
    if (!isBytes && hasUtf32Mark(head)) throw utf32File(file);
    const mark = isBytes ? null : encodingOfMark(head);
    const encoding = isBytes || asked === UTF8 ? UTF8 : encodingOf(head, asked);
    if (!isBytes && encoding === UTF8) {
      const other = recogniseUtf16(head);
      if (other !== null) throw utf16File(file, other);
    }
    if (!isBytes && !file.named) {
      const text = encoding === UTF8 ? head : new Converter(encoding).push(head).utf8;
      if (binarySign(text, true, null) !== null) {
        this.skipped++;
        return null;
      }
    }
    if (!isBytes && !keepLineEnds) this.#separate();
    this.encoder.begin();
    return {
      ...file,
      start: this.encoder.store.length,
      // What was asked for is shown as it was written.
      encoding: mark ?? (encoding === UTF8 ? UTF8 : asked),
      isMarked: mark !== null,
      converter: encoding === UTF8 ? null : new Converter(encoding),
      lineEnds: isBytes || keepLineEnds ? null : new LineEnds(),
      last: { bytes: head.subarray(0, 0), begin: 0 },
    };
  }

  /** Puts a newline after a file that lacks its last. */
  #separate(): void {
    const { store } = this.encoder;
    if (store.length === this.#partStart || store.view(store.length - 1)[0] === NEWLINE[0]) return;
    this.hash.update(NEWLINE);
    this.encoder.push(NEWLINE);
    this.joins++;
  }

  /** @param offset bytes of the file before these */
  #push(file: OpenFile, { utf8, isValid }: Converted, offset: number): void {
    const { converter, lineEnds } = file;
    const { store, offset: begin } = this.encoder;
    if (this.#options.unit === 'char') {
      const sign = binarySign(utf8, offset === 0, converter === null ? offset : null);
      if (sign !== null) throw binaryFile(file, sign);
    }
    const bytes = lineEnds?.push(utf8) ?? utf8;
    this.hash.update(bytes);
    file.last = { bytes, begin };
    const invalid = this.encoder.push(bytes);
    if (invalid >= 0) throw this.#invalidUtf8(file, invalid, false);
    if (!isValid) throw invalidText(file, { ...file, before: store.view(file.start) });
  }

  #end(file: OpenFile, offset: number): void {
    if (file.converter !== null) this.#push(file, file.converter.end(), offset);
    const incomplete = this.encoder.end();
    if (incomplete >= 0) throw this.#invalidUtf8(file, incomplete, true);
    if (file.lineEnds?.changed) this.changedLineEnds.push(file.name);
  }

  /** @param offset of the first byte that does not belong to a character, in the UTF-8 of the file */
  #invalidUtf8(file: OpenFile, offset: number, isCutOff: boolean): RnnError {
    const before = this.encoder.store.view(file.start);
    const { bytes, begin } = file.last;
    const at = file.lineEnds?.changed ? null : offset;
    return invalidText(file, { ...file, before, bytes, index: offset - begin, at, isCutOff });
  }

  /** The bytes of a file. The size of a pipe is unknown; that of a file of one chunk is not asked for, to save time. */
  async *#fileChunks(file: string, named: boolean): AsyncGenerator<Buffer> {
    const fail = (error: unknown): never => {
      throw fileError(file, error, { named });
    };
    const buffer = (this.#buffer ??= Buffer.allocUnsafeSlow(CHUNK_BYTES));
    const handle = await open(pathForSystem(file)).catch(fail);
    try {
      const sizeNow = async (): Promise<number> => (await handle.stat().catch(fail)).size;
      let size = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length).catch(fail);
        if (bytesRead === 0) {
          if (size > 0 && (await sizeNow()) < size) throw shortenedFile(file);
          return;
        }
        if (size === 0 && bytesRead === buffer.length) size = await sizeNow();
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close().catch(() => {});
    }
  }
}

/** The same chunks, the first of them long enough to show what a file is: a pipe may give it byte by byte. */
async function* withWholeHead(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === null) {
      yield chunk;
      continue;
    }
    head = head.length === 0 && chunk.length >= HEAD_BYTES ? chunk : Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) continue;
    yield head;
    head = null;
  }
  if (head !== null) yield head;
}

async function refuseUnlessPlain(file: string, { name, flags }: HeldOut): Promise<void> {
  if (isStandardInput(file)) return;
  const status = await stat(pathForSystem(file)).catch((error: unknown) => {
    throw fileError(file, error);
  });
  if (status.isFile()) return;
  throw new RnnError('corpus', `the ${name} text ${file} is not a plain file, and only the checkpoint names it`, {
    hint: `name it again by ${flags.file} if it is to be read`,
  });
}

async function* stdinChunks(stdin: AsyncIterable<Uint8Array | string> = process.stdin): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stdin) {
      if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))
        throw new RnnError('corpus', `standard input gives ${inQuotes(chunk)}, expected text or bytes`);
      yield typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
  } catch (cause) {
    if (systemCode(cause) === '') throw cause;
    throw new RnnError('corpus', `cannot read standard input: ${(cause as Error).message}`, {
      hint: 'pipe text into it, or redirect it from a file',
      cause,
    });
  }
}
