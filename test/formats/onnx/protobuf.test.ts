// Bytes of Protocol Buffers: the examples of its documentation (protobuf.dev, "Encoding"), and
// large numbers.
import { expect, it } from 'vitest';
import { bytesOfNumbers } from '../../../src/formats/floats.ts';
import { concatenate, integerField, messageField, textField } from '../../../src/formats/onnx/protobuf.ts';

const hexadecimal = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

it.each([
  ['an integer', integerField(1, 150), '089601'],
  ['a text', textField(2, 'testing'), '120774657374696e67'],
  ['a message inside another', messageField(3, [integerField(1, 150)]), '1a03089601'],
  ['nothing', messageField(3, []), '1a00'],
  ['fields one after another', [...integerField(1, 0), ...textField(2, 'é')], '08001202c3a9'],
  ['a field of a high number', integerField(20, 2), 'a00102'],
  ['more than 32 bits', integerField(1, 2 ** 35 + 1), '08818080808001'],
])('writes %s', (_what, field, expected) => {
  expect(hexadecimal(concatenate(field))).toBe(expected);
});

it.each([-1, 0.5, NaN, 2 ** 53])('refuses %d, which is not an integer from 0 up', (value) => {
  expect(() => integerField(1, value)).toThrow(RangeError);
});

it('writes numbers with their lowest byte first, also from a part of a vector', () => {
  expect(hexadecimal(bytesOfNumbers(Float32Array.of(9, 1, -2).subarray(1)))).toBe('0000803f000000c0');
  expect(hexadecimal(bytesOfNumbers(BigInt64Array.of(258n)))).toBe('0201000000000000');
});
