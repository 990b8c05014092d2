// CR and CRLF line ends become LF, chunk by chunk. Touches no file.

/** The same of a text. */
export const withLineFeeds = (text: string): string => text.replace(/\r\n?/g, '\n');

/** The line ends of one file. */
export class LineEnds {
  /** There were others than LF. */
  changed = false;
  #afterReturn = false;

  push(text: string): string {
    if (text === '') return text;
    const rest = this.#afterReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.#afterReturn = text.endsWith('\r');
    const changed = withLineFeeds(rest);
    if (changed !== text) this.changed = true;
    return changed;
  }
}
