// The lines of --primes: prompts from a file, or from a pipe that may stay open.
import { stat } from 'node:fs/promises';
import { findLineFiles, readLines } from '../../corpus/text-lines.ts';
import { isStandardInput } from '../../corpus/standard-input.ts';
import { corpusError } from '../../errors.ts';
import { UTF8 } from '../../options/choices.ts';
import { flagOf } from '../../options/flags.ts';
import type { TrainedModel } from '../../runs/checkpoint.ts';
import type { TextOrBytes } from '../../sampling/sample.ts';
import { recordedReadingOrNull } from '../../training/record.ts';
import type { Io } from '../process/io.ts';

/** Prompts, one per line. */
export interface Primes {
  /** Yields the lines in the encoding of the model's text. Call it once. */
  lines(model: TrainedModel): AsyncIterable<TextOrBytes>;
  /** Stops reading standard input. */
  close(): void;
}

/** @throws RnnError `corpus` for a file that does not exist or cannot be read */
export async function openPrimes(source: string, io: Io): Promise<Primes> {
  const status = isStandardInput(source) ? null : await stat(source).catch(() => null);
  if (status?.isDirectory())
    throw corpusError(
      `cannot read ${flagOf('primes')} ${source}: it is a folder`,
      'name a file with a prompt on each line',
    );
  const files = await findLineFiles([source]);
  return {
    async *lines({ vocabulary: { unit }, training }) {
      const { encoding = UTF8 } = recordedReadingOrNull(training) ?? {};
      const asBytes = unit === 'byte';
      for await (const lines of readLines(files, { encoding, asBytes, keepEmpty: true, stdin: io.stdin }))
        for (const { text } of lines) yield typeof text === 'string' ? text.replace(/\r$/, '') : text;
    },
    close: () => {
      if (isStandardInput(source)) io.closeStdin();
    },
  };
}
