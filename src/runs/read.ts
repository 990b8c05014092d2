// Reads a checkpoint file, or throws an error that names the fault of the file.
import { systemCode } from '../errors.ts';
import { type Checkpoint, type OptimizerState, type Tensor, type TrainedModel, formatName } from './checkpoint.ts';
import { JsonFile } from './json-file.ts';
import { type Fail, describeValue } from './json-values.ts';
import {
  failOn,
  otherFormatError,
  refuseOtherCells,
  refuseOtherFiles,
  refuseOtherVersions,
  tooLargeError,
  unreadableError,
} from './refusals.ts';
import {
  checkModel,
  checkOptimizer,
  checkTensors,
  checkTraining,
  checkVocabulary,
  firstNonFinite,
} from './validation.ts';

/** The checksum must begin within this many bytes of the end of the file. */
const TAIL_BYTES = 1024;

/** The part of a checkpoint before its tensors. */
export type Header = Pick<TrainedModel, 'model' | 'vocabulary' | 'training'>;

/** A checkpoint without the numbers of its tensors. */
export interface CheckpointOutline extends Header {
  readonly tensors: readonly Omit<Tensor, 'data'>[];
  readonly optimizer: Omit<OptimizerState, 'tensors'> | null;
}

/**
 * Reads the checkpoint in a file. With `weightsOnly`, the tensors that only training needs (two
 * thirds of the file with Adam) are skipped: the checksum still covers them, but they are neither
 * decoded nor kept.
 *
 * @throws RnnError `checkpoint` if the file cannot be read, or is not a complete, unchanged
 * checkpoint of a known version
 */
export async function readCheckpoint(path: string): Promise<Checkpoint>;
export async function readCheckpoint(path: string, options: { readonly weightsOnly: true }): Promise<TrainedModel>;
export async function readCheckpoint(
  path: string,
  { weightsOnly = false }: { readonly weightsOnly?: boolean } = {},
): Promise<Checkpoint | TrainedModel> {
  const { state, optimizer, ...trained } = readContent(path, weightsOnly ? 'weights' : 'all');
  if (!weightsOnly) return { ...trained, state, optimizer };
  return { ...trained, optimizer: optimizer && { name: optimizer.name, scalars: optimizer.scalars } };
}

/**
 * Reads everything except the numbers of the tensors, so it is fast however large the model is. It
 * does not check these numbers, nor the checksum.
 *
 * @throws RnnError `checkpoint` as `readCheckpoint` does
 */
export async function readOutline(path: string): Promise<CheckpointOutline> {
  return readContent(path, 'none');
}

/** @param numbers whose numbers are decoded. The data of other tensors is empty */
function readContent(path: string, numbers: 'all' | 'weights' | 'none'): Checkpoint {
  return withFile(path, (file, fail) => {
    const tail = tailOf(file);
    const checksumAt = tail.lastIndexOf('"checksum"');
    const hashedBytes = file.size - tail.length + (checksumAt < 0 ? tail.length : checksumAt);
    const { value, digest } = numbers === 'none' ? file.parse(0, 'skimmed') : file.parse(hashedBytes);
    const header = checkedHeader(value, path, fail);
    const readTensors = (list: unknown, title: string, isKept: boolean): Tensor[] =>
      checkTensors(list, title, fail, (text, count, what) => {
        const data = file.numbers(text, count, isKept, what);
        const bad = firstNonFinite(data);
        if (bad >= 0) fail(`${what} holds ${data[bad]} at index ${bad} of ${count}`);
        return data;
      });
    const tensors = readTensors(value['tensors'], 'tensors', numbers !== 'none');
    const state = readTensors(value['state'], 'state', numbers === 'all');
    const given = value['optimizer'];
    if (given === undefined) fail('"optimizer" is missing');
    let optimizer: OptimizerState | null = null;
    if (given !== null) {
      const { name, scalars } = checkOptimizer(given, fail);
      const list = (given as Record<string, unknown>)['tensors'];
      optimizer = { name, scalars, tensors: readTensors(list, 'optimizer.tensors', numbers === 'all') };
    }
    file.refuseStrayData();
    const keys = Object.keys(value);
    if (!keys.includes('checksum')) fail('"checksum" is missing');
    if (keys.at(-1) !== 'checksum') fail(`${describeValue(keys.at(-1))} follows "checksum", which must come last`);
    if (numbers !== 'none' && value['checksum'] !== digest)
      fail('its checksum does not match its contents, so it was edited, or a disk or a transfer changed it');
    refuseOtherCells(header.model, path);
    return { ...header, tensors, state, optimizer };
  });
}

/**
 * Reads the model and the record of the run from a checkpoint. It reads only that part and the last
 * bytes of the file, so it is fast however large the model is, and finds damage only there, or if
 * the file is cut off.
 *
 * @throws RnnError `checkpoint` as `readCheckpoint` does
 */
export async function readHeader(path: string): Promise<Header> {
  const header = withFile(path, (file, fail) => {
    const { value } = file.parse(0, 'head');
    if (!['model', 'vocabulary', 'training'].every((key) => Object.hasOwn(value, key))) return null;
    const tail = tailOf(file);
    if (!tail.includes('"checksum"') || !tail.trimEnd().endsWith('}')) fail(`it is cut off after ${file.size} bytes`);
    const checked = checkedHeader(value, path, fail);
    refuseOtherCells(checked.model, path);
    return checked;
  });
  // Other programs may write the tensors first.
  return header ?? readCheckpoint(path, { weightsOnly: true });
}

function withFile<Result>(path: string, read: (file: JsonFile, fail: Fail) => Result): Result {
  const fail = failOn(path);
  let file: JsonFile | null = null;
  try {
    file = new JsonFile(path, fail);
    refuseOtherFiles(file, path);
    return read(file, fail);
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLargeError(path, cause);
    if (systemCode(cause) !== '') throw unreadableError(path, cause);
    throw cause;
  } finally {
    file?.close();
  }
}

const tailOf = (file: JsonFile): string =>
  file.bytes(Math.max(0, file.size - TAIL_BYTES), TAIL_BYTES).toString('latin1');

function checkedHeader(value: Readonly<Record<string, unknown>>, path: string, fail: Fail): Header {
  const [first, second] = Object.keys(value);
  if (first !== undefined && first !== 'format')
    throw otherFormatError(path, `its first member is ${describeValue(first)}`);
  if (first !== undefined && value['format'] !== formatName)
    throw otherFormatError(path, `its format is ${describeValue(value['format'])}`);
  if (second !== undefined && second !== 'version') fail('"version" does not follow "format"');
  if (second !== undefined) refuseOtherVersions(value['version'], path, fail);
  const model = checkModel(value['model'], fail);
  return {
    model,
    vocabulary: checkVocabulary(value['vocabulary'], model, fail),
    training: checkTraining(value['training'], fail),
  };
}
