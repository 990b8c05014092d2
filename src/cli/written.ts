// Files that a command is asked to write: pages, pictures, records.
import { stat, writeFile } from 'node:fs/promises';
import { RnnError } from '../errors.ts';
import type { Context } from './context.ts';
import { bytes, harmless } from './format.ts';

/** Writes to a file, and says so; a text for `-` goes to stdout. @throws RnnError `machine` if it cannot be written */
export async function writeOut(path: string, content: string | Iterable<Uint8Array>, { stdout, stderr }: Context): Promise<void> {
  if (path === '-' && typeof content === 'string') return stdout.write(content);
  try {
    await writeFile(path, content);
  } catch (cause) {
    throw new RnnError('machine', `${path} could not be written: ${(cause as Error).message}`, { hint: 'choose another place, or - for standard output', cause });
  }
  stderr.line(stderr.colour.dim(harmless(`wrote ${path}, ${bytes((await stat(path)).size)}`)));
}
