// Finds the files of a corpus from the sources that the user named, and reads their bytes. Does not
// decode them.
import { existsSync } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { countOf } from '../count.ts';
import { type RnnError, inQuotes, systemCode, corpusError } from '../errors.ts';
import { builtinCorpora } from './builtin.ts';
import { HEAD_BYTES } from './encoding.ts';
import { atAnyDepth, hasPatternSyntax, splitPattern, walk } from './patterns.ts';
import { type InvalidFile, NotTextError, type TextFile } from './refusals.ts';
import { isStandardInput } from './standard-input.ts';
import { flagOf } from '../options/flags.ts';

export type { InvalidFile, TextFile };

/** A text that is not in a file. Messages and run names use its name. */
export interface GivenText {
  readonly name: string;
  readonly text: string | Uint8Array;
}

/** A file, a folder, a pattern or `-` for standard input, or a text. */
export type Source = string | GivenText;

export const isGivenText = (source: Source): source is GivenText => typeof source !== 'string';

/** The name of a source in messages. */
export function sourceName(source: Source): string {
  if (isGivenText(source)) return source.name;
  return isStandardInput(source) ? 'standard input' : source;
}

interface Limits {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly runFolder?: string | undefined;
}

interface FoundFiles {
  readonly files: readonly TextFile[];
  /** Folders that cannot be read. */
  readonly unreadable: readonly InvalidFile[];
  /** The number of hidden files, pipes and devices that were skipped. */
  readonly skipped: number;
}

/**
 * Finds the files of one source: a file, a folder with all its files that are not hidden, a
 * pattern, or `-`.
 *
 * `include` selects files of folders. `exclude` leaves out files of folders and patterns. Both are
 * matched against the path within the folder and against the base name. Files in `runFolder`, and
 * in other run folders below a folder, are left out, because they change while they are read. Files
 * are sorted by the UTF-16 code units of their paths, which is the same on every machine. A file
 * that symbolic links reach more than once is read once.
 *
 * @throws RnnError `corpus` if the source does not exist or cannot be read
 */
export async function findFiles(source: string, { include, exclude, runFolder }: Limits): Promise<FoundFiles> {
  const one = (file: string): FoundFiles => ({
    files: [{ path: file, isNamed: true }],
    unreadable: [],
    skipped: 0,
  });
  if (isStandardInput(source)) return one(source);
  const status = await stat(source).catch((error: unknown) => {
    // A name with a star is a pattern only if no file has that name.
    if (systemCode(error) === 'ENOENT' && hasPatternSyntax(source)) return null;
    throw fileError(source, error);
  });
  if (status !== null && !status.isDirectory()) return one(source);

  const isPattern = status === null;
  const { folder: namedFolder, pattern } = isPattern ? splitPattern(source) : { folder: source, pattern: '' };
  const folder = await asSystemHasIt(namedFolder);
  // A pattern matches hidden files only if it contains the dot. In folders, hidden files are found
  // only to count them.
  const {
    paths,
    unreadable: failures,
    specialFileCount,
  } = isPattern
    ? await walk(pattern, { cwd: folder, expandDirectories: false, ignore: atAnyDepth(exclude) })
    : await walk(atAnyDepth(include.length === 0 ? ['**'] : include), {
        cwd: folder,
        dot: true,
        ignore: ['**/.*/**', ...atAnyDepth(exclude)],
      });
  const isVisible = (file: string): boolean => isPattern || !path.basename(file).startsWith('.');
  const unreadable = failures
    .map(({ path: below, error }) => ({ within: path.relative(folder, below), error }))
    // A folder that has been removed has no files.
    .filter(({ within, error }) => !['ENOENT', 'ENOTDIR'].includes(systemCode(error)) && isVisible(within))
    .map(({ within, error }) => {
      const file = { path: path.join(folder, within), isNamed: false };
      return { ...file, error: fileError(file.path, error, file) };
    });
  const visible = paths.filter(isVisible);
  const inOrder = withoutRuns(visible).toSorted();
  const files = await withoutRepetitions(
    inOrder.map((file) => path.join(folder, file)),
    runFolder,
  );
  const hidden = paths.length - visible.length;
  if (files.length === 0 && visible.length > 0)
    throw corpusError(
      `cannot read ${source}: all its files are in a run folder`,
      `choose another run folder with ${flagOf('out')}, or name files one by one`,
    );
  if (files.length === 0 && unreadable.length === 0)
    throw nothingFound(source, isPattern, { include, exclude }, hidden);
  return {
    files: files.map((file) => ({ path: file, isNamed: false })),
    unreadable,
    skipped: isPattern ? 0 : hidden + specialFileCount,
  };
}

/**
 * In `link/../texts` the system goes back from the target of the link, whereas string operations
 * would give `texts`.
 */
async function asSystemHasIt(folder: string): Promise<string> {
  const [real, normal] = await Promise.all(
    [folder, path.normalize(folder)].map((each) => realpath(each).catch(() => null)),
  );
  return real === null || real === normal ? folder : real;
}

/** The name for a run on this source: its base name, without the extension if it is a file. */
export function corpusName(source: Source): string {
  if (isGivenText(source)) return source.name;
  if (isStandardInput(source)) return 'stdin';
  if (hasPatternSyntax(source) && !existsSync(source))
    return path.basename(path.resolve(splitPattern(source).folder)) || 'corpus';
  // The 1 of linux-6.1 is not an extension.
  const extension = path.extname(source);
  const whole = path.basename(path.resolve(source));
  const name = path.basename(whole, /[a-z]/i.test(extension) ? extension : '');
  // `..txt` without its extension would be the parent folder.
  return (/^\.*$/.test(name) ? whole : name) || 'corpus';
}

/**
 * Turns a file error of the operating system into a message with a remedy.
 *
 * @param isNamed whether the user named this very file
 */
export function fileError(file: string, cause: unknown, { isNamed = true } = {}): NotTextError {
  const code = systemCode(cause);
  const refuse = (message: string, hint: string): NotTextError => new NotTextError(message, hint, cause);
  const checkPath = 'check the path, which is relative to the current folder';
  if (!isNamed && code === 'ENOENT' && file.includes('\u{FFFD}'))
    return refuse(`cannot read ${file}: its name is not valid UTF-8`, 'rename it');
  if (!isNamed && (code === 'ENOENT' || code === 'ELOOP'))
    return refuse(`cannot read ${file}: the link is broken`, 'repair or remove it');
  if (file === '')
    return refuse(
      'the name of a text is empty: expected a file, a folder, a pattern or -',
      'check the variable that it comes from',
    );
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const builtin = builtinCorpora.find(({ name }) => name === corpusName(file));
    const hint =
      builtin === undefined ? checkPath : `run rnn corpus ${builtin.name} to write corpora/${builtin.name}.txt`;
    return refuse(`file or folder not found: ${file}`, hint);
  }
  if (code === 'EACCES' || code === 'EPERM')
    return refuse(`cannot read ${file}: permission denied`, 'run ls -ld to see the owner, who can run chmod u+r');
  return refuse(
    `cannot read ${file}: ${(cause as Error).message}`,
    'check the path, and whether another program can read it',
  );
}

/** Removes the files of run folders. A run folder has a log, and a lock or a checkpoint. */
function withoutRuns(files: readonly string[]): readonly string[] {
  const found = new Set(files);
  const isRun = (folder: string): boolean =>
    folder !== '.' &&
    found.has(`${folder}/log.jsonl`) &&
    ['lock.json', 'latest.json', 'best.json'].some((name) => found.has(`${folder}/${name}`));
  return files.filter((file) => !isRun(path.posix.dirname(file)));
}

async function withoutRepetitions(files: readonly string[], runFolder: string | undefined): Promise<string[]> {
  // The run folder does not exist before the run starts.
  const leftOut = runFolder === undefined ? null : await realpath(runFolder).catch(() => path.resolve(runFolder));
  const reals = await Promise.all(files.map((file) => realpath(file).catch(() => file)));
  const knownPaths = new Set<string>();
  return files.filter((_, index) => {
    const isNew = !knownPaths.has(reals[index]);
    knownPaths.add(reals[index]);
    return isNew && !(leftOut !== null && reals[index].startsWith(leftOut + path.sep));
  });
}

function nothingFound(source: string, isPattern: boolean, { include, exclude }: Limits, hidden: number): RnnError {
  const flags = [
    ...(isPattern ? [] : include.map((pattern) => `${flagOf('include')} '${pattern}'`)),
    ...exclude.map((pattern) => `${flagOf('exclude')} '${pattern}'`),
  ];
  const limits = flags.length === 0 ? '' : ` with ${flags.join(' ')}`;
  const hint =
    hidden > 0
      ? `name hidden files one by one (skipped ${countOf(hidden, 'hidden file', 'hidden files')})`
      : 'quote patterns, so that the shell does not expand them (they match the path within the folder or the base name)';
  if (isPattern) return corpusError(`files not found: ${source}${limits}`, hint);
  if (flags.length > 0) return corpusError(`files not found in ${source}${limits}`, hint);
  return hidden > 0
    ? corpusError(`cannot read ${source}: the folder contains only hidden files`, hint)
    : corpusError(`cannot read ${source}: the folder contains no files`, 'name a folder or a file that contains text');
}

/** The bytes of a file or a text. */
export type ByteChunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Regroups the bytes into non-empty chunks. The first is long enough to recognise the encoding,
 * because a pipe may deliver single bytes.
 */
export async function* withWholeHead(chunks: ByteChunks): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | null = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === null) {
      if (chunk.length > 0) yield chunk;
      continue;
    }
    head = head.length === 0 && chunk.length >= HEAD_BYTES ? chunk : Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) continue;
    yield head;
    head = null;
  }
  if (head !== null && head.length > 0) yield head;
}

/**
 * The bytes of standard input.
 * @throws RnnError `corpus` if it cannot be read
 */
export async function* stdinChunks(
  stdin: AsyncIterable<Uint8Array | string> = process.stdin,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stdin) {
      if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))
        throw corpusError(`standard input gives ${inQuotes(chunk)}: expected text or bytes`);
      yield typeof chunk === 'string'
        ? Buffer.from(chunk, 'utf8')
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
  } catch (cause) {
    if (systemCode(cause) === '') throw cause;
    throw corpusError(
      `cannot read standard input: ${(cause as Error).message}`,
      'pipe text into it, or redirect it from a file',
      { cause },
    );
  }
}

/**
 * Yields the bytes of a file. The size of a pipe is unknown. To save time, the size of a file of
 * one chunk is not requested.
 *
 * @param buffer the memory for the chunks: each chunk overwrites the last
 * @param fail throws an error of the system as an error for users
 */
export async function* fileChunks(
  file: string,
  buffer: Uint8Array,
  fail: (error: unknown) => never,
): AsyncGenerator<Uint8Array> {
  const handle = await open(file).catch(fail);
  try {
    const sizeNow = async (): Promise<number> => (await handle.stat().catch(fail)).size;
    let size = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length).catch(fail);
      if (bytesRead === 0) {
        if (size === 0 || (await sizeNow()) >= size) return;
        throw corpusError(
          `cannot read ${file}: it became shorter while it was read`,
          'wait until the program that writes it is done, or read a copy',
        );
      }
      if (size === 0 && bytesRead === buffer.length) size = await sizeNow();
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close().catch(() => {});
  }
}
