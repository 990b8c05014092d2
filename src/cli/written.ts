// Files that a command is asked to write: pages and pictures.
import { writeFile } from 'node:fs/promises';
import { RnnError } from '../errors.ts';
import type { Context } from './context.ts';
import { bytes, harmless } from './format.ts';

/** Writes a text to a file, and says so; `-` is stdout. @throws RnnError `machine` if it cannot be written */
export async function writeOut(path: string, text: string, { stdout, stderr }: Context): Promise<void> {
  if (path === '-') return stdout.write(text);
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw new RnnError('machine', `${path} could not be written: ${(cause as Error).message}`, { hint: 'choose another place, or - for standard output', cause });
  }
  stderr.line(stderr.colour.dim(harmless(`wrote ${path}, ${bytes(Buffer.byteLength(text))}`)));
}
