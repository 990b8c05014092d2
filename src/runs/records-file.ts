// records.bin of a run folder: a line of JSON, and the fingerprints of the records of the text as
// 32-bit little-endian numbers in ascending order.
import { readFile } from 'node:fs/promises';
import { checkpointError, systemCode } from '../errors.ts';
import { replaceFile } from '../files/atomic.ts';
import { joinPath } from '../files/join-path.ts';
import { recordsFile } from './run-files.ts';

/** The fingerprints of the records of a text. */
export interface RecordsFile {
  /** Identifies the text, as `digest` of a corpus. */
  readonly digest: string;
  /** Ascending. */
  readonly fingerprints: Uint32Array;
}

const FORMAT = 'rnn-records';
const VERSION = 1;
/** The line of JSON is shorter. */
const MAX_HEADER_BYTES = 400;

/** The path of the file in a run folder. */
export const recordsPath = (folder: string): string => joinPath(folder, recordsFile);

/** @throws RnnError `machine` if the file cannot be written */
export async function writeRecords(folder: string, { digest, fingerprints }: RecordsFile): Promise<void> {
  const header = { format: FORMAT, version: VERSION, digest, records: fingerprints.length };
  await replaceFile(recordsPath(folder), [
    Buffer.from(`${JSON.stringify(header)}\n`),
    new Uint8Array(fingerprints.buffer, fingerprints.byteOffset, fingerprints.byteLength),
  ]);
}

/**
 * Null if the folder has no such file.
 *
 * @throws RnnError `checkpoint` if the file is damaged or cannot be read
 */
export async function readRecords(folder: string): Promise<RecordsFile | null> {
  const path = recordsPath(folder);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(cause))) return null;
    throw checkpointError(`cannot read ${path}: ${(cause as Error).message}`, hint, { cause });
  }
  const lineEnd = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(0x0a);
  const header = headerIn(bytes.toString('utf8', 0, Math.max(0, lineEnd)));
  const data = bytes.subarray(lineEnd + 1);
  if (header === null || data.byteLength !== 4 * header.records)
    throw checkpointError(`${path} is damaged: expected the fingerprints of records`, hint);
  return { digest: header.digest, fingerprints: new Uint32Array(Uint8Array.from(data).buffer) };
}

const hint = 'remove the file, and resume the run to write it again';

function headerIn(line: string): { readonly digest: string; readonly records: number } | null {
  try {
    const { format, version, digest, records } = JSON.parse(line) as Record<string, unknown>;
    const isKnown = format === FORMAT && version === VERSION;
    return isKnown && typeof digest === 'string' && typeof records === 'number' ? { digest, records } : null;
  } catch {
    return null;
  }
}
