// A file as a window of bytes that moves forward, hashed on the way. Reading is synchronous, so
// that a pull parser needs no await per byte: 100 MB take about as long as their SHA-256.

import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const windowBytes = 2 ** 20;

export class ByteSource {
  /** `buffer[position..end)` are the bytes read and not yet consumed. */
  buffer: Buffer;
  position = 0;
  end = 0;
  readonly size: number;
  #descriptor: number;
  /** Where `buffer[0]` lies in the file. */
  #base = 0;
  #hash = createHash('sha256');
  #hashedBytes: number;

  /**
   * @throws the system's error if the file cannot be opened, or `EISDIR` if it is anything but a
   * plain file
   */
  constructor(path: string) {
    // Opening a named pipe would wait for a writer. Windows has no such flag.
    this.#descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const status = fstatSync(this.#descriptor);
    if (!status.isFile()) {
      this.close();
      throw Object.assign(new Error(`${path} is not a plain file`), { code: 'EISDIR' });
    }
    this.size = status.size;
    this.#hashedBytes = status.size;
    this.buffer = Buffer.allocUnsafe(Math.max(1, Math.min(this.size, windowBytes)));
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** Offset in the file of the next byte. */
  get offset(): number {
    return this.#base + this.position;
  }

  /** The last `count` bytes of the file (or all of it), without moving. */
  tail(count: number): Buffer {
    const length = Math.min(count, this.size);
    const bytes = Buffer.alloc(length);
    readSync(this.#descriptor, bytes, 0, length, this.size - length);
    return bytes;
  }

  /** Hashes only the first `count` bytes of the file. Call it before the first `more`. */
  hashOnly(count: number): void {
    this.#hashedBytes = count;
  }

  /** SHA-256 in hex. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  /**
   * Reads more, and keeps the bytes that were not consumed: `position` becomes 0. Returns false at
   * the end of the file.
   */
  more(): boolean {
    const kept = this.end - this.position;
    const target = kept > this.buffer.length / 2 ? Buffer.allocUnsafe(this.buffer.length * 2) : this.buffer;
    this.buffer.copy(target, 0, this.position, this.end);
    this.buffer = target;
    this.#base += this.position;
    this.position = 0;
    this.end = kept;
    const from = this.#base + kept;
    const count = readSync(this.#descriptor, target, kept, target.length - kept, from);
    this.end += count;
    const hashed = Math.min(count, this.#hashedBytes - from);
    if (hashed > 0) this.#hash.update(target.subarray(kept, kept + hashed));
    return count > 0;
  }
}
