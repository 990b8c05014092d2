// What a program may hand over where types are not looked at: whether it is a text, names of files, a model. Pure.
import type { TrainedModel } from '../runs/store.ts';

export const isText = (given: unknown): given is string | Uint8Array => typeof given === 'string' || given instanceof Uint8Array;

/** No system has names with a NUL character. */
export const isName = (given: unknown): given is string => typeof given === 'string' && !given.includes('\0');

/** A file, a folder, a pattern or `-`, or a list of them. */
export const areSources = (given: unknown): given is string | readonly string[] => [given].flat().every(isName);

/** A run folder, a file, or what `loadCheckpoint` gives. */
export const isModelOrName = (given: unknown): given is string | TrainedModel => isName(given) || isModel(given);

/** What `-` stands for: pieces of text or bytes, as they come or all at once. */
export const isStream = (given: unknown): given is AsyncIterable<Uint8Array | string> =>
  typeof given === 'object' && given !== null && (Symbol.asyncIterator in given || Symbol.iterator in given);

export const isModel = (given: unknown): given is TrainedModel =>
  typeof given === 'object' && given !== null && ['model', 'tensors', 'vocabulary', 'training'].every((member) => member in given);
