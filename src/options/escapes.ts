// Escapes in texts of the command line, for characters that are hard to type: \n, \t, \r, \\,
// \u{2014}, \xff. Any other character after a backslash stays unchanged, with the backslash.

const characterByLetter: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\' };
const escapePattern = /(\\(?:[ntr\\]|x[\dA-Fa-f]{2}|u\{[\dA-Fa-f]{1,6}\}))/;

/**
 * The text with its escapes replaced. For a byte-level model, its UTF-8, with `\xff` as one byte.
 */
export function unescape(text: string, unit: 'char'): string;
export function unescape(text: string, unit: 'char' | 'byte'): string | Uint8Array;
export function unescape(text: string, unit: 'char' | 'byte'): string | Uint8Array {
  // Every second part is an escape.
  const parts = text.split(escapePattern).map((part, index) => (index % 2 === 0 ? part : meaningOf(part)));
  if (unit === 'byte')
    return Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))));
  return parts.map((part) => (typeof part === 'number' ? String.fromCharCode(part) : part)).join('');
}

/** A number below 256 for `\xff`. An escape that is not a valid character stays unchanged. */
function meaningOf(escape: string): string | number {
  if (escape[1] === 'x') return Number.parseInt(escape.slice(2), 16);
  if (escape[1] !== 'u') return characterByLetter[escape[1]];
  const point = Number.parseInt(escape.slice(3, -1), 16);
  const isCharacter = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  return isCharacter ? String.fromCodePoint(point) : escape;
}
