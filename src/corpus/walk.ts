// The paths below a folder that match patterns. tinyglobby matches them; here is what it sees of the file system, so that no folder is
// left out in silence, and no name is lost that is not valid UTF-8.
import { type Dirent, type Stats, readdir, realpath, stat } from 'node:fs';
import { type GlobOptions, glob } from 'tinyglobby';
import { nameFromBytes, pathForSystem } from './names.ts';

interface Walk {
  /** Relative to the folder, with slashes. Dangling links are included: reading them fails. */
  readonly paths: readonly string[];
  /** Folders that could not be read, and why. */
  readonly unreadable: readonly { readonly path: string; readonly error: Error }[];
  /** Pipes, devices and sockets, and links to them: no files. */
  readonly special: number;
}

/** @param options `cwd` and what else limits the walk */
export async function walk(patterns: string | readonly string[], options: GlobOptions): Promise<Walk> {
  const unreadable: { path: string; error: Error }[] = [];
  let special = 0;
  const fs = {
    readdir(path: string, _: unknown, done: (error: Error | null, entries?: Dirent[]) => void): void {
      readdir(pathForSystem(path), { withFileTypes: true, encoding: 'buffer' }, (error, entries) => {
        if (error !== null) {
          unreadable.push({ path, error });
          return done(error);
        }
        special += entries.filter((entry) => !entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink()).length;
        done(
          null,
          entries.map((entry) => Object.assign(entry as unknown as Dirent, { name: nameFromBytes(entry.name) })),
        );
      });
    },
    realpath(path: string, done: (error: null, resolved: string) => void): void {
      realpath.native(pathForSystem(path), { encoding: 'buffer' }, (error, resolved) =>
        done(null, error === null ? nameFromBytes(resolved) : path),
      );
    },
    stat(path: string, done: (error: Error | null, status: Pick<Stats, 'isDirectory'>) => void): void {
      stat(pathForSystem(path), (error, status) => {
        const isSpecial = error === null && !status.isFile() && !status.isDirectory();
        if (isSpecial) special++;
        done(isSpecial ? new Error('not a file') : null, error === null ? status : { isDirectory: () => false });
      });
    },
  };
  const paths = await glob(patterns, { ...options, fs: fs as unknown as NonNullable<GlobOptions['fs']> });
  return { paths, unreadable, special };
}
