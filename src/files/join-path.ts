// Paths of files in a folder that the user named. Pure.
import { sep } from 'node:path';

/**
 * The path of a file in a folder. `join` would change `link/../x/run` to `x/run`, but for the
 * system `..` is the parent of the folder that the link leads to. A run would then be looked for in
 * one folder and written to another.
 */
export function joinPath(folder: string, name: string): string {
  if (folder === '.') return name;
  return folder.endsWith('/') || folder.endsWith(sep) ? folder + name : folder + sep + name;
}
