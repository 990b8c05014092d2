// A word for a shell, in the commands that messages name. Pure.

/** The word as it is, quoted only if it must be. */
export const shellWord = (text: string): string =>
  /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
