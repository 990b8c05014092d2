// The folder of a sweep: a run folder for each point, and sweep.json, which says what all points have in common, so that another sweep does
// not take its runs for its own.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { RnnError, systemCode } from '../errors.ts';
import { diskError, replaceFile } from './atomic.ts';

const formatName = 'rnn-sweep';

/**
 * Makes the folder ready, or finds it so.
 *
 * @param identity plain JSON: what all points have in common
 * @throws RnnError `usage` if another sweep is in it, `machine` if it cannot be written
 */
export async function openSweepFolder(folder: string, identity: Readonly<Record<string, unknown>>): Promise<void> {
  const path = join(folder, 'sweep.json');
  const earlier = await readIdentity(path);
  if (earlier === null) {
    try {
      await mkdir(folder, { recursive: true });
      await replaceFile(path, [Buffer.from(`${JSON.stringify({ format: formatName, fixed: identity }, null, 2)}\n`)]);
    } catch (cause) {
      throw diskError(`the folder of the sweep ${folder} could not be made`, cause);
    }
    return;
  }
  const names = [...new Set([...Object.keys(earlier), ...Object.keys(identity)])];
  const other = names.find((name) => !isDeepStrictEqual(earlier[name], identity[name]));
  if (other === undefined) return;
  const shown = (value: unknown): string => (value === undefined ? 'not given' : JSON.stringify(value));
  throw new RnnError('usage', `${folder} holds a sweep with other options after --: ${other} is ${shown(identity[other])}, and was ${shown(earlier[other])}`, {
    hint: 'give the same options to go on with it, or another --out',
  });
}

async function readIdentity(path: string): Promise<Readonly<Record<string, unknown>> | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    if (systemCode(error) === 'ENOTDIR') throw new RnnError('usage', `${path} cannot be: there is a file of that name on the way`, { hint: 'choose another folder with --out', cause: error });
    throw diskError(`${path} could not be read`, error);
  }
  try {
    const { format, fixed } = JSON.parse(text) as { format?: unknown; fixed?: unknown };
    if (format === formatName && typeof fixed === 'object' && fixed !== null) return fixed as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new RnnError('usage', `${path} is damaged: it does not say what the runs beside it have in common`, { hint: 'remove it if they are of this very sweep, or choose another folder with --out' });
}
