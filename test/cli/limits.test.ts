// The program in a process that the system or Node limits: it ends, says which limit it reached,
// and does not call that a bug of rnn.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { allocateSharedMemory } from '../../src/devices/cpu/memory.ts';
import { temporaryFolder } from '../runs/fixture.ts';
import { canMount, isBuilt, patience, shell } from './process.ts';

const limits = [
  {
    limit: 'sizes of files',
    set: 'ulimit -f 4',
    code: 1,
    error: 'the limit on the size of files is reached',
    hint: 'ulimit -f',
  },
  {
    limit: 'compiled code',
    set: 'export NODE_OPTIONS=--jitless',
    code: 6,
    error: 'cannot use WebAssembly',
    hint: '--jitless',
  },
];

it.runIf(isBuilt && process.platform === 'linux').each(limits)(
  'a limit on $limit is named, with the command that raises it',
  async ({ set, code, error, hint }) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'text'), 'hello, limits. '.repeat(100));
    const ran = await shell(`${set}; rnn train text --threads 2 --hidden 8 --max-steps 2 --quiet`, {
      folder,
    });
    expect(ran).toMatchObject({ code, stderr: expect.stringContaining(error) });
    expect(ran.stderr).toMatch(/^hint: /m);
    expect(ran.stderr).toContain(hint);
    expect(ran.stderr).not.toContain('bug');
  },
  patience,
);

it.runIf(isBuilt && process.platform === 'linux')(
  'where there is no /proc, all memory is not taken for used (skipped where no mounts can be made)',
  async ({ skip }) => {
    const folder = temporaryFolder();
    if (!canMount(folder)) return skip();
    writeFileSync(join(folder, 'text'), 'hello, limits. '.repeat(100));
    const line = 'mount -t tmpfs none /proc && rnn train text --threads 1 --hidden 8 --max-steps 2 --quiet';
    expect(await shell(line, { folder, isolated: true })).toEqual({ code: 0, stdout: '', stderr: '' });
  },
  patience,
);

it('an error for lack of memory names the command that raises the limit', () => {
  const refused = vi.spyOn(WebAssembly, 'Memory').mockImplementation(function () {
    throw new RangeError('WebAssembly.Memory(): could not allocate memory');
  });
  onTestFinished(() => refused.mockRestore());
  expect(() => allocateSharedMemory(3)).toThrow(
    expect.objectContaining({
      kind: 'machine',
      message: 'cannot allocate 1 MB of shared memory: the system refuses it',
      hint: expect.stringContaining('ulimit -v'),
    }),
  );
});
