// The parts of a corpus that are held out from training: fractions of the sources, or separate
// texts.
import { stat } from 'node:fs/promises';
import { usageError, corpusError } from '../errors.ts';
import type { CorpusOptions } from './corpus-options.ts';
import { type Source, nameOf } from './sources.ts';
import { isStandardInput } from './standard-input.ts';
import { asTyped, flagOf } from '../options/flags.ts';

/** A part of a text that is held out from training. */
export interface HeldOut {
  readonly name: 'validation' | 'test';
  /** The separate text. Empty if the part is a fraction of the corpus. */
  readonly sources: readonly Source[];
  /** The fraction of the corpus. 0 if the part is a separate text. */
  readonly fraction: number;
  /** Only plain files are read: a checkpoint names the text, not the user. */
  readonly onlyPlain: boolean;
}

/**
 * The validation part and the test part.
 * @throws RnnError `usage` if the fractions leave no text to train on
 */
export function heldOutParts(options: CorpusOptions): readonly [validation: HeldOut, test: HeldOut] {
  const { validationFile, validationFraction, plainValidation, testFile, testFraction, plainTest } = options;
  const validation = heldOut('validation', validationFile, validationFraction, plainValidation);
  const test = heldOut('test', testFile, testFraction, plainTest);
  const fractions = { validationFraction: validation.fraction, testFraction: test.fraction };
  if (validation.fraction + test.fraction >= 1)
    throw usageError(
      `cannot use ${asTyped(fractions).join(' and ')} together: they leave no text to train on`,
      'use fractions whose sum is less than 1, such as 0.1 and 0.1',
      { options: [flagOf('validationFraction'), flagOf('testFraction')] },
    );
  return [validation, test];
}

const heldOut = (name: HeldOut['name'], source: Source | null, fraction: number, onlyPlain = false): HeldOut =>
  source === null ? { name, sources: [], fraction, onlyPlain } : { name, sources: [source], fraction: 0, onlyPlain };

/** If only a checkpoint names a text, rnn does not read devices and pipes. */
export async function refuseUnlessPlain(file: string, { name }: HeldOut): Promise<void> {
  if (isStandardInput(file)) return;
  const status = await stat(file).catch(() => null);
  if (status === null || status.isFile()) return; // if it does not exist, reading it fails with its own error
  throw corpusError(
    `cannot read the ${name} text ${file}: only the checkpoint names it, and it is not a plain file`,
    `use ${flagOf(`${name}File`)} to name it again if rnn should read it`,
  );
}

/**
 * A single character has nothing to predict. Resuming allows it, because older versions started
 * such runs.
 */
export function refuseTooShort(
  { name, sources: [source] }: HeldOut,
  characters: number,
  isKnownVocabulary: boolean,
): void {
  if (source === undefined || characters > 1 || (characters === 1 && isKnownVocabulary)) return;
  throw corpusError(
    `the ${name} text ${nameOf(source)} is ${characters === 0 ? 'empty' : 'a single character'}: expected at least two characters`,
    `use ${flagOf(`${name}Fraction`)} to hold out a part of the corpus instead`,
  );
}

/**
 * The bounds of each part of a text. A boundary is at floor(length × (1 − the fractions held out
 * after it)), as in nanoGPT.
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
