// Mutations of any file: bytes are changed, removed, inserted or moved. Each mutation returns the
// new bytes and describes the change.
import { below, chance, pick, skewed } from './random.js';

/** Bytes that mean something in JSON, in base64 or in UTF-8. */
const telling = Buffer.from('"\\{}[]:,0123456789+-.eEnulltrfas=/_ \n\t\r\0\x7f\x80\xbf\xc0\xed\xf4\xff', 'latin1');

function flip(bytes, random) {
  const changed = Buffer.from(bytes);
  const count = skewed(random, 8);
  for (let i = 0; i < count; i++) changed[below(random, changed.length)] ^= 1 << below(random, 8);
  return { bytes: changed, what: `${count} bits are flipped` };
}

function overwrite(bytes, random) {
  const changed = Buffer.from(bytes);
  const count = skewed(random, 8);
  for (let i = 0; i < count; i++) changed[below(random, changed.length)] = pick(random, telling);
  return { bytes: changed, what: `${count} bytes are others` };
}

function insert(bytes, random) {
  const at = below(random, bytes.length + 1);
  const added = Buffer.from(
    Array.from({ length: skewed(random, 64) }, () =>
      chance(random, 0.7) ? pick(random, telling) : below(random, 256),
    ),
  );
  return {
    bytes: Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]),
    what: `${added.length} bytes are put in at ${at}`,
  };
}

function cut(bytes, random) {
  const [from, to] = stretch(bytes, random);
  return {
    bytes: Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]),
    what: `bytes ${from} to ${to} are left out`,
  };
}

function truncate(bytes, random) {
  const length = below(random, bytes.length);
  return { bytes: Buffer.from(bytes.subarray(0, length)), what: `it ends after ${length} bytes` };
}

function duplicate(bytes, random) {
  const [from, to] = stretch(bytes, random);
  const at = below(random, bytes.length + 1);
  return {
    bytes: Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, to), bytes.subarray(at)]),
    what: `bytes ${from} to ${to} are also at ${at}`,
  };
}

function swap(bytes, random) {
  const [a, b] = stretch(bytes, random);
  const later = bytes.subarray(b);
  const [c, d] = later.length === 0 ? [0, 0] : stretch(later, random);
  return {
    bytes: Buffer.concat([
      bytes.subarray(0, a),
      later.subarray(c, d),
      later.subarray(0, c),
      bytes.subarray(a, b),
      later.subarray(d),
    ]),
    what: `bytes ${a} to ${b} and ${b + c} to ${b + d} change places`,
  };
}

function fill(bytes, random) {
  const changed = Buffer.from(bytes);
  const [from, to] = stretch(bytes, random);
  const byte = chance(random, 0.5) ? 0 : pick(random, telling);
  changed.fill(byte, from, to);
  return { bytes: changed, what: `bytes ${from} to ${to} are all ${byte}` };
}

function stretch(bytes, random) {
  const from = below(random, bytes.length);
  return [from, Math.min(bytes.length, from + skewed(random, bytes.length))];
}

export const ofBytes = { flip, overwrite, insert, cut, truncate, duplicate, swap, fill };
