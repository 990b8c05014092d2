// Where the build put the files that devices load at run time: WebAssembly modules and the programs
// of threads and processes. Knows folders only, not what is in the files.

/**
 * The URL of a built file, e.g. `cpu/worker.js` in dist/devices/. Compiled, this file is in that
 * folder itself; under vitest it runs from src/devices/, and the build is in dist/ beside src/.
 */
export function builtUrl(name: string): URL {
  return new URL(import.meta.url.endsWith('.ts') ? `../../dist/devices/${name}` : `./${name}`, import.meta.url);
}
