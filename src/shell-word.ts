// Shell words for the commands that messages show. Pure.

/** The text as one shell word, quoted only if necessary. */
export const shellWord = (text: string): string =>
  /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
