// The folder of a sweep: a run folder for each trial, and .sweep.json with everything that the
// trials share, so that another sweep does not use them by mistake. The file is hidden because a
// sweep may be in the folder of texts that it learns.
import { readFile, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';

import { replaceFile } from '../files/atomic.ts';
import { systemCode, usageError, machineError } from '../errors.ts';
import { joinPath } from '../files/join-path.ts';
import { makeFolders, folderError } from './folders.ts';
import { runsIn } from './find.ts';
import { otherFolderHint } from '../options/flags.ts';

const formatName = 'rnn-sweep';
const sweepFile = '.sweep.json';
const kindOfFolder = 'sweep folder';
/** The file holds the names of options and texts: no sweep writes a larger one. */
const MAX_BYTES = 2 ** 24;

/** The properties that all trials of a sweep share: plain JSON. */
export interface SweepIdentity {
  /** The texts, as the user named them. */
  readonly sources: readonly string[];
  /** By flag. */
  readonly options: Readonly<Record<string, SharedOption>>;
}

interface SharedOption {
  /** The words after the flag. Empty after a switch. */
  readonly written: readonly string[];
  /** The meaning of these words, which may be written in several ways. */
  readonly value: unknown;
}

/**
 * Makes the folder, or checks that it belongs to this sweep. The shared properties may change as
 * long as there are no runs.
 *
 * @throws RnnError `usage` if it holds another sweep, `machine` if it cannot be written
 */
export async function openSweepFolder(folder: string, identity: SweepIdentity): Promise<void> {
  const path = joinPath(folder, sweepFile);
  const recordedIdentity = await readIdentity(folder, path);
  if (recordedIdentity !== null) {
    const difference = differenceOf(recordedIdentity, identity);
    if (difference === null) return;
    if ((await runsIn(folder)).length > 0)
      throw usageError(
        `cannot use ${folder}: it holds a sweep ${difference.message}`,
        `use the same ${difference.subject} to continue that sweep, or ${otherFolderHint}`,
      );
  }
  try {
    await makeFolders(folder);
    await replaceFile(path, [Buffer.from(`${JSON.stringify({ format: formatName, ...identity }, null, 2)}\n`)]);
  } catch (cause) {
    throw folderError(kindOfFolder, folder, cause);
  }
}

function differenceOf(
  recordedIdentity: SweepIdentity,
  now: SweepIdentity,
): { readonly message: string; readonly subject: string } | null {
  if (!isDeepStrictEqual(recordedIdentity.sources, now.sources))
    return {
      message: `of another text: ${recordedIdentity.sources.join(' ')}, not ${now.sources.join(' ')}`,
      subject: 'text',
    };
  const flag = Object.keys({ ...recordedIdentity.options, ...now.options }).find(
    (each) => !isDeepStrictEqual(recordedIdentity.options[each]?.value, now.options[each]?.value),
  );
  if (flag === undefined) return null;
  const [is, was] = [now, recordedIdentity].map(({ options }) =>
    flag in options ? options[flag].written.join(' ') || 'given' : 'not given',
  );
  return { message: `with other options after --: ${flag} is ${is}, and was ${was}`, subject: 'options' };
}

async function readIdentity(folder: string, path: string): Promise<SweepIdentity | null> {
  const text = await readPlain(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    if (systemCode(error) === 'ENOTDIR') throw folderError(kindOfFolder, folder, error);
    throw machineError(
      `cannot read ${path}: ${(error as Error).message}`,
      `check its permissions with ls -l, or ${otherFolderHint}`,
      { cause: error },
    );
  });
  if (text === null) return null;
  try {
    const { format, sources, options } = JSON.parse(text) as SweepIdentity & { readonly format: unknown };
    const isIdentity = Array.isArray(sources) && Object.values(options).every(({ written }) => Array.isArray(written));
    if (format === formatName && isIdentity) return { sources, options };
  } catch {
    // Not JSON, or a member is missing.
  }
  throw usageError(
    `${path} is damaged: it does not describe the sweep of the runs in its folder`,
    `remove it if they belong to this sweep, or ${otherFolderHint}`,
  );
}

/**
 * Empty for a path that no sweep writes: a folder, a device, a pipe that would wait for a writer, a
 * huge file.
 */
async function readPlain(path: string): Promise<string> {
  const status = await stat(path);
  return status.isFile() && status.size <= MAX_BYTES ? readFile(path, 'utf8') : '';
}
