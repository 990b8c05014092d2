// Reads and writes checkpoints, and exports and imports models of other programs.
import {
  type Checkpoint,
  type TrainedModel,
  checkpointPieces,
  findCheckpoint,
  freshRecord,
  readCheckpoint,
  startsAsCheckpoint,
} from '../runs/store.ts';
import { inQuotes, checkpointError, unexpected, usageError } from '../errors.ts';
import { formats as files } from '../formats/formats.ts';
import { type ExportFormat, type ExportOptions, readTrained } from '../formats/trained.ts';
import { writeOutput } from '../files/output-file.ts';
import { rule } from '../options/kind.ts';
import type { TrainingOptions } from '../options/training.ts';
import { kindsOf, pick, tableOf } from '../options/option.ts';
import { exportOptions } from '../options/commands.ts';
import { flagOf } from '../options/flags.ts';
import { html } from '../reports/model-page.ts';
import { untrainedModel as untrained } from '../training/untrained.ts';
import type { NamedChoice } from './train-request.ts';
import { Corpus } from './corpus.ts';
import {
  fileName,
  forceMember,
  refuseOther,
  refuseUnlessModel,
  refuseWrong,
  runName,
  trainingMembers,
} from './checks.ts';

/**
 * Reads a whole checkpoint, which can be saved again: its weights, vocabulary, options, history and
 * optimizer.
 *
 * @param source a run folder (its best checkpoint) or a file. Default: the newest run in
 * ./checkpoints
 * @throws RnnError `checkpoint` if the checkpoint is missing, damaged or of a newer version
 */
export async function loadCheckpoint(source?: string): Promise<Checkpoint> {
  if (source !== undefined) refuseOther('the checkpoint', source, runName);
  return readCheckpoint(await findCheckpoint(source));
}

/**
 * Writes a checkpoint to a separate file, first under a temporary name that is renamed to `path`
 * when the file is complete. Replaces another checkpoint, and any other file only with `force`.
 *
 * @throws RnnError `checkpoint` if one of its numbers is not finite or it could not be read again,
 * `usage` if another file is at that path, `machine` if the file cannot be written
 */
export async function saveCheckpoint(
  path: string,
  checkpoint: Checkpoint,
  options: { force?: boolean } = {},
): Promise<void> {
  refuseOther('the path', path, fileName);
  refuseUnlessModel('the checkpoint', checkpoint);
  refuseWrong(options, forceMember);
  const { force = false } = options;
  const pieces = checkpointPieces(path, checkpoint, (detail) => {
    throw checkpointError(
      `cannot write ${path}: ${detail}`,
      'use a result of loadCheckpoint, and change only its numbers',
    );
  });
  await writeOutput(path, pieces, { force, isOurs: startsAsCheckpoint });
}

const readCorpus = rule('a result of Corpus.read or Corpus.fromText', (given) => given instanceof Corpus);

/**
 * The network with which training on this text would begin.
 *
 * @throws RnnError `usage` for options that are impossible, or a network that needs more memory
 * than is free
 */
export function untrainedModel(corpus: Corpus, options: Partial<TrainingOptions> = {}): TrainedModel {
  refuseOther('the corpus', corpus, readCorpus);
  refuseWrong(options, trainingMembers);
  const { model, tensors } = untrained(options, corpus);
  const training = freshRecord({ ...options }, options.seed);
  return { model, tensors, vocabulary: corpus.vocabulary.data, training, optimizer: null };
}

const formats: readonly ExportFormat[] = [...files, html];
const exportMembers = pick(kindsOf(tableOf(exportOptions)), ['precision', 'title']);

/** The formats of `exportModel`, with the extensions of their files. */
export const exportFormats: readonly (NamedChoice & { readonly extension: string })[] = formats.map(
  ({ name, summary, extension }) => ({ name, summary, extension }),
);

/**
 * Exports a model, and returns the bytes of the file.
 *
 * @param format a name of `exportFormats`: `safetensors` for PyTorch, `onnx` for ONNX Runtime,
 * `html` for a page in which the model writes, `rnn` for a checkpoint that cannot be resumed
 * @throws RnnError `usage` for an unknown format, an option of another format, or a model that the
 * format cannot hold
 */
export function exportModel(trained: TrainedModel, format: string, options: ExportOptions = {}): Uint8Array {
  const found = formats.find(({ name }) => name === format);
  const names = formats.map(({ name }) => name).join(', ');
  if (found === undefined) throw usageError(unexpected('format', inQuotes(format), `one of ${names}`));
  refuseUnlessModel('the model', trained);
  refuseWrong(options, exportMembers);
  if (found !== html && (options.title !== undefined || options.precision === 'float16')) {
    const flag = flagOf(options.title === undefined ? 'precision' : 'title');
    throw usageError(`cannot use ${flag} with the format ${format}`, `omit ${flag}, or use ${flagOf('format')} html`);
  }
  return found.write(trained, options);
}

/**
 * Imports the model in a safetensors file that `exportModel` or PyTorch wrote. It has no optimizer,
 * so its run cannot be resumed.
 *
 * @param like a model of the same sizes and vocabulary, for a file that does not describe its model
 * @throws RnnError `checkpoint` that describes the defect of the file
 */
export function importModel(file: Uint8Array, options: { readonly like?: TrainedModel | undefined } = {}): Checkpoint {
  refuseOther(
    'the file',
    file,
    rule('bytes', (given) => given instanceof Uint8Array),
  );
  refuseWrong(options, { like: rule('a model', () => true) });
  const { like } = options;
  if (like !== undefined) refuseUnlessModel('like', like);
  return readTrained(file, 'the file', like ?? null);
}
