// Files that are read as a whole, up to a limit: a device or a pipe may have no end.
import { open } from 'node:fs/promises';
import { bytes } from '../output/format.ts';

/**
 * @throws RangeError for more than `most` bytes, and whatever the system says of a file that cannot
 * be read
 */
export async function readWhole(source: string | AsyncIterable<Uint8Array | string>, most: number): Promise<Buffer> {
  // Closes itself, however reading ends.
  const stream = typeof source === 'string' ? (await open(source)).createReadStream() : source;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const piece = Buffer.from(chunk as Uint8Array);
    chunks.push(piece);
    length += piece.length;
    if (length > most) throw new RangeError(`it has more than ${bytes(most)}`);
  }
  return Buffer.concat(chunks);
}
