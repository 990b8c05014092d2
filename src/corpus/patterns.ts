// Finds the paths that match the user's file patterns. The library tinyglobby reads the file system
// through functions of this file, which record unreadable folders.
import { type Dirent, type Stats, existsSync, readdir, realpath, stat } from 'node:fs';
import { type GlobOptions, glob, isDynamicPattern } from 'tinyglobby';

/**
 * Returns a pattern with slashes between folders. On systems other than Windows a backslash is not
 * a separator but escapes the next character.
 */
function withSlashes(pattern: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
}

/** Whether a source has the syntax of a pattern. */
export function hasPatternSyntax(source: string, platform?: NodeJS.Platform): boolean {
  return isDynamicPattern(withSlashes(source, platform));
}

/**
 * Splits a pattern into the folder that it starts from and the rest. A leading segment that exists
 * under its literal name, such as a folder `[old]`, belongs to the folder.
 */
export function splitPattern(source: string, platform?: NodeJS.Platform): { folder: string; pattern: string } {
  const slashed = withSlashes(source, platform);
  const segments = slashed.split('/');
  // Braces may span several segments ({a/b,c}), none of which is a pattern alone.
  const first = segments.findIndex(
    (segment, index) =>
      (isDynamicPattern(segment) || segment.includes('{')) && !existsSync(segments.slice(0, index + 1).join('/')),
  );
  const start = Math.max(first, 0);
  const folder = segments.slice(0, start).join('/');
  const pattern = segments.slice(start).join('/');
  if (folder === '') return { folder: slashed.startsWith('/') ? '/' : '.', pattern };
  // A drive without a slash means the current folder of that drive.
  return { folder: /^[a-z]:$/i.test(folder) ? `${folder}/` : folder, pattern };
}

/** Adds a copy of each pattern that matches the same path below any folder. */
export function atAnyDepth(patterns: readonly string[], platform?: NodeJS.Platform): string[] {
  return patterns.flatMap((pattern) => {
    const plain = withSlashes(pattern, platform).replace(/^\.\//, '');
    return [plain, `**/${plain}`];
  });
}

interface Walk {
  /** Relative to the folder, with slashes. Includes dangling links, so that reading them fails. */
  readonly paths: readonly string[];
  /** Folders that could not be read, with the reason. */
  readonly unreadable: readonly { readonly path: string; readonly error: Error }[];
  /** The number of pipes, devices and sockets, and of links to them. They are not files. */
  readonly specialFileCount: number;
}

/** @param options `cwd` and other limits of the search */
export async function walk(patterns: string | readonly string[], options: GlobOptions): Promise<Walk> {
  const unreadable: { path: string; error: Error }[] = [];
  let specialFileCount = 0;
  const fs = {
    readdir(path: string, _: unknown, done: (error: Error | null, entries?: Dirent[]) => void): void {
      readdir(path, { withFileTypes: true }, (error, entries) => {
        if (error !== null) unreadable.push({ path, error });
        else
          specialFileCount += entries.filter(
            (entry) => !entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink(),
          ).length;
        done(error, entries);
      });
    },
    realpath(path: string, done: (error: null, resolved: string) => void): void {
      realpath.native(path, (error, resolved) => done(null, error === null ? resolved : path));
    },
    stat(path: string, done: (error: Error | null, status: Pick<Stats, 'isDirectory'>) => void): void {
      stat(path, (error, status) => {
        const isSpecial = error === null && !status.isFile() && !status.isDirectory();
        if (isSpecial) specialFileCount++;
        done(isSpecial ? new Error('not a file') : null, error === null ? status : { isDirectory: () => false });
      });
    },
  };
  const paths = await glob(patterns, { ...options, fs: fs as unknown as NonNullable<GlobOptions['fs']> });
  return { paths, unreadable, specialFileCount };
}
