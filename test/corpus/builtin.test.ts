import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtinCorpora, writeBuiltin } from '../../src/corpus/builtin.ts';
import { failureOf, folderWith, read } from './fixture.ts';

describe('the sonnets', () => {
  it('are numbered poems in plain ASCII', async () => {
    const folder = path.join(folderWith({}), 'corpora');
    const file = await writeBuiltin('sonnets', folder);
    expect(file).toBe(path.join(folder, 'sonnets.txt'));
    expect(readdirSync(folder)).toEqual(['sonnets.txt']);
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(
      /^I\n\nFrom fairest creatures we desire increase,\nThat thereby beauty's rose might never die,\n/,
    );
    expect(text).toContain("\n\nXVIII\n\nShall I compare thee to a summer's day?\n");
    expect(text).toMatch(
      /\n\nCLIV\n\nThe little Love-god lying once asleep,\n(.+\n){12}Love's fire heats water, water cools not love\.\n$/,
    );
    expect(text.match(/^[IVXLC]+$/gm)).toHaveLength(154);
    expect(text).toMatch(/^[\n -~]+$/);
    expect(text).not.toMatch(/[ \t]$/m);
    expect((await read(file)).characters).toBeGreaterThan(90_000);
  });

  it('can be written by several processes at the same time', async () => {
    const folder = path.join(folderWith({}), 'corpora');
    await expect(Promise.all([1, 2, 3, 4].map(() => writeBuiltin('sonnets', folder)))).resolves.toHaveLength(4);
    expect(readdirSync(folder)).toEqual(['sonnets.txt']);
  });

  it('can be written again, but do not overwrite another text', async () => {
    const folder = folderWith({});
    const file = await writeBuiltin('sonnets', folder);
    expect(await writeBuiltin('sonnets', folder)).toBe(file);
    const other = folderWith({ 'sonnets.txt': 'mine' });
    const error = await failureOf(writeBuiltin('sonnets', other));
    expect(error).toMatchObject({ kind: 'usage', hint: 'replace it with --force, or name another file' });
    expect(readFileSync(path.join(other, 'sonnets.txt'), 'utf8')).toBe('mine');
    await writeBuiltin('sonnets', other, { force: true });
    expect(readFileSync(path.join(other, 'sonnets.txt'), 'utf8')).toContain('From fairest creatures');
  });

  it.skipIf(process.platform === 'win32')(
    'do not replace a folder or a link (links are not tested on Windows)',
    async () => {
      const folder = folderWith({ mine: 'mine' });
      symlinkSync('mine', path.join(folder, 'sonnets.txt'));
      expect(await failureOf(writeBuiltin('sonnets', folder))).toMatchObject({ kind: 'machine' });
      expect(await failureOf(writeBuiltin('sonnets', folder, { force: true }))).toMatchObject({ kind: 'machine' });
      expect(readFileSync(path.join(folder, 'mine'), 'utf8')).toBe('mine');
      const other = folderWith({});
      mkdirSync(path.join(other, 'sonnets.txt'));
      expect(await failureOf(writeBuiltin('sonnets', other))).toMatchObject({ kind: 'machine' });
    },
  );
});

describe('built-in corpora', () => {
  it('are listed with a description', () => {
    expect(builtinCorpora).toContainEqual({
      name: 'sonnets',
      description: expect.stringContaining('154 sonnets') as string,
    });
  });

  it('are listed when the name of a corpus is unknown', async () => {
    for (const name of ['plays', 'toString', '../sonnets']) {
      expect(await failureOf(writeBuiltin(name, folderWith({})))).toMatchObject({
        kind: 'usage',
        hint: 'use sonnets',
        message: `built-in corpus not found: ${name}`,
      });
    }
  });

  it('cannot be written to a read-only place, and name the file', async () => {
    const folder = path.join(folderWith({ file: '' }), 'file');
    const error = await failureOf(writeBuiltin('sonnets', folder));
    expect(error.kind).toBe('machine');
    expect(error.message).toContain(`cannot write ${path.join(folder, 'sonnets.txt')}`);
  });
});
