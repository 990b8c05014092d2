// Reads a log from its start, and continues as it grows. Meanwhile another process may write it,
// cut it back or begin it again.
import { type FileHandle, open, stat } from 'node:fs/promises';

import { systemCode, machineError } from '../errors.ts';
import { type LogLine, objectsIn } from './log.ts';

/** The result of one look at a log. */
interface Fresh {
  /** The lines that are JSON objects. */
  readonly lines: readonly LogLine[];
  /** Earlier lines are no longer valid: these lines begin the log. */
  readonly isAnew: boolean;
  /** Whether all of the log has been read for now. */
  readonly isAll: boolean;
}

/** Bytes read at a time. A longer line is skipped. */
const PIECE_BYTES = 4 << 20;
/**
 * The number of bytes before its position that a reader compares. They differ if the log was cut
 * back and grew again.
 */
const MARK_BYTES = 256;
const NEWLINE = 10;

export class LogFollower {
  readonly #path: string;
  #position = 0;
  #mark = Buffer.alloc(0);
  #hasBegun = false;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The next lines. Empty if there is no log yet.
   *
   * @throws RnnError `machine` if the log cannot be read
   */
  async next(): Promise<Fresh> {
    let file: FileHandle | null = null;
    try {
      if (!(await stat(this.#path)).isFile()) throw new Error('it is not a file'); // a named pipe would wait for a writer
      file = await open(this.#path);
      return await this.#read(file);
    } catch (cause) {
      if (systemCode(cause) !== 'ENOENT')
        throw machineError(
          `cannot read ${this.#path}: ${(cause as Error).message}`,
          'check its type and permissions with ls -l',
          { cause },
        );
      this.#begin();
      return { lines: [], isAnew: true, isAll: true };
    } finally {
      await file?.close().catch(() => {});
    }
  }

  async #read(file: FileHandle): Promise<Fresh> {
    const { size } = await file.stat();
    const isAnew =
      !this.#hasBegun ||
      size < this.#position ||
      !this.#mark.equals(await piece(file, this.#position - this.#mark.length, this.#mark.length));
    if (isAnew) this.#begin();
    this.#hasBegun = true;
    const bytes = await piece(file, this.#position, Math.min(PIECE_BYTES, size - this.#position));
    const isAll = this.#position + bytes.length >= size;
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    // The last line may be complete without a newline, as in a log that was written by hand.
    const isWhole = isAll && objectsIn(bytes.toString('utf8', end)).length > 0;
    const takenBytes = isWhole || (end === 0 && !isAll) ? bytes.length : end;
    const read = bytes.subarray(0, takenBytes);
    this.#position += takenBytes;
    this.#mark = Buffer.from(Buffer.concat([this.#mark, read]).subarray(-MARK_BYTES));
    return {
      lines: objectsIn(read.toString('utf8')),
      isAnew,
      isAll,
    };
  }

  #begin(): void {
    this.#position = 0;
    this.#mark = Buffer.alloc(0);
  }
}

/**
 * The lines of a whole log.
 *
 * @throws RnnError `machine` if the log cannot be read
 */
export async function* readLog(path: string): AsyncGenerator<LogLine> {
  const follower = new LogFollower(path);
  for (let isAll = false; !isAll;) {
    const fresh = await follower.next();
    yield* fresh.lines;
    isAll = fresh.isAll;
  }
}

async function piece(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}
