// Text to provisional ids, chunk by chunk: ASCII characters are their own ids, all others get theirs
// in the order in which they appear. read.ts renumbers them when all are known, so that a text is
// read once. Knows nothing of files.
import { TokenStore } from './store.ts';

const ASCII = 128;
/** Characters encoded at a time. */
const BLOCK = 16_384;

export class Encoder {
  readonly store = new TokenStore();
  /** Code points in the order of their ids. Not all the ASCII ones need occur. */
  readonly codePoints: number[] = Array.from({ length: ASCII }, (_, byte) => byte);
  /** Id by code point, 0 for one that has not appeared. */
  readonly #ids = new Int32Array(0x110000);
  readonly #scratch = new Uint32Array(BLOCK);

  push(text: string): void {
    for (let at = 0; at < text.length;) {
      let length = 0;
      while (length < BLOCK && at < text.length) {
        const codePoint = text.codePointAt(at)!;
        at += codePoint > 0xffff ? 2 : 1;
        this.#scratch[length++] = codePoint < ASCII ? codePoint : this.#ids[codePoint] || this.#add(codePoint);
      }
      this.store.widen(this.codePoints.length);
      this.store.append(this.#scratch.subarray(0, length));
    }
  }

  /** Gives a new character its id. */
  #add(codePoint: number): number {
    this.#ids[codePoint] = this.codePoints.length;
    return this.codePoints.push(codePoint) - 1;
  }
}
