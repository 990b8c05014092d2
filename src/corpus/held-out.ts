// The parts of a text that are not trained on: fractions of the text, or files. Knows where each begins and ends in what was read.
import { stat } from 'node:fs/promises';
import { RnnError } from '../errors.ts';
import type { Encoder } from './encoder.ts';
import { pathForSystem } from './names.ts';
import type { Corpus, CorpusOptions } from './read.ts';
import type { FoundText, Reader } from './reader.ts';
import { type Source, fileError, nameOf } from './sources.ts';
import { isStandardInput } from './standard-input.ts';
import type { Tokens } from './store.ts';

/** A part of a text that is not trained on, for messages. */
export interface HeldOut {
  readonly name: string;
  readonly flags: { readonly file: string; readonly fraction: string };
}

export const validationPart: HeldOut = { name: 'validation', flags: { file: '--validation-file', fraction: '--validation-fraction' } };
export const testPart: HeldOut = { name: 'test', flags: { file: '--test-file', fraction: '--test-fraction' } };

/** The text that was read. */
export interface Encoded {
  readonly encoder: Encoder;
  /** Where in the store the sources end, then the validation file, then the test file. */
  readonly ends: readonly number[];
}

/** The file of a part, if there is one. */
export const findHeldOut = async (
  reader: Reader,
  part: HeldOut,
  source: Source | null,
  onlyPlain: boolean | undefined,
): Promise<readonly FoundText[]> => (source === null ? [] : reader.find([source], onlyPlain ? part : null));

/** Of a text that only a checkpoint names. */
export async function refuseUnlessPlain(file: string, { name, flags }: HeldOut): Promise<void> {
  if (isStandardInput(file)) return;
  const status = await stat(pathForSystem(file)).catch((error: unknown) => {
    throw fileError(file, error);
  });
  if (status.isFile()) return;
  throw new RnnError('corpus', `the ${name} text ${file} is not a plain file, and only the checkpoint names it`, {
    hint: `name it again by ${flags.file} if it is to be read`,
  });
}

/** In one character there is nothing to predict. A run that resumes with such a text was started by an older version. */
export function refuseTooShort(part: HeldOut, source: Source | null, characters: number, { vocabulary }: CorpusOptions): void {
  if (source === null || characters > 1 || (characters === 1 && vocabulary !== undefined)) return;
  throw new RnnError('corpus', `the ${part.name} text ${nameOf(source)} is ${characters === 0 ? 'empty' : 'one single character'}`, {
    hint: `${part.flags.fraction} holds out a part of the corpus instead`,
  });
}

/** Where the text to train on ends, then the fraction to validate on, the fraction to test on, and the validation file. */
export function cutsOf({ ends: [sources, validated] }: Encoded, options: CorpusOptions): readonly number[] {
  const { validation, test } = fractionsOf(options);
  return [Math.floor(sources * (1 - (validation + test))), Math.floor(sources * (1 - test)), sources, validated];
}

/** The fractions that are held out of the sources: a file takes the place of one. */
const fractionsOf = ({
  validationFile,
  validationFraction,
  testFile,
  testFraction,
}: CorpusOptions): { validation: number; test: number } => ({
  validation: validationFile === null ? validationFraction : 0,
  test: testFile === null ? testFraction : 0,
});

/** @param pieces the text between the cuts */
export const partsOf = (
  [train, validationFraction, testFraction, validationText, testText]: readonly Tokens[],
  { validationFile, testFile }: CorpusOptions,
): Pick<Corpus, 'train' | 'validation' | 'test'> => ({
  train,
  validation: validationFile === null ? validationFraction : validationText,
  test: testFile === null ? testFraction : testText,
});

/** @throws RnnError `usage` for fractions that no text can be split by */
export function checkFractions(options: CorpusOptions): void {
  const { validationFraction, testFraction } = options;
  for (const [flag, fraction] of [
    ['--validation-fraction', validationFraction],
    ['--test-fraction', testFraction],
  ] as const) {
    if (!(fraction >= 0 && fraction < 1))
      throw new RnnError('usage', `${flag} must be at least 0 and less than 1, not ${fraction}`, {
        hint: '0.1 holds out a tenth',
        options: [flag],
      });
  }
  const heldOut = fractionsOf(options);
  if (heldOut.validation + heldOut.test >= 1)
    throw new RnnError(
      'usage',
      `--validation-fraction ${heldOut.validation} and --test-fraction ${heldOut.test} leave no text to train on`,
      {
        hint: 'use fractions whose sum is less than 1, such as 0.1 and 0.1',
        options: ['--validation-fraction', '--test-fraction'],
      },
    );
}
