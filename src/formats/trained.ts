// A trained model as a safetensors file with PyTorch's names, and back. The configuration, the
// vocabulary and the progress of training are not part of a PyTorch module. They are stored as
// texts, which PyTorch code can copy to the files that it saves.
import type { FormatName, Precision } from '../options/choices.ts';
import {
  type Checkpoint,
  type Fail,
  type Header,
  type TrainedModel,
  type TrainingRecord,
  checkCell,
  checkModel,
  checkTraining,
  checkVocabulary,
  freshRecord,
  troubleInJson,
} from '../runs/store.ts';
import { checkpointError } from '../errors.ts';
import { stateDict, tensorsFromStateDict } from './pytorch.ts';
import { type Metadata, looksLikeSafetensors, readSafetensors, writeSafetensors } from './safetensors.ts';
import { flagOf } from '../options/flags.ts';
import { pick } from '../options/option.ts';

const formatName = 'rnn';
/**
 * The version of the names and texts in the file. It increases when older readers would misread the
 * file.
 */
const layoutVersion = '1';
/** The members of the training record that have a meaning without the optimizer. */
const keptOfTraining = ['step', 'epoch', 'bestValidationLossNats', 'options', 'reading', 'corpus'] as const;

/** Options of formats. */
export interface ExportOptions {
  /** The numbers of the weights in an HTML page. Default float32, which is exact. */
  readonly precision?: Precision | undefined;
  /** The title of an HTML page. Default: the name of the text. */
  readonly title?: string | undefined;
}

export interface ExportFormat {
  /** As `--format` takes it. */
  readonly name: FormatName;
  /** One line for people. */
  readonly summary: string;
  /** The extension of its files, with the dot. */
  readonly extension: string;
  /**
   * The bytes of a file.
   * @throws RnnError `usage` that says which part of the model the format cannot hold, and which
   * models it can hold
   */
  write(trained: TrainedModel, options?: ExportOptions): Uint8Array;
}

export const safetensors: ExportFormat = {
  name: 'safetensors',
  summary: 'for PyTorch, any model, and back by rnn import',
  extension: '.safetensors',
  write: (trained) => writeSafetensors({ metadata: metadataOf(trained), tensors: stateDict(trained) }),
};

function metadataOf({ model, vocabulary, training }: Header): Metadata {
  return {
    format: formatName,
    version: layoutVersion,
    model: JSON.stringify(model),
    vocabulary: JSON.stringify(vocabulary),
    training: JSON.stringify(pick(training, keptOfTraining)),
  };
}

/**
 * The checkpoint in a safetensors file. It has no optimizer, so its run cannot be resumed. It can
 * be used for everything else.
 *
 * @param path the path of the file, for errors
 * @param like the model whose configuration and vocabulary replace the recorded ones, or null
 * @throws RnnError `checkpoint` that describes the defect of the file, or that it does not describe
 * its model
 */
export function readTrained(file: Uint8Array, path: string, like: Header | null): Checkpoint {
  if (file.length > 8 && !looksLikeSafetensors(file))
    throw checkpointError(
      `${path} is not a safetensors file: its byte 9 is not {`,
      'use a file that rnn export wrote, or save weights from PyTorch as in docs/pytorch.md',
    );
  const damaged = damage(path);
  const { metadata, tensors } = readSafetensors(file, damaged);
  const isOurs = metadata['format'] === formatName;
  if (isOurs && metadata['version'] !== layoutVersion) {
    throw checkpointError(
      `${path} has layout ${JSON.stringify(metadata['version']?.slice(0, 20))}: expected ${layoutVersion}`,
      'use the rnn that wrote it, or a newer version',
    );
  }
  if (!isOurs && like === null) {
    throw checkpointError(
      `cannot import ${path}: it does not describe the model of its weights`,
      `add ${flagOf('like')} CHECKPOINT to use the configuration and vocabulary of a checkpoint, or store them in the file as in docs/pytorch.md`,
    );
  }
  const header = like ?? headerIn(metadata, damaged);
  const recorded = isOurs ? trainingIn(metadata, damaged) : {};
  const mismatched = failure(
    `${path} does not fit ${like === null ? 'its model' : `the model of ${flagOf('like')}`}`,
    'save the tensors of the module itself, without the prefix of a wrapper, in the shapes that docs/pytorch.md lists',
  );
  return {
    model: header.model,
    vocabulary: header.vocabulary,
    training: checkTraining(
      {
        ...freshRecord(),
        ...pick<Partial<TrainingRecord>, string>(like?.training ?? {}, ['options', 'reading', 'corpus']),
        ...recorded,
      },
      damaged,
    ),
    tensors: tensorsFromStateDict(header.model, tensors, mismatched),
    state: [],
    optimizer: null,
  };
}

function headerIn(metadata: Metadata, fail: Fail): Pick<TrainedModel, 'model' | 'vocabulary'> {
  const model = checkModel(jsonIn(metadata, 'model', fail), fail);
  checkCell(model, fail);
  return { model, vocabulary: checkVocabulary(jsonIn(metadata, 'vocabulary', fail), model, fail) };
}

/** The recorded members of training. Empty if the file has no record. */
function trainingIn(metadata: Metadata, fail: Fail): Partial<TrainingRecord> {
  if (!Object.hasOwn(metadata, 'training')) return {};
  const training = jsonIn(metadata, 'training', fail);
  if (typeof training !== 'object' || training === null) fail('its record of training is not an object');
  return pick(training as TrainingRecord, keptOfTraining);
}

function jsonIn(metadata: Metadata, key: string, fail: Fail): unknown {
  if (!Object.hasOwn(metadata, key)) fail(`__metadata__.${key} is missing`);
  let value: unknown;
  try {
    value = JSON.parse(metadata[key]);
  } catch (cause) {
    fail(`__metadata__.${key} is not valid JSON`, cause);
  }
  // At the depth that it has in a checkpoint.
  const { message } = troubleInJson({ [key]: value }, '__metadata__');
  if (message !== null) fail(message);
  return value;
}

const damage = (path: string): Fail => failure(`${path} is damaged`, 'write it again, or use another copy of it');

const failure =
  (message: string, hint: string): Fail =>
  (detail, cause) => {
    throw checkpointError(`${message}: ${detail}`, hint, { cause });
  };
