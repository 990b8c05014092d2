// The files of a corpus, into an encoder: chunk by chunk, and refused where they hold no text. Knows nothing of vocabularies and splits.
//
// Bytes go straight into the encoder and never become a JavaScript string, unless they are in another encoding than UTF-8. CR and CRLF
// become LF, and a newline is put between files that lack their last, unless line ends are to be kept. A byte order mark at the start of
// a file is dropped. With `--unit byte` every byte counts, and nothing of this is done.
import { createHash, type Hash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { RnnError, systemCode } from '../errors.ts';
import { Encoder } from './encoder.ts';
import { type Converted, Converter, UTF8, encodingOf, encodingOfMark, hasUtf32Mark, recogniseUtf16 } from './encoding.ts';
import { type HeldOut, refuseUnlessPlain } from './held-out.ts';
import { invalidFiles } from './invalid-files.ts';
import { LineEnds } from './line-ends.ts';
import { pathForSystem } from './names.ts';
import { stdinChunks, withWholeHead } from './chunks.ts';
import type { CorpusOptions } from './read.ts';
import { type NamedFile, binaryFile, binarySign, invalidText, shortenedFile, utf16File, utf32File } from './refusals.ts';
import { type GivenText, type InvalidFile, type Source, type TextFile, fileError, findFiles, isText, nameOf } from './sources.ts';
import { isStandardInput } from './standard-input.ts';

const CHUNK_BYTES = 2 ** 20;
const NEWLINE = Buffer.from('\n');

/** The system has too little of something: no fault of the file. */
const LIMITS: readonly string[] = ['EMFILE', 'ENFILE', 'ENOMEM'];

type ReaderOptions = Pick<
  CorpusOptions,
  'stdin' | 'runFolder' | 'encoding' | 'keepLineEnds' | 'include' | 'exclude' | 'skipInvalid' | 'unit' | 'onActivity'
>;

/** A text that was found; its size is null where nobody knows it beforehand, or wants to. */
export interface FoundText {
  readonly text: TextFile | GivenText;
  readonly bytes: number | null;
}

/** Why a file is no text. It is thrown and caught within the reader. */
class Invalid extends Error {
  readonly why: RnnError;

  constructor(why: RnnError) {
    super(why.message);
    this.why = why;
  }
}

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
  skipped = 0;
  /** Files that are in the text. */
  readonly read: string[] = [];
  /** Files that are not, because they cannot be read as text. */
  readonly invalid: InvalidFile[] = [];
  /** Files whose CR or CRLF line ends were read as LF. */
  readonly changedLineEnds: string[] = [];
  /** Newlines that were put between files. */
  joins = 0;
  readonly #options: ReaderOptions;
  readonly #done = { files: 0, bytes: 0 };
  readonly #total: { files: number; bytes: number | null } = { files: 0, bytes: 0 };
  /** Where in the store the present part of the corpus starts. */
  #partStart = 0;
  /** For all files, one after another: to make one for each took most of the time where they are small. */
  #buffer: Buffer | null = null;

  constructor(options: ReaderOptions) {
    this.encoder = new Encoder(options.unit);
    this.#options = options;
  }

  /**
   * The texts of these sources. All are to be found before the first is read: so it is known how much there is.
   *
   * @param onlyPlain the part that a checkpoint names these sources for: then no device and no pipe is read
   */
  async find(sources: readonly Source[], onlyPlain: HeldOut | null = null): Promise<readonly FoundText[]> {
    const found: FoundText[] = [];
    this.#report();
    for (const source of sources) {
      if (isText(source)) {
        found.push({ text: source, bytes: Buffer.byteLength(source.text) });
        continue;
      }
      const { files, lost, skipped } = await findFiles(source, this.#options);
      this.skipped += skipped;
      this.invalid.push(...lost);
      if (onlyPlain !== null) for (const file of files) await refuseUnlessPlain(file.path, onlyPlain);
      found.push(...(await Promise.all(files.map(async (text) => ({ text, bytes: await this.#sizeOf(text) })))));
    }
    this.#total.files += found.length;
    for (const { bytes } of found) this.#total.bytes = bytes === null || this.#total.bytes === null ? null : this.#total.bytes + bytes;
    return found;
  }

  /**
   * Reads a part of the corpus: no newline is put before it.
   *
   * @returns where in the store it ends
   */
  async readAll(found: readonly FoundText[]): Promise<number> {
    this.#partStart = this.encoder.store.length;
    for (const { text, bytes } of found) {
      const before = this.#done.bytes;
      await this.#tryToRead(text);
      this.#done.files++;
      if (bytes !== null) this.#done.bytes = before + bytes; // of what is skipped only the beginning was read
      this.#report();
    }
    return this.encoder.store.length;
  }

  /** @throws RnnError `corpus` with all files that cannot be read as text, unless they are to be skipped */
  refuseInvalid(): void {
    if (this.invalid.length > 0 && !this.#options.skipInvalid) throw invalidFiles(this.invalid, this.read);
  }

  /** Null for pipes and devices, and where nobody asks how far the reading is. */
  async #sizeOf({ path }: TextFile): Promise<number | null> {
    if (this.#options.onActivity === undefined || isStandardInput(path)) return null;
    const status = await stat(pathForSystem(path)).catch(() => null);
    if (status === null) return 0; // reading it says why
    return status.isFile() ? status.size : null;
  }

  #report(): void {
    const { files, bytes } = this.#done;
    const { files: totalFiles, bytes: totalBytes } = this.#total;
    const isKnown = totalFiles > 0 && totalBytes !== null;
    const done = isKnown ? Math.min(bytes, totalBytes) : bytes;
    const total = isKnown ? totalBytes : null;
    this.#options.onActivity?.({ kind: 'reading', done, total, files: { done: files, total: totalFiles } });
  }

  /** Of a file that turns out to be no text, nothing stays. */
  async #tryToRead(text: TextFile | GivenText): Promise<void> {
    const { length } = this.encoder.store;
    const [hash, joins] = [this.hash.copy(), this.joins];
    try {
      await this.#read(text);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      this.encoder.store.truncate(length);
      this.encoder.begin();
      this.hash = hash;
      this.joins = joins;
      const file = 'path' in text ? { path: nameOf(text.path), named: text.named } : { path: text.name, named: true };
      this.invalid.push({ ...file, error: error.why });
    }
  }

  #read(text: TextFile | GivenText): Promise<void> {
    // A string has no encoding any more.
    if ('text' in text)
      return this.#readText(
        { name: text.name, named: true },
        [Buffer.from(text.text)],
        typeof text.text === 'string' ? UTF8 : this.#options.encoding,
      );
    const { path, named } = text;
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
      this.#done.bytes += chunk.length;
      this.#report();
    }
    if (file !== null) this.#end(file, offset);
    this.read.push(named.name);
  }

  /** @returns null for a binary file found in a folder, which is skipped */
  #begin(file: NamedFile, head: Buffer, asked: string): OpenFile | null {
    const { unit, keepLineEnds } = this.#options;
    const isBytes = unit === 'byte';
    if (!isBytes && hasUtf32Mark(head)) throw new Invalid(utf32File(file));
    const mark = isBytes ? null : encodingOfMark(head);
    const encoding = isBytes || asked === UTF8 ? UTF8 : encodingOf(head, asked);
    if (!isBytes && encoding === UTF8) {
      const other = recogniseUtf16(head);
      if (other !== null) throw new Invalid(utf16File(file, other));
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
      if (sign !== null) throw new Invalid(binaryFile(file, sign));
    }
    const bytes = lineEnds?.push(utf8) ?? utf8;
    this.hash.update(bytes);
    file.last = { bytes, begin };
    const invalid = this.encoder.push(bytes);
    if (invalid >= 0) throw new Invalid(this.#invalidUtf8(file, invalid, false));
    if (!isValid) throw new Invalid(invalidText(file, { ...file, before: store.view(file.start) }));
  }

  #end(file: OpenFile, offset: number): void {
    if (file.converter !== null) this.#push(file, file.converter.end(), offset);
    const incomplete = this.encoder.end();
    if (incomplete >= 0) throw new Invalid(this.#invalidUtf8(file, incomplete, true));
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
      const why = fileError(file, error, { named });
      throw LIMITS.includes(systemCode(error)) ? why : new Invalid(why);
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
