// Cleaning up: the error that the caller gets when both the work and the cleaning up fail.
import { writeFileSync } from 'node:fs';
import type * as Fs from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { RunFolder } from '../../src/runs/store.ts';
import { withCleanup } from '../../src/files/cleanup.ts';
import { writeOutput } from '../../src/files/output-file.ts';
import { smallCheckpoint, temporaryFolder } from '../runs/fixture.ts';

/** The disk operations that fail. Each error has the name of its operation. */
const disk = vi.hoisted(() => ({ failing: [] as string[] }));

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof Fs>();
  const failing = (what: string): Promise<never> | null =>
    disk.failing.includes(what) ? Promise.reject(Object.assign(new Error(what), { code: 'EPERM' })) : null;
  return {
    ...fs,
    rename: (from: string, to: string) => failing('rename') ?? fs.rename(from, to),
    rm: (path: string, options: { force: boolean }) => failing('rm') ?? fs.rm(path, options),
    async open(path: string, flags: string) {
      const file = await fs.open(path, flags);
      return {
        writeFile: (piece: Uint8Array) => failing('write') ?? file.writeFile(piece),
        sync: () => file.sync(),
        close: () => file.close().then(() => failing('close')),
      };
    },
  };
});

const fails =
  (message: string): (() => Promise<never>) =>
  () =>
    Promise.reject(new Error(message));

describe('cleaning up', () => {
  it('follows the work, and returns its result', async () => {
    const done: string[] = [];
    const work = async (): Promise<number> => {
      done.push('work');
      return 7;
    };
    expect(await withCleanup(work, async () => done.push('cleaning up'))).toBe(7);
    expect(done).toEqual(['work', 'cleaning up']);
  });

  it('does not hide why the work failed', async () => {
    await expect(withCleanup(fails('the cause'), fails('its effect'))).rejects.toThrow('the cause');
  });

  it('is reported if it fails after successful work', async () => {
    await expect(withCleanup(async () => 7, fails('not closed'))).rejects.toThrow('not closed');
  });
});

describe('the cause of an error is not hidden by a later failure to remove or close a file', () => {
  it.each([
    ['rename', ['rename', 'rm']],
    ['write', ['write', 'close', 'rm']],
  ])('when a checkpoint replaces another, and %s fails', async (cause, failing) => {
    const folder = await RunFolder.create(join(temporaryFolder(), 'run'));
    await folder.saveLatest(smallCheckpoint());
    disk.failing = failing;
    const error: unknown = await folder.saveLatest(smallCheckpoint()).catch((caught: unknown) => caught);
    disk.failing = [];
    folder.close();
    expect(error).toMatchObject({ kind: 'machine', cause: { message: cause } });
  });

  it('when a file for the user is written', async () => {
    const path = join(temporaryFolder(), 'page');
    writeFileSync(path, 'old');
    disk.failing = ['write', 'close', 'rm'];
    const error: unknown = await writeOutput(path, [Buffer.from('new')], { force: true }).catch(
      (caught: unknown) => caught,
    );
    disk.failing = [];
    expect(error).toMatchObject({ kind: 'machine', cause: { message: 'write' } });
  });
});
