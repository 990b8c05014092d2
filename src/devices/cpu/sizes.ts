/** The size of a page of WebAssembly memory. */
export const PAGE_BYTES = 65536;
/** The size of a cache line. */
export const LINE_BYTES = 64;
