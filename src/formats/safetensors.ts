// The safetensors container (github.com/huggingface/safetensors): 8 bytes of header length, a JSON
// header, the numbers. Knows nothing of models; what the tensors are called is pytorch.ts's. A file
// that is read may come from anywhere: nothing in it is taken on trust, and nothing is allocated
// that the file is too short to fill.
import { isUtf8 } from 'node:buffer';
import {
  type Fail,
  type Tensor,
  firstNonFinite,
  isObject,
  isWhole,
  limits,
  numbersIn,
  shown,
  troubleInJson,
} from '../runs/store.ts';
import { float32Bytes, floatFormats } from './floats.ts';

/** Texts by name that go with the tensors. */
export type Metadata = Readonly<Record<string, string>>;

export interface Safetensors {
  readonly metadata: Metadata;
  readonly tensors: readonly Tensor[];
}

/** The one member of the header that is no tensor. */
const METADATA = '__metadata__';
const lengthBytes = 8;
/** So many bytes of a file tell whether it can be one. */
export const startBytes = lengthBytes + 1;
/** The numbers begin at a multiple of this, so that a reader may use them in their place. */
const alignment = 8;

/** The bytes of a file, tensors in their order, each as float32. */
export function writeSafetensors({ metadata, tensors }: Safetensors): Uint8Array {
  let end = 0;
  const entries = tensors.map(({ name, shape, data }) => [
    name,
    { dtype: 'F32', shape, data_offsets: [end, (end += data.byteLength)] },
  ]);
  const json = Buffer.from(JSON.stringify(Object.fromEntries([[METADATA, metadata], ...entries])));
  const headerBytes = Math.ceil(json.length / alignment) * alignment;
  const file = new Uint8Array(lengthBytes + headerBytes + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, lengthBytes, lengthBytes + headerBytes); // spaces after JSON are JSON, too
  file.set(json, lengthBytes);
  let offset = lengthBytes + headerBytes;
  for (const { data } of tensors) {
    file.set(float32Bytes(data), offset);
    offset += data.byteLength;
  }
  return file;
}

/**
 * What a file holds, all numbers as float32, in the order of the file. It must be whole: every byte
 * belongs to one tensor.
 * @param fail is told what is wrong with the file
 */
export function readSafetensors(file: Uint8Array, fail: Fail): Safetensors {
  const { header, dataStart } = readHeader(file, fail);
  const metadata = metadataIn(header, fail);
  const entries = Object.entries(header).filter(([name]) => name !== METADATA);
  if (entries.length > limits.tensors) fail(`it has ${entries.length} tensors, expected at most ${limits.tensors}`);
  const places = entries
    .map(([name, entry]) => placeOf(name, entry, file.length - dataStart, fail))
    .toSorted((a, b) => a.begin - b.begin);
  let covered = 0;
  for (const { title, begin, end } of places) {
    if (begin !== covered)
      fail(`${title} begins at byte ${begin} of the numbers, expected ${covered}: tensors overlap or there are gaps`);
    covered = end;
  }
  if (covered !== file.length - dataStart)
    fail(`its tensors end at byte ${covered} of ${file.length - dataStart} bytes of numbers`);
  const tensors = places.map(({ name, title, shape, dtype, begin, end }): Tensor => {
    // A copy, which is aligned whatever the length of the header. Not Buffer's own slice, which is
    // a view.
    const data = floatFormats[dtype].decode(
      Uint8Array.prototype.slice.call(file, dataStart + begin, dataStart + end) as Uint8Array<ArrayBuffer>,
    );
    const bad = firstNonFinite(data);
    if (bad >= 0) fail(`${title} holds ${data[bad]} at index ${bad} of ${data.length}`);
    return { name, shape, data };
  });
  return { metadata, tensors };
}

/**
 * Whether a file can be one, by its first `startBytes` bytes: after the length of the header, which
 * may be any, is the header.
 */
export function looksLikeSafetensors(start: Uint8Array): boolean {
  return start[lengthBytes] === 0x7b;
}

/**
 * Where the numbers of a file begin, by its first bytes: so that what is something else need not be
 * read.
 * @param start `startBytes` of it, or more @param fail is told if it is none
 */
export function dataStartOf(start: Uint8Array, fileBytes: number, fail: Fail): number {
  if (fileBytes < startBytes || start.length < startBytes)
    fail(`it has ${fileBytes} bytes, expected ${startBytes} at least`);
  const length = new DataView(start.buffer, start.byteOffset, lengthBytes).getBigUint64(0, true);
  const following = fileBytes - lengthBytes;
  if (length > BigInt(following))
    fail(`its header is said to have ${length} bytes, and ${following} follow: it is cut off, or no safetensors file`);
  if (length > BigInt(limits.textBytes)) fail(`its header has ${length} bytes, expected at most ${limits.textBytes}`);
  if (length === 0n || !looksLikeSafetensors(start))
    fail('its header does not begin with {, so it is no safetensors file');
  return lengthBytes + Number(length);
}

function readHeader(file: Uint8Array, fail: Fail): { header: Record<string, unknown>; dataStart: number } {
  const dataStart = dataStartOf(file, file.length, fail);
  const text = file.subarray(lengthBytes, dataStart);
  if (!isUtf8(text)) fail('its header is not UTF-8');
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(text.buffer, text.byteOffset, text.length).toString('utf8'));
  } catch (cause) {
    fail('its header is not JSON', cause);
  }
  const { message, keys } = troubleInJson(header, 'its header');
  if (message !== null) fail(message);
  // A name that is there twice is not noticed here; the numbers of the first one then belong to no
  // tensor, which is.
  if (keys > limits.values) fail(`its header has ${keys} values, expected at most ${limits.values}`);
  return { header: header as Record<string, unknown>, dataStart };
}

function metadataIn(header: Readonly<Record<string, unknown>>, fail: Fail): Metadata {
  if (!Object.hasOwn(header, METADATA)) return {};
  const metadata = header[METADATA];
  if (!isObject(metadata)) fail(`${METADATA} is ${shown(metadata)}, expected an object`);
  for (const [name, value] of Object.entries(metadata))
    if (typeof value !== 'string')
      fail(`${METADATA}.${name.slice(0, limits.name)} is ${shown(value)}, expected a text`);
  return metadata as Metadata;
}

interface Place {
  readonly name: string;
  readonly title: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Where the numbers of a tensor are, checked against its shape and the length of the file. */
function placeOf(name: string, entry: unknown, dataBytes: number, fail: Fail): Place {
  if (name.length === 0 || name.length > limits.name)
    fail(`a tensor has a name of ${name.length} characters, expected 1 to ${limits.name}`);
  const title = `tensor ${JSON.stringify(name)}`;
  if (!isObject(entry)) fail(`${title} is ${shown(entry)}, expected an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(floatFormats, dtype))
    fail(`${title} has the dtype ${shown(dtype)}, expected one of ${Object.keys(floatFormats).join(', ')}`);
  if (
    !Array.isArray(shape) ||
    shape.length > limits.rank ||
    !shape.every((length) => isWhole(length, 1, limits.numbers))
  ) {
    fail(
      `${title} has the shape ${shown(shape)}, expected at most ${limits.rank} whole numbers from 1 to ${limits.numbers}`,
    );
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((offset) => isWhole(offset, 0, dataBytes))) {
    fail(`${title} has the data_offsets ${shown(offsets)}, expected two whole numbers from 0 to ${dataBytes}`);
  }
  const [begin, end] = offsets as [number, number];
  const expected = numbersIn(shape as number[]) * floatFormats[dtype].bytes;
  if (end - begin !== expected) fail(`${title} has ${end - begin} bytes, and its shape ${expected}`);
  return { name, title, dtype, shape: shape as number[], begin, end };
}
