// The corpora that come with the program, in its folder corpora/, and copied from there to the
// folder of a user. Knows nothing of training.
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { diskError } from '../atomic.ts';
import { RnnError, systemCode } from '../errors.ts';
import { writeOutput } from '../output-file.ts';

export interface Builtin {
  readonly name: string;
  readonly description: string;
}

export const builtinCorpora: readonly Builtin[] = [
  { name: 'sonnets', description: "Shakespeare's 154 sonnets, about 95,000 characters" },
];

/**
 * Writes a built-in corpus to `folder`/`name`.txt and returns that path.
 * @param force replaces another text in its place
 * @throws RnnError `usage` if there is no such corpus, or another text is in its place
 * @throws RnnError `machine` if the file cannot be written, or a file in its place cannot be read
 */
export async function writeBuiltin(
  name: string,
  folder = 'corpora',
  { force = false }: { force?: boolean } = {},
): Promise<string> {
  if (!builtinCorpora.some((builtin) => builtin.name === name)) {
    throw new RnnError('usage', `there is no built-in corpus ${JSON.stringify(name)}`, {
      hint: `there is: ${builtinCorpora.map((builtin) => builtin.name).join(', ')}`,
    });
  }
  const shipped = fileURLToPath(new URL(`../../corpora/${name}.txt`, import.meta.url));
  const text = await readFile(shipped, 'utf8').catch((cause: unknown) => {
    throw diskError(`cannot read ${shipped}`, cause, 'install rnn again');
  });
  const file = path.join(folder, `${name}.txt`);
  const present = force ? null : await textOrNull(file);
  if (present === text) return file;
  if (present !== null)
    throw new RnnError('usage', `${file} is there already, with another text in it`, {
      hint: 'move it away, or replace it with --force',
    });
  const hint = `make ${folder} a folder with free space that you can write to, or change to another folder first`;
  try {
    await mkdir(folder).catch((error: unknown) => {
      // If a file is in its place, writing into it says so.
      if (systemCode(error) !== 'EEXIST') throw error;
    });
    // Another process may be writing the same text.
    await writeOutput(file, [Buffer.from(text)], { force, isOurs: (start) => text.startsWith(start), hint });
  } catch (cause) {
    throw diskError(`cannot write ${file}`, cause, hint);
  }
  return file;
}

/**
 * Null if there is no plain file; `writeOutput` refuses anything else. A file that cannot be read
 * may still be of value to the user.
 */
async function textOrNull(file: string): Promise<string | null> {
  try {
    return (await stat(file)).isFile() ? await readFile(file, 'utf8') : null;
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(cause))) return null;
    throw new RnnError('machine', `cannot read ${file}, which is there already: ${(cause as Error).message}`, {
      hint: 'move it away, or replace it with --force',
      cause,
    });
  }
}
