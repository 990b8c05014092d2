// The wire format of Protocol Buffers, as much of it as writing ONNX takes: fields that are
// integers, or bytes after their length (protobuf.dev, "Encoding"). Knows no messages.

/** Bytes that follow one another: in pieces, so that large ones are copied once. */
export type Pieces = readonly Uint8Array[];

/** What comes before a field says its number and how to read it. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** @param value from 0 to 2⁵³ − 1 */
export const integerField = (field: number, value: number): Pieces => [varint(field * 8 + VARINT), varint(value)];

export const textField = (field: number, value: string): Pieces => bytesField(field, new TextEncoder().encode(value));

export const bytesField = (field: number, value: Uint8Array): Pieces => messageField(field, [[value]]);

/** A message inside another. */
export function messageField(field: number, fields: readonly Pieces[]): Pieces {
  const content = fields.flat();
  return [varint(field * 8 + LENGTH_DELIMITED), varint(lengthOf(content)), ...content];
}

/** All pieces in one place. */
export function bytesOf(pieces: Pieces): Uint8Array {
  const bytes = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const lengthOf = (pieces: Pieces): number => pieces.reduce((sum, { length }) => sum + length, 0);

/** Seven bits a byte, the lowest first; all bytes but the last have the eighth bit set. */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not an integer from 0 to 2^53 - 1`);
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}
