// Simulates another process that takes the same lock at the same moment.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { Lock } from '../../src/runs/lock.ts';

const removals = vi.hoisted(() => ({ left: 0 }));
vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  const statSync = (path: string, ...rest: []): unknown => {
    if (path.endsWith('.tmp') && removals.left-- > 0) fs.rmSync(path);
    return fs.statSync(path, ...rest);
  };
  return { ...fs, default: fs, statSync };
});

it('taking a lock succeeds if another process removes the temporary file of the lock', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-lock-race-'));
  try {
    removals.left = 2;
    const lock = Lock.take(folder);
    expect(lock.isThere()).toBe(true);
    expect(removals.left).toBe(-1);
    lock.release();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
