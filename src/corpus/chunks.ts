// The bytes of a text as they arrive, chunk by chunk. Knows nothing of encodings.
import { RnnError, inQuotes, systemCode } from '../errors.ts';
import { HEAD_BYTES } from './encoding.ts';

/** The same chunks, the first of them long enough to show what a file is: a pipe may give it byte by byte. */
export async function* withWholeHead(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
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

export async function* stdinChunks(stdin: AsyncIterable<Uint8Array | string> = process.stdin): AsyncGenerator<Buffer> {
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
