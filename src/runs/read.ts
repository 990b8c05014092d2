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
  return withFile(path, (file, fail) => {
    const tail = tailOf(file);
    const checksumAt = tail.lastIndexOf('"checksum"');
    const { value, digest } = file.parse(file.size - tail.length + (checksumAt < 0 ? tail.length : checksumAt));
    const header = checkedHeader(value, path, fail);
    const readTensors = (list: unknown, title: string, isKept: boolean): Tensor[] =>
      checkTensors(list, title, fail, (text, count, what) => {
        const data = file.numbers(text, count, isKept, what);
        const bad = firstNonFinite(data);
        if (bad >= 0) fail(`${what} holds ${data[bad]} at index ${bad} of ${count}`);
        return data;
      });
    const tensors = readTensors(value['tensors'], 'tensors', true);
    const state = readTensors(value['state'], 'state', !weightsOnly);
    const given = value['optimizer'];
    if (given === undefined) fail('"optimizer" is missing');
    let optimizer: OptimizerState | null = null;
    if (given !== null) {
      const { name, scalars } = checkOptimizer(given, fail);
      const list = (given as Record<string, unknown>)['tensors'];
      optimizer = { name, scalars, tensors: readTensors(list, 'optimizer.tensors', !weightsOnly) };
    }
    file.refuseStrayData();
    const keys = Object.keys(value);
    if (!keys.includes('checksum')) fail('"checksum" is missing');
    if (keys.at(-1) !== 'checksum') fail(`${describeValue(keys.at(-1))} follows "checksum", which must come last`);
    if (value['checksum'] !== digest)
      fail('its checksum does not match its contents, so it was edited, or a disk or a transfer changed it');
    refuseOtherCells(header.model, path);
    if (!weightsOnly) return { ...header, tensors, state, optimizer };
    return { ...header, tensors, optimizer: optimizer && { name: optimizer.name, scalars: optimizer.scalars } };
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
    const { value } = file.parse(0, true);
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
