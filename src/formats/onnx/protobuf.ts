// The part of the wire format of Protocol Buffers that ONNX files need: varint fields and
// length-delimited fields (protobuf.dev, "Encoding"). This file defines no message types.

/** Consecutive bytes in pieces, so that large pieces are copied only once. */
export type EncodedField = readonly Uint8Array[];

/** Wire types. The tag of a field is its field number times 8, plus its wire type. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** @param value a whole number from 0 to 2⁵³ − 1 */
export const integerField = (fieldNumber: number, value: number): EncodedField => [
  varint(fieldNumber * 8 + VARINT),
  varint(value),
];

export const textField = (fieldNumber: number, value: string): EncodedField =>
  bytesField(fieldNumber, new TextEncoder().encode(value));

export const bytesField = (fieldNumber: number, value: Uint8Array): EncodedField =>
  messageField(fieldNumber, [[value]]);

/** A field whose value is a nested message, given by the encoded fields of the message. */
export function messageField(fieldNumber: number, fields: readonly EncodedField[]): EncodedField {
  const content = fields.flat();
  return [varint(fieldNumber * 8 + LENGTH_DELIMITED), varint(lengthOf(content)), ...content];
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
