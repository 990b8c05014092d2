// Converts CR and CRLF line endings to LF, chunk by chunk. Does not touch the file system.

/** Converts the line endings of a whole text. */
export const withLineFeeds = (text: string): string => text.replace(/\r\n?/g, '\n');

/** Converts the line endings of one file. */
export class LineEnds {
  /** Whether the file has line endings other than LF. */
  changed = false;
  #afterReturn = false;

  /** Converts the next chunk. A CR at its end joins an LF at the start of the following chunk. */
  push(text: string): string {
    if (text === '') return text;
    const remaining = this.#afterReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.#afterReturn = text.endsWith('\r');
    const changed = withLineFeeds(remaining);
    if (changed !== text) this.changed = true;
    return changed;
  }
}
