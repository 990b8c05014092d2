// The folder of a sweep: a run folder for each point, and .sweep.json, which says what all points have in common, so that another sweep
// does not take its runs for its own. The file is hidden because a sweep may lie among the texts that it learns.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';

import { RnnError, systemCode } from '../errors.ts';
import { pathIn } from '../path-in.ts';
import { replaceFile } from '../atomic.ts';
import { withCleanup } from '../cleanup.ts';
import { makeFolders, notMade } from './folders.ts';
import { runsIn } from './find.ts';

const formatName = 'rnn-sweep';
const sweepFile = '.sweep.json';
const what = 'sweep folder';
/** It names options and texts: one that is larger was not written by a sweep. */
const MAX_BYTES = 2 ** 24;

/** What all points of a sweep have in common: plain JSON. */
export interface SweepIdentity {
  /** The texts, as they were named. */
  readonly sources: readonly string[];
  /** By flag. */
  readonly options: Readonly<Record<string, FixedOption>>;
}

export interface FixedOption {
  /** The words after the flag; none after a switch. */
  readonly written: readonly string[];
  /** What they mean, which may be written in several ways. */
  readonly value: unknown;
}

/**
 * Makes the folder ready, or finds it so. What is in common may change as long as there are no runs.
 *
 * @throws RnnError `usage` if another sweep is in it, `machine` if it cannot be written
 */
export async function openSweepFolder(folder: string, identity: SweepIdentity): Promise<void> {
  const path = pathIn(folder, sweepFile);
  const earlier = await readIdentity(folder, path);
  const other = earlier === null ? null : differenceOf(earlier, identity);
  if (earlier !== null && other === null) return;
  if (other !== null && (await runsIn(folder)).length > 0)
    throw new RnnError('usage', `${folder} holds a sweep ${other.message}`, {
      hint: `give the same ${other.same} to go on with it, or another --out`,
    });
  try {
    await makeFolders(folder);
    await replaceFile(path, [Buffer.from(`${JSON.stringify({ format: formatName, ...identity }, null, 2)}\n`)]);
  } catch (cause) {
    throw notMade(what, folder, cause);
  }
}

function differenceOf(earlier: SweepIdentity, now: SweepIdentity): { readonly message: string; readonly same: string } | null {
  if (!isDeepStrictEqual(earlier.sources, now.sources)) {
    return { message: `of another text: it is ${now.sources.join(' ')}, and was ${earlier.sources.join(' ')}`, same: 'text' };
  }
  const flags = [...new Set([...Object.keys(earlier.options), ...Object.keys(now.options)])];
  const other = flags.find((flag) => !isDeepStrictEqual(earlier.options[flag]?.value, now.options[flag]?.value));
  return other === undefined
    ? null
    : {
        message: `with other options after --: ${other} is ${shown(now.options[other])}, and was ${shown(earlier.options[other])}`,
        same: 'options',
      };
}

function shown(option: FixedOption | undefined): string {
  if (option === undefined) return 'not given';
  return option.written.length === 0 ? 'given' : option.written.join(' ');
}

async function readIdentity(folder: string, path: string): Promise<SweepIdentity | null> {
  let text: string;
  try {
    text = await readPlain(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    if (systemCode(error) === 'ENOTDIR') throw notMade(what, folder, error);
    throw new RnnError('machine', `cannot read ${path}: ${(error as Error).message}`, {
      hint: 'check its permissions with ls -l, or choose another folder with --out',
      cause: error,
    });
  }
  try {
    const { format, sources, options } = JSON.parse(text) as Partial<SweepIdentity> & { readonly format?: unknown };
    if (format === formatName && areTexts(sources) && areOptions(options)) return { sources, options };
  } catch {
    // Told below.
  }
  throw new RnnError('usage', `${path} is damaged: it does not say what the runs beside it have in common`, {
    hint: 'remove it if they are of this very sweep, or choose another folder with --out',
  });
}

/** Empty for anything that no sweep has written: a folder, a device, a pipe that would wait for a writer, a huge file. */
async function readPlain(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  return withCleanup(
    async () => {
      const status = await file.stat();
      return status.isFile() && status.size <= MAX_BYTES ? file.readFile('utf8') : '';
    },
    () => file.close(),
  );
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function areOptions(value: unknown): value is SweepIdentity['options'] {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((each: unknown) => typeof each === 'object' && each !== null && 'written' in each && areTexts(each.written))
  );
}
