/** The size of a page of WebAssembly memory. */
export const WASM_PAGE_BYTES = 65536;
/** The size of a cache line. */
export const CACHE_LINE_BYTES = 64;
