// Writes an archive of NumPy arrays: an uncompressed ZIP file (PKWARE, APPNOTE 6.3.10) with an .npy
// file for each array.
import { crc32 } from 'node:zlib';
import { bytesOfNumbers } from '../formats/floats.ts';

/** An array in row-major order. */
export interface NumpyArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** The header of an .npy file is padded to a multiple of this many bytes. */
const ALIGNMENT = 64;
/**
 * 1980-01-01, the first day that ZIP can represent. With a constant date, the same arrays give the
 * same file.
 */
const DATE = (1 << 5) | 1;
/** Version 2.0 of the format. */
const VERSION = 20;

/**
 * Yields the bytes of the archive.
 * @param arrays less than 4 GB in total
 */
export function* npz(arrays: readonly NumpyArray[]): Generator<Uint8Array> {
  const entries: Buffer[] = [];
  let offset = 0;
  for (const { name, ...array } of arrays) {
    const file = Buffer.from(`${name}.npy`);
    const [header, data] = [npyHeader(array), bytesOfNumbers(array.values)];
    const fileHeaderBytes = fileHeader(file, crc32(data, crc32(header)), header.length + data.length);
    const local = Buffer.concat([littleEndian('I', 0x04034b50), fileHeaderBytes, littleEndian('H', 0), file]);
    entries.push(
      Buffer.concat([
        littleEndian('IH', 0x02014b50, VERSION),
        fileHeaderBytes,
        littleEndian('HHHHII', 0, 0, 0, 0, 0, offset),
        file,
      ]),
    );
    yield* [local, header, data];
    offset += local.length + header.length + data.length;
  }
  const directory = Buffer.concat(entries);
  yield directory;
  yield littleEndian('IHHHHIIH', 0x06054b50, 0, 0, arrays.length, arrays.length, directory.length, offset, 0);
}

/**
 * The fields that the header of a file and its directory entry share: version, flags, method, time,
 * date, checksum, sizes, length of the name.
 */
const fileHeader = (name: Buffer, checksum: number, size: number): Buffer =>
  littleEndian('HHHHHIIIH', VERSION, 0, 0, 0, DATE, checksum, size, size, name.length);

/** Version 1.0 (numpy.lib.format). */
function npyHeader({ shape, values }: Omit<NumpyArray, 'name'>): Buffer {
  const type = values instanceof Float32Array ? '<f4' : '<i4';
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.map((size) => `${size},`).join(' ')}), }`;
  const start = 10;
  const length = Math.ceil((start + text.length + 1) / ALIGNMENT) * ALIGNMENT - start;
  return Buffer.concat([
    Buffer.from('\u0093NUMPY\u0001\u0000', 'latin1'),
    littleEndian('H', length),
    Buffer.from(`${text.padEnd(length - 1)}\n`),
  ]);
}

/** Little-endian numbers of two bytes (H) or four bytes (I), as in Python's struct. */
function littleEndian(kinds: string, ...numbers: readonly number[]): Buffer {
  return Buffer.concat(
    numbers.map((value, index) => {
      const bytes = Buffer.alloc(kinds[index] === 'H' ? 2 : 4);
      bytes.writeUIntLE(value, 0, bytes.length);
      return bytes;
    }),
  );
}
