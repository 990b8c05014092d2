// Reads whole files, up to a limit, because a device or a pipe may never end.
import { open } from 'node:fs/promises';
import { formatBytes } from '../output/format.ts';

/**
 * @throws RangeError for more than `maxBytes` bytes, and the system's error for a file that cannot
 * be read
 */
export async function readWhole(
  source: string | AsyncIterable<Uint8Array | string>,
  maxBytes: number,
): Promise<Buffer> {
  // The stream closes itself, however reading ends.
  const stream = typeof source === 'string' ? (await open(source)).createReadStream() : source;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const piece = Buffer.from(chunk as Uint8Array);
    chunks.push(piece);
    length += piece.length;
    if (length > maxBytes) throw new RangeError(`it has more than ${formatBytes(maxBytes)}`);
  }
  return Buffer.concat(chunks);
}
