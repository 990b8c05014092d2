// Models for other programs and from them, as bytes. Which file they go to is for the caller to say.
import type { Checkpoint, TrainedModel } from '../runs/checkpoint.ts';
import { RnnError, inQuotes } from '../errors.ts';
import { formats } from '../formats/formats.ts';
import { readTrained } from '../formats/trained.ts';
import { type Choice, choices } from './choices.ts';
import { refuseUnknown, refuseUnless, refuseUnlessModel } from './settings.ts';

/** The formats of `exportModel`. */
export const exportFormats: readonly Choice[] = choices(formats);

/**
 * The bytes of a file for another program.
 *
 * @param format a name of `exportFormats`: `safetensors` for PyTorch, `onnx` for ONNX Runtime
 * @throws RnnError `usage` for a format that there is not, or a model that it cannot hold
 */
export function exportModel(trained: TrainedModel, format: string): Uint8Array {
  const found = formats.find(({ name }) => name === format);
  const names = formats.map(({ name }) => name).join(', ');
  if (found === undefined) throw new RnnError('usage', `there is no format ${inQuotes(format)}`, { hint: `one of ${names}` });
  refuseUnlessModel('the model', trained, 'what loadCheckpoint gives');
  return found.write(trained);
}

/**
 * The model in a safetensors file, which `exportModel` wrote or PyTorch did: good for everything but to go on with as the
 * run that it was, for it has no optimizer.
 *
 * @param like a model of the same sizes and vocabulary, for a file that does not say of which model it is
 * @throws RnnError `checkpoint` that says what is wrong with the file
 */
export function importModel(file: Uint8Array, options: { readonly like?: TrainedModel | undefined } = {}): Checkpoint {
  refuseUnless(file instanceof Uint8Array, 'the file', file, 'bytes');
  refuseUnknown(options, ['like']);
  const { like } = options;
  if (like !== undefined) refuseUnlessModel('like', like, 'a model such as loadCheckpoint gives');
  return readTrained(file, 'the file', like ?? null);
}
