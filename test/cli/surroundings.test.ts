// The program as other programs start it: with another standard input, in another working folder.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../runs/fixture.ts';
import { isBuilt, patience, shell } from './process.ts';

const surroundings = [
  {
    what: 'whose input is a folder',
    line: 'rnn train - <.',
    code: 3,
    error: 'cannot read standard input: it is a folder',
  },
  {
    what: 'whose input can only be written',
    line: 'rnn train - 0>here',
    code: 3,
    error: 'cannot read standard input: EBADF',
  },
  {
    what: 'whose folder was removed',
    line: 'cd gone; rmdir ../gone; rnn train ../text',
    code: 1,
    error: 'the current folder was removed',
  },
];

it.runIf(isBuilt && process.platform !== 'win32').each(surroundings)(
  'a program $what says so, and blames no bug of its own',
  async ({ line, code, error }) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'gone'));
    writeFileSync(join(folder, 'text'), 'hello, surroundings. '.repeat(100));
    const ran = await shell(line, { folder });
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/^error: .*\nhint: .*\n$/) });
    expect(ran.stderr).toContain(error);
  },
  patience,
);
