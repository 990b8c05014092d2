// The log of a run on a disk that fills up, and with invalid lines in it.
import { execFileSync } from 'node:child_process';
import type * as Fs from 'node:fs';
import type * as FsPromises from 'node:fs/promises';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { appendLine, truncateLog } from '../../src/runs/log.ts';
import { temporaryFolder } from './fixture.ts';

const disk = vi.hoisted(() => ({ isFull: false, read: [] as string[] }));
/** A disk that takes half of the given bytes, and then no more. */
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>();
  return {
    ...fs,
    appendFileSync(file: number, text: string) {
      fs.appendFileSync(file, disk.isFull ? text.slice(0, text.length / 2) : text);
      if (disk.isFull) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    },
  };
});

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof FsPromises>();
  return {
    ...fs,
    readFile(file: string) {
      disk.read.push(file);
      return fs.readFile(file);
    },
  };
});

let path: string;
beforeEach(() => {
  path = join(temporaryFolder(), 'log.jsonl');
});
const lines = (): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

describe('a log', () => {
  it('has no part of a line that a full disk did not take, and the next line complete', () => {
    appendLine(path, { step: 1 });
    disk.isFull = true;
    expect(() => appendLine(path, { step: 2, more: 'of it' })).toThrow(
      expect.objectContaining({ kind: 'machine', message: `cannot write ${path}: the disk is full` }),
    );
    disk.isFull = false;
    appendLine(path, { step: 3 });
    expect(lines()).toEqual(['{"step":1}', '{"step":3}']);
  });

  it('is cut back to a step past invalid lines and a cut-off last line', async () => {
    const before = [
      '{"step":1}',
      '{"event":"rep{"step":2}',
      'null',
      '7',
      '{"step":{"of":5}}',
      '{"step":"9"}',
      '',
      '{"event":"start"}',
      '{"step":3}',
    ];
    writeFileSync(path, `${before.join('\n')}\n{"step":4}\n{"step":2}\n{"st`);
    await truncateLog(path, 3);
    expect(lines()).toEqual(before);
    writeFileSync(path, `${before.join('\n')}\n{"st`);
    await truncateLog(path, 3);
    expect(lines()).toEqual(before);
  });

  it('is cut back to the events that had happened at a step', async () => {
    const done = ['{"event":"sample","step":2}', '{"event":"report","step":3}', '{"event":"evaluation","step":3}'];
    writeFileSync(path, `${[...done, '{"event":"sample","step":3}', '{"event":"end","step":3}'].join('\n')}\n`);
    await truncateLog(path, 3, ['sample']);
    expect(lines()).toEqual(done);
  });

  it('is not created by cutting it back', async () => {
    await truncateLog(path, 3);
    expect(existsSync(path)).toBe(false);
  });

  it('cannot be a folder', async () => {
    mkdirSync(path);
    const refusal = {
      kind: 'machine',
      message: `cannot write ${path}: it is not a file`,
      hint: expect.stringContaining('move it away'),
    };
    expect(() => appendLine(path, {})).toThrow(expect.objectContaining(refusal));
    await expect(truncateLog(path, 3)).rejects.toMatchObject(refusal);
  });

  it.skipIf(!existsSync('/dev/null'))(
    'may be a device, which is not read to its end to be cut back (where there is /dev/null)',
    async () => {
      symlinkSync('/dev/null', path);
      appendLine(path, { step: 5 });
      disk.read = [];
      await truncateLog(path, 3);
      expect(disk.read).toEqual([]);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'cannot be a named pipe, for which rnn would wait for ever (skipped on Windows)',
    async () => {
      const pipe = `${path}.pipe`;
      execFileSync('mkfifo', [pipe]);
      symlinkSync(pipe, path);
      expect(() => appendLine(path, {})).toThrow(`cannot write ${path}: it is not a file`);
      await expect(truncateLog(path, 3)).rejects.toThrow(`cannot write ${path}: it is not a file`);
    },
  );
});
