// The checkpoint and the runs that a user means.
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findCheckpoint, findRuns } from '../../src/runs/store.ts';
import { temporaryFolder } from './fixture.ts';

function runWith(folder: string, files: Record<string, number>): string {
  mkdirSync(folder, { recursive: true });
  for (const [file, time] of Object.entries(files)) {
    writeFileSync(join(folder, file), '');
    utimesSync(join(folder, file), time, time);
  }
  return folder;
}

describe('finding a checkpoint', () => {
  it('accepts a file', async () => {
    const folder = runWith(temporaryFolder(), { 'any.json': 1 });
    expect(await findCheckpoint(join(folder, 'any.json'))).toBe(join(folder, 'any.json'));
  });

  it('takes the best of a run', async () => {
    const run = runWith(temporaryFolder(), { 'latest.json': 2, 'best.json': 1, 'previous.json': 1 });
    expect(await findCheckpoint(run)).toBe(join(run, 'best.json'));
  });

  it('takes the next best checkpoint of a run', async () => {
    const unevaluated = runWith(temporaryFolder(), { 'latest.json': 1 });
    expect(await findCheckpoint(unevaluated)).toBe(join(unevaluated, 'latest.json'));
    const crashed = runWith(temporaryFolder(), { 'previous.json': 1 });
    expect(await findCheckpoint(crashed)).toBe(join(crashed, 'previous.json'));
  });

  it('takes the run with the last written file, if nothing is given', async () => {
    const runs = temporaryFolder();
    runWith(join(runs, 'old'), { 'latest.json': 1000, 'best.json': 1000 });
    runWith(join(runs, 'new'), { 'latest.json': 3000, 'best.json': 500 });
    runWith(join(runs, 'middle'), { 'latest.json': 2000, 'best.json': 2000 });
    runWith(runs, { 'README.md': 9000 });
    expect(await findCheckpoint(undefined, { runs })).toBe(join(runs, 'new', 'best.json'));
  });

  it('finds the same newest run as for logs, whichever file was written last', async () => {
    const runs = temporaryFolder();
    runWith(join(runs, 'evaluated'), { 'latest.json': 1000, 'log.jsonl': 4000 });
    runWith(join(runs, 'imported'), { 'latest.json': 3000 });
    runWith(join(runs, 'kept'), { 'step-000000100.json': 2000, 'log.jsonl': 2000 });
    for (const newest of ['evaluated', 'imported', 'kept']) {
      expect(await findRuns([], runs)).toEqual([join(runs, newest)]);
      expect(dirname(await findCheckpoint(undefined, { runs }))).toBe(join(runs, newest));
      rmSync(join(runs, newest), { recursive: true });
    }
  });

  it('is refused if the newest run has no checkpoint yet, and the hint names an older run', async () => {
    const runs = temporaryFolder();
    runWith(join(runs, 'old'), { 'latest.json': 1000 });
    runWith(join(runs, 'begun'), { 'log.jsonl': 9000 });
    expect(await findRuns([], runs)).toEqual([join(runs, 'begun')]);
    await expect(findCheckpoint(undefined, { runs })).rejects.toMatchObject({
      kind: 'checkpoint',
      message: expect.stringContaining(
        `checkpoint not found in ${join(runs, 'begun')}, the newest run: expected `,
      ) as string,
      hint: expect.stringContaining(join(runs, 'old')) as string,
    });
  });

  it('takes the latest snapshot of a run that has nothing else', async () => {
    const run = runWith(temporaryFolder(), {
      'step-000000100.json': 3,
      'step-000000200.json': 2,
      'step-000000099.json': 1,
    });
    expect(await findCheckpoint(run)).toBe(join(run, 'step-000000200.json'));
  });

  it('says where it looked and how to continue if there is no checkpoint', async () => {
    const folder = temporaryFolder();
    const none = { kind: 'checkpoint', hint: expect.stringContaining('rnn train') };
    await expect(findCheckpoint(undefined, { runs: join(folder, 'checkpoints') })).rejects.toMatchObject({
      ...none,
      message: expect.stringContaining('best.json, latest.json, previous.json or step-*.json'),
    });
    await expect(findCheckpoint(folder)).rejects.toMatchObject({
      ...none,
      message: `checkpoint not found in ${folder}: expected best.json, latest.json, previous.json or step-*.json`,
    });
    await expect(findCheckpoint(join(folder, 'typo'))).rejects.toMatchObject({
      ...none,
      message: `checkpoint not found: ${join(folder, 'typo')}`,
    });
  });

  it('names the runs inside a folder that is not a run', async () => {
    const runs = temporaryFolder();
    const run = runWith(join(runs, 'sonnets'), { 'latest.json': 1 });
    await expect(findCheckpoint(runs)).rejects.toMatchObject({
      kind: 'checkpoint',
      hint: expect.stringContaining(run),
    });
  });
});
