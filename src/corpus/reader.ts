// Reads the texts of a corpus into an encoder, chunk by chunk, and refuses files that are not text.
//
// Unless the user keeps line endings, CR and CRLF become LF, and files that do not end with a
// newline get one before the next file. A byte order mark at the start of a file is dropped. With
// `--level byte` every byte is an id, and none of this happens.
import { createHash, type Hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { systemCode } from '../errors.ts';
import { TokenEncoder } from './store.ts';
import { type DecodedText, FileDecoder, encodingOf, encodingOfMark, hasUtf32Mark, recogniseUtf16 } from './encoding.ts';
import { UTF8 } from '../options/choices.ts';
import { type HeldOutPart, refuseUnlessPlain } from './held-out.ts';
import { type Divider, withoutDivision } from './divide.ts';
import { LineEnds } from './line-ends.ts';
import type { OpenText } from './open-text.ts';
import { isDivided } from './record-options.ts';
import { RecordSink } from './record-sink.ts';
import type { CorpusOptions } from './corpus-options.ts';
import {
  NotTextError,
  binaryFileError,
  binarySign,
  invalidFilesError,
  invalidTextError,
  utf16FileError,
  utf32FileError,
} from './refusals.ts';
import {
  type GivenText,
  type InvalidFile,
  type Source,
  type TextFile,
  fileError,
  findFiles,
  isGivenText,
  sourceName,
  type ByteChunks,
  fileChunks,
  stdinChunks,
  withWholeHead,
} from './sources.ts';
import { isStandardInput } from './standard-input.ts';

const CHUNK_BYTES = 2 ** 20;
const NEWLINE = '\n';
const BYTE_ORDER_MARK = '\u{FEFF}';

/** The system has run out of a resource: the file is not at fault. */
const LIMITS: readonly string[] = ['EMFILE', 'ENFILE', 'ENOMEM'];

/** A text that was found. */
export interface SourceText {
  readonly name: string;
  /** The user named this very text. Other texts are skipped if they look like binary files. */
  readonly isNamed: boolean;
  /** The size in bytes. Infinity if it is unknown or not needed. */
  readonly bytes: number;
  readonly encoding: string;
  readonly chunks: () => ByteChunks;
}

/** Feeds texts to an encoder and a hash. */
export class CorpusReader {
  readonly encoder = new TokenEncoder();
  /** Hashes the text that was read. To leave out a part, callers replace it by an earlier copy. */
  hash: Hash = createHash('sha256');
  /** The number of hidden and binary files that were skipped. */
  skipped = 0;
  /** Files that are part of the text. */
  readonly read: string[] = [];
  /** Files that cannot be read as text. */
  readonly invalid: InvalidFile[] = [];
  /** Files whose CR or CRLF line endings were read as LF. */
  readonly changedLineEnds: string[] = [];
  /** The number of newlines added between files. */
  joins = 0;
  /** Null unless the text is divided into records. */
  readonly records: RecordSink | null;
  readonly #options: CorpusOptions;
  readonly #undivided: Divider;
  readonly #done = { files: 0, bytes: 0 };
  readonly #total = { files: 0, bytes: 0 };
  /** The start of the current part of the corpus in the store. */
  #partStart = 0;
  /** The part that records belong to. Null if the hash of each record decides. */
  #part: HeldOutPart['name'] | null = null;
  /** Shared by all files: allocating a buffer for each small file took most of the time. */
  #buffer: Buffer | null = null;

  constructor(options: CorpusOptions) {
    this.#options = options;
    this.records = isDivided(options) ? new RecordSink(this.encoder, options) : null;
    this.#undivided = withoutDivision((text) => this.encoder.push(options.lowercase ? text.toLowerCase() : text));
  }

  /**
   * Finds the texts of these sources. Call it for all parts before reading the first, so that the
   * total size is known.
   *
   * @param part the held-out part that the sources belong to, if any
   */
  async find(sources: readonly Source[], part?: HeldOutPart): Promise<readonly SourceText[]> {
    const texts: SourceText[] = [];
    this.#report();
    for (const source of sources) {
      if (isGivenText(source)) {
        texts.push(this.#givenText(source));
        continue;
      }
      const { files, unreadable: lost, skipped } = await findFiles(source, this.#options);
      this.skipped += skipped;
      this.invalid.push(...lost);
      if (part?.onlyPlain) for (const { path } of files) await refuseUnlessPlain(path, part);
      texts.push(...(await Promise.all(files.map((file) => this.#textIn(file)))));
    }
    this.#total.files += texts.length;
    for (const { bytes } of texts) this.#total.bytes += bytes;
    return texts;
  }

  /**
   * Reads a part of the corpus. No newline is added before it.
   *
   * @param part the part that all of it belongs to. Null for the sources
   * @returns the end of the part in the store
   */
  async readAll(texts: readonly SourceText[], part: HeldOutPart['name'] | null = null): Promise<number> {
    this.#part = part;
    this.#partStart = this.encoder.store.length;
    for (const text of texts) {
      if (this.hasEnough) break;
      const bytesBefore = this.#done.bytes;
      await this.#tryToRead(text);
      this.#done.files++;
      if (text.bytes < Infinity) this.#done.bytes = bytesBefore + text.bytes; // only the start of a skipped file was read
      this.#report();
    }
    return this.encoder.store.length;
  }

  /** Whether the text has as many characters as the caller needs. */
  get hasEnough(): boolean {
    return this.encoder.store.length >= (this.#options.neededCharacters ?? Infinity);
  }

  /**
   * @throws RnnError `corpus` that lists all files that cannot be read as text, unless the options
   * skip them
   */
  refuseInvalid(): void {
    if (this.invalid.length > 0 && !this.#options.skipInvalid) throw invalidFilesError(this.invalid, this.read.length);
  }

  #givenText({ name, text }: GivenText): SourceText {
    // A string has been decoded already.
    const encoding = typeof text === 'string' ? UTF8 : this.#options.encoding;
    return { name, isNamed: true, bytes: Buffer.byteLength(text), encoding, chunks: () => [Buffer.from(text)] };
  }

  async #textIn({ path, isNamed }: TextFile): Promise<SourceText> {
    const { stdin, encoding } = this.#options;
    const isPiped = isStandardInput(path);
    const chunks = (): ByteChunks => (isPiped ? stdinChunks(stdin) : this.#fileChunks(path, isNamed));
    return { name: sourceName(path), isNamed, bytes: isPiped ? Infinity : await this.#sizeOf(path), encoding, chunks };
  }

  /** Infinity for pipes and devices, and if no progress is reported. */
  async #sizeOf(path: string): Promise<number> {
    if (this.#options.onActivity === undefined) return Infinity;
    const status = await stat(path).catch(() => null);
    if (status === null) return 0; // reading it fails with the reason
    return status.isFile() ? status.size : Infinity;
  }

  #fileChunks(path: string, isNamed: boolean): ByteChunks {
    this.#buffer ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
    return fileChunks(path, this.#buffer, (error) => {
      throw fileError(path, error, { isNamed });
    });
  }

  #report(): void {
    const [done, total] = [this.#done, this.#total];
    this.#options.onActivity?.({
      kind: 'reading',
      done: Math.min(done.bytes, total.bytes),
      total: total.files > 0 && total.bytes < Infinity ? total.bytes : null,
      files: { done: done.files, total: total.files },
    });
  }

  /** Discards everything of a file that turns out not to be text. */
  async #tryToRead(text: SourceText): Promise<void> {
    const { length } = this.encoder.store;
    const [hash, joins] = [this.hash.copy(), this.joins];
    const undoRecords = this.records?.undo();
    try {
      await this.#read(text);
    } catch (error) {
      if (!(error instanceof NotTextError) || LIMITS.includes(systemCode(error.cause))) throw error;
      this.encoder.store.truncate(length);
      undoRecords?.();
      this.hash = hash;
      this.joins = joins;
      this.invalid.push({ path: text.name, isNamed: text.isNamed, error });
    }
  }

  async #read(text: SourceText): Promise<void> {
    if (this.#options.unit === 'byte') {
      for await (const chunk of text.chunks()) {
        this.encoder.store.append(chunk);
        this.hash.update(chunk);
        this.#advance(chunk.length);
        if (this.hasEnough) break;
      }
      this.read.push(text.name);
      return;
    }
    let open: OpenText | null = null;
    let offset = 0;
    for await (const chunk of withWholeHead(text.chunks())) {
      open ??= this.#begin(text, chunk);
      if (open === null) return;
      this.#push(open, open.decoder.push(chunk), chunk, offset);
      offset += chunk.length;
      this.#advance(chunk.length);
      if (this.hasEnough) {
        open = null; // its last character and record may be incomplete
        break;
      }
    }
    if (open !== null) {
      this.#push(open, open.decoder.push(), Buffer.alloc(0), offset);
      await open.divider.end();
      if (open.lineEnds?.changed) this.changedLineEnds.push(open.name);
    }
    this.read.push(text.name);
  }

  #advance(bytes: number): void {
    this.#done.bytes += bytes;
    this.#report();
  }

  /** @returns null for a binary file found in a folder, which is skipped */
  #begin({ name, isNamed, encoding: requestedEncoding }: SourceText, head: Uint8Array): OpenText | null {
    const { store } = this.encoder;
    const { keepLineEnds } = this.#options;
    if (hasUtf32Mark(head)) throw utf32FileError(name);
    const mark = encodingOfMark(head);
    const encoding = encodingOf(head, requestedEncoding);
    const utf16 = encoding === UTF8 ? recogniseUtf16(head) : null;
    if (utf16 !== null) throw utf16FileError(name, utf16);
    const isUtf8 = encoding === UTF8;
    const bytes = isUtf8 ? head : Buffer.from(new FileDecoder(encoding).push(head).text);
    if (!isNamed && binarySign(bytes, true, null) !== null) {
      this.skipped++;
      return null;
    }
    if (!keepLineEnds && this.records === null) this.#separate();
    return {
      name,
      start: store.length,
      // Messages show the encoding as the user wrote it.
      encoding: mark ?? (isUtf8 ? UTF8 : requestedEncoding),
      isMarked: mark !== null,
      isUtf8,
      decoder: new FileDecoder(encoding),
      lineEnds: keepLineEnds ? null : new LineEnds(),
      divider: this.records?.dividerFor(name, this.#part) ?? this.#undivided,
    };
  }

  /** Adds a newline after a file that does not end with one. */
  #separate(): void {
    const { store } = this.encoder;
    if (store.length === this.#partStart || store.view(store.length - 1)[0] === NEWLINE.charCodeAt(0)) return;
    this.hash.update(NEWLINE);
    this.encoder.push(NEWLINE);
    this.joins++;
  }

  /** @param offset bytes of the file before this chunk */
  #push(open: OpenText, { text, isValid, invalid }: DecodedText, bytes: Uint8Array, offset: number): void {
    const isNew = this.#options.vocabulary === undefined;
    const sign = binarySign(open.isUtf8 ? bytes : Buffer.from(text), offset === 0, open.isUtf8 ? offset : null);
    if (sign !== null) throw binaryFileError(open.name, sign, isNew);
    const read = open.lineEnds?.push(text) ?? text;
    this.hash.update(read);
    open.divider.push(offset === 0 && read.startsWith(BYTE_ORDER_MARK) ? read.slice(1) : read);
    if (isValid) return;
    const before = this.records === null ? this.encoder.store.view(open.start) : null;
    throw invalidTextError(open, before, invalid, isNew);
  }
}
