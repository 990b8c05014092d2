// Atomic replacement of files: the order in which data reaches the disk, and the files that remain
// if a step fails.
import type * as Fs from 'node:fs/promises';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { linkAs, renameOnto, replaceFile } from '../../src/files/atomic.ts';
import { temporaryFolder } from '../runs/fixture.ts';

/** The operations in order, and the operations that fail. */
const disk = vi.hoisted(() => ({ done: [] as string[], failing: [] as string[], refusals: [] as string[] }));

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof Fs>();
  const name = (path: unknown): string => basename(String(path)).replace(/\.[\d-]+\.tmp$/, '.tmp');
  const act = async <Result>(
    what: string,
    paths: readonly unknown[],
    effect: () => Promise<Result>,
  ): Promise<Result> => {
    const refusal = what === 'rename' ? disk.refusals.shift() : undefined;
    if (refusal !== undefined) throw Object.assign(new Error(what), { code: refusal });
    if (disk.failing.includes(what))
      throw Object.assign(new Error(what), { code: what === 'link' ? 'EPERM' : 'ENOSPC' });
    const result = await effect();
    disk.done.push([what, ...paths.map(name)].join(' '));
    return result;
  };
  return {
    ...fs,
    rename: (from: string, to: string) => act('rename', [from, to], () => fs.rename(from, to)),
    link: (from: string, to: string) => act('link', [from, to], () => fs.link(from, to)),
    copyFile: async (from: string, to: string) => {
      // As much as fits.
      if (disk.failing.includes('copy')) await fs.writeFile(to, 'ha');
      await act('copy', [from, to], () => fs.copyFile(from, to));
    },
    async open(path: string, flags: string) {
      const file = await fs.open(path, flags);
      return {
        writeFile: (piece: Uint8Array) => act('write', [path], () => file.writeFile(piece)),
        sync: () => act('flush', [path], () => file.sync()),
        close: () => file.close(),
      };
    },
  };
});

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, 'latest.json');
  writeFileSync(path, 'half a world');
  disk.done = [];
  disk.failing = [];
  disk.refusals = [];
});
const flushed = (): string => `flush ${basename(folder)}`;
const text = (file: string): string => readFileSync(file, 'utf8');
const full = { kind: 'machine', message: expect.stringMatching(/^cannot write .*: the disk is full$/) };

describe('a file that is replaced', () => {
  it('is on disk before it has its name, and its name is on disk before the call returns', async () => {
    await replaceFile(path, [Buffer.from('a '), Buffer.from('world')], () =>
      Promise.resolve(void disk.done.push('the step before renaming')),
    );
    expect(disk.done).toEqual([
      'write latest.json.tmp',
      'write latest.json.tmp',
      'flush latest.json.tmp',
      'the step before renaming',
      'rename latest.json.tmp latest.json',
      flushed(),
    ]);
    expect(text(path)).toBe('a world');
  });

  it.each(['write', 'flush', 'rename'])(
    'is unchanged if the disk fails to %s, and no other file is left',
    async (what) => {
      disk.failing = [what];
      await expect(replaceFile(path, [Buffer.from('a world')])).rejects.toMatchObject(full);
      expect([readdirSync(folder), text(path)]).toEqual([['latest.json'], 'half a world']);
    },
  );
});

describe('a new name for a file, where another program may have the old one open', () => {
  const tries = 3;

  it.each(['EPERM', 'EACCES', 'EBUSY'])('is retried after %s', async (code) => {
    disk.refusals = [code, code];
    await renameOnto(path, join(folder, 'next.json'), tries);
    expect(readdirSync(folder)).toEqual(['next.json']);
  });

  it('fails after some retries, and at once if retrying cannot help', async () => {
    disk.refusals = Array.from({ length: tries + 1 }, () => 'EBUSY');
    await expect(renameOnto(path, join(folder, 'next.json'), tries)).rejects.toMatchObject({ code: 'EBUSY' });
    expect(disk.refusals).toEqual([]);
    disk.refusals = ['ENOSPC', 'and no further'];
    await expect(renameOnto(path, join(folder, 'next.json'), tries)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect([disk.refusals, readdirSync(folder)]).toEqual([['and no further'], ['latest.json']]);
  });
});

describe('a second name', () => {
  it('appears at once and for a complete file, with links or without', async () => {
    const second = join(folder, 'second.json');
    await linkAs(path, second);
    expect(disk.done).toEqual(['link latest.json second.json.tmp', 'rename second.json.tmp second.json', flushed()]);
    disk.done = [];
    disk.failing = ['link'];
    writeFileSync(path, 'another');
    await linkAs(path, second);
    expect(disk.done).toEqual([
      'copy latest.json second.json.tmp',
      'flush second.json.tmp',
      'rename second.json.tmp second.json',
      flushed(),
    ]);
    expect([readdirSync(folder), text(second)]).toEqual([['latest.json', 'second.json'], 'another']);
  });

  it('that a file already has stays, and no other file is left', async () => {
    const second = join(folder, 'second.json');
    await linkAs(path, second);
    await linkAs(path, second);
    expect([readdirSync(folder), text(second)]).toEqual([['latest.json', 'second.json'], 'half a world']);
  });

  it('still names the earlier file if there is no space for a copy', async () => {
    const second = join(folder, 'second.json');
    writeFileSync(second, 'before');
    disk.failing = ['link', 'copy'];
    await expect(linkAs(path, second)).rejects.toMatchObject(full);
    expect([readdirSync(folder), text(second)]).toEqual([['latest.json', 'second.json'], 'before']);
  });
});
