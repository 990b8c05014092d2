// Which files a corpus is made of: what the user wrote on the command line, turned into a list. Reads folders, never text.
import { existsSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { RnnError, systemCode } from '../errors.ts';
import { builtinCorpora } from './builtin.ts';
import { nameFromBytes, pathForSystem } from './names.ts';
import { atAnyDepth, isPatternOf, splitPattern } from './patterns.ts';
import { isStandardInput } from './standard-input.ts';
import { walk } from './walk.ts';

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

export interface TextFile {
  readonly path: string;
  /** The user named this very file; others were found in a folder or by a pattern, where what is not text is passed over. */
  readonly named: boolean;
}

interface Limits {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly runFolder?: string | undefined;
}

/** A file, or a folder, that cannot be read as text, and why. */
export interface InvalidFile extends TextFile {
  readonly error: RnnError;
}

interface FoundFiles {
  readonly files: readonly TextFile[];
  /** Folders that cannot be looked into. */
  readonly lost: readonly InvalidFile[];
  /** Hidden files, pipes and devices that were skipped. */
  readonly skipped: number;
}

/**
 * The files of one source: a file, a folder with everything in it that is not hidden, a pattern, or `-`.
 *
 * `include` limits what is taken from folders and `exclude` what is taken from folders and by patterns; both are matched
 * against the path within the folder and against the base name. `runFolder` is left out, wherever it lies,
 * and so are other run folders below a folder: their files change while one reads. Files come in the order of their paths' UTF-16 code
 * units, the same on every machine. A file that is reached more than once through symbolic links is taken once.
 *
 * @throws RnnError `corpus` if there is nothing there, or it cannot be looked at
 */
export async function findFiles(given: string, { include, exclude, runFolder }: Limits): Promise<FoundFiles> {
  if (isStandardInput(given)) return { files: [{ path: given, named: true }], lost: [], skipped: 0 };
  const source = await withItsBytes(given);
  const status = await stat(pathForSystem(source)).catch((error: unknown) => {
    // A name with a star in it is a pattern only where no file has that name.
    if (systemCode(error) === 'ENOENT' && isPatternOf(source)) return null;
    throw fileError(source, error);
  });
  if (status !== null && !status.isDirectory()) return { files: [{ path: source, named: true }], lost: [], skipped: 0 };

  const isPattern = status === null;
  const { folder: named, pattern } = isPattern ? splitPattern(source, process.platform, existsSync) : { folder: source, pattern: '' };
  const folder = await asSystemHasIt(named);
  // A pattern finds hidden files only where it has the dot; of a folder's, they are found to be counted.
  const { paths, unreadable, special } = isPattern
    ? await walk(pattern, { cwd: folder, expandDirectories: false, ignore: atAnyDepth(exclude) })
    : await walk(atAnyDepth(include.length === 0 ? ['**'] : include), {
        cwd: folder,
        dot: true,
        ignore: ['**/.*/**', ...atAnyDepth(exclude)],
      });
  const isHidden = (file: string): boolean => !isPattern && path.basename(file).startsWith('.');
  // What is not there holds nothing.
  const isLost = (error: Error): boolean => !['ENOENT', 'ENOTDIR'].includes(systemCode(error));
  const lost = unreadable
    .filter((each) => isLost(each.error) && !isHidden(path.relative(folder, each.path)))
    .map(({ path: below, error }) => lostFolder(path.join(folder, path.relative(folder, below)), error));
  const visible = paths.filter((file) => !isHidden(file));
  const files = await withoutRepetitions(
    withoutRuns(visible)
      .toSorted(byCodeUnits)
      .map((file) => path.join(folder, file)),
    runFolder,
  );
  const hidden = paths.length - visible.length;
  if (files.length === 0 && visible.length > 0)
    throw new RnnError('corpus', `cannot read ${source}: every file of it lies in a run folder`, {
      hint: 'choose another run folder with --out, or name files one by one',
    });
  if (files.length === 0 && lost.length === 0) throw nothingFound(source, isPattern, include, exclude, hidden);
  return { files: files.map((file) => ({ path: file, named: false })), lost, skipped: isPattern ? 0 : hidden + special };
}

const lostFolder = (folder: string, error: Error): InvalidFile => ({
  path: folder,
  named: false,
  error: fileError(folder, error, { named: false }),
});

/**
 * Node replaces the bytes of an argument that are not valid UTF-8. The first file of the folder that would look so is meant, where no file
 * really has that name.
 */
async function withItsBytes(source: string): Promise<string> {
  if (!source.includes('\u{FFFD}') || existsSync(source)) return source;
  const folder = path.dirname(source);
  const names = await readdir(folder, { encoding: 'buffer' }).catch(() => []);
  const found = names.find((name) => name.toString() === path.basename(source));
  return found === undefined ? source : path.join(folder, nameFromBytes(found));
}

/** Of `link/../texts` the system goes back from where the link leads to; to the matching of names it would be `texts`. */
async function asSystemHasIt(folder: string): Promise<string> {
  const [real, normal] = await Promise.all([folder, path.normalize(folder)].map((each) => realpath(each).catch(() => null)));
  return real === null || real === normal ? folder : real;
}

/** A name for a run on these sources: the first one's base name, without extension if it is a file. */
export function corpusName(source: Source): string {
  if (isText(source)) return source.name;
  if (isStandardInput(source)) return 'stdin';
  if (isPatternOf(source) && !existsSync(source))
    return path.basename(path.resolve(splitPattern(source, process.platform, existsSync).folder)) || 'corpus';
  // The 1 of linux-6.1 is no extension.
  const extension = path.extname(source);
  const whole = path.basename(path.resolve(source));
  const name = path.basename(whole, /[a-z]/i.test(extension) ? extension : '');
  // `..txt` without its extension would be the folder that the run is to lie in.
  return (/^\.*$/.test(name) ? whole : name) || 'corpus';
}

const checkPath = 'check the path; it is relative to the present folder';

/**
 * What the operating system said about a file, in words, with what to do.
 *
 * @param named the user named this very file; others were found
 */
export function fileError(file: string, error: unknown, { named = true } = {}): RnnError {
  const code = systemCode(error);
  if (!named && (code === 'ENOENT' || code === 'ELOOP')) {
    return new RnnError('corpus', `cannot read ${file}: ${code === 'ENOENT' ? 'it links to nothing' : 'it links to itself'}`, {
      cause: error,
      hint: 'mend or remove it',
    });
  }
  if (file === '')
    return new RnnError('corpus', 'the name of a text is empty, expected a file, a folder, a pattern or -', {
      cause: error,
      hint: 'look at the variable that it comes from',
    });
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const builtin = builtinCorpora.find(({ name }) => name === corpusName(file));
    return new RnnError('corpus', `no such file or folder: ${file}`, {
      cause: error,
      hint: builtin === undefined ? checkPath : `rnn corpus ${builtin.name} writes corpora/${builtin.name}.txt`,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const remedy =
      process.platform === 'win32'
        ? 'look at who may read it, in its properties'
        : 'ls -ld shows whose it is; chmod u+r lets its owner read it';
    return new RnnError('corpus', `no permission to read ${file}`, { cause: error, hint: remedy });
  }
  const reason = error instanceof Error ? error.message : String(error);
  const isPath = code === 'ELOOP' || code === 'ENAMETOOLONG';
  return new RnnError('corpus', `cannot read ${file}: ${reason}`, {
    cause: error,
    hint: isPath ? checkPath : 'see whether another program can read it',
  });
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
  const seen = new Set<string>();
  const first: string[] = [];
  const reals = await Promise.all(files.map(realPath));
  for (const [index, file] of files.entries()) {
    const real = reals[index];
    if (leftOut !== null && real.startsWith(leftOut + path.sep)) continue;
    if (!seen.has(real)) first.push(file);
    seen.add(real);
  }
  return first;
}

async function realPath(file: string): Promise<string> {
  return realpath(pathForSystem(file), { encoding: 'buffer' }).then(nameFromBytes, () => file);
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function nothingFound(
  source: string,
  isPattern: boolean,
  include: readonly string[],
  exclude: readonly string[],
  hidden: number,
): RnnError {
  const flags = [
    ...(isPattern ? [] : include.map((pattern) => `--include '${pattern}'`)),
    ...exclude.map((pattern) => `--exclude '${pattern}'`),
  ];
  const limits = flags.length === 0 ? '' : ` with ${flags.join(' ')}`;
  const hint =
    hidden > 0
      ? `${hidden} hidden ${hidden === 1 ? 'file was' : 'files were'} passed over; name such files one by one`
      : 'patterns are matched against the path within the folder and the base name; quote them, or the shell expands them';
  if (isPattern) return new RnnError('corpus', `no file matches ${source}${limits}`, { hint });
  if (flags.length > 0) return new RnnError('corpus', `no file in ${source} matches${limits}`, { hint });
  return hidden > 0
    ? new RnnError('corpus', `the folder ${source} holds no files but hidden ones`, { hint })
    : new RnnError('corpus', `the folder ${source} holds no files`, { hint: 'name a folder or a file with text in it' });
}
