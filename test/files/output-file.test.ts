// Writing a file that the user names: which existing files it replaces, and which it never replaces.
import { execFileSync } from 'node:child_process';
import { linkSync, lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type OutputRules, refuseOutput, writeOutput } from '../../src/files/output-file.ts';
import { temporaryFolder } from '../runs/fixture.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(at('book.txt'), 'a book');
  writeFileSync(at('page'), 'ours: a page');
});

const isOurs = (start: string): boolean => start.startsWith('ours: ');
const write = (name: string, rules: OutputRules = {}): Promise<number> =>
  writeOutput(at(name), [Buffer.from('ours: '), Buffer.from('new')], rules);

/** The error that both the early check and the writing throw. Neither changes the folder. */
async function refusalOf(name: string, rules: OutputRules = {}): Promise<unknown> {
  const before = listing();
  const errors = [
    await refuseOutput(at(name), rules).catch(String),
    await write(name, rules).catch((error: unknown) => error),
  ];
  expect(errors[0]).toBe(String(errors[1]));
  expect(listing()).toEqual(before);
  return errors[1];
}

const listing = (): string[] =>
  readdirSync(folder).map((name) => {
    const status = lstatSync(at(name));
    return `${name} ${status.ino} ${status.isFile() ? readFileSync(at(name), 'utf8') : ''}`;
  });

describe('a file for the user', () => {
  it('is written completely under a free name, and leaves no other file in the folder', async () => {
    await refuseOutput(at('new'));
    expect(readdirSync(folder)).toEqual(['book.txt', 'page']);
    expect(await write('new')).toBe(9);
    expect(readFileSync(at('new'), 'utf8')).toBe('ours: new');
    expect(readdirSync(folder)).toEqual(['book.txt', 'new', 'page']);
  });

  it('replaces a file of the same format that rnn wrote', async () => {
    await refuseOutput(at('page'), { isOurs });
    await write('page', { isOurs });
    expect(readFileSync(at('page'), 'utf8')).toBe('ours: new');
  });

  it.each([
    ['with a mark', { isOurs }],
    ['without a mark', {}],
  ])('in a format %s replaces another file only with force', async (_, rules) => {
    expect(await refusalOf('book.txt', rules)).toMatchObject({
      kind: 'usage',
      message: `cannot write ${at('book.txt')}: the file already exists`,
      hint: expect.stringContaining('--force') as string,
    });
    await write('book.txt', { ...rules, force: true });
    expect(readFileSync(at('book.txt'), 'utf8')).toBe('ours: new');
  });

  it('replaces a file of rnn without a mark only with force', async () => {
    expect(await refusalOf('page')).toMatchObject({ kind: 'usage' });
  });

  it.each(['book.txt', 'another-name', 'a-link'])('never replaces a source, here named %s', async (source) => {
    linkSync(at('book.txt'), at('another-name'));
    symlinkSync('book.txt', at('a-link'));
    const sources = async (): Promise<string[]> => [at('absent'), at(source)];
    expect(await refusalOf('book.txt', { force: true, isOurs: () => true, sources })).toMatchObject({
      kind: 'usage',
      message: `cannot write ${at('book.txt')}: this command reads it`,
    });
  });

  it('does not look for sources if there is no file to replace', async () => {
    const sources = (): never => expect.unreachable();
    await refuseOutput(at('new'), { sources });
    await write('new', { sources });
  });

  it.skipIf(process.platform === 'win32').each(['folder', 'link', 'dangling', 'pipe'])(
    'never takes the place of a %s',
    async (name) => {
      mkdirSync(at('folder'));
      symlinkSync('page', at('link'));
      symlinkSync('later', at('dangling'));
      execFileSync('mkfifo', [at('pipe')]);
      expect(await refusalOf(name, { force: true })).toMatchObject({
        kind: 'machine',
        message: `cannot write ${at(name)}: it is not a plain file`,
      });
    },
  );

  it.skipIf(process.platform === 'win32')('never replaces a device', async () => {
    await expect(writeOutput('/dev/null', [], { force: true })).rejects.toMatchObject({
      message: 'cannot write /dev/null: it is not a plain file',
    });
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it.each([
    ['none/page', 'the folder does not exist'],
    ['page/page', 'a file has the name of the folder'],
    ['new/', 'it is not a plain file'],
    ['n'.repeat(300), 'a name in it is longer than the file system allows'],
  ])('at %s is refused before anything is computed for it', async (name, reason) => {
    expect(await refusalOf(name)).toMatchObject({
      kind: 'machine',
      message: `cannot write ${at(name)}: ${reason}`,
      hint: 'choose another file',
    });
  });

  it('can have any name that the system allows', async () => {
    const name = 'n'.repeat(255);
    await refuseOutput(at(name));
    await write(name);
    expect(readFileSync(at(name), 'utf8')).toBe('ours: new');
  });

  it('leaves the old file and no other file if it cannot be written completely', async () => {
    const pieces = function* (): Generator<Uint8Array> {
      yield Buffer.from('half');
      throw new Error('no more');
    };
    await expect(writeOutput(at('page'), pieces(), { isOurs })).rejects.toThrow('no more');
    expect(readFileSync(at('page'), 'utf8')).toBe('ours: a page');
    expect(readdirSync(folder)).toEqual(['book.txt', 'page']);
  });

  it('does not replace a file that appears while it is being written', async () => {
    const pieces = function* (): Generator<Uint8Array> {
      yield Buffer.from('ours');
      writeFileSync(at('new'), 'mine');
    };
    await expect(writeOutput(at('new'), pieces())).rejects.toMatchObject({ kind: 'usage' });
    expect(readFileSync(at('new'), 'utf8')).toBe('mine');
  });
});
