// The parts of a corpus that are not trained on: fractions of the sources, or separate texts. Knows
// where each begins and ends.
import { stat } from 'node:fs/promises';
import { usageError, corpusError } from '../errors.ts';
import type { CorpusOptions } from './corpus-options.ts';
import { type Source, nameOf } from './sources.ts';
import { isStandardInput } from './standard-input.ts';
import { asTyped, flagOf } from '../options/flags.ts';

/** A part of a text that is not trained on. */
export interface HeldOut {
  readonly name: 'validation' | 'test';
  /** Its separate text; none for a fraction of the corpus. */
  readonly sources: readonly Source[];
  /** Of the corpus; 0 if it has a separate text. */
  readonly fraction: number;
  /** The text is named by a checkpoint, not by the user. */
  readonly onlyPlain: boolean;
}

/**
 * The parts to validate and to test on.
 * @throws RnnError `usage` for fractions that leave no text to train on
 */
export function heldOutParts(options: CorpusOptions): readonly [validation: HeldOut, test: HeldOut] {
  const { validationFile, validationFraction, plainValidation, testFile, testFraction, plainTest } = options;
  const validation = heldOut('validation', validationFile, validationFraction, plainValidation);
  const test = heldOut('test', testFile, testFraction, plainTest);
  const fractions = { validationFraction: validation.fraction, testFraction: test.fraction };
  if (validation.fraction + test.fraction >= 1)
    throw usageError(
      `${asTyped(fractions).join(' and ')} leave no text to train on`,
      'use fractions whose sum is less than 1, such as 0.1 and 0.1',
      { options: [flagOf('validationFraction'), flagOf('testFraction')] },
    );
  return [validation, test];
}

const heldOut = (name: HeldOut['name'], source: Source | null, fraction: number, onlyPlain = false): HeldOut =>
  source === null ? { name, sources: [], fraction, onlyPlain } : { name, sources: [source], fraction: 0, onlyPlain };

/** Of a text that only a checkpoint names, no device and no pipe is read. */
export async function refuseUnlessPlain(file: string, { name }: HeldOut): Promise<void> {
  if (isStandardInput(file)) return;
  const status = await stat(file).catch(() => null);
  if (status === null || status.isFile()) return; // if it is not there, reading it says so
  throw corpusError(
    `the ${name} text ${file} is not a plain file, and only the checkpoint names it`,
    `name it again by ${flagOf(`${name}File`)} if it is to be read`,
  );
}

/**
 * In one character there is nothing to predict. A run that resumes with such a text was started by
 * an older version.
 */
export function refuseTooShort(
  { name, sources: [source] }: HeldOut,
  characters: number,
  isKnownVocabulary: boolean,
): void {
  if (source === undefined || characters > 1 || (characters === 1 && isKnownVocabulary)) return;
  throw corpusError(
    `the ${name} text ${nameOf(source)} is ${characters === 0 ? 'empty' : 'one single character'}`,
    `${flagOf(`${name}Fraction`)} holds out a part of the corpus instead`,
  );
}

/**
 * Where the parts of a text begin and end. Cuts are at floor(length × (1 − fractions held out after
 * the cut)), as nanoGPT's is.
 */
export function partsOf(
  [sources, validated, tested]: readonly number[],
  [validation, test]: readonly HeldOut[],
): Readonly<Record<'train' | 'validation' | 'test', readonly [start: number, end: number]>> {
  const trained = Math.floor(sources * (1 - (validation.fraction + test.fraction)));
  const untested = Math.floor(sources * (1 - test.fraction));
  return {
    train: [0, trained],
    validation: validation.sources.length === 0 ? [trained, untested] : [sources, validated],
    test: test.sources.length === 0 ? [untested, sources] : [validated, tested],
  };
}
