// The safetensors container (github.com/huggingface/safetensors): 8 bytes of header length, a JSON
// header, the numbers. Knows nothing of models: pytorch.ts names the tensors. A file may come from
// anywhere, so everything in it is checked, and memory is allocated only for numbers that the file
// contains.
import { isUtf8 } from 'node:buffer';
import { type Fail, type Tensor, firstNonFinite, limits, numbersIn, troubleInJson } from '../runs/store.ts';
import { type Rules, checkMembers, recordRule, shapeRule } from '../runs/validation.ts';
import { anyText, choice, rule } from '../options/kind.ts';
import { bytesOfNumbers, floatFormats } from './floats.ts';

/** Texts by name, stored with the tensors. */
export type Metadata = Readonly<Record<string, string>>;

export interface Safetensors {
  readonly metadata: Metadata;
  readonly tensors: readonly Tensor[];
}

/** The only member of the header that is not a tensor. */
const METADATA = '__metadata__';
const lengthBytes = 8;
/** The numbers begin at a multiple of this, so that a reader can use them without copying. */
const alignment = 8;

/** The bytes of a file. The tensors keep their order, and all numbers are float32. */
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
  file.fill(0x20, lengthBytes, lengthBytes + headerBytes); // JSON may end with spaces
  file.set(json, lengthBytes);
  let offset = lengthBytes + headerBytes;
  for (const { data } of tensors) {
    file.set(bytesOfNumbers(data), offset);
    offset += data.byteLength;
  }
  return file;
}

/**
 * The content of a file: the metadata, and the tensors in the order of the file, converted to
 * float32. The file must be complete: every byte belongs to one tensor.
 * @param fail a function that is called with the defect of the file
 */
export function readSafetensors(file: Uint8Array, fail: Fail): Safetensors {
  const { header, dataStart } = readHeader(file, fail);
  const { [METADATA]: metadata = {} } = checkMembers<{ [METADATA]?: Metadata }>(
    header,
    headerRules,
    'its header',
    fail,
  );
  const entries = Object.entries(header).filter(([name]) => name !== METADATA);
  if (entries.length > limits.tensors) fail(`it has ${entries.length} tensors: expected at most ${limits.tensors}`);
  const entryRanges = entries
    .map(([name, entry]) => entryRange(name, entry, fail))
    .toSorted((a, b) => a.begin - b.begin);
  let covered = 0;
  for (const { title, begin, end } of entryRanges) {
    if (begin !== covered)
      fail(`${title} begins at byte ${begin} of the numbers: expected ${covered}: tensors overlap or there are gaps`);
    covered = end;
  }
  if (covered !== file.length - dataStart)
    fail(`its tensors end at byte ${covered} of ${file.length - dataStart} bytes of numbers`);
  const tensors = entryRanges.map(({ name, title, shape, dtype, begin, end }): Tensor => {
    // A copy, which is aligned whatever the length of the header. Buffer's own slice would be a
    // view.
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
 * Whether a file can be safetensors: its header begins after the 8 bytes of its length, which can
 * have any value.
 */
export const looksLikeSafetensors = (file: Uint8Array): boolean => file[lengthBytes] === 0x7b;

function readHeader(file: Uint8Array, fail: Fail): { header: Record<string, unknown>; dataStart: number } {
  const following = file.length - lengthBytes;
  if (following <= 0) fail(`it has ${file.length} bytes: expected at least ${lengthBytes + 1}`);
  if (!looksLikeSafetensors(file)) fail('its header does not begin with {');
  const length = new DataView(file.buffer, file.byteOffset, lengthBytes).getBigUint64(0, true);
  if (length > BigInt(following)) fail(`its header should have ${length} bytes, but only ${following} follow`);
  if (length > BigInt(limits.textBytes)) fail(`its header has ${length} bytes: expected at most ${limits.textBytes}`);
  const dataStart = lengthBytes + Number(length);
  const text = file.subarray(lengthBytes, dataStart);
  if (!isUtf8(text)) fail('its header is not UTF-8');
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(text.buffer, text.byteOffset, text.length).toString('utf8'));
  } catch (cause) {
    fail('its header is not valid JSON', cause);
  }
  const { message, keys } = troubleInJson(header, 'its header');
  if (message !== null) fail(message);
  // A duplicate name is not noticed here. The numbers of the first tensor then belong to no tensor,
  // which is noticed.
  if (keys > limits.values) fail(`its header has ${keys} values: expected at most ${limits.values}`);
  return { header: header as Record<string, unknown>, dataStart };
}

/** The entry of a tensor in the header. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

const headerRules: Rules = { [METADATA]: { ...recordRule('texts', anyText.holds), isOptional: true } };
const entryRules: Rules = {
  dtype: choice(Object.keys(floatFormats)),
  shape: shapeRule,
  data_offsets: rule(
    'two whole numbers',
    (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger),
  ),
};

interface Place extends Omit<Entry, 'data_offsets'> {
  readonly name: string;
  readonly title: string;
  readonly begin: number;
  readonly end: number;
}

/** Where the numbers of a tensor are, checked against its shape and the length of the file. */
function entryRange(name: string, entry: unknown, fail: Fail): Place {
  if (name.length === 0 || name.length > limits.name)
    fail(`a tensor has a name of ${name.length} characters: expected 1 to ${limits.name}`);
  const title = `tensor ${JSON.stringify(name)}`;
  const { dtype, shape, data_offsets: offsets } = checkMembers<Entry>(entry, entryRules, title, fail);
  const [begin, end] = offsets;
  const expected = numbersIn(shape) * floatFormats[dtype].bytes;
  if (end - begin !== expected) fail(`${title} has ${end - begin} bytes, but its shape needs ${expected}`);
  return { name, title, dtype, shape, begin, end };
}
