// The traces of nohup, and cases without them.
import { expect, it } from 'vitest';
import { isHangupIgnored } from '../../../src/cli/process/hangup.ts';

const stdinOpened = (flags: string): Record<string, string> => ({
  '/proc/self/fdinfo/0': `pos:\t0\nflags:\t${flags}\nmnt_id:\t26\n`,
});
const parentIgnores = (mask: string): Record<string, string> => ({
  '/proc/77/status': `Name:\tsh\nSigBlk:\t0000000000000000\nSigIgn:\t${mask}\nSigCgt:\t0000000100004602\n`,
});

it.each([
  ['a shell has left the path of the command that it started', { _: '/usr/bin/nohup' }, {}, true],
  ['it has left another program', { _: '/usr/bin/node' }, {}, false],
  ['that is only called like it', { _: '/home/me/rnohup' }, {}, false],
  ['stdin can only be written', {}, stdinOpened('0100001'), true],
  ['stdin can be read and written, as a terminal', {}, stdinOpened('0100002'), false],
  ['stdin can be read', {}, stdinOpened('0100000'), false],
  ['the parent ignores it', {}, parentIgnores('0000000000000007'), true],
  ['the parent ignores other signals', {}, parentIgnores('0000000000001006'), false],
  ['there is no trace, and no /proc', {}, {}, false],
] as const)('where %s: %o %o', (_, env, files, expected) => {
  expect(isHangupIgnored({ env, parent: 77, read: (path) => (files as Record<string, string>)[path] ?? '' })).toBe(
    expected,
  );
});
