// The page at `/` of the server.

/** A page that says how to use the server. */
export const pageOf = (run: string): string => `<!doctype html><title>${run}</title>`;
