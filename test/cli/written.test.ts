// Files that commands are asked to write: refused before anything is computed for them.
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refuseUnwritable } from '../../src/cli/written.ts';
import { rnn } from './helpers.ts';

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-written-'));
  await writeFile(at('old.html'), 'old');
  await mkdir(at('folder'));
  await symlink(at('later.html'), at('link.html'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a file to be written', () => {
  it('is left as it is, and not made, before there is anything to write', async () => {
    const before = await readdir(folder);
    await refuseUnwritable(at('old.html'), at('new.html'), at('link.html'), undefined, '-', '/dev/null');
    expect(await readdir(folder)).toEqual(before);
    expect(await readFile(at('old.html'), 'utf8')).toBe('old');
  });

  it.each(['none/page.html', 'folder', 'old.html/page.html', 'new/', `${'n'.repeat(300)}.html`])('%s is refused', async (name) => {
    await expect(refuseUnwritable(at(name))).rejects.toMatchObject({
      kind: 'machine',
      message: expect.stringContaining(`${at(name)} could not be written: `),
    });
  });

  it.each([
    ['eval', '--html'],
    ['inspect', '--html'],
    ['inspect', '--record'],
    ['gradients', '--html'],
    ['gradients', '--svg'],
    ['plot', '--html'],
    ['plot', '--svg'],
    ['story', '--html'],
  ])('rnn %s %s refuses it before it looks for a model', async (command, flag) => {
    const file = at(flag === '--record' ? 'none/cells.npz' : 'none/page');
    const { code, stderr, stdout } = await rnn([command, at('missing'), flag, file]);
    expect(stderr).toContain(`${file} could not be written: `);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });
});
