// The effects of the command line on its process.
import { expect, it } from 'vitest';
import { nodeFlags } from '../../../src/cli/process/child.ts';
import { endingSignals, signalCodes } from '../../../src/cli/process/signals.ts';

it('importing a module does not listen for signals, even in a process that must outlive its terminal', async () => {
  const before = process.listenerCount('SIGHUP');
  const shell = process.env._;
  process.env._ = '/usr/bin/nohup';
  try {
    const { openProcessIo } = await import('../../../src/cli/process/io.ts');
    expect(process.listenerCount('SIGHUP')).toBe(before);
    openProcessIo();
    expect(process.listenerCount('SIGHUP')).toBe(before + 1);
  } finally {
    if (shell === undefined) delete process.env._;
    else process.env._ = shell;
    for (const listener of process.listeners('SIGHUP').slice(before))
      process.off('SIGHUP', listener as NodeJS.SignalsListener);
  }
});

it('a process that is started for a run has the flags of node, without the debugger flags', () => {
  expect(nodeFlags(['--max-old-space-size=8192', '--inspect=9230', '--inspect-brk', '--stack-size=2000'])).toEqual([
    '--max-old-space-size=8192',
    '--stack-size=2000',
  ]);
});

it.skipIf(process.platform === 'win32')('each signal has its own exit code, as in a shell', () => {
  expect(new Set(endingSignals.map((signal) => signalCodes[signal])).size).toBe(endingSignals.length);
  expect(signalCodes).toMatchObject({
    SIGINT: 130,
    SIGTERM: 143,
    SIGHUP: 129,
    SIGQUIT: 131,
    SIGALRM: 142,
    SIGXCPU: 152,
  });
});
