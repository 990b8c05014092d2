// The parts of a corpus that are held out from training: fractions of the sources, or separate
// texts.
import { stat } from 'node:fs/promises';
import { usageError, corpusError } from '../errors.ts';
import type { CorpusOptions } from './corpus-options.ts';
import { type Source, sourceName } from './sources.ts';
import { isStandardInput } from './standard-input.ts';
import { asTyped, flagOf } from '../options/flags.ts';

/** A part of a text that is held out from training. */
export interface HeldOutPart {
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
export function heldOutParts(options: CorpusOptions): readonly [validation: HeldOutPart, test: HeldOutPart] {
  const { validationFile, validationFraction, plainValidation, testFile, testFraction, plainTest } = options;
  const validation = heldOutPart('validation', validationFile, validationFraction, plainValidation);
  const test = heldOutPart('test', testFile, testFraction, plainTest);
  const fractions = { validationFraction: validation.fraction, testFraction: test.fraction };
  if (validation.fraction + test.fraction >= 1)
    throw usageError(
      `cannot use ${asTyped(fractions).join(' and ')} together: they leave no text to train on`,
      'use fractions whose sum is less than 1, such as 0.1 and 0.1',
      { options: [flagOf('validationFraction'), flagOf('testFraction')] },
    );
  return [validation, test];
}

const heldOutPart = (
  name: HeldOutPart['name'],
  source: Source | null,
  fraction: number,
  onlyPlain = false,
): HeldOutPart =>
  source === null ? { name, sources: [], fraction, onlyPlain } : { name, sources: [source], fraction: 0, onlyPlain };

/** If only a checkpoint names a text, rnn does not read devices and pipes. */
export async function refuseUnlessPlain(file: string, { name }: HeldOutPart): Promise<void> {
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
  { name, sources: [source] }: HeldOutPart,
  characters: number,
  isKnownVocabulary: boolean,
): void {
  if (source === undefined || characters > 1 || (characters === 1 && isKnownVocabulary)) return;
  throw corpusError(
    `the ${name} text ${sourceName(source)} is ${characters === 0 ? 'empty' : 'a single character'}: expected at least two characters`,
    `use ${flagOf(`${name}Fraction`)} to hold out a part of the corpus instead`,
  );
}

/**
 * The bounds of each part of a text. A boundary is at floor(length × (1 − the fractions held out
 * after it)), as in nanoGPT.
 */
export function partBounds(
  [sourcesEnd, validationEnd, testEnd]: readonly number[],
  [validation, test]: readonly HeldOutPart[],
): Readonly<Record<'train' | 'validation' | 'test', readonly [start: number, end: number]>> {
  const trainEnd = Math.floor(sourcesEnd * (1 - (validation.fraction + test.fraction)));
  const testStart = Math.floor(sourcesEnd * (1 - test.fraction));
  return {
    train: [0, trainEnd],
    validation: validation.sources.length === 0 ? [trainEnd, testStart] : [sourcesEnd, validationEnd],
    test: test.sources.length === 0 ? [testStart, sourcesEnd] : [validationEnd, testEnd],
  };
}
