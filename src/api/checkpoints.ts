// Checkpoints as files, and models for other programs and from them.
import {
  type Checkpoint,
  type TrainedModel,
  checkpointPieces,
  findCheckpoint,
  freshRecord,
  readCheckpoint,
  startsAsCheckpoint,
} from '../runs/store.ts';
import { inQuotes, checkpointError, usageError } from '../errors.ts';
import { formats } from '../formats/formats.ts';
import { readTrained } from '../formats/trained.ts';
import { writeOutput } from '../files/output-file.ts';
import { rule } from '../options/kind.ts';
import type { TrainingOptions } from '../options/training.ts';
import { untrainedModel as untrained } from '../training/untrained.ts';
import type { Choice } from './train-request.ts';
import { Corpus } from './corpus.ts';
import {
  fileName,
  force as forceMember,
  refuseOther,
  refuseUnlessModel,
  refuseWrong,
  runName,
  trainingMembers,
} from './checks.ts';

/**
 * All of a checkpoint, so that it can be saved again: its weights, vocabulary, options, history,
 * optimizer.
 *
 * @param source a run folder (its best checkpoint) or a file; the newest run in ./checkpoints if
 * left out
 * @throws RnnError `checkpoint` if there is none, or it is damaged, or of a newer version
 */
export async function loadCheckpoint(source?: string): Promise<Checkpoint> {
  if (source !== undefined) refuseOther('the checkpoint', source, runName);
  return readCheckpoint(await findCheckpoint(source));
}

/**
 * Writes a checkpoint to a separate file: to a temporary name first, which is renamed to `path`
 * when it is complete. Another checkpoint is replaced, any other file only with `force`.
 *
 * @throws RnnError `checkpoint` if a number of it is not finite, or it could not be read back,
 * `usage` if another file is there, `machine` if it cannot be written
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
    throw checkpointError(`cannot write ${path}: ${detail}`, 'change what loadCheckpoint gives, and only its numbers');
  });
  await writeOutput(path, pieces, { force, isOurs: startsAsCheckpoint });
}

const readCorpus = rule('what Corpus.read or Corpus.fromText gives', (given) => given instanceof Corpus);

/**
 * A network as training on this text would begin with it.
 *
 * @throws RnnError `usage` for options that cannot be, or a network that needs more memory than is
 * free
 */
export function untrainedModel(corpus: Corpus, options: Partial<TrainingOptions> = {}): TrainedModel {
  refuseOther('the corpus', corpus, readCorpus);
  refuseWrong(options, trainingMembers);
  const { model, tensors } = untrained(options, corpus);
  const training = freshRecord({ ...options }, options.seed);
  return { model, tensors, vocabulary: corpus.vocabulary.data, training, optimizer: null };
}

/** The formats of `exportModel`, with the ending of their files. */
export const exportFormats: readonly (Choice & { readonly extension: string })[] = formats.map(
  ({ name, summary, extension }) => ({ name, summary, extension }),
);

/**
 * The bytes of a file for another program.
 *
 * @param format a name of `exportFormats`: `safetensors` for PyTorch, `onnx` for ONNX Runtime
 * @throws RnnError `usage` for a format that there is not, or a model that it cannot hold
 */
export function exportModel(trained: TrainedModel, format: string): Uint8Array {
  const found = formats.find(({ name }) => name === format);
  const names = formats.map(({ name }) => name).join(', ');
  if (found === undefined) throw usageError(`there is no format ${inQuotes(format)}`, `one of ${names}`);
  refuseUnlessModel('the model', trained);
  return found.write(trained);
}

/**
 * The model in a safetensors file that `exportModel` or PyTorch wrote. It has no optimizer, so its
 * run cannot be resumed.
 *
 * @param like a model of the same sizes and vocabulary, for a file that does not say of which model
 * it is
 * @throws RnnError `checkpoint` that says what is wrong with the file
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
