// Two processes that take over one lock. Whatever the first has done when the second acts, one of
// them has the lock.
import { spawnSync } from 'node:child_process';
import type * as Fs from 'node:fs';
import { existsSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { Lock } from '../../src/runs/lock.ts';
import { lockFile } from '../../src/runs/run-files.ts';
import { temporaryFolder } from './fixture.ts';

/** A callback before a call to the file system. */
const disk = vi.hoisted(() => ({ calls: 0, interruptAt: -1, interrupt: () => {} }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>();
  const interruptible = <Given extends unknown[], Result>(act: (...given: Given) => Result) => {
    return (...given: Given): Result => {
      if (disk.calls++ === disk.interruptAt) disk.interrupt();
      return act(...given);
    };
  };
  const { closeSync, fstatSync, linkSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } = fs;
  const used = { closeSync, fstatSync, linkSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync };
  return {
    ...fs,
    ...Object.fromEntries(
      Object.entries(used).map(([name, act]) => [name, interruptible(act as (...given: unknown[]) => unknown)]),
    ),
  };
});

afterEach(() => {
  disk.interruptAt = -1;
});

const gone = spawnSync(process.execPath, ['-e', '0']).pid;

const leftBehind = JSON.stringify({ token: 'theirs', pid: gone, host: hostname(), since: '2026-01-01T00:00:00.000Z' });

/** A folder with the lock of a process that has ended. */
function abandoned(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, lockFile), leftBehind);
  utimesSync(join(folder, lockFile), 1, 1);
  return folder;
}

/** The lock, or the error. */
function attempt(folder: string): Lock | string {
  try {
    return Lock.take(folder);
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * A folder with the lock of a process that is gone, and the claim of a process that was killed
 * while it took the lock over.
 */
function abandonedTwice(): string {
  const folder = abandoned();
  const claims: string[] = [];
  disk.interrupt = () => {
    claims.push(...readdirSync(folder).filter((name) => /^lock\.json\.[\da-f]{16}\.tmp$/.test(name)));
    if (claims.length > 0) throw new Error('killed');
  };
  for (let moment = 0; claims.length === 0; moment++) {
    disk.calls = 0;
    disk.interruptAt = moment;
    rmSync(join(folder, lockFile));
    writeFileSync(join(folder, lockFile), leftBehind);
    utimesSync(join(folder, lockFile), 1, 1);
    attempt(folder);
  }
  disk.interruptAt = -1;
  writeFileSync(join(folder, claims[0]), leftBehind);
  return folder;
}

it.each([
  ['a lock', abandoned],
  ['a lock with a claim on it', abandonedTwice],
])('%s that was left behind goes to one of two processes, whenever the second comes', (_, leave) => {
  let moments = 0;
  for (let hasCome = true; hasCome; moments++) {
    const folder = leave();
    const came: (Lock | string)[] = [];
    disk.interrupt = () => void came.push(attempt(folder));
    disk.calls = 0;
    disk.interruptAt = moments;
    came.push(attempt(folder));
    disk.interruptAt = -1;
    hasCome = came.length === 2;
    const holders = came.filter((lock) => lock instanceof Lock);
    expect(holders.length, `at moment ${moments}`).toBe(1);
    expect(came.filter((lock) => !(lock instanceof Lock) && !lock.includes('is training there'))).toEqual([]);
    holders[0].ensure(folder, () => false);
    expect(readdirSync(folder)).toEqual([lockFile]);
    holders[0].release();
  }
  expect(moments).toBeGreaterThan(10);
});

it('a process that is killed while it takes a lock over does not block others', () => {
  const folder = abandoned();
  for (let moment = 0, wasKilled = true; wasKilled; moment++) {
    const left = new Map<string, string>();
    disk.interrupt = () => {
      for (const name of readdirSync(folder))
        left.set(name, readFileSync(join(folder, name), 'utf8').replace(`"pid":${process.pid}`, `"pid":${gone}`));
      throw new Error('killed');
    };
    disk.calls = 0;
    disk.interruptAt = moment;
    wasKilled = attempt(folder) === 'killed';
    disk.interruptAt = -1;
    // The files that it could not remove any more.
    for (const [name, content] of left)
      if (name !== lockFile || !existsSync(join(folder, name))) writeFileSync(join(folder, name), content);
    expect(!wasKilled || attempt(folder) instanceof Lock, `at moment ${moment}`).toBe(true);
    rmSync(join(folder, lockFile));
    writeFileSync(join(folder, lockFile), leftBehind);
    utimesSync(join(folder, lockFile), 1, 1);
  }
});
