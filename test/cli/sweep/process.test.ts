// `rnn sweep` with its runs in separate processes, as users run it: they save when it is
// interrupted or killed.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { begin, isBuilt, patience } from '../process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-sweeps-'));
  writeFileSync(join(folder, 'text.txt'), 'the quick brown fox jumps over the lazy dog\n'.repeat(60));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (...names: string[]): string => join(folder, ...names);
const fixed =
  '--batch-size 4 --sequence-length 8 --sample-every 0 --evaluate-every 0 --checkpoint-every 20 --threads 1 --device cpu'.split(
    ' ',
  );
/** A run too long to end during a test. */
const endless = [
  'sweep',
  'text.txt',
  '--out',
  'sweep',
  '--grid',
  'hidden=4,5',
  '--',
  '--max-steps',
  '100000000',
  ...fixed,
];

/** The id of the process that trains the first trial. */
const numberOfRun = (): number =>
  (JSON.parse(readFileSync(at('sweep', 'hidden=4', 'lock.json'), 'utf8')) as { pid: number }).pid;
/** Its state, T if it is stopped, and the id of its parent. */
const statOf = (pid: number): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setTimeout(20);
}

describe.skipIf(!isBuilt)('rnn sweep and its processes', () => {
  it('trains, and reports to a pipe', { timeout: patience }, async () => {
    const { code, stdout, stderr } = await begin(
      ['sweep', 'text.txt', '--out', 'sweep', '--grid', 'hidden=4,5', '--json', '--', '--max-steps', '5', ...fixed],
      { folder },
    ).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { event: string }).event),
    ).toEqual(['point', 'point', 'run', 'run', 'end']);
  });

  it.skipIf(!existsSync('/proc/self/cmdline'))(
    'gives its runs the flags of node (skipped where there is no /proc)',
    { timeout: patience },
    async () => {
      const flags = ['--stack-size=1001', '--expose-gc'];
      const sweep = begin(endless, { folder, flags });
      await until(() => existsSync(at('sweep', 'hidden=4', 'latest.json')));
      const words = readFileSync(`/proc/${numberOfRun()}/cmdline`, 'utf8').split('\0');
      sweep.send('SIGTERM');
      await sweep.ended;
      expect(words.slice(1, 3)).toEqual(flags);
    },
  );

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s reaches the current run, which saves', { timeout: patience }, async (signal, code) => {
    const sweep = begin(endless, { folder });
    await until(() => existsSync(at('sweep', 'hidden=4', 'latest.json')));
    sweep.send(signal);
    const ended = await sweep.ended;
    expect({ code: ended.code, signal: ended.signal }).toEqual({ code, signal: null });
    expect(ended.stdout).toMatch(/^\[1\/2] hidden=4: stopped at step [\d,]+ \(signal\)\n$/);
    expect(existsSync(at('sweep', 'hidden=4', 'lock.json'))).toBe(false);
    expect(existsSync(at('sweep', 'hidden=5'))).toBe(false);
  });

  it('SIGINT to every process of the job counts once', { timeout: patience }, async () => {
    const sweep = begin(endless, { folder });
    await until(() => existsSync(at('sweep', 'hidden=4', 'latest.json')));
    process.kill(numberOfRun(), 'SIGINT');
    sweep.send('SIGINT');
    const ended = await sweep.ended;
    expect({ code: ended.code, signal: ended.signal }).toEqual({ code: 130, signal: null });
    const lines = readFileSync(at('sweep', 'hidden=4', 'log.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ event: 'end', reason: 'signal' });
  });

  it.skipIf(!existsSync('/proc/self/stat'))(
    'stops with its run on Ctrl-Z, and continues with it (skipped where there is no /proc)',
    { timeout: patience },
    async () => {
      const sweep = begin(endless, { folder });
      await until(() => existsSync(at('sweep', 'hidden=4', 'latest.json')));
      const run = numberOfRun();
      const parent = Number(statOf(run)[1]);
      sweep.send('SIGTSTP');
      await until(() => statOf(run)[0] === 'T' && statOf(parent)[0] === 'T');
      sweep.send('SIGCONT');
      await until(() => statOf(run)[0] !== 'T' && statOf(parent)[0] !== 'T');
      sweep.send('SIGTERM');
      expect(await sweep.ended).toMatchObject({
        code: 143,
        stdout: expect.stringContaining('hidden=4: stopped at step'),
      });
    },
  );

  it('a run whose sweep was killed saves, ends and releases its folder', { timeout: patience }, async () => {
    const sweep = begin(endless, { folder });
    await until(() => existsSync(at('sweep', 'hidden=4', 'latest.json')));
    const pid = numberOfRun();
    sweep.send('SIGKILL');
    await until(() => !existsSync(at('sweep', 'hidden=4', 'lock.json')));
    await until(() => !isRunning(pid));
    const lines = readFileSync(at('sweep', 'hidden=4', 'log.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ event: 'end', reason: 'output-closed' });
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
