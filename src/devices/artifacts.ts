// Where the build put the files that devices load at run time: WebAssembly modules, and the
// programs of threads and processes. This file knows folders, but not the content of the files.

/**
 * The URL of a built file, e.g. `cpu/worker.js` in dist/devices/. The compiled version of this file
 * is in dist/devices/ itself. Under vitest it runs from src/devices/, and the build is in dist/
 * next to src/.
 */
export function builtUrl(name: string): URL {
  return new URL(import.meta.url.endsWith('.ts') ? `../../dist/devices/${name}` : `./${name}`, import.meta.url);
}
