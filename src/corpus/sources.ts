// Which files a corpus consists of, from the sources that the user named, and the bytes of each as
// they arrive. Knows nothing of encodings.
import { existsSync } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { countOf } from '../count.ts';
import { type RnnError, inQuotes, systemCode, corpusError } from '../errors.ts';
import { builtinCorpora } from './builtin.ts';
import { HEAD_BYTES } from './encoding.ts';
import { atAnyDepth, isPatternOf, splitPattern, walk } from './patterns.ts';
import { type InvalidFile, NotText, type TextFile } from './refusals.ts';
import { isStandardInput } from './standard-input.ts';
import { flagOf } from '../options/flags.ts';

export type { InvalidFile, TextFile };

/** A text that is in no file; its name is for messages, and for runs on it. */
export interface GivenText {
  readonly name: string;
  readonly text: string | Uint8Array;
}

/** A file, a folder, a pattern, `-` for standard input; or a text. */
export type Source = string | GivenText;

export const isText = (source: Source): source is GivenText => typeof source !== 'string';

/** How messages call it. */
export function nameOf(source: Source): string {
  if (isText(source)) return source.name;
  return isStandardInput(source) ? 'standard input' : source;
}

interface Limits {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly runFolder?: string | undefined;
}

interface FoundFiles {
  readonly files: readonly TextFile[];
  /** Folders that cannot be looked into. */
  readonly lost: readonly InvalidFile[];
  /** Hidden files, pipes and devices that were skipped. */
  readonly skipped: number;
}

/**
 * The files of one source: a file, a folder with everything in it that is not hidden, a pattern, or
 * `-`.
 *
 * `include` selects files of folders, `exclude` leaves out files of folders and patterns. Both are
 * matched against the path within the folder and against the base name. `runFolder` is left out,
 * wherever it lies, and so are other run folders below a folder: their files change while they are
 * read. Files come in the order of their paths' UTF-16 code units, the same on every machine. A
 * file that is reached more than once through symbolic links is taken once.
 *
 * @throws RnnError `corpus` if there is nothing there, or it cannot be looked at
 */
export async function findFiles(source: string, { include, exclude, runFolder }: Limits): Promise<FoundFiles> {
  const one = (file: string): FoundFiles => ({ files: [{ path: file, named: true }], lost: [], skipped: 0 });
  if (isStandardInput(source)) return one(source);
  const status = await stat(source).catch((error: unknown) => {
    // A name with a star in it is a pattern only where no file has that name.
    if (systemCode(error) === 'ENOENT' && isPatternOf(source)) return null;
    throw fileError(source, error);
  });
  if (status !== null && !status.isDirectory()) return one(source);

  const isPattern = status === null;
  const { folder: named, pattern } = isPattern ? splitPattern(source) : { folder: source, pattern: '' };
  const folder = await asSystemHasIt(named);
  // A pattern finds hidden files only where it has the dot; of a folder's, they are found to be
  // counted.
  const { paths, unreadable, special } = isPattern
    ? await walk(pattern, { cwd: folder, expandDirectories: false, ignore: atAnyDepth(exclude) })
    : await walk(atAnyDepth(include.length === 0 ? ['**'] : include), {
        cwd: folder,
        dot: true,
        ignore: ['**/.*/**', ...atAnyDepth(exclude)],
      });
  const isVisible = (file: string): boolean => isPattern || !path.basename(file).startsWith('.');
  const lost = unreadable
    .map(({ path: below, error }) => ({ within: path.relative(folder, below), error }))
    // A folder that has been removed has no files.
    .filter(({ within, error }) => !['ENOENT', 'ENOTDIR'].includes(systemCode(error)) && isVisible(within))
    .map(({ within, error }) => {
      const file = { path: path.join(folder, within), named: false };
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
      `cannot read ${source}: every file of it lies in a run folder`,
      `choose another run folder with ${flagOf('out')}, or name files one by one`,
    );
  if (files.length === 0 && lost.length === 0) throw nothingFound(source, isPattern, { include, exclude }, hidden);
  return {
    files: files.map((file) => ({ path: file, named: false })),
    lost,
    skipped: isPattern ? 0 : hidden + special,
  };
}

/**
 * Of `link/../texts` the system goes back from where the link leads to; to the matching of names it
 * would be `texts`.
 */
async function asSystemHasIt(folder: string): Promise<string> {
  const [real, normal] = await Promise.all(
    [folder, path.normalize(folder)].map((each) => realpath(each).catch(() => null)),
  );
  return real === null || real === normal ? folder : real;
}

/**
 * A name for a run on these sources: the first one's base name, without extension if it is a file.
 */
export function corpusName(source: Source): string {
  if (isText(source)) return source.name;
  if (isStandardInput(source)) return 'stdin';
  if (isPatternOf(source) && !existsSync(source))
    return path.basename(path.resolve(splitPattern(source).folder)) || 'corpus';
  // The 1 of linux-6.1 is no extension.
  const extension = path.extname(source);
  const whole = path.basename(path.resolve(source));
  const name = path.basename(whole, /[a-z]/i.test(extension) ? extension : '');
  // `..txt` without its extension would be the folder that the run is to lie in.
  return (/^\.*$/.test(name) ? whole : name) || 'corpus';
}

/**
 * An error of the operating system about a file, in words, with a remedy.
 *
 * @param named the user named this very file; others were found
 */
export function fileError(file: string, cause: unknown, { named = true } = {}): NotText {
  const code = systemCode(cause);
  const refuse = (message: string, hint: string): NotText => new NotText(message, hint, cause);
  const checkPath = 'check the path; it is relative to the present folder';
  if (!named && code === 'ENOENT' && file.includes('\u{FFFD}'))
    return refuse(`cannot read ${file}: its name is not valid UTF-8`, 'rename it');
  if (!named && (code === 'ENOENT' || code === 'ELOOP'))
    return refuse(`cannot read ${file}: it links to nothing`, 'mend or remove it');
  if (file === '')
    return refuse(
      'the name of a text is empty, expected a file, a folder, a pattern or -',
      'look at the variable that it comes from',
    );
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const builtin = builtinCorpora.find(({ name }) => name === corpusName(file));
    const hint = builtin === undefined ? checkPath : `rnn corpus ${builtin.name} writes corpora/${builtin.name}.txt`;
    return refuse(`no such file or folder: ${file}`, hint);
  }
  if (code === 'EACCES' || code === 'EPERM')
    return refuse(`no permission to read ${file}`, 'ls -ld shows whose it is; chmod u+r lets its owner read it');
  return refuse(
    `cannot read ${file}: ${(cause as Error).message}`,
    'check the path, and whether another program can read it',
  );
}

/** Without the files of run folders, known by a log beside a lock or a checkpoint. */
function withoutRuns(files: readonly string[]): readonly string[] {
  const found = new Set(files);
  const isRun = (folder: string): boolean =>
    folder !== '.' &&
    found.has(`${folder}/log.jsonl`) &&
    ['lock.json', 'latest.json', 'best.json'].some((name) => found.has(`${folder}/${name}`));
  return files.filter((file) => !isRun(path.posix.dirname(file)));
}

async function withoutRepetitions(files: readonly string[], runFolder: string | undefined): Promise<string[]> {
  // It is not there before the run is.
  const leftOut = runFolder === undefined ? null : await realpath(runFolder).catch(() => path.resolve(runFolder));
  const reals = await Promise.all(files.map((file) => realpath(file).catch(() => file)));
  const seen = new Set<string>();
  return files.filter((_, index) => {
    const isNew = !seen.has(reals[index]);
    seen.add(reals[index]);
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
      ? `${countOf(hidden, 'hidden file was', 'hidden files were')} passed over; name such files one by one`
      : 'patterns are matched against the path within the folder and the base name; quote them, or the shell expands them';
  if (isPattern) return corpusError(`no file matches ${source}${limits}`, hint);
  if (flags.length > 0) return corpusError(`no file in ${source} matches${limits}`, hint);
  return hidden > 0
    ? corpusError(`the folder ${source} holds no files but hidden ones`, hint)
    : corpusError(`the folder ${source} holds no files`, 'name a folder or a file with text in it');
}

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * The same bytes in chunks, none of them empty, the first long enough to recognise the encoding: a
 * pipe may give single bytes.
 */
export async function* withWholeHead(chunks: Chunks): AsyncGenerator<Uint8Array> {
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

export async function* stdinChunks(
  stdin: AsyncIterable<Uint8Array | string> = process.stdin,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stdin) {
      if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))
        throw corpusError(`standard input gives ${inQuotes(chunk)}, expected text or bytes`);
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
 * The bytes of a file. The size of a pipe is unknown; the size of a file of one chunk is not asked
 * for, to save time.
 *
 * @param buffer for the chunks: each is overwritten by the next
 * @param fail throws an error of the system in words
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
