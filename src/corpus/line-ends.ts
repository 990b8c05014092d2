// CR and CRLF line ends become LF, chunk by chunk. Touches no file.

const LF = 0x0a;
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
    if (!this.#afterReturn && !bytes.includes(CR)) return bytes;
    this.changed = true;
    const converted = new Uint8Array(bytes.length);
    let length = 0;
    let afterReturn = this.#afterReturn;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte !== LF || !afterReturn) converted[length++] = byte === CR ? LF : byte;
      afterReturn = byte === CR;
    }
    this.#afterReturn = afterReturn;
    return converted.subarray(0, length);
  }
}
