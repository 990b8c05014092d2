// The wire format of Protocol Buffers, as much of it as writing ONNX takes: fields that are integers, or bytes after
// their length (protobuf.dev, "Encoding"). Knows no messages. Pieces are kept apart to the end, so that large ones are
// copied once.
import { endianness } from 'node:os';

/** Bytes that follow one another. */
export interface Encoded {
  readonly pieces: readonly Uint8Array[];
  /** Of all pieces, in bytes. */
  readonly length: number;
}

/** What comes before a field says its number and how to read it. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** @param value from 0 to 2⁵³ − 1 */
export function integerField(field: number, value: number): Encoded {
  return joined([piece(varint(field * 8 + VARINT)), piece(varint(value))]);
}

export function textField(field: number, value: string): Encoded {
  return bytesField(field, new TextEncoder().encode(value));
}

export function bytesField(field: number, value: Uint8Array): Encoded {
  return messageField(field, [piece(value)]);
}

/** A message inside another. @param parts its fields */
export function messageField(field: number, parts: readonly Encoded[]): Encoded {
  const content = joined(parts);
  return joined([piece(varint(field * 8 + LENGTH_DELIMITED)), piece(varint(content.length)), content]);
}

export function joined(parts: readonly Encoded[]): Encoded {
  return { pieces: parts.flatMap(({ pieces }) => pieces), length: parts.reduce((sum, { length }) => sum + length, 0) };
}

/** All pieces in one place. */
export function bytesOf({ pieces, length }: Encoded): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const each of pieces) {
    bytes.set(each, at);
    at += each.length;
  }
  return bytes;
}

/** Numbers as their bytes, the lowest first: a view of their memory where the machine has them so. */
export function littleEndian(numbers: Float32Array | BigInt64Array): Uint8Array {
  const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  if (endianness() === 'LE') return bytes;
  return numbers instanceof Float32Array ? Buffer.from(bytes).swap32() : Buffer.from(bytes).swap64();
}

function piece(bytes: Uint8Array): Encoded {
  return { pieces: [bytes], length: bytes.length };
}

/** Seven bits a byte, the lowest first; all bytes but the last have the eighth bit set. */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no integer from 0 to 2^53 - 1`);
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}
