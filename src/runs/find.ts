// From what the user gave (a run folder, a file, nothing) to the checkpoint file that is meant. Does not open it.

import { stat } from 'node:fs/promises';

import { RnnError, systemCode } from '../errors.ts';
import { pathIn } from '../path-in.ts';
import { bestFile, latestFile, previousFile } from './names.ts';
import { snapshotsIn } from './newest.ts';
import { runsByAge } from './runs.ts';

type Purpose = 'use' | 'resume';

const snapshots = 'step-*.json';
/** Which file of a run folder serves which purpose: the best one to use, the newest one to go on from. */
const preferred = {
  use: [bestFile, latestFile, previousFile, snapshots],
  resume: [latestFile, previousFile, snapshots, bestFile],
} as const;

/**
 * The path of a checkpoint file. A folder stands for the file in it that suits the purpose, and nothing for the newest run in `runs`.
 *
 * @throws RnnError `checkpoint` that says where it looked
 */
export async function findCheckpoint(given: string | undefined, purpose: Purpose, runs = 'checkpoints'): Promise<string> {
  if (given === undefined) return inNewestRun(purpose, runs);
  const status = await stat(given).catch((error: unknown) => systemCode(error));
  if (status === 'ENOENT' || status === 'ENOTDIR') {
    throw new RnnError('checkpoint', given === '' ? 'the name of the checkpoint is empty' : `there is no ${given}`, {
      hint: 'give a run folder or a checkpoint file, or train a model with `rnn train <corpus>`',
    });
  }
  // A file, or something that whoever opens it can say more about.
  if (typeof status === 'string' || !status.isDirectory()) return given;
  const found = await fileIn(given, purpose);
  if (found !== null) return found;
  const inside = await withCheckpoint(await runsByAge(given), purpose);
  throw new RnnError('checkpoint', `there is no checkpoint in ${given} (looked for ${listed(purpose)})`, {
    hint:
      inside.length > 0
        ? `give one of the runs in it: ${inside.slice(0, 5).join(', ')}`
        : `train a model with \`rnn train <corpus> --out ${given}\``,
  });
}

/** Never that of an older run: its text would be taken for the newest one's. */
async function inNewestRun(purpose: Purpose, runs: string): Promise<string> {
  const [newest, ...older] = await runsByAge(runs);
  if (newest === undefined)
    throw new RnnError('checkpoint', `there is no checkpoint in ./${runs} (looked for ${listed(purpose)} in each folder in it)`, {
      hint: 'train a model with `rnn train <corpus>`, or name one with --checkpoint',
    });
  const found = await fileIn(newest, purpose);
  if (found !== null) return found;
  const [other] = await withCheckpoint(older, purpose);
  throw new RnnError('checkpoint', `the newest run, ${newest}, has no checkpoint yet (looked for ${listed(purpose)})`, {
    hint: other === undefined ? 'wait until it has saved one' : `wait until it has saved one, or name another run, such as ${other}`,
  });
}

const listed = (purpose: Purpose): string => preferred[purpose].join(', ').replace(/, ([^,]*)$/, ' and $1');

async function withCheckpoint(folders: readonly string[], purpose: Purpose): Promise<string[]> {
  const found = await Promise.all(folders.map(async (folder) => ((await fileIn(folder, purpose)) === null ? [] : [folder])));
  return found.flat();
}

async function fileIn(folder: string, purpose: Purpose): Promise<string | null> {
  // Anything else that is there is found when the file is opened, where the error says more.
  let other: string | null = null;
  for (const name of preferred[purpose])
    for (const file of name === snapshots ? await snapshotsIn(folder) : [name]) {
      const path = pathIn(folder, file);
      const status = await stat(path).catch((error: unknown) => systemCode(error));
      if (status === 'ENOENT' || status === 'ENOTDIR') continue;
      if (typeof status === 'object' && status.isFile()) return path;
      other ??= path;
    }
  return other;
}
