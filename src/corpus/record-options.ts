// The options of records, and checks of them.
import { basename } from 'node:path';
import { usageError } from '../errors.ts';
import { asTyped, flagOf } from '../options/flags.ts';
import { separatorOf } from './divide.ts';
import type { CorpusOptions } from './corpus-options.ts';

type DivisionOptions = Pick<CorpusOptions, 'records' | 'column' | 'learnAfter' | 'weights'>;

/** Whether a text is divided into records. */
export const isDivided = ({ records, column }: Pick<DivisionOptions, 'records' | 'column'>): boolean =>
  records !== null || column.length > 0;

/** How often each record of a file is read in an epoch. */
export function weightOf(file: string, { weights }: Pick<DivisionOptions, 'weights'>): number {
  const found = weights.map(parsedWeight).findLast(({ name }) => name === file || name === basename(file));
  return found?.weight ?? 1;
}

function parsedWeight(given: string): { readonly name: string; readonly weight: number } {
  const match = /^(.+)=([1-9]\d{0,3})$/.exec(given);
  if (match === null)
    throw usageError(
      `${flagOf('weights')} is ${given}: expected a file and a whole number from 1 to 9999`,
      `write it as ${flagOf('weights')} names.txt=5`,
    );
  return { name: match[1], weight: Number(match[2]) };
}

/** @throws RnnError `usage` for options that need records, or that contradict each other */
export function checkDivision(options: DivisionOptions, level: string): void {
  const { records, column, learnAfter, weights } = options;
  weights.forEach(parsedWeight);
  if (!isDivided(options)) {
    const recordOptions = { learnAfter, weights: weights.length > 0 ? weights : null };
    const [flag] = asTyped(recordOptions);
    if (flag !== undefined)
      throw usageError(`cannot use ${flag} without records`, `add ${flagOf('records')} line, or omit ${flag}`);
    return;
  }
  if (level === 'byte')
    throw usageError(
      `cannot use ${flagOf('records')} with ${flagOf('unit')} byte: records are text`,
      'omit one of the two',
      { options: [flagOf('records'), flagOf('unit')] },
    );
  if (column.length > 0 && records !== null && records !== 'line')
    throw usageError(
      `cannot use ${flagOf('records')} ${records} with ${flagOf('column')}: each row of a table is a record`,
      `omit ${flagOf('records')}`,
      { options: [flagOf('records'), flagOf('column')] },
    );
  if (records === '' || learnAfter === '')
    throw usageError(`${flagOf(records === '' ? 'records' : 'learnAfter')} is empty: expected some text`);
}

/** The text of the end token. Null for a text that is not divided. */
export const separatorOfRecords = (options: Pick<DivisionOptions, 'records' | 'column'>): string | null =>
  isDivided(options) ? separatorOf(options.records ?? 'line') : null;
