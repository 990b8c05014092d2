import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import { Lock } from '../../src/runs/lock.ts';
import { RunFolder, readCheckpoint } from '../../src/runs/store.ts';
import { writeCheckpoint } from '../../src/runs/write.ts';
import { smallCheckpoint, temporaryFolder } from './fixture.ts';

const atStep = (step: number) => {
  const checkpoint = smallCheckpoint();
  return { ...checkpoint, training: { ...checkpoint.training, step } };
};
const stepIn = async (path: string) => (await readCheckpoint(path)).training.step;

describe('a run folder', () => {
  it('keeps the newest, the previous and the best checkpoint', async () => {
    const run = await RunFolder.create(join(temporaryFolder(), 'deep', 'run'));
    for (const step of [1, 2, 3]) await run.saveLatest(atStep(step));
    await run.saveBest(atStep(2));
    run.close();
    expect(readdirSync(run.path).toSorted()).toEqual(['best.json', 'latest.json', 'previous.json']);
    expect([await stepIn(run.latestPath), await stepIn(run.previousPath), await stepIn(run.bestPath)]).toEqual([
      3, 2, 2,
    ]);
  });

  it('refuses a folder that holds any checkpoint of a run, and names the ways out', async () => {
    for (const file of ['latest.json', 'previous.json', 'best.json', 'step-000000100.json']) {
      const path = temporaryFolder();
      writeFileSync(join(path, file), 'anything');
      await expect(RunFolder.create(path)).rejects.toMatchObject({
        kind: 'usage',
        message: `cannot train in ${path}: the folder already holds a run`,
        hint: expect.stringMatching(/--resume.*--force.*--out/),
      });
      expect(readFileSync(join(path, file), 'utf8')).toBe('anything');
    }
  });

  it('refuses a run that another process made just before the lock was taken', async () => {
    const path = temporaryFolder();
    const take = Lock.take.bind(Lock);
    const spy = vi.spyOn(Lock, 'take').mockImplementationOnce((folder) => {
      writeFileSync(join(folder, 'latest.json'), 'anything');
      return take(folder);
    });
    await expect(RunFolder.create(path)).rejects.toMatchObject({
      kind: 'usage',
      message: `cannot train in ${path}: the folder already holds a run`,
    });
    spy.mockRestore();
    expect(readdirSync(path)).toEqual(['latest.json']);
  });

  it('removes an old run with --force, and no other file', async () => {
    const path = temporaryFolder();
    for (const file of [
      'latest.json',
      'best.json',
      'log.jsonl',
      'latest.json.77-0.tmp',
      'step-000000100.json',
      'notes.txt',
      'latest.json.bak',
    ])
      writeFileSync(join(path, file), '');
    (await RunFolder.create(path, { force: true })).close();
    expect(readdirSync(path).toSorted()).toEqual(['latest.json.bak', 'notes.txt']);
  });

  it('keeps a run that is continued, and removes the unfinished files of a killed process', async () => {
    const path = temporaryFolder();
    for (const file of ['latest.json', 'log.jsonl', 'best.json.77-0.tmp', 'step-000000010.json.77-1.tmp'])
      writeFileSync(join(path, file), '');
    (await RunFolder.open(path))!.close();
    expect(readdirSync(path).toSorted()).toEqual(['latest.json', 'log.jsonl']);
    expect(await RunFolder.open(temporaryFolder())).toBeNull();
    expect([await RunFolder.holdsRun(path), await RunFolder.holdsRun(temporaryFolder())]).toEqual([true, false]);
  });

  it('refuses the path of a file', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, '');
    for (const taken of [path, join(path, 'run')])
      await expect(RunFolder.create(taken)).rejects.toMatchObject({
        kind: 'usage',
        message: expect.stringContaining('a part of the path is a file'),
      });
  });

  // In Node 20, mkdir with `recursive` tries for ever if the system reports that there is no such
  // folder and the parent exists.
  it.skipIf(!existsSync('/proc/self'))(
    'refuses a path in which folders cannot be made (skipped without /proc)',
    async () => {
      for (const path of ['/proc/rnn-run', '/proc/rnn-run/deep/er']) {
        await expect(RunFolder.create(path)).rejects.toMatchObject({
          kind: 'machine',
          message: `cannot make the run folder ${path}: the folder does not exist`,
          hint: expect.stringContaining('--out'),
        });
      }
    },
  );

  it('is made with all its parent folders, also through .. and by several processes at the same time', async () => {
    const folder = temporaryFolder();
    await Promise.all(['a/b/c', 'a/b/d/', 'a/../a/b/e'].map((path) => RunFolder.create(`${folder}/${path}`)));
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['c', 'd', 'e']);
  });

  it('has a whole latest.json at every moment while it is replaced', async () => {
    const run = await RunFolder.create(temporaryFolder());
    await run.saveLatest(atStep(0));
    const seen: number[] = [];
    const saving = { isDone: false };
    const saves = (async () => {
      for (let step = 1; step <= 20; step++) await run.saveLatest(atStep(step));
      saving.isDone = true;
    })();
    while (!saving.isDone) {
      seen.push(await stepIn(run.latestPath));
      await new Promise(setImmediate);
    }
    await saves;
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('continues after a crash between the two renames of saving', async () => {
    const run = await RunFolder.create(temporaryFolder());
    await run.saveLatest(atStep(1));
    await run.saveLatest(atStep(2));
    const crash = new Error('crash');
    // The steps of saveLatest before the last rename: previous.json and latest.json are then two
    // names of one file.
    linkSync(run.latestPath, join(run.path, 'second'));
    renameSync(join(run.path, 'second'), run.previousPath);
    await expect(writeCheckpoint(run.latestPath, atStep(3), () => Promise.reject(crash))).rejects.toBe(crash);
    expect(await stepIn(run.latestPath)).toBe(2);
    await run.saveLatest(atStep(4));
    expect([await stepIn(run.latestPath), await stepIn(run.previousPath)]).toEqual([4, 2]);
    run.close();
    expect(readdirSync(run.path).toSorted()).toEqual(['latest.json', 'previous.json']);
  });

  it('is made again with its lock if it was removed, and a log line without a folder is a failure of the machine', async () => {
    const run = await RunFolder.create(join(temporaryFolder(), 'run'));
    await run.saveLatest(atStep(1));
    rmSync(run.path, { recursive: true });
    expect(() => run.appendLog({ event: 'report' })).toThrow(
      expect.objectContaining({
        kind: 'machine',
        message: expect.stringContaining('the folder does not exist'),
        hint: expect.any(String),
      }),
    );
    await run.saveLatest(atStep(2));
    run.appendLog({ event: 'report' });
    expect(readdirSync(run.path).toSorted()).toEqual(['latest.json', 'lock.json', 'log.jsonl']);
    await expect(RunFolder.create(run.path, { force: true })).rejects.toMatchObject({ kind: 'busy' });
  });

  it('keeps the requested number of snapshots, each a complete checkpoint, and removes the snapshots of later steps when the run returns to an earlier step', async () => {
    const run = await RunFolder.create(temporaryFolder());
    for (const step of [1, 2, 3, 4]) await run.saveLatest(atStep(step), 3);
    const snapshots = () => readdirSync(run.path).filter((file) => file.startsWith('step-'));
    expect(snapshots()).toEqual(['step-000000002.json', 'step-000000003.json', 'step-000000004.json']);
    expect(await stepIn(join(run.path, 'step-000000003.json'))).toBe(3);
    await run.truncateLog(3);
    expect(snapshots()).toEqual(['step-000000002.json', 'step-000000003.json']);
  });

  it('is saved even if its snapshot cannot be, and returns the reason', async () => {
    const run = await RunFolder.create(temporaryFolder());
    const snapshot = join(run.path, 'step-000000001.json');
    mkdirSync(join(snapshot, 'in the way'), { recursive: true });
    expect(await run.saveLatest(atStep(1), 3)).toMatchObject({
      kind: 'machine',
      message: expect.stringContaining(`cannot write ${snapshot}: `),
    });
    expect(await stepIn(run.latestPath)).toBe(1);
    expect(readdirSync(run.path).toSorted()).toEqual(['latest.json', 'lock.json', 'step-000000001.json']);
    expect(await run.saveLatest(atStep(2), 3)).toBeNull();
  });

  it('continues from latest.json, or if that is damaged or missing from the latest other state, and says so', async () => {
    const run = await RunFolder.create(temporaryFolder());
    for (const step of [1, 2]) await run.saveLatest(atStep(step));
    await run.saveBest(atStep(1));
    const snapshotAt = (step: number, named = step) =>
      writeCheckpoint(join(run.path, `step-00000000${named}.json`), atStep(step));
    const cut = (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 1000));
    expect(await run.readNewestState()).toMatchObject({
      checkpoint: { training: { step: 2 } },
      path: run.latestPath,
      reason: null,
    });
    cut(run.latestPath);
    expect(await run.readNewestState()).toMatchObject({
      checkpoint: { training: { step: 1 } },
      path: run.previousPath,
      reason: expect.stringContaining('latest.json is damaged: it is cut off'),
    });
    rmSync(run.latestPath);
    expect(await run.readNewestState()).toMatchObject({
      path: run.previousPath,
      reason: `${run.latestPath} is missing`,
    });
    await run.saveBest(atStep(3));
    expect(await run.readNewestState()).toMatchObject({ checkpoint: { training: { step: 3 } }, path: run.bestPath });
    for (const step of [2, 4, 5]) await snapshotAt(step);
    cut(join(run.path, 'step-000000005.json'));
    expect(await run.readNewestState()).toMatchObject({
      checkpoint: { training: { step: 4 } },
      path: join(run.path, 'step-000000004.json'),
    });
    cut(run.bestPath);
    cut(run.previousPath);
    cut(join(run.path, 'step-000000004.json'));
    expect(await run.readNewestState()).toMatchObject({
      checkpoint: { training: { step: 2 } },
      reason: `${run.latestPath} is missing`,
    });
    rmSync(join(run.path, 'step-000000002.json'));
    await expect(run.readNewestState()).rejects.toMatchObject({
      kind: 'checkpoint',
      message: expect.stringMatching(
        /^cannot continue the run in .*: .*latest\.json is missing, and no other checkpoint in it can be read$/,
      ),
      hint: expect.stringMatching(/--force/),
    });
  });

  it('with an unreadable latest.json keeps the state that it continued from, and sets that file aside', async () => {
    const path = temporaryFolder();
    const before = await RunFolder.create(path);
    for (const step of [1, 2]) await before.saveLatest(atStep(step));
    before.close();
    writeFileSync(before.latestPath, 'damaged');
    writeFileSync(join(path, 'latest.json.damaged'), 'of another day');
    const run = (await RunFolder.open(path))!;
    expect((await run.readNewestState()).checkpoint.training.step).toBe(1);
    await run.saveLatest(atStep(3));
    expect([await stepIn(run.latestPath), await stepIn(run.previousPath)]).toEqual([3, 1]);
    expect(['', '-2'].map((count) => readFileSync(`${run.latestPath}.damaged${count}`, 'utf8'))).toEqual([
      'of another day',
      'damaged',
    ]);
    await run.saveLatest(atStep(4));
    expect([await stepIn(run.latestPath), await stepIn(run.previousPath)]).toEqual([4, 3]);
    run.close();
    (await RunFolder.create(path, { force: true })).close();
    expect(readdirSync(path)).toEqual([]);
  });

  it('prefers a snapshot to best.json of the same step, because it records whether the run is over', async () => {
    const run = await RunFolder.create(temporaryFolder());
    await run.saveBest(atStep(7));
    await run.saveLatest(atStep(7), 1);
    rmSync(run.latestPath);
    expect((await run.readNewestState()).path).toBe(join(run.path, 'step-000000007.json'));
    run.close();
  });

  it('with only a snapshot continues from it', async () => {
    const path = temporaryFolder();
    await writeCheckpoint(join(path, 'step-000000007.json'), atStep(7));
    const run = (await RunFolder.open(path))!;
    expect(await run.readNewestState()).toMatchObject({
      checkpoint: { training: { step: 7 } },
      reason: expect.stringContaining('latest.json is missing'),
    });
    run.close();
  });

  it.skipIf(!existsSync('/dev/full'))('reports that the disk is full (skipped without /dev/full)', async () => {
    const run = await RunFolder.create(temporaryFolder());
    symlinkSync('/dev/full', run.logPath);
    expect(() => run.appendLog({ event: 'report' })).toThrow(
      expect.objectContaining({ kind: 'machine', message: expect.stringContaining('the disk is full') }),
    );
  });

  it('logs one JSON object per line, and cuts the log back to a step, with a line that a crash cut off', async () => {
    const run = await RunFolder.create(temporaryFolder());
    await run.truncateLog(5);
    expect(existsSync(run.logPath)).toBe(false);
    const lines = [
      { event: 'start' },
      { event: 'report', step: 10 },
      { event: 'sample', step: 20, text: 'a\nb' },
      { event: 'report', step: 30 },
      { event: 'end', step: 30 },
    ];
    for (const line of lines) run.appendLog(line);
    writeFileSync(run.logPath, '{"event": "rep', { flag: 'a' });
    const logged = () =>
      readFileSync(run.logPath, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
    await run.truncateLog(30);
    expect(logged()).toEqual(lines);
    await run.truncateLog(20);
    expect(logged()).toEqual(lines.slice(0, 3));
    const { ino } = statSync(run.logPath);
    run.appendLog({ event: 'report', step: 21 });
    expect(logged()).toHaveLength(4);
    expect(statSync(run.logPath).ino).toBe(ino);
  });
});
