// Reads the records or lines of a file, which sampled texts are compared with.
import { decodeText } from '../../corpus/encoding.ts';
import { columnsOf } from '../../corpus/columns.ts';
import { dividerOf } from '../../corpus/divide.ts';
import { withLineFeeds } from '../../corpus/line-ends.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { corpusError } from '../../errors.ts';
import { flagOf } from '../../options/flags.ts';
import type { ReadingOptions } from '../../options/run.ts';
import { UTF8 } from '../../options/choices.ts';
import type { Io } from '../process/io.ts';
import { readWhole } from './whole-file.ts';

/** A longer text does not fit into a string. */
const MAX_BYTES = 5e8;

/**
 * The records of some files, divided as the text of the run. The lines of a file if that text was
 * not divided.
 *
 * @param reading null if the checkpoint does not record it
 * @throws RnnError `corpus` for a file that cannot be read
 */
export async function readKnownRecords(
  files: readonly string[],
  reading: Pick<ReadingOptions, 'records' | 'column' | 'encoding' | 'lowercase'> | null,
  io: Io,
): Promise<string[]> {
  const { records = null, column = [], encoding = UTF8, lowercase = false } = reading ?? {};
  const found: string[] = [];
  for (const file of files) {
    const text = withLineFeeds(await readFileText(file, encoding, io));
    const add = (record: string): void => void found.push(record);
    const divider = column.length > 0 ? columnsOf(file, column, add) : dividerOf(records ?? 'line', file, add);
    divider.push(lowercase ? text.toLowerCase() : text);
    await divider.end();
  }
  return found.filter((record) => record !== '');
}

async function readFileText(file: string, encoding: string, io: Io): Promise<string> {
  const isPiped = isStandardInput(file);
  const name = isPiped ? 'standard input' : file;
  let bytes: Buffer;
  try {
    bytes = await readWhole(isPiped ? io.stdin : file, MAX_BYTES);
  } catch (cause) {
    throw corpusError(`cannot read ${flagOf('notIn')} ${name}: ${(cause as Error).message}`, 'name a text file', {
      cause,
    });
  }
  const text = decodeText(bytes, encoding);
  if (text === null)
    throw corpusError(
      `${flagOf('notIn')} ${name} is not ${encoding === UTF8 ? 'UTF-8' : encoding}`,
      'convert it to the encoding of the text of the run with iconv',
    );
  return text;
}
