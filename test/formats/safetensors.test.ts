// The container format, and models in it that other programs or accidents have changed.
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Checkpoint, type Tensor, writeCheckpoint } from '../../src/runs/store.ts';
import { RnnError } from '../../src/errors.ts';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { readTrained, safetensors } from '../../src/formats/trained.ts';
import { temporaryFolder } from '../runs/fixture.ts';
import { randomModel } from './models.ts';

class Refused extends Error {}
const refuse = (detail: string): never => {
  throw new Refused(detail);
};

/** A file with this header and these bytes of numbers. */
function fileOf(header: unknown, numbers: Uint8Array): Uint8Array {
  const json =
    header instanceof Uint8Array ? header : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, numbers]);
}

const tensor = (name: string, shape: readonly number[], ...data: number[]): Tensor => ({
  name,
  shape,
  data: Float32Array.from(data),
});

describe('a safetensors file', () => {
  it('follows the format, byte by byte', () => {
    const file = writeSafetensors({
      metadata: { a: 'b' },
      tensors: [tensor('x', [1, 2], 1, -2), tensor('y', [1], 0.5)],
    });
    const header =
      '{"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(Buffer.from(file).toString('hex')).toBe(
      Buffer.concat([
        Buffer.from([padded.length, 0, 0, 0, 0, 0, 0, 0]),
        Buffer.from(padded),
        Buffer.from('0000803f000000c00000003f', 'hex'),
      ]).toString('hex'),
    );
  });

  it('is read back unchanged', () => {
    const written = { metadata: { a: 'ä' }, tensors: [tensor('x', [2, 1], 1e-40, -0), tensor('scalar', [], 3)] };
    expect(readSafetensors(writeSafetensors(written), refuse)).toEqual(written);
  });

  it.each([
    ['F16', '003c00c0ff7b01000080', [1, -2, 65504, 2 ** -24, -0]],
    ['BF16', '803f00c07f7f01000080', [1, -2, 3.3895313892515355e38, 2 ** -133, -0]],
    ['F64', '000000000000f03f000000000000f8bf', [1, -1.5]],
  ])('of %s is read as float32', (dtype, hex, expected) => {
    const numbers = Buffer.from(hex, 'hex');
    const file = fileOf({ x: { dtype, shape: [expected.length], data_offsets: [0, numbers.length] } }, numbers);
    expect(readSafetensors(file, refuse).tensors).toEqual([tensor('x', [expected.length], ...expected)]);
  });

  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  const eight = new Uint8Array(8);
  it.each<[string, Uint8Array, RegExp]>([
    ['that is empty', new Uint8Array(0), /0 bytes: expected at least 9/],
    [
      'whose header would take all memory',
      Buffer.from('ffffffffffffff7f7b7d', 'hex'),
      /its header should have \d{19} bytes, but only 2 follow/,
    ],
    ['that is something else', Buffer.from('\x02\0\0\0\0\0\0\0[]'), /does not begin with \{/],
    ['whose header is not JSON', fileOf('{"x":', eight), /not valid JSON/],
    ['whose header is not UTF-8', fileOf(Buffer.from('{"\xff":1}', 'latin1'), eight), /not UTF-8/],
    [
      'with a name that could reach a prototype',
      fileOf(`{"__proto__":${JSON.stringify(entry)}}`, eight),
      /forbidden name/,
    ],
    ['with too many brackets', fileOf(`{"x":${'['.repeat(100)}${']'.repeat(100)}}`, eight), /nested/],
    ['whose tensor is not an object', fileOf({ x: 3 }, eight), /"x" is 3/],
    ['of integers', fileOf({ x: { ...entry, dtype: 'I64' } }, eight), /dtype is "I64": expected one of F32/],
    [
      'whose dtype is the name of a method',
      fileOf({ x: { ...entry, dtype: 'toString' } }, eight),
      /dtype is "toString"/,
    ],
    ['with a negative length', fileOf({ x: { ...entry, shape: [-2] } }, eight), /shape/],
    ['with a tensor of no numbers', fileOf({ x: { ...entry, shape: [0], data_offsets: [0, 0] } }, eight), /shape/],
    [
      'with a huge shape',
      fileOf({ x: { ...entry, shape: [2 ** 30, 2 ** 30] } }, eight),
      /has 8 bytes, but its shape needs 4611686018427388000/,
    ],
    [
      'whose tensor ends behind its end',
      fileOf({ x: { ...entry, data_offsets: [0, 12] } }, eight),
      /has 12 bytes, but its shape needs 8/,
    ],
    ['whose tensor ends before it begins', fileOf({ x: { ...entry, data_offsets: [8, 0] } }, eight), /-8 bytes/],
    [
      'whose tensors overlap',
      fileOf({ x: entry, y: { ...entry, data_offsets: [4, 12] } }, new Uint8Array(12)),
      /overlap/,
    ],
    ['with a gap', fileOf({ x: { ...entry, data_offsets: [4, 12] } }, new Uint8Array(12)), /gaps/],
    ['with something behind its tensors', fileOf({ x: entry }, new Uint8Array(9)), /end at byte 8 of 9/],
    [
      'with a name twice',
      fileOf(
        `{"x":${JSON.stringify(entry)},"x":${JSON.stringify({ ...entry, data_offsets: [8, 16] })}}`,
        new Uint8Array(16),
      ),
      /gaps/,
    ],
    ['with NaN', fileOf({ x: entry }, Buffer.from('0000c07f00000000', 'hex')), /holds NaN at index 0 of 2/],
    ['with an infinity', fileOf({ x: entry }, Buffer.from('000000000000807f', 'hex')), /holds Infinity at index 1/],
    [
      'whose metadata are numbers',
      fileOf({ __metadata__: { a: 1 }, x: entry }, eight),
      /__metadata__ is \{"a":1\}: expected an object of texts/,
    ],
    ['whose metadata is a list', fileOf({ __metadata__: [], x: entry }, eight), /expected an object/],
  ])('%s is refused', (_, file, complaint) => {
    expect(() => readSafetensors(file, refuse)).toThrow(complaint);
    expect(() => readSafetensors(file, refuse)).toThrow(Refused);
  });
});

describe('a model in a damaged file', () => {
  const whole = safetensors.write(randomModel({ cell: 'gru', hidden: 4, embedding: 3 }));
  const headerEnd = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(whole.subarray(8, headerEnd)).toString()) as Record<
    string,
    Record<string, unknown>
  >;
  const numbers = whole.subarray(headerEnd);
  const accepted: Checkpoint[] = [];
  /** Reading threw an error that is not about the file. */
  const trouble = (file: Uint8Array): unknown => {
    try {
      accepted.push(readTrained(file, 'file', null));
      return null;
    } catch (error) {
      return error instanceof RnnError && error.kind === 'checkpoint' ? null : error;
    }
  };

  it('is read if it is complete', () => {
    expect(readTrained(whole, 'file', null).model.cell).toBe('gru');
  });

  it('is refused wherever it is cut off', () => {
    for (let length = 0; length < whole.length; length += length < headerEnd ? 7 : 13)
      expect(() => readTrained(whole.subarray(0, length), 'file', null)).toThrow(RnnError);
  });

  it('is read or refused with a reason if any bytes are changed', () => {
    const change = fc.record({
      at: fc.oneof(fc.nat(headerEnd - 1), fc.nat(whole.length - 1)),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('0129-+eE."\\{}[],:'))),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const file = whole.slice();
        for (const { at, byte } of changes) file[at] = byte;
        expect(trouble(file)).toBeNull();
      }),
      { numRuns: 2000, seed: 8 },
    );
  });

  it('is read or refused with a reason if a value of the header is changed', () => {
    const members = Object.entries(header).flatMap(([name, entry]) =>
      Object.keys(entry).map((key) => [name, key] as const),
    );
    fc.assert(
      fc.property(fc.constantFrom(...members), fc.oneof(fc.jsonValue(), fc.json()), ([name, key], value) => {
        expect(trouble(fileOf({ ...header, [name]: { ...header[name], [key]: value } }, numbers))).toBeNull();
      }),
      { numRuns: 1000, seed: 8 },
    );
  });

  it('is read or refused with a reason if its model, vocabulary or training record is changed', () => {
    const { metadata: texts } = readSafetensors(whole, refuse);
    const withText = (name: string, text: string): Uint8Array =>
      fileOf({ ...header, __metadata__: { ...texts, [name]: text } }, numbers);
    const members = ['model', 'vocabulary', 'training'].flatMap((name) =>
      Object.keys(JSON.parse(texts[name]) as object).map((key) => [name, key] as const),
    );
    const value = fc.oneof(fc.jsonValue(), fc.nat(), fc.constantFrom('lstm', 'rnn', 'mlstm', true, 2 ** 20, 1e308));
    fc.assert(
      fc.property(fc.constantFrom(...members), value, ([name, key], other) => {
        expect(
          trouble(withText(name, JSON.stringify({ ...(JSON.parse(texts[name]) as object), [key]: other }))),
        ).toBeNull();
      }),
      { numRuns: 2000, seed: 8 },
    );
    // Depths around the maximum depth of a checkpoint.
    for (let depth = 50; depth < 70; depth++)
      expect(trouble(withText('training', `{"options":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}`))).toBeNull();
  });

  it('can be written as a checkpoint if one of the tests above read it', async () => {
    expect(accepted.length).toBeGreaterThan(100);
    const path = join(temporaryFolder(), 'latest.json');
    for (const checkpoint of new Map(
      accepted.map((each) => [JSON.stringify([each.model, each.training]), each]),
    ).values())
      await writeCheckpoint(path, checkpoint);
  });
});
