/** Of a WebAssembly memory. */
export const PAGE_BYTES = 65536;
/** Of the caches. */
export const LINE_BYTES = 64;
