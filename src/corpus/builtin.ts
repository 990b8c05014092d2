// The corpora in the folder corpora/ of the package, which users can copy to another folder.
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { diskError } from '../files/atomic.ts';
import { usageError } from '../errors.ts';
import { orList } from '../options/kind.ts';
import { readStart, writeOutput } from '../files/output-file.ts';

/** A corpus that is part of the package. */
export interface Builtin {
  readonly name: string;
  readonly description: string;
}

/** The corpora that `writeBuiltin` and `rnn corpus` can write. */
export const builtinCorpora: readonly Builtin[] = [
  { name: 'sonnets', description: "Shakespeare's 154 sonnets, about 95,000 characters" },
];

/**
 * Writes a built-in corpus to `folder`/`name`.txt and returns that path.
 * @param force replaces a file with another text
 * @throws RnnError `usage` if there is no such corpus, or if the file exists with another text
 * @throws RnnError `machine` if rnn cannot write the file
 */
export async function writeBuiltin(
  name: string,
  folder = 'corpora',
  { force = false }: { force?: boolean } = {},
): Promise<string> {
  if (!builtinCorpora.some((builtin) => builtin.name === name)) {
    throw usageError(
      `built-in corpus not found: ${name}`,
      `use ${orList(builtinCorpora.map((builtin) => builtin.name))}`,
    );
  }
  const shipped = fileURLToPath(new URL(`../../corpora/${name}.txt`, import.meta.url));
  const text = await readFile(shipped, 'utf8').catch((cause: unknown) => {
    throw diskError(`cannot read ${shipped}`, cause, 'reinstall rnn');
  });
  const file = path.join(folder, `${name}.txt`);
  const hint = `check that ${path.isAbsolute(folder) ? folder : `./${folder}`} is writable and has free space, or run rnn in another folder`;
  try {
    await mkdir(folder, { recursive: true });
    await writeOutput(file, [Buffer.from(text)], { force, hint });
  } catch (cause) {
    // The file existed already, or another process has written it meanwhile.
    if ((await readStart(file, text.length + 1)) === text) return file;
    throw diskError(`cannot write ${file}`, cause, hint);
  }
  return file;
}
