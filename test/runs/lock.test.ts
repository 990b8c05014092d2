// Which process may write a run folder.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Lock, isHeld } from '../../src/runs/lock.ts';
import { lockFile } from '../../src/runs/run-files.ts';
import { temporaryFolder } from './fixture.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, lockFile);
});

const isChanged = () => false;
const inUse = {
  kind: 'busy',
  message: expect.stringContaining('is training there'),
  hint: expect.stringContaining('--out'),
};

/** Writes the lock of another process. */
function leave(holder: Partial<{ pid: number; host: string; pids: string }>, ageSeconds = 0): void {
  writeFileSync(
    path,
    `${JSON.stringify({ token: 'theirs', pid: 1, host: hostname(), since: '2026-01-01T00:00:00.000Z', ...holder })}\n`,
  );
  const time = Date.now() / 1000 - ageSeconds;
  utimesSync(path, time, time);
}

/** The PID of a process that has ended. */
async function goneProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'exit');
  return child.pid!;
}

describe('a lock', () => {
  it('is held until it is released, and leaves nothing behind', () => {
    const lock = Lock.take(folder);
    expect(() => Lock.take(folder)).toThrow(expect.objectContaining(inUse));
    expect(() => Lock.take(folder)).toThrow(`another process (PID ${process.pid} on ${hostname()}, since `);
    expect(() => Lock.refuseIfHeld(folder)).toThrow(expect.objectContaining(inUse));
    expect(readdirSync(folder)).toEqual([lockFile]);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    Lock.refuseIfHeld(folder);
    Lock.take(folder).release();
  });

  it('of a living process of this machine is valid, even without a renewal for half a minute', () => {
    leave({ pid: process.ppid }, 30);
    expect(() => Lock.take(folder)).toThrow(`PID ${process.ppid} on ${hostname()}`);
    expect(readFileSync(path, 'utf8')).toContain('theirs');
  });

  it('of a process that is gone is taken over immediately', async () => {
    leave({ pid: await goneProcess() });
    Lock.refuseIfHeld(folder);
    const lock = Lock.take(folder);
    expect(readFileSync(path, 'utf8')).not.toContain('theirs');
    lock.release();
  });

  it('of an earlier process with the number of this one, as in a container that was started again, is taken over', () => {
    leave({ pid: process.pid });
    const lock = Lock.take(folder);
    expect(readFileSync(path, 'utf8')).not.toContain('theirs');
    lock.release();
  });

  it('from another machine is valid while it is fresh, and taken over when it is old', () => {
    leave({ pid: 1, host: 'elsewhere' }, 20);
    expect(() => Lock.take(folder)).toThrow('PID 1 on elsewhere');
    leave({ pid: 1, host: 'elsewhere' }, 300);
    Lock.take(folder).release();
  });

  it('from the future, because the clock was set back, is taken over', () => {
    leave({ pid: 1, host: 'elsewhere' }, -20);
    expect(() => Lock.take(folder)).toThrow('PID 1 on elsewhere');
    leave({ pid: 1, host: 'elsewhere' }, -300);
    expect(isHeld(folder)).toBe(false);
    Lock.take(folder).release();
  });

  it('from a container with the name of this machine and other process numbers is valid while it is fresh', async () => {
    const elsewhere = { pid: await goneProcess(), pids: 'pid:[1]' };
    leave(elsewhere, 20);
    expect(() => Lock.take(folder)).toThrow(expect.objectContaining(inUse));
    leave({ ...elsewhere, pid: process.pid }, 20);
    expect(() => Lock.take(folder)).toThrow(expect.objectContaining(inUse));
    leave(elsewhere, 300);
    Lock.take(folder).release();
  });

  it('of a process that is gone is taken over immediately by a process with the same numbering', async () => {
    Lock.take(folder); // the lock of a process that will not exist
    const left = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...left, token: 'theirs', pid: await goneProcess() }));
    const lock = Lock.take(folder);
    expect(readFileSync(path, 'utf8')).not.toContain('theirs');
    lock.release();
  });

  it.skipIf(process.platform === 'win32')(
    'cannot be a named pipe, for which reading would wait (skipped on Windows)',
    () => {
      const refusal = {
        kind: 'usage',
        message: `cannot use ${path} as the lock of a run: it is not a plain file`,
        hint: expect.stringContaining('move it away'),
      };
      execFileSync('mkfifo', [path]);
      expect(() => Lock.take(folder)).toThrow(expect.objectContaining(refusal));
      expect(() => Lock.refuseIfHeld(folder)).toThrow(expect.objectContaining(refusal));
    },
  );

  it('cannot be a link: a broken link would block every process and look like a held lock', () => {
    symlinkSync(join(folder, 'nowhere'), path);
    expect(() => Lock.take(folder)).toThrow(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining(path) }),
    );
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  it('that is too large is not read', () => {
    writeFileSync(path, '');
    truncateSync(path, 2 ** 40);
    expect(() => Lock.take(folder)).toThrow(`cannot train in ${folder}: another process is training there`);
    utimesSync(path, 1, 1);
    Lock.take(folder).release();
  });

  it.each(['', '{', '[]', '{"token": 5}', '{"token":"a","pid":-1,"host":"x","since":""}'])(
    'without valid contents (%j) is valid while it is fresh',
    (text) => {
      writeFileSync(path, text);
      expect(() => Lock.take(folder)).toThrow(`cannot train in ${folder}: another process is training there`);
      utimesSync(path, 1, 1);
      Lock.take(folder).release();
    },
  );

  it('that another process took over is noticed before anything is written, and not removed', () => {
    const lock = Lock.take(folder);
    lock.ensure(folder, isChanged);
    leave({ pid: process.ppid });
    expect(() => lock.ensure(folder, isChanged)).toThrow(
      expect.objectContaining({
        kind: 'busy',
        message: expect.stringContaining(
          `(PID ${process.ppid} on ${hostname()}, since 2026-01-01T00:00:00.000Z) took it over`,
        ),
      }),
    );
    lock.release();
    expect(readFileSync(path, 'utf8')).toContain('theirs');
  });

  it('that is gone is taken again if the run is unchanged, and otherwise counts as taken over by a process that has ended', () => {
    const lock = Lock.take(folder);
    rmSync(path);
    expect(() => lock.ensure(folder, isChanged)).toThrow(/took it over/);
    lock.ensure(folder, () => true);
    expect(existsSync(path)).toBe(true);
    lock.ensure(folder, isChanged);
    lock.release();
  });
});

describe('a lock that is held', () => {
  afterEach(() => void vi.useRealTimers());

  it.skipIf(process.platform === 'win32')('is not renewed if a named pipe has replaced it (skipped on Windows)', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = Lock.take(folder);
    rmSync(path);
    execFileSync('mkfifo', [path]);
    vi.advanceTimersByTime(30_000);
    lock.release();
    expect(statSync(path).isFIFO()).toBe(true);
  });

  it('is renewed every few seconds, but not after another process has taken it over', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = Lock.take(folder);
    utimesSync(path, 1, 1);
    vi.advanceTimersByTime(30_000);
    expect(statSync(path).mtimeMs).toBeGreaterThan(1e12);
    leave({ pid: process.ppid });
    utimesSync(path, 1, 1);
    vi.advanceTimersByTime(30_000);
    expect(statSync(path).mtimeMs).toBe(1000);
    lock.release();
  });
});

const built = new URL('../../dist/runs/lock.js', import.meta.url);

describe.skipIf(!existsSync(built))(
  'of many processes that take a lock at the same moment (needs npm run build)',
  { timeout: 60_000 },
  () => {
    /**
     * The answers of six processes that are asked to take the lock, and which of them holds it
     * then.
     */
    async function race(): Promise<{ said: readonly unknown[]; holder: number }> {
      // A process that stopped listening would end, and leave its lock to later processes.
      const script = `const { Lock } = await import(${JSON.stringify(built.href)});
      process.on('message', () => {
        try { Lock.take(${JSON.stringify(folder)}); process.send('has it'); } catch (error) { process.send(error.kind === 'busy' ? 'refused' : error.stack); }
      });
      process.send('ready');`;
      const children: ChildProcess[] = Array.from({ length: 6 }, () =>
        spawn(process.execPath, ['--input-type=module', '-e', script], {
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        }),
      );
      const next = (child: ChildProcess): Promise<unknown> =>
        once(child, 'message').then(([message]) => message as unknown);
      await Promise.all(children.map(next));
      const answers = Promise.all(children.map(next));
      for (const child of children) child.send('go');
      const said = await answers;
      const { pid } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number };
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
      return { said, holder: children.findIndex((child) => child.pid === pid) };
    }

    it('one process gets a free lock, and all others are refused', async () => {
      const { said, holder } = await race();
      expect(said.toSorted()).toEqual(['has it', ...new Array<string>(5).fill('refused')]);
      expect(said[holder]).toBe('has it');
    });

    it('one process takes over a lock that was left behind, and all others are refused', async () => {
      leave({ pid: await goneProcess() });
      const { said, holder } = await race();
      expect(said.toSorted()).toEqual(['has it', ...new Array<string>(5).fill('refused')]);
      expect(said[holder]).toBe('has it');
    });
  },
);
