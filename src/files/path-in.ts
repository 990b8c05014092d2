// Paths of files in a folder that the user named. Pure.
import { sep } from 'node:path';

/**
 * The path of a file in a folder. `join` would make `x/run` of `link/../x/run`, where for the
 * system `..` is the parent of the folder that the link leads to: a run would be looked for in one
 * folder, and written to another.
 */
export function pathIn(folder: string, name: string): string {
  if (folder === '.') return name;
  return folder.endsWith('/') || folder.endsWith(sep) ? folder + name : folder + sep + name;
}
