// The bytes of a text as they arrive, chunk by chunk. Knows nothing of encodings.
import { open } from 'node:fs/promises';
import { RnnError, inQuotes, systemCode } from '../errors.ts';
import { HEAD_BYTES } from './encoding.ts';

export type Chunks = AsyncIterable<Buffer> | Iterable<Buffer>;

/**
 * The same bytes in chunks, none of them empty, the first long enough to recognise the encoding: a
 * pipe may give single bytes.
 */
export async function* withWholeHead(chunks: Chunks): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === null) {
      if (chunk.length > 0) yield chunk;
      continue;
    }
    head = head.length === 0 && chunk.length >= HEAD_BYTES ? chunk : Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) continue;
    yield head;
    head = null;
  }
  if (head !== null && head.length > 0) yield head;
}

export async function* stdinChunks(stdin: AsyncIterable<Uint8Array | string> = process.stdin): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stdin) {
      if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))
        throw new RnnError('corpus', `standard input gives ${inQuotes(chunk)}, expected text or bytes`);
      yield typeof chunk === 'string'
        ? Buffer.from(chunk, 'utf8')
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
  } catch (cause) {
    if (systemCode(cause) === '') throw cause;
    throw new RnnError('corpus', `cannot read standard input: ${(cause as Error).message}`, {
      hint: 'pipe text into it, or redirect it from a file',
      cause,
    });
  }
}

/**
 * The bytes of a file. The size of a pipe is unknown; the size of a file of one chunk is not asked
 * for, to save time.
 *
 * @param buffer for the chunks: each is overwritten by the next
 * @param fail throws an error of the system in words
 */
export async function* fileChunks(
  file: string,
  buffer: Buffer,
  fail: (error: unknown) => never,
): AsyncGenerator<Buffer> {
  const handle = await open(file).catch(fail);
  try {
    const sizeNow = async (): Promise<number> => (await handle.stat().catch(fail)).size;
    let size = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length).catch(fail);
      if (bytesRead === 0) {
        if (size === 0 || (await sizeNow()) >= size) return;
        throw new RnnError('corpus', `cannot read ${file}: it became shorter while it was read`, {
          hint: 'wait until the program that writes it is done, or read a copy',
        });
      }
      if (size === 0 && bytesRead === buffer.length) size = await sizeNow();
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close().catch(() => {});
  }
}
