// CR and CRLF line ends become LF, chunk by chunk. Touches no file.

const CR = 0x0d;

/** The same of a text. */
export const withLineFeeds = (text: string): string => text.replace(/\r\n?/g, '\n');

/** The line ends of one file. */
export class LineEnds {
  /** There were others than LF. */
  changed = false;
  #afterReturn = false;

  /** @returns the bytes themselves where there is nothing to change */
  push(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0 || (!this.#afterReturn && !bytes.includes(CR))) return bytes;
    this.changed = true;
    const text = Buffer.from(bytes).toString('latin1'); // a character for each byte
    const rest = this.#afterReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.#afterReturn = text.endsWith('\r');
    return Buffer.from(withLineFeeds(rest), 'latin1');
  }
}
