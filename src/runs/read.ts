// A checkpoint file to a Checkpoint, or an error that says what is wrong with the file. Tensors are decoded as they pass by: the
// file is never in memory as a whole, and nothing is allocated that the rest of the file is too short to fill.

import { systemCode } from '../errors.ts';
import { type Checkpoint, type OptimizerState, type Tensor, type TrainedModel, formatName, limits } from './checkpoint.ts';
import { JsonReader, base64Length } from './json-reader.ts';
import { type Fail, shown } from './json-values.ts';
import { failureOf, otherFormat, refuseOtherCells, refuseOtherFiles, refuseOtherVersions, tooLarge, unreadable } from './refusals.ts';
import { ByteSource } from './source.ts';
import { checkModel, checkOptimizer, checkTensorHeader, checkTraining, checkVocabulary, firstNonFinite } from './validation.ts';

/** The checksum must begin within so many bytes of the end of the file. */
const tailBytes = 1024;

/**
 * The checkpoint in a file. With `weightsOnly`, the tensors that only go on training (two thirds of the file with Adam) are passed
 * over: the checksum still covers them, but they are neither decoded nor kept.
 *
 * @throws RnnError `checkpoint` if the file cannot be read or is not a whole, unchanged checkpoint of a version known here
 */
export async function readCheckpoint(path: string): Promise<Checkpoint>;
export async function readCheckpoint(path: string, options: { readonly weightsOnly: true }): Promise<TrainedModel>;
export async function readCheckpoint(
  path: string,
  { weightsOnly = false }: { readonly weightsOnly?: boolean } = {},
): Promise<Checkpoint | TrainedModel> {
  return within(path, (source) => parse(source, path, weightsOnly));
}

/** What stands before the tensors of a checkpoint. */
export type Header = Pick<TrainedModel, 'model' | 'vocabulary' | 'training'>;

/**
 * What a checkpoint says of its model and its run. No more than that is read of it, and its last bytes: so it takes a moment however large
 * the model is, and damage shows only there, or where the file is cut off.
 *
 * @throws RnnError `checkpoint` as `readCheckpoint` does
 */
export async function readHeader(path: string): Promise<Header> {
  const header = within(path, (source) => parseHeader(source, path));
  // Other programs may write the members in another order.
  return header ?? readCheckpoint(path, { weightsOnly: true });
}

function within<Result>(path: string, read: (source: ByteSource) => Result): Result {
  let source: ByteSource;
  try {
    source = new ByteSource(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    return read(source);
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(path, cause);
    if (systemCode(cause) !== '') throw unreadable(path, cause);
    throw cause;
  } finally {
    source.close();
  }
}

/** Null if the tensors come before some of it. */
function parseHeader(source: ByteSource, path: string): Header | null {
  const fail = failureOf(path);
  source.hashOnly(0);
  refuseOtherFiles(source, path);
  const parts = new Map<string, unknown>();
  largeMembers(new JsonReader(source, fail), parts, path, fail).next();
  if (!['model', 'vocabulary', 'training'].every((key) => parts.has(key))) return null;
  const end = source.tail(tailBytes).toString('latin1');
  if (!end.includes('"checksum"') || !end.trimEnd().endsWith('}')) fail(`it is cut off after ${source.size} bytes`);
  const header = checkedHeader(parts, fail);
  refuseOtherCells(header.model, path);
  return header;
}

function parse(source: ByteSource, path: string, weightsOnly: boolean): Checkpoint | TrainedModel {
  const fail = failureOf(path);
  const checksumAt = source.tail(tailBytes).lastIndexOf('"checksum"');
  if (checksumAt >= 0) source.hashOnly(source.size - Math.min(tailBytes, source.size) + checksumAt);
  refuseOtherFiles(source, path);

  const json = new JsonReader(source, fail);
  const parts = new Map<string, unknown>();
  for (const key of largeMembers(json, parts, path, fail)) {
    if (key === 'tensors') parts.set(key, readTensors(json, key, fail));
    else if (key === 'state') parts.set(key, weightsOnly ? skipTensors(json, key, fail) : readTensors(json, key, fail));
    else parts.set(key, json.takeNull() ? null : readOptimizer(json, weightsOnly, fail));
  }
  json.finish();

  const header = checkedHeader(parts, fail);
  for (const key of [...large, 'checksum']) if (!parts.has(key)) fail(`"${key}" is missing`);
  if (parts.get('checksum') !== source.digest())
    fail('its checksum does not match what it holds, so it was edited or a disk or a transfer changed it');
  refuseOtherCells(header.model, path);
  const trained = { ...header, tensors: parts.get('tensors') as Tensor[], optimizer: parts.get('optimizer') as OptimizerState | null };
  return weightsOnly ? trained : { ...trained, state: parts.get('state') as Tensor[] };
}

/** The members that hold tensors. */
const large = ['tensors', 'state', 'optimizer'] as const;

/**
 * The keys of the large members as they are met, for the caller to read what is in them before it asks for the next; the others go into
 * `parts`.
 */
function* largeMembers(json: JsonReader, parts: Map<string, unknown>, path: string, fail: Fail): Generator<(typeof large)[number], void> {
  for (const key of json.members('the checkpoint')) {
    if (parts.has('checksum')) fail(`${JSON.stringify(key)} follows the checksum, which must come last`);
    if (parts.size === 0 && key !== 'format') throw otherFormat(path, `its first member is ${JSON.stringify(key)}`);
    if (parts.size === 1 && key !== 'version') fail('"version" does not follow "format"');
    const found = large.find((name) => name === key);
    if (found !== undefined) {
      yield found;
      continue;
    }
    const value = json.value(key);
    parts.set(key, value);
    if (key === 'format' && value !== formatName) throw otherFormat(path, `its format is ${shown(value)}`);
    if (key === 'version') refuseOtherVersions(value, path, fail);
  }
}

function checkedHeader(parts: ReadonlyMap<string, unknown>, fail: Fail): Header {
  const model = checkModel(parts.get('model'), fail);
  return { model, vocabulary: checkVocabulary(parts.get('vocabulary'), model, fail), training: checkTraining(parts.get('training'), fail) };
}

type TensorHeader = Omit<Tensor, 'data'>;

function readTensors(json: JsonReader, list: string, fail: Fail): Tensor[] {
  return [
    ...tensorsIn(json, list, fail, ({ name, shape }, title) => {
      const data = new Float32Array(numbersOf({ shape }));
      json.base64(data, title);
      const bad = firstNonFinite(data);
      if (bad >= 0) fail(`${title} holds ${data[bad]} at index ${bad} of ${data.length}`);
      return { name, shape, data };
    }),
  ];
}

function skipTensors(json: JsonReader, list: string, fail: Fail): TensorHeader[] {
  return [
    ...tensorsIn(json, list, fail, (header, title) => {
      json.skipBase64(bytesOf(header), title);
      return header;
    }),
  ];
}

/** The tensors of a list; `take` is called where the numbers of each begin, and must read them. */
function* tensorsIn<T extends TensorHeader>(
  json: JsonReader,
  list: string,
  fail: Fail,
  take: (header: TensorHeader, title: string) => T,
): Generator<T> {
  const names = new Set<string>();
  for (const index of json.elements(list)) {
    if (index >= limits.tensors) fail(`${list} has more than ${limits.tensors} tensors`);
    const tensor = readTensor(json, `${list}[${index}]`, fail, take);
    if (names.has(tensor.name)) fail(`${list} has two tensors named ${JSON.stringify(tensor.name)}`);
    names.add(tensor.name);
    yield tensor;
  }
}

function readTensor<T>(json: JsonReader, what: string, fail: Fail, take: (header: TensorHeader, title: string) => T): T {
  const header = new Map<string, unknown>();
  let tensor: T | null = null;
  for (const key of json.members(what)) {
    if (key !== 'data') {
      header.set(key, json.value(`${what}.${key}`));
      continue;
    }
    const { name, shape } = checkTensorHeader(Object.fromEntries(header), what, fail);
    const title = `tensor ${JSON.stringify(name)}`;
    json.ensure(base64Length(bytesOf({ shape })), `${title} of shape [${shape.join(', ')}]`);
    // A file may be long and yet take no room on the disk.
    if (numbersOf({ shape }) > limits.numbers) fail(`${title} of shape [${shape.join(', ')}] has more than ${limits.numbers} numbers`);
    tensor = take({ name, shape }, title);
  }
  return tensor ?? fail(`${what}.data is missing`);
}

function numbersOf({ shape }: Pick<Tensor, 'shape'>): number {
  return shape.reduce((product, length) => product * length, 1);
}

function bytesOf(tensor: Pick<Tensor, 'shape'>): number {
  return Float32Array.BYTES_PER_ELEMENT * numbersOf(tensor);
}

function readOptimizer(json: JsonReader, weightsOnly: boolean, fail: Fail): OptimizerState | TrainedModel['optimizer'] {
  const parts = new Map<string, unknown>();
  let tensors: Tensor[] | null = null;
  let isComplete = false;
  for (const key of json.members('optimizer')) {
    if (key === 'tensors') {
      isComplete = true;
      if (weightsOnly) skipTensors(json, 'optimizer.tensors', fail);
      else tensors = readTensors(json, 'optimizer.tensors', fail);
    } else parts.set(key, json.value(`optimizer.${key}`));
  }
  const { name, scalars } = checkOptimizer(Object.fromEntries(parts), fail);
  if (!isComplete) fail('optimizer.tensors is missing');
  return tensors === null ? { name, scalars } : { name, scalars, tensors };
}
