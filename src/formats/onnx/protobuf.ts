// The wire format of Protocol Buffers, as far as ONNX files need it: integer fields, and fields of
// bytes after their length (protobuf.dev, "Encoding"). Does not know any messages.

/** Consecutive bytes in pieces, so that large pieces are copied only once. */
export type EncodedField = readonly Uint8Array[];

/** The wire types, which a field's tag contains together with its number. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** @param value a whole number from 0 to 2⁵³ − 1 */
export const integerField = (field: number, value: number): EncodedField => [varint(field * 8 + VARINT), varint(value)];

export const textField = (field: number, value: string): EncodedField =>
  bytesField(field, new TextEncoder().encode(value));

export const bytesField = (field: number, value: Uint8Array): EncodedField => messageField(field, [[value]]);

/** A message inside another. */
export function messageField(field: number, fields: readonly EncodedField[]): EncodedField {
  const content = fields.flat();
  return [varint(field * 8 + LENGTH_DELIMITED), varint(lengthOf(content)), ...content];
}

/** Joins all pieces. */
export function concatenate(pieces: EncodedField): Uint8Array {
  const bytes = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const lengthOf = (pieces: EncodedField): number => pieces.reduce((sum, { length }) => sum + length, 0);

/**
 * An integer with seven bits in each byte, the lowest first. All bytes but the last have the eighth
 * bit set.
 */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not an integer from 0 to 2^53 - 1`);
  const bytes: number[] = [];
  let remaining = value;
  for (; remaining > 127; remaining = Math.floor(remaining / 128)) bytes.push((remaining % 128) + 128);
  return Uint8Array.from([...bytes, remaining]);
}
