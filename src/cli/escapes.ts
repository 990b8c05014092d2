// Escapes in texts of the command line, for characters that are hard to type there: \n, \t, \r, \\, \u{2014}, \xff. Everything else that
// follows a backslash stays as it is written, backslash included.
import type { Unit } from '../corpus/vocabulary.ts';

const named: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\' };
const escape = /\\(?:([ntr\\])|x([\dA-Fa-f]{2})|u\{([\dA-Fa-f]{1,6})\})/g;

/** The text with its escapes replaced. For a model of bytes its UTF-8, in which `\xff` is a single byte. */
export function unescaped(text: string, unit: Unit): string | Uint8Array {
  const parts = partsOf(text);
  if (unit === 'byte') return Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))));
  return parts.map((part) => (typeof part === 'number' ? String.fromCharCode(part) : part)).join('');
}

/** Texts, and numbers below 256 for `\xHH`. */
function partsOf(text: string): (string | number)[] {
  const parts: (string | number)[] = [];
  let end = 0;
  for (const { 0: whole, 1: name, 2: byte, 3: point, index } of text.matchAll(escape)) {
    parts.push(text.slice(end, index));
    if (byte !== undefined) parts.push(Number.parseInt(byte, 16));
    else parts.push(name === undefined ? (characterAt(Number.parseInt(point, 16)) ?? whole) : named[name]);
    end = index + whole.length;
  }
  return [...parts, text.slice(end)];
}

/** Null for a number that is not a character's. */
function characterAt(point: number): string | null {
  return point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) ? null : String.fromCodePoint(point);
}
