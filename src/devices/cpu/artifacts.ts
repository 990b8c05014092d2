// Where the build put the files that the cpu device loads at run time: WebAssembly modules and the
// worker's entry point. Knows folders only, not what is in the files.

/**
 * The URL of a built file of the cpu device, e.g. `kernels-relaxed.wasm` or `worker.js` in
 * dist/devices/cpu/. Compiled, this file is in that folder itself; under vitest it runs from
 * src/devices/cpu/, and the build is in dist/ beside src/.
 */
export function artifactUrl(name: string): URL {
  const fromSource = import.meta.url.endsWith('.ts');
  return new URL(fromSource ? `../../../dist/devices/cpu/${name}` : `./${name}`, import.meta.url);
}
