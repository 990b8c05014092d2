// A checkpoint file to a Checkpoint, or an error that says what is wrong with the file. Tensors are
// decoded as they pass by: the file is never in memory as a whole, and nothing is allocated that
// the rest of the file is too short to fill.
import { systemCode } from '../errors.ts';
import {
  type Checkpoint,
  type OptimizerState,
  type Tensor,
  type TrainedModel,
  formatName,
  limits,
  numbersIn,
} from './checkpoint.ts';
import { JsonReader, base64Length } from './json-reader.ts';
import { shown } from './json-values.ts';
import {
  failureOf,
  otherFormat,
  refuseOtherCells,
  refuseOtherFiles,
  refuseOtherVersions,
  tooLarge,
  unreadable,
} from './refusals.ts';
import { ByteSource } from './source.ts';
import {
  checkModel,
  checkOptimizer,
  checkTensorHeader,
  checkTraining,
  checkVocabulary,
  firstNonFinite,
} from './validation.ts';

/** The checksum must begin within so many bytes of the end of the file. */
const TAIL_BYTES = 1024;

/** The members that hold tensors. */
const large = ['tensors', 'state', 'optimizer'] as const;

/** What stands before the tensors of a checkpoint. */
export type Header = Pick<TrainedModel, 'model' | 'vocabulary' | 'training'>;

/**
 * The checkpoint in a file. With `weightsOnly`, the tensors that only training needs (two thirds of
 * the file with Adam) are skipped: the checksum still covers them, but they are neither decoded nor
 * kept.
 *
 * @throws RnnError `checkpoint` if the file cannot be read or is not a whole, unchanged checkpoint
 * of a version known here
 */
export async function readCheckpoint(path: string): Promise<Checkpoint>;
export async function readCheckpoint(path: string, options: { readonly weightsOnly: true }): Promise<TrainedModel>;
export async function readCheckpoint(
  path: string,
  { weightsOnly = false }: { readonly weightsOnly?: boolean } = {},
): Promise<Checkpoint | TrainedModel> {
  return withReader(path, (json, tail) => {
    const checksumAt = tail.lastIndexOf('"checksum"');
    json.source.hashOnly(checksumAt < 0 ? json.source.size : json.source.size - tail.length + checksumAt);
    refuseOtherFiles(json.source, path);
    const parts = new Map<string, unknown>();
    for (const key of largeMembers(json, parts, path)) {
      if (key !== 'optimizer') parts.set(key, readTensors(json, key, key === 'tensors' || !weightsOnly));
      else parts.set(key, json.takeNull() ? null : readOptimizer(json, !weightsOnly));
    }
    json.finish();
    const header = checkedHeader(json, parts);
    for (const key of [...large, 'checksum']) if (!parts.has(key)) json.fail(`"${key}" is missing`);
    if (parts.get('checksum') !== json.source.digest())
      json.fail('its checksum does not match what it holds, so it was edited or a disk or a transfer changed it');
    refuseOtherCells(header.model, path);
    const { state, ...trained } = {
      ...header,
      ...(Object.fromEntries(large.map((key) => [key, parts.get(key)])) as LargeMembers),
    };
    return weightsOnly ? trained : { ...trained, state };
  });
}

type LargeMembers = Pick<Checkpoint, (typeof large)[number]>;

/**
 * What a checkpoint says of its model and its run. Only that is read, and the last bytes of the
 * file: so it takes a moment however large the model is, and damage shows only there, or where the
 * file is cut off.
 *
 * @throws RnnError `checkpoint` as `readCheckpoint` does
 */
export async function readHeader(path: string): Promise<Header> {
  const header = withReader(path, (json, tail) => {
    json.source.hashOnly(0);
    refuseOtherFiles(json.source, path);
    const parts = new Map<string, unknown>();
    largeMembers(json, parts, path).next();
    if (!['model', 'vocabulary', 'training'].every((key) => parts.has(key))) return null;
    if (!tail.includes('"checksum"') || !tail.trimEnd().endsWith('}'))
      json.fail(`it is cut off after ${json.source.size} bytes`);
    const checked = checkedHeader(json, parts);
    refuseOtherCells(checked.model, path);
    return checked;
  });
  // Other programs may write the tensors first.
  return header ?? readCheckpoint(path, { weightsOnly: true });
}

/** @param read also gets the last bytes of the file */
function withReader<Result>(path: string, read: (json: JsonReader, tail: string) => Result): Result {
  let source: ByteSource | null = null;
  try {
    source = new ByteSource(path);
    return read(new JsonReader(source, failureOf(path)), source.tail(TAIL_BYTES).toString('latin1'));
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(path, cause);
    if (systemCode(cause) !== '') throw unreadable(path, cause);
    throw cause;
  } finally {
    source?.close();
  }
}

/**
 * The keys of the large members as they are met; the caller must read what is in them before it
 * asks for the next. The others go into `parts`.
 */
function* largeMembers(
  json: JsonReader,
  parts: Map<string, unknown>,
  path: string,
): Generator<(typeof large)[number], void> {
  for (const key of json.members('the checkpoint')) {
    if (parts.has('checksum')) json.fail(`${JSON.stringify(key)} follows the checksum, which must come last`);
    if (parts.size === 0 && key !== 'format') throw otherFormat(path, `its first member is ${JSON.stringify(key)}`);
    if (parts.size === 1 && key !== 'version') json.fail('"version" does not follow "format"');
    const found = large.find((name) => name === key);
    if (found !== undefined) {
      yield found;
      continue;
    }
    const value = json.value(key);
    parts.set(key, value);
    if (key === 'format' && value !== formatName) throw otherFormat(path, `its format is ${shown(value)}`);
    if (key === 'version') refuseOtherVersions(value, path, json.fail);
  }
}

function checkedHeader({ fail }: JsonReader, parts: ReadonlyMap<string, unknown>): Header {
  const model = checkModel(parts.get('model'), fail);
  return {
    model,
    vocabulary: checkVocabulary(parts.get('vocabulary'), model, fail),
    training: checkTraining(parts.get('training'), fail),
  };
}

/** The tensors of a list. If they are not kept, their numbers are skipped. */
function readTensors(json: JsonReader, list: string, isKept: boolean): Tensor[] {
  const tensors = new Map<string, Tensor>();
  for (const index of json.elements(list)) {
    if (index >= limits.tensors) json.fail(`${list} has more than ${limits.tensors} tensors`);
    const tensor = readTensor(json, `${list}[${index}]`, isKept);
    if (tensors.has(tensor.name)) json.fail(`${list} has two tensors named ${JSON.stringify(tensor.name)}`);
    tensors.set(tensor.name, tensor);
  }
  return [...tensors.values()];
}

function readTensor(json: JsonReader, what: string, isKept: boolean): Tensor {
  const header = new Map<string, unknown>();
  let tensor: Tensor | null = null;
  for (const key of json.members(what)) {
    if (key !== 'data') {
      header.set(key, json.value(`${what}.${key}`));
      continue;
    }
    const { name, shape } = checkTensorHeader(Object.fromEntries(header), what, json.fail);
    const title = `tensor ${JSON.stringify(name)}`;
    const ofShape = `${title} of shape [${shape.join(', ')}]`;
    const count = numbersIn(shape);
    const bytes = Float32Array.BYTES_PER_ELEMENT * count;
    json.ensure(base64Length(bytes), ofShape);
    // A file may be long and yet take no room on the disk.
    if (count > limits.numbers) json.fail(`${ofShape} has more than ${limits.numbers} numbers`);
    const data = new Float32Array(isKept ? count : 0);
    json.base64(bytes, isKept ? data : null, title);
    const bad = firstNonFinite(data);
    if (bad >= 0) json.fail(`${title} holds ${data[bad]} at index ${bad} of ${count}`);
    tensor = { name, shape, data };
  }
  return tensor ?? json.fail(`${what}.data is missing`);
}

/** Without its tensors if they are not kept. */
function readOptimizer(json: JsonReader, isKept: boolean): OptimizerState | TrainedModel['optimizer'] {
  const parts = new Map<string, unknown>();
  let tensors: Tensor[] | null = null;
  for (const key of json.members('optimizer')) {
    if (key === 'tensors') tensors = readTensors(json, 'optimizer.tensors', isKept);
    else parts.set(key, json.value(`optimizer.${key}`));
  }
  const { name, scalars } = checkOptimizer(Object.fromEntries(parts), json.fail);
  if (tensors === null) json.fail('optimizer.tensors is missing');
  return isKept ? { name, scalars, tensors } : { name, scalars };
}
