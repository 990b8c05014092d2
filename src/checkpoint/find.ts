// From what the user gave (a run folder, a file, nothing) to the checkpoint file that is meant. Does not open it.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { RnnError, systemCode } from '../errors.ts';

/** Which file of a run folder serves which purpose: the best one to use, the newest one to go on from. */
const preferred = {
  use: ['best.json', 'latest.json', 'previous.json'],
  resume: ['latest.json', 'previous.json', 'best.json'],
} as const;

/**
 * The path of a checkpoint file. A folder stands for the file in it that suits the purpose, and nothing for the newest run in `runs`,
 * by the time at which one of its checkpoints was last written.
 *
 * @throws RnnError `checkpoint` that says where it looked
 */
export async function findCheckpoint(given: string | undefined, purpose: 'use' | 'resume', runs = 'checkpoints'): Promise<string> {
  if (given === undefined) {
    const newest = (await runsIn(runs, purpose)).at(0);
    if (newest !== undefined) return newest.file;
    throw new RnnError('checkpoint', `there is no checkpoint in ./${runs} (looked for ${listed(purpose)} in each folder in it)`, {
      hint: 'train a model with `rnn train <corpus>`, or name one with --checkpoint',
    });
  }
  const status = await stat(given).catch((error: unknown) => systemCode(error));
  if (status === 'ENOENT' || status === 'ENOTDIR') {
    throw new RnnError('checkpoint', given === '' ? 'the name of the checkpoint is empty' : `there is no ${given}`, {
      hint: 'give a run folder or a checkpoint file, or train a model with `rnn train <corpus>`',
    });
  }
  // A file, or something that whoever opens it can say more about.
  if (typeof status === 'string' || !status.isDirectory()) return given;
  const found = await fileIn(given, purpose);
  if (found !== null) return found.file;
  const inside = (await runsIn(given, purpose)).map((run) => run.folder);
  throw new RnnError('checkpoint', `there is no checkpoint in ${given} (looked for ${listed(purpose)})`, {
    hint:
      inside.length > 0
        ? `give one of the runs in it: ${inside.slice(0, 5).join(', ')}`
        : `train a model with \`rnn train <corpus> --out ${given}\``,
  });
}

function listed(purpose: 'use' | 'resume'): string {
  return preferred[purpose].join(', ').replace(/, ([^,]*)$/, ' and $1');
}

interface Run {
  readonly folder: string;
  readonly file: string;
  readonly changed: number;
}

/** The run folders in a folder, newest first; by name where they are of one age. */
async function runsIn(folder: string, purpose: 'use' | 'resume'): Promise<Run[]> {
  const names = await readdir(folder).catch(() => []);
  const runs = await Promise.all(names.toSorted().map((name) => fileIn(join(folder, name), purpose)));
  return runs.filter((run) => run !== null).toSorted((a, b) => b.changed - a.changed);
}

async function fileIn(folder: string, purpose: 'use' | 'resume'): Promise<Run | null> {
  let file: string | null = null;
  let changed = 0;
  for (const name of preferred[purpose]) {
    const path = join(folder, name);
    const status = await stat(path).catch(() => null);
    if (status === null || !status.isFile()) continue;
    file ??= path;
    changed = Math.max(changed, status.mtimeMs);
  }
  return file === null ? null : { folder, file, changed };
}
