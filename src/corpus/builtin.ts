// The corpora that come with the program, in its folder corpora/, and copied from there to the
// folder of a user. Knows nothing of training.
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { diskError } from '../files/atomic.ts';
import { usageError } from '../errors.ts';
import { startOf, writeOutput } from '../files/output-file.ts';

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
 * @throws RnnError `machine` if the file cannot be written
 */
export async function writeBuiltin(
  name: string,
  folder = 'corpora',
  { force = false }: { force?: boolean } = {},
): Promise<string> {
  if (!builtinCorpora.some((builtin) => builtin.name === name)) {
    throw usageError(
      `there is no built-in corpus ${JSON.stringify(name)}`,
      `there is: ${builtinCorpora.map((builtin) => builtin.name).join(', ')}`,
    );
  }
  const shipped = fileURLToPath(new URL(`../../corpora/${name}.txt`, import.meta.url));
  const text = await readFile(shipped, 'utf8').catch((cause: unknown) => {
    throw diskError(`cannot read ${shipped}`, cause, 'install rnn again');
  });
  const file = path.join(folder, `${name}.txt`);
  const hint = `make ${folder} a folder with free space that you can write to, or change to another folder first`;
  try {
    await mkdir(folder, { recursive: true });
    await writeOutput(file, [Buffer.from(text)], { force, hint });
  } catch (cause) {
    // It is there already, or another process has written it meanwhile.
    if ((await startOf(file, text.length + 1)) === text) return file;
    throw diskError(`cannot write ${file}`, cause, hint);
  }
  return file;
}
