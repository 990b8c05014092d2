// Every fault has the right exit code, a message that names the cause, a hint that names the
// remedy, and no stack trace. Nothing on disk changes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint, RunFolder } from '../../src/runs/store.ts';
import { mayHaveGpu } from '../../src/devices/gpu/search.ts';
import { isEverything } from '../everything.ts';
import { contentsOf, prepare, renewLocks, SMALL } from './faults-folder.ts';
import { type Fault, faults } from './faults.ts';
import { type Ran, rnn } from './helpers.ts';
import { begin, canMount, isBuilt, patience, shell } from './process.ts';

let folder: string;
let mounts: boolean;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rnn-faults-'));
  await prepare(folder);
  mounts = canMount(join(folder, 'small'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Expected = Pick<Fault, 'code' | 'cause' | 'remedy'>;

function expectRefusal({ code, stdout, stderr }: Ran, expected: Expected, isJson = false): void {
  expect(stderr).not.toMatch(/^\s+at |node:internal/m);
  const [, message = '', hint = ''] = /(?:^|\n)error: (.+)\nhint: (.+)\n$/.exec(stderr) ?? [];
  expect({ code, message, hint }, stderr).toEqual({
    code: expected.code,
    message: expect.stringMatching(expected.cause),
    hint: expect.stringMatching(expected.remedy),
  });
  const lines = stdout.split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    isJson ? [{ event: 'error', code, message, hint }] : [],
  );
}

/** Runs a command that must not change the folder. */
async function unchanged(run: () => Promise<Ran>): Promise<Ran> {
  renewLocks(folder);
  const before = contentsOf(folder);
  const ran = await run();
  expect(contentsOf(folder)).toEqual(before);
  return ran;
}

/** The words of a line of faults.ts. */
function wordsOf(line: string): string[] {
  return [...line.replace('$SMALL', SMALL).matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? (plain.startsWith('@') ? join(folder, plain.slice(1)) : plain),
  );
}

describe('refusals', () => {
  it('have at least 70 cases', () => {
    expect(faults.length).toBeGreaterThanOrEqual(70);
    expect(new Set(faults.map(({ line, around }) => `${line} ${JSON.stringify(around)}`)).size).toBe(faults.length);
  });

  it.for(faults.map((fault) => [`${fault.wrong}: rnn ${fault.line.trim()} ends with ${fault.code}`, fault] as const))(
    '%s',
    async ([, fault], { skip }) => {
      skip(fault.onlyOnLinux === true && process.platform !== 'linux', 'only Linux has such files');
      const { held, line, around } = fault;
      const run = held === undefined ? null : await RunFolder.open(join(folder, held));
      try {
        expectRefusal(await unchanged(() => rnn(wordsOf(line), around)), fault, line.includes('--json'));
      } finally {
        run?.close();
      }
    },
  );
});

interface ProcessFault extends Expected {
  readonly wrong: string;
  /** A line of shell, in the folder. */
  readonly line: string;
  readonly env?: Record<string, string>;
  /** The requirements for every fault. */
  readonly needs?: 'Linux' | 'mounts' | 'no GPU';
}

const train = `rnn train text.txt ${SMALL} --max-steps 2 --sample-every 0 --device`;

const processFaults: readonly ProcessFault[] = [
  {
    wrong: 'no checkpoint anywhere',
    line: 'cd empty && rnn sample',
    code: 4,
    cause: /^checkpoint not found in checkpoints/,
    remedy: /rnn train <corpus>/,
  },
  {
    wrong: 'a named pipe for a checkpoint',
    line: 'rnn sample --checkpoint pipe',
    code: 4,
    cause: /^cannot read pipe: it is not a file$/,
    remedy: /rnn train/,
    needs: 'Linux',
  },
  {
    wrong: 'a full disk behind stdout',
    line: 'rnn sample --checkpoint run --seed 1 > /dev/full',
    code: 1,
    cause: /^cannot write to stdout: ENOSPC/,
    remedy: /free disk space/,
    needs: 'Linux',
  },
  {
    wrong: 'a full disk behind the stdout of another command',
    line: 'rnn info run > /dev/full',
    code: 1,
    cause: /^cannot write to stdout: ENOSPC/,
    remedy: /free disk space/,
    needs: 'Linux',
  },
  {
    wrong: 'a folder for standard input',
    line: 'rnn train - --out new < empty',
    code: 3,
    cause: /^cannot read standard input: it is a folder$/,
    remedy: /^pipe text into it/,
  },
  {
    wrong: 'a standard input that is closed',
    line: 'rnn train - --out new <&-',
    code: 3,
    cause: /^cannot read standard input: the text is empty$/,
    remedy: /three characters/,
  },
  {
    wrong: 'a file where corpora/ should be',
    line: 'cd blocked && rnn corpus sonnets',
    code: 1,
    cause: /^cannot write corpora\/sonnets\.txt: a file has the name of the folder$/,
    remedy: /check that \.\/corpora is writable/,
  },
  {
    wrong: 'another text where a built-in one should be',
    line: 'cd edited && rnn corpus sonnets',
    code: 2,
    cause: /^cannot write corpora\/sonnets\.txt: the file already exists$/,
    remedy: /--force/,
  },
  {
    wrong: 'RNN_KERNELS that are not there',
    line: `${train} cpu --out new`,
    env: { RNN_KERNELS: 'accelerate' },
    code: 6,
    cause: /cannot use the kernels accelerate: only macOS has Accelerate/,
    remedy: /use --kernels auto for the fastest that work here/,
  },
  {
    wrong: 'RNN_KERNELS with a name of no kernels',
    line: `${train} cpu --out new`,
    env: { RNN_KERNELS: 'fast' },
    code: 2,
    cause: /^RNN_KERNELS is fast: expected one of auto, accelerate, avx512, avx2, wasm, wasm-portable$/,
    remedy: /unset/,
  },
  {
    wrong: 'a GPU that is not there',
    line: `${train} gpu --out new`,
    code: 6,
    cause: /^cannot use device gpu: no GPU answered/,
    remedy: /run rnn doctor/,
    needs: 'no GPU',
  },
  {
    wrong: 'a disk that is read-only',
    line: `mount -t tmpfs -o ro none "$PWD/small" && ${train} reference --out small/run`,
    code: 1,
    cause: /^cannot make the run folder small\/run: the disk is read-only$/,
    remedy: /--out/,
    needs: 'mounts',
  },
  {
    wrong: 'a run on a disk that is read-only',
    line: `mount --bind "$PWD/run" "$PWD/small" && mount -o remount,bind,ro "$PWD/small" && ${train} reference --resume --out small`,
    code: 1,
    cause: /^cannot continue the run in small: the disk is read-only$/,
    remedy: /--out/,
    needs: 'mounts',
  },
  {
    wrong: 'a disk that is full when a run begins',
    line: `mount -t tmpfs -o size=4k none "$PWD/small" && head -c 4096 text.txt > small/full && ${train} reference --out small`,
    code: 1,
    cause: /: the disk is full$/,
    remedy: /free some space/,
    needs: 'mounts',
  },
  {
    wrong: 'a disk that is full when a run ends',
    line: `mount -t tmpfs -o size=16k none "$PWD/small" && ${train} reference --out small`,
    code: 1,
    cause: /^cannot save the last state, of step 2: .*: the disk is full \(nothing was saved\)$/,
    remedy: /free some space/,
    needs: 'mounts',
  },
];

/** Why a fault cannot be made here, or null. */
function missing(needs: ProcessFault['needs']): string | null {
  if (needs === 'mounts' && !mounts) return 'unshare cannot give this user a separate disk here';
  if (needs === 'no GPU' && mayHaveGpu()) return 'there may be a GPU here';
  return needs === 'Linux' && process.platform !== 'linux' ? 'only on Linux' : null;
}

describe.skipIf(!isBuilt)('refusals of the built program (needs npm run build)', { timeout: patience }, () => {
  it.for(processFaults.map((fault) => [`${fault.wrong}: ${fault.line} ends with ${fault.code}`, fault] as const))(
    '%s',
    async ([, fault], { skip }) => {
      const reason = missing(fault.needs);
      skip(reason !== null, reason ?? '');
      expectRefusal(
        await unchanged(() => shell(fault.line, { folder, env: fault.env, isolated: fault.needs === 'mounts' })),
        fault,
      );
    },
  );
});

describe.skipIf(!isBuilt)('unusual cases that work (needs npm run build)', { timeout: patience }, () => {
  it('a finished run on a read-only disk says so and ends with 0', async ({ skip }) => {
    skip(!mounts, missing('mounts') ?? '');
    const line =
      'mount --bind "$PWD/run" "$PWD/small" && mount -o remount,bind,ro "$PWD/small" && rnn train text.txt --resume --out small';
    const ran = await unchanged(() => shell(line, { folder, isolated: true }));
    expect(ran).toEqual({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('the run was already finished: step 4'),
    });
  });
});

/** The options that train on an endless text. */
const endless = (out: string, more = '', text = 'text.txt', sizes = SMALL): string[] =>
  `train ${text} --out ${out} ${sizes} ${more} --max-steps 1000000000 --evaluate-every 0 --sample-every 0 --device`.split(
    / +/,
  );

/** Checks that the run in a folder can be resumed, and returns its update step. */
async function stepOf(out: string): Promise<number> {
  return (await readCheckpoint(join(folder, out, 'latest.json'))).training.step;
}

describe.skipIf(!isBuilt || process.platform === 'win32')(
  'signals (needs npm run build)',
  { timeout: patience },
  () => {
    const signals = [
      ['SIGTERM', 143, 'cpu'],
      ['SIGUSR1', 128 + constants.signals.SIGUSR1, 'cpu'],
      ['SIGINT', 130, 'reference'],
    ] as const;
    /** The code handles these like the signals above, so they are tested only with RNN_TEST=all. */
    const moreSignals = [
      ['SIGINT', 130, 'cpu'],
      ['SIGHUP', 129, 'cpu'],
      ['SIGQUIT', 131, 'cpu'],
      ['SIGUSR2', 128 + constants.signals.SIGUSR2, 'cpu'],
      ['SIGALRM', 142, 'cpu'],
      ['SIGXCPU', 152, 'cpu'],
    ] as const;
    it.for([...signals, ...(isEverything ? moreSignals : [])])(
      '%s ends with %d, a whole checkpoint and the command that continues (%s)',
      async ([signal, code, device]) => {
        const out = `run-${signal}-${device}`;
        // Only the signal makes it save.
        const run = begin([...endless(out, '--checkpoint-every 0'), device], { folder });
        await run.seen(/^step [\d,]+ {2}epoch/m);
        run.send(signal);
        const ended = await run.ended;
        expect(ended).toMatchObject({ code, signal: null, stdout: '' });
        expect(ended.stderr).not.toMatch(/^\s+at |^error/m);
        expect(ended.stderr).toContain(`warning: ${signal} received: finishing this update step and saving`);
        expect(ended.stderr.endsWith(`to resume:\n  rnn train text.txt --resume --out ${out}\n`), ended.stderr).toBe(
          true,
        );
        const step = await stepOf(out);
        expect(ended.stderr).toContain(`stopped by a signal: step ${step.toLocaleString('en')} after`);
        expect(Object.keys(contentsOf(join(folder, out)))).toEqual(['latest.json', 'log.jsonl']);
      },
    );

    it('USR1 ends a command that has nothing to save, without opening a debugger', async () => {
      const run = begin(['sample', '--checkpoint', 'run', '--length', '1000000000', '--device', 'cpu'], { folder });
      await run.seen(/--seed \d+\n/);
      run.send('SIGUSR1');
      expect(await run.ended).toMatchObject({
        code: 128 + constants.signals.SIGUSR1,
        signal: null,
        stderr: expect.not.stringContaining('Debugger'),
      });
    });

    it('HUP does not end a process that nohup started', async () => {
      const run = begin([...endless('run-nohup', '--checkpoint-every 1'), 'cpu'], {
        folder,
        env: { _: '/usr/bin/nohup' },
      });
      await run.seen(/saved run-nohup/);
      run.send('SIGHUP');
      // The next signal may already have been sent by then.
      for (let times = 0; times < 5; times++) await run.seenNext(/saved run-nohup/);
      run.send('SIGTERM');
      const ended = await run.ended;
      expect(ended).toMatchObject({ code: 143, signal: null });
      expect(ended.stderr).not.toContain('SIGHUP');
    });

    it('a second INT ends it immediately, with 130 and the earlier checkpoint', async () => {
      // A step takes so long that it is still running when the second INT arrives. The first INT
      // alone would end the run after the step, also with 130.
      writeFileSync(join(folder, 'long.txt'), 'the quick brown fox jumps over the lazy dog\n'.repeat(1000));
      const run = begin(
        [
          ...endless(
            'run-twice',
            '--checkpoint-every 1',
            'long.txt',
            '--hidden 256 --layers 1 --sequence-length 150 --batch-size 64 --threads 1',
          ),
          'cpu',
        ],
        { folder },
      );
      await run.seen(/saved run-twice/);
      run.send('SIGINT');
      await run.seen(/again to quit now/);
      run.send('SIGINT');
      const ended = await run.ended;
      expect(ended).toMatchObject({ code: 130, signal: null, stdout: '' });
      expect(ended.stderr).not.toMatch(/^\s+at |^error/m);
      const [before, after] = ended.stderr.split('again to quit now.\n');
      expect(after).toBe('');
      expect(await stepOf('run-twice')).toBe(before.split('saved run-twice').length - 1);
    });
  },
);

describe.skipIf(!isBuilt || process.platform === 'win32')(
  'an output that goes away (needs npm run build)',
  { timeout: patience },
  () => {
    it('with its reader ends rnn sample quietly', async () => {
      const ran = await shell(
        '(rnn sample --checkpoint run --seed 1 --length 10000000; echo "it ended with $?" >&2) | head -c 1',
        {
          folder,
        },
      );
      expect(ran).toMatchObject({ code: 0, stderr: 'it ended with 0\n' });
      expect(ran.stdout).toHaveLength(1);
    });

    it('with its reader ends rnn train quietly, with everything saved', async () => {
      const ran = await shell(
        `(rnn ${endless('run-unread', '--checkpoint-every 0').join(' ')} cpu --json; echo "it ended with $?" >&2) | head -n 1`,
        { folder },
      );
      expect(ran).toMatchObject({ code: 0, stderr: 'it ended with 0\n' });
      expect(JSON.parse(ran.stdout)).toMatchObject({ event: 'start' });
      // The number of steps before it was noticed depends on the machine.
      expect(
        JSON.parse(readFileSync(join(folder, 'run-unread/log.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!),
      ).toMatchObject({
        event: 'end',
        reason: 'output-closed',
        step: await stepOf('run-unread'),
      });
    });

    it.skipIf(process.platform !== 'linux')(
      'with its disk ends rnn train with an error, and with everything saved (where there is /dev/full)',
      async () => {
        const ran = await shell(
          `rnn ${endless('run-unwritten', '--checkpoint-every 0').join(' ')} cpu --json > /dev/full`,
          { folder },
        );
        expectRefusal(ran, { code: 1, cause: /^cannot write to stdout: ENOSPC/, remedy: /free disk space/ });
        expect(await stepOf('run-unwritten')).toBeGreaterThanOrEqual(0);
      },
    );
  },
);
