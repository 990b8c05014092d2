// A trained model as a safetensors file with PyTorch's names, and back. What a PyTorch module does
// not know of itself (configuration, vocabulary, where training stands) goes along as texts, which
// survive PyTorch if whoever saves the file hands them on.
import type { FormatName } from '../options/choices.ts';
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
import { usageError, checkpointError } from '../errors.ts';
import { stateDict, tensorsFromStateDict, whyNoModule } from './pytorch.ts';
import { type Metadata, looksLikeSafetensors, readSafetensors, writeSafetensors } from './safetensors.ts';
import { flagOf } from '../options/flags.ts';
import { pick } from '../options/option.ts';

const formatName = 'rnn';
/** Of the names and texts in the file; raised when an older reader would go wrong. */
const layoutVersion = '1';
/** Of what is recorded of training, what means something without the optimizer. */
const keptOfTraining = ['step', 'epoch', 'bestValidationLossNats', 'options', 'reading', 'corpus'] as const;

export interface ExportFormat {
  /** As `--format` takes it. */
  readonly name: FormatName;
  /** One line for people. */
  readonly summary: string;
  /** Of its files, with the dot. */
  readonly extension: string;
  /**
   * The bytes of a file.
   * @throws RnnError `usage` that says what the format cannot hold, and which models it can
   */
  write(trained: TrainedModel): Uint8Array;
}

export const safetensors: ExportFormat = {
  name: 'safetensors',
  summary: "PyTorch's nn.LSTM, nn.GRU or nn.RNN, and back by rnn import",
  extension: '.safetensors',
  write(trained) {
    const why = whyNoModule(trained.model);
    if (why !== null) throw usageError(why.message, why.hint);
    return writeSafetensors({ metadata: metadataOf(trained), tensors: stateDict(trained) });
  },
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
 * The checkpoint in a safetensors file: good for everything but to be continued as the run that it
 * was, for it has no optimizer.
 *
 * @param path of the file, for errors
 * @param like whose configuration and vocabulary the weights have, whatever the file says; null for
 * those in the file
 * @throws RnnError `checkpoint` that says what is wrong with the file, or that it does not say of
 * which model it is
 */
export function readTrained(file: Uint8Array, path: string, like: Header | null): Checkpoint {
  if (file.length > 8 && !looksLikeSafetensors(file))
    throw checkpointError(
      `${path} is no safetensors file: byte 9 of it is not {`,
      'give a file that rnn export wrote, or weights that PyTorch saved as docs/pytorch.md does it',
    );
  const damaged = damage(path);
  const { metadata, tensors } = readSafetensors(file, damaged);
  const isOurs = metadata['format'] === formatName;
  if (isOurs && metadata['version'] !== layoutVersion) {
    throw checkpointError(
      `${path} has layout ${JSON.stringify(metadata['version']?.slice(0, 20))}, and this rnn reads layout ${layoutVersion}`,
      'use the rnn that wrote it, or a newer one than this',
    );
  }
  if (!isOurs && like === null) {
    throw checkpointError(
      `${path} does not say of which model its weights are`,
      `${flagOf('like')} CHECKPOINT takes configuration and vocabulary from there; docs/pytorch.md shows how PyTorch hands them on`,
    );
  }
  const header = like ?? headerIn(metadata, damaged);
  const recorded = isOurs ? trainingIn(metadata, damaged) : {};
  const why = whyNoModule(header.model);
  if (why !== null) throw checkpointError(`${path} cannot be read: ${why.message}`, why.hint);
  const mismatched = failure(
    `${path} does not fit ${like === null ? 'its model' : 'the model that it is to be like'}`,
    'the names are those of the module itself, not of what is wrapped around it, and the shapes follow from its sizes: docs/pytorch.md lists them',
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

/** What the file records of training: nothing if it says nothing of it. */
function trainingIn(metadata: Metadata, fail: Fail): Partial<TrainingRecord> {
  if (!Object.hasOwn(metadata, 'training')) return {};
  const training = jsonIn(metadata, 'training', fail);
  if (typeof training !== 'object' || training === null) fail('its record of training is no object');
  return pick(training as TrainingRecord, keptOfTraining);
}

function jsonIn(metadata: Metadata, key: string, fail: Fail): unknown {
  if (!Object.hasOwn(metadata, key)) fail(`__metadata__.${key} is missing`);
  let value: unknown;
  try {
    value = JSON.parse(metadata[key]);
  } catch (cause) {
    fail(`__metadata__.${key} is not JSON`, cause);
  }
  // As deep as it will stand in a checkpoint.
  const { message } = troubleInJson({ [key]: value }, '__metadata__');
  if (message !== null) fail(message);
  return value;
}

const damage = (path: string): Fail => failure(`${path} is damaged`, 'write it once more, or take another copy of it');

const failure =
  (what: string, hint: string): Fail =>
  (detail, cause) => {
    throw checkpointError(`${what}: ${detail}`, hint, { cause });
  };
