// Files that a command is asked to write: pages, pictures, records.
import { constants } from 'node:fs';
import { access, open, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { RnnError, systemCode } from '../errors.ts';
import type { Context } from './context.ts';
import { bytes, harmless } from './format.ts';

/**
 * @param outputs of a command: where each goes, or whether it is asked for, by its flag. @throws RnnError `usage` if a page or picture for
 * stdout is not alone there
 */
export function refuseMixed(outputs: Readonly<Record<string, string | boolean | undefined>>): void {
  const toStdout = Object.entries(outputs)
    .filter(([, to]) => to === '-' || to === true)
    .map(([flag, to]) => ({ flag, words: to === '-' ? `${flag} -` : flag }));
  const [file] = toStdout.filter(({ flag }) => outputs[flag] === '-');
  const [other] = toStdout.filter(({ flag }) => flag !== file?.flag);
  if (file === undefined || other === undefined) return;
  throw new RnnError('usage', `${file.words} and ${other.words} both write to standard output`, { hint: `name a file for ${file.flag}` });
}

/** Writes to a file, and says so; a text for `-` goes to stdout. @throws RnnError `machine` if it cannot be written */
export async function writeOut(path: string, content: string | Iterable<Uint8Array>, { stdout, stderr }: Context): Promise<void> {
  if (path === '-' && typeof content === 'string') return stdout.write(content);
  try {
    await writeFile(path, content);
  } catch (cause) {
    throw unwritable(path, cause);
  }
  stderr.line(stderr.colour.dim(harmless(`wrote ${path}, ${bytes((await stat(path)).size)}`)));
}

/**
 * Puts bytes in the place of a file, whole or not at all, and says so; for `-`, on stdout. @throws RnnError `machine` if it cannot be
 * written
 */
export async function replaceOut(path: string, content: Uint8Array, context: Context): Promise<void> {
  if (path === '-') return context.stdout.write(content);
  const known = await stat(path).catch(() => null);
  // A pipe or a device is written to, not replaced.
  if (known !== null && !known.isFile()) return writeOut(path, [content], context);
  const { replaceFile } = await context.rooms.checkpoints();
  await replaceFile(known === null ? path : await realpath(path), [content]); // what a link leads to, not the link
  context.stderr.line(context.stderr.colour.dim(harmless(`wrote ${path}, ${bytes(content.length)}`)));
}

/** Before anything is computed for them; leaves the files as they are. @throws RnnError `machine` if one could not be written */
export async function refuseUnwritable(...paths: readonly (string | undefined)[]): Promise<void> {
  for (const path of paths) {
    if (path === undefined || path === '-') continue;
    await tryToOpen(path).catch((cause: unknown) => {
      throw unwritable(path, cause);
    });
  }
}

async function tryToOpen(path: string): Promise<void> {
  const known = await stat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (known !== null) {
    // Who reads a pipe would notice that it was opened.
    return known.isFile() || known.isDirectory() ? (await open(path, 'r+')).close() : access(path, constants.W_OK);
  }
  const made = await open(path, 'wx').catch((error: unknown) => {
    if (systemCode(error) === 'EEXIST') return null; // a link to a file that is not there yet
    throw error;
  });
  if (made === null) return;
  await made.close();
  await rm(path);
}

function unwritable(path: string, cause: unknown): RnnError {
  return new RnnError('machine', `${path} could not be written: ${(cause as Error).message}`, {
    hint: 'choose another place, or - for standard output',
    cause,
  });
}
