// File names that are not valid UTF-8, as strings from which their bytes can be had again: such a
// byte is a lone surrogate, U+DC80 to U+DCFF, which no valid name contains.
import { isUtf8 } from 'node:buffer';

const ESCAPED = /[\u{DC80}-\u{DCFF}]/u;
const ESCAPES = /([\u{DC80}-\u{DCFF}])/u;

/** A name as the system gave it. */
export function nameFromBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('');
}

/** A path for the system. */
export function pathForSystem(path: string): string | Buffer {
  if (!ESCAPED.test(path)) return path;
  return Buffer.concat(
    path.split(ESCAPES).map((part) => (ESCAPED.test(part) ? Buffer.of(part.charCodeAt(0) & 0xff) : Buffer.from(part))),
  );
}
