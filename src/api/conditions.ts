// Builds the conditions of sampled texts from options, and prepares texts for comparison.
import { dirname } from 'node:path';
import { FingerprintSet } from '../corpus/record-fingerprints.ts';
import { hash53 } from '../corpus/text-hash.ts';
import { checkpointError, usageError } from '../errors.ts';
import { flagOf } from '../options/flags.ts';
import { readRecords, recordsPath } from '../runs/store.ts';
import { type Conditions, type TextSet, mayRefuse } from '../sampling/selection.ts';
import type { SampledTextRequest, TextOrBytes } from '../sampling/sample.ts';
import { type SampledModel, type SelectionOptions, textIn } from './sample-options.ts';

const MAX_TRIES = 100;

/** Texts by their hashes of 53 bits. */
class HashedTexts implements TextSet {
  readonly #hashes = new Set<number>();

  constructor(texts: Iterable<string>) {
    for (const text of texts) this.#hashes.add(hash53(text));
  }

  has(text: string): boolean {
    return this.#hashes.has(hash53(text));
  }
}

/**
 * @param path the checkpoint of the model, or null
 * @throws RnnError `usage` for options that do not fit the model or each other, `checkpoint` if the
 * records of the run cannot be read
 */
export async function conditionsOf(
  { unique = false, novel = false, notIn, match, maxTries, bestOf = 1 }: SelectionOptions,
  model: SampledModel,
  path: string | null,
): Promise<Conditions> {
  const excluded: TextSet[] = notIn === undefined ? [] : [new HashedTexts(notIn)];
  if (novel) excluded.push(await recordsOfRun(model, path));
  const conditions = { isUnique: unique, excluded, match: match ?? null, maxTries: maxTries ?? MAX_TRIES, bestOf };
  if (maxTries !== undefined && !mayRefuse(conditions)) {
    const flags = (['unique', 'novel', 'notIn', 'match'] as const).map(flagOf);
    throw usageError(
      `cannot use ${flagOf('maxTries')} without a condition`,
      `add ${flags.slice(0, -1).join(', ')} or ${flags.at(-1)}`,
    );
  }
  return conditions;
}

async function recordsOfRun({ isOfRecords }: SampledModel, path: string | null): Promise<TextSet> {
  if (!isOfRecords)
    throw usageError(
      `cannot use ${flagOf('novel')}: the model was trained on a text without records`,
      `use ${flagOf('notIn')} with a file of lines, or train with ${flagOf('records')}`,
    );
  const instead = `use ${flagOf('notIn')} with the text of the run`;
  if (path === null) throw checkpointError(`cannot use ${flagOf('novel')}: the model is not in a run folder`, instead);
  const records = await readRecords(dirname(path));
  if (records === null)
    throw checkpointError(
      `cannot use ${flagOf('novel')}: ${recordsPath(dirname(path))} not found`,
      `${instead}, or resume the run to write the file`,
    );
  return new FingerprintSet(records.fingerprints);
}

/**
 * The texts to compare: `whole` with its prompt, and `answer`, which is only the output of a pair.
 *
 * @param prime the prompt of this text
 * @param text the sampled text with its stop
 */
export function comparedTexts(
  prime: TextOrBytes,
  text: string,
  { isOfRecords, delimiter }: SampledModel,
  { midText = false, stop, keepStop = true }: Pick<SampledTextRequest, 'midText' | 'stop' | 'keepStop'>,
): { readonly whole: string; readonly answer: string } {
  const stops = keepStop ? [stop ?? []].flat().map(textIn) : [];
  const stopped = Math.max(0, ...stops.filter((each) => text.endsWith(each)).map((each) => each.length));
  const prompt = textIn(prime);
  const start = isOfRecords ? (midText ? '' : prompt) : prompt.slice(prompt.lastIndexOf('\n') + 1);
  const whole = start + text.slice(0, text.length - stopped);
  const at = delimiter === null ? -1 : whole.indexOf(delimiter);
  return { whole, answer: at < 0 ? whole : whole.slice(at + delimiter!.length) };
}
