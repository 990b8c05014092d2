// Other things in the place of a run folder and its files, before a run and during it.
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RunFolder, findCheckpoint, readCheckpoint } from '../../src/runs/store.ts';
import { writeCheckpoint } from '../../src/runs/write.ts';
import { smallCheckpoint, temporaryFolder } from './fixture.ts';

const atStep = (step: number) => {
  const checkpoint = smallCheckpoint();
  return { ...checkpoint, training: { ...checkpoint.training, step } };
};

async function begin(): Promise<RunFolder> {
  const run = await RunFolder.create(join(temporaryFolder(), 'run'));
  onTestFinished(() => run.close());
  await run.saveLatest(atStep(1));
  return run;
}

const isRoot = process.getuid?.() === 0;

/** As a user with limited permissions. */
async function withoutRights(act: () => Promise<void>): Promise<void> {
  if (isRoot) process.seteuid?.(65_534);
  try {
    await act();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe('a run folder', () => {
  it('with a folder in the place of one of its files is refused, even with --force, before anything is removed', async () => {
    const path = temporaryFolder();
    for (const file of ['best.json', 'latest.json']) writeFileSync(join(path, file), '');
    mkdirSync(join(path, 'previous.json'));
    await expect(RunFolder.create(path, { force: true })).rejects.toMatchObject({
      kind: 'usage',
      message: `cannot write ${join(path, 'previous.json')}, a file of the run: it is a folder`,
      hint: expect.stringContaining('move that folder away'),
    });
    expect(readdirSync(path)).toEqual(['best.json', 'latest.json', 'previous.json']);
  });

  it('names the folder that has replaced one of its files', async () => {
    const run = await begin();
    mkdirSync(run.previousPath);
    await expect(run.saveLatest(atStep(2))).rejects.toMatchObject({
      kind: 'machine',
      message: `cannot write ${run.previousPath}: ${run.previousPath} is a folder`,
    });
    rmSync(run.previousPath, { recursive: true });
    await run.saveLatest(atStep(3));
  });

  it('that a file has replaced is a failure of the machine, which may pass', async () => {
    const run = await begin();
    renameSync(run.path, `${run.path}-away`);
    writeFileSync(run.path, 'of another program');
    await expect(run.saveLatest(atStep(2))).rejects.toMatchObject({
      kind: 'machine',
      message: `cannot make the run folder ${run.path}: a file has the name of the folder`,
    });
    expect(readFileSync(run.path, 'utf8')).toBe('of another program');
    rmSync(run.path);
    renameSync(`${run.path}-away`, run.path);
    await run.saveLatest(atStep(3));
  });

  it('that was swapped for the folder of another run during a save is not changed', async () => {
    const run = await begin();
    const other = join(temporaryFolder(), 'other');
    mkdirSync(other);
    await writeCheckpoint(join(other, 'latest.json'), atStep(77));
    await writeCheckpoint(join(other, 'best.json'), atStep(76));
    const { tensors, ...rest } = atStep(2);
    const [first] = tensors;
    const swapping = {
      ...first,
      get data() {
        if (readdirSync(run.path).some((file) => file.endsWith('.tmp'))) {
          renameSync(run.path, `${run.path}-away`);
          cpSync(other, run.path, { recursive: true });
        }
        return first.data;
      },
    };
    await expect(run.saveLatest({ ...rest, tensors: [swapping, ...tensors.slice(1)] })).rejects.toMatchObject({
      kind: 'machine',
    });
    await expect(run.saveLatest(atStep(3))).rejects.toMatchObject({ kind: 'busy' });
    expect((await readCheckpoint(run.latestPath)).training.step).toBe(77);
  });

  it.skipIf(process.platform === 'win32')(
    'next to the target of a link is the same folder for reading and writing (skipped on Windows)',
    async () => {
      const folder = temporaryFolder();
      mkdirSync(join(folder, 'real', 'deep'), { recursive: true });
      mkdirSync(join(folder, 'run'));
      symlinkSync(join('real', 'deep'), join(folder, 'link'));
      writeFileSync(join(folder, 'run', 'latest.json'), 'of another run');
      const run = await RunFolder.create(`${folder}/link/../run`);
      await run.saveLatest(atStep(1));
      run.close();
      expect(readdirSync(join(folder, 'real', 'run'))).toEqual(['latest.json']);
      expect(readFileSync(join(folder, 'run', 'latest.json'), 'utf8')).toBe('of another run');
      expect((await readCheckpoint(await findCheckpoint(run.path))).training.step).toBe(1);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'without permission to read it is not mistaken for an empty folder (skipped on Windows)',
    async () => {
      const run = await begin();
      onTestFinished(() => chmodSync(run.path, 0o700));
      chmodSync(run.path, 0o300);
      await withoutRights(() =>
        expect(RunFolder.holdsRun(run.path)).rejects.toMatchObject({
          kind: 'machine',
          message: `cannot read the folder ${run.path}: permission denied`,
        }),
      );
    },
  );

  it.runIf(isRoot)(
    "with another user's files in a shared folder cannot be written (skipped except for root)",
    async () => {
      const path = temporaryFolder();
      writeFileSync(join(path, 'best.json'), '');
      chmodSync(path, 0o1777);
      await withoutRights(() =>
        expect(RunFolder.create(path, { force: true })).rejects.toMatchObject({
          kind: 'machine',
          message: `cannot make the run folder ${path}: you have no permission to write there`,
        }),
      );
      expect(readdirSync(path)).toEqual(['best.json']);
    },
  );
});

describe('finding a checkpoint', () => {
  it.skipIf(process.platform === 'win32')(
    'accepts a path that is not a file, which reading then refuses (skipped on Windows)',
    async () => {
      const run = temporaryFolder();
      symlinkSync('/dev/null', join(run, 'best.json'));
      expect(await findCheckpoint(run)).toBe(join(run, 'best.json'));
      await expect(readCheckpoint(join(run, 'best.json'))).rejects.toMatchObject({
        message: expect.stringContaining('is not a file'),
      });
    },
  );
});
