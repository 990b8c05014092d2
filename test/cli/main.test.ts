import { describe, expect, it } from 'vitest';
import { codeOfEnd, failureOf } from '../../src/cli/failures.ts';
import { RnnError } from '../../src/errors.ts';
import { bare, FakeStream, rnn } from './helpers.ts';
import { useDoubles } from './doubles.ts';

describe('exit codes', () => {
  it.each([
    ['machine', 1],
    ['usage', 2],
    ['corpus', 3],
    ['checkpoint', 4],
    ['diverged', 5],
    ['device', 6],
  ] as const)('a %s error ends with %d', async (kind, code) => {
    useDoubles({ failWith: new RnnError(kind, 'it went wrong', { hint: 'mend it' }) });
    const ran = await rnn(['train', 'hamlet.txt']);
    expect(ran).toEqual({ code, stdout: '', stderr: 'error: it went wrong\nhint: mend it\n' });
  });

  it.each([
    ['max-steps', null, 0],
    ['max-time', null, 0],
    ['patience', null, 0],
    ['signal', 'SIGINT', 130],
    ['signal', 'SIGTERM', 143],
    ['signal', 'SIGHUP', 129],
    ['diverged', null, 5],
  ] as const)('a run that ended by %s (%s) ends with %d', (reason, signal, code) => {
    expect(codeOfEnd(reason, signal)).toBe(code);
  });

  it('anything else is a bug: its stack, and a request to report it', async () => {
    useDoubles({ failWith: new TypeError('x is not a function') });
    const { code, stderr } = await rnn(['train', 'hamlet.txt']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/TypeError: x is not a function\n {4}at /);
    expect(stderr).toContain('report this bug');
  });

  it.each([
    [Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }), 'ulimit -n'],
    [Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' }), 'lower --threads'],
    [new RangeError('WebAssembly.Memory(): could not allocate memory'), 'ulimit -v'],
    [new RangeError('Array buffer allocation failed'), 'free memory'],
  ])('a limit of the system is not a bug: %s', (error, hint) => {
    expect(failureOf(error, { debug: false })).toEqual({
      code: 1,
      message: `cannot continue: ${error.message}`,
      hint: expect.stringContaining(hint),
      options: [],
      cases: [],
      stack: undefined,
    });
  });

  it('a current folder that was removed is not a bug', () => {
    const error = Object.assign(new Error('ENOENT: no such file or directory, uv_cwd'), {
      code: 'ENOENT',
      syscall: 'uv_cwd',
    });
    expect(failureOf(error, { debug: false })).toEqual({
      code: 1,
      message: 'cannot continue: ENOENT: no such file or directory, uv_cwd',
      hint: 'change to a folder that exists, because the current folder was removed',
      options: [],
      cases: [],
      stack: undefined,
    });
  });

  it('a thrown value need not be an error', () => {
    expect(failureOf('a string', { debug: false })).toMatchObject({ code: 1, message: 'unexpected error: a string' });
  });
});

describe('errors', () => {
  it('--debug prints the stack and the cause', async () => {
    useDoubles({ failWith: new RnnError('corpus', 'unreadable', { cause: new Error('EACCES') }) });
    const { stderr } = await rnn(['train', 'hamlet.txt', '--debug']);
    expect(stderr).toMatch(/RnnError: unreadable\n {4}at /);
    expect(stderr).toContain('[cause]: Error: EACCES');
    expect(stderr).toContain('error: unreadable\n');
  });

  it('--json also prints them on stdout', async () => {
    useDoubles({ failWith: new RnnError('corpus', 'too short') });
    const { stdout } = await rnn(['train', 'hamlet.txt', '--json']);
    expect(JSON.parse(stdout)).toEqual({ event: 'error', code: 3, message: 'too short', hint: null });
  });

  it('--json as the value of another option does not print the error on stdout', async () => {
    useDoubles({ failWith: new RnnError('corpus', 'too short') });
    expect(await rnn(['train', 'hamlet.txt', '--out', '--json'])).toEqual({
      code: 3,
      stdout: '',
      stderr: 'error: too short\n',
    });
  });

  it('an error is one line, even if it quotes several', async () => {
    useDoubles({ failWith: new RnnError('corpus', 'no file a\nhint: b', { hint: 'look\nthere' }) });
    expect((await rnn(['train', 'hamlet.txt'])).stderr).toBe('error: no file a␊hint: b\nhint: look␊there\n');
  });

  it('a command after -- is still the command', async () => {
    const calls = useDoubles();
    expect((await rnn(['--', 'train', 'hamlet.txt'])).code).toBe(0);
    expect(calls.corpus).toMatchObject({ sources: ['hamlet.txt'] });
  });

  it.each([
    [['train', 'hamlet.txt', '--hid', '3'], "unknown option '--hid'", 'did you mean --hidden?'],
    [
      ['train', 'hamlet.txt', '--lr-d', '3'],
      "unknown option '--lr-d'",
      'did you mean --learning-rate or --decay or --decay-epochs or --decay-after?',
    ],
    [['train', 'hamlet.txt', '--tied=yes'], '--tied is yes: expected no value', 'write --tied alone'],
    [['train', 'hamlet.txt', '--hiden', '3'], "unknown option '--hiden'", 'did you mean --hidden?'],
    [['trian', 'hamlet.txt'], "unknown command 'trian'", 'did you mean train?'],
    [['evaluate', 'hamlet.txt'], "unknown command 'evaluate'", 'did you mean eval?'],
    [['cells'], "unknown command 'cells'", 'run rnn help cells'],
    [['generate'], "unknown command 'generate'", 'did you mean sample?'],
    [['sample', 'hamlet', 'macbeth'], "too many arguments for 'sample'", 'run rnn sample --help'],
    [['train'], 'the corpus is missing: expected a file, a folder, or - for standard input', 'run rnn train --help'],
    [['train', 'hamlet.txt', '--hidden'], "option '--hidden <n>' argument missing", 'run rnn train --help'],
    [
      ['--debug', 'train', '--no-color'],
      'the corpus is missing: expected a file, a folder, or - for standard input',
      'run rnn train --help',
    ],
    [['--nonsense', 'train'], "unknown option '--nonsense'", 'run rnn --help to list the commands'],
    [['sample', '-n', '3'], "unknown option '-n'", 'did you mean --length or --count?'],
    [['sample', '--out', 'x'], "unknown option '--out'", 'add >FILE: rnn sample writes to standard output'],
    [['plot', '--out', 'x'], "unknown option '--out'", 'did you mean --svg or --html?'],
    [['export', '--to', 'x'], "unknown option '--to'", 'did you mean --out?'],
    [
      ['export', '--checkpoint', 'x'],
      "unknown option '--checkpoint'",
      'write it as an argument: rnn export [checkpoint]',
    ],
    [
      ['train', 'hamlet.txt', '--learning_rate', '1'],
      "unknown option '--learning_rate'",
      'did you mean --learning-rate?',
    ],
    [['train', 'hamlet.txt', '-rnn_size', '8'], "unknown option '-rnn_size'", 'did you mean --hidden?'],
    [['train', 'hamlet.txt', '--num_layers=2'], "unknown option '--num_layers=2'", 'did you mean --layers?'],
    [
      ['sweep', 'hamlet.txt', '--learning_rate', '1'],
      "unknown option '--learning_rate'",
      'did you mean --learning-rate?',
    ],
    [['help', 'trian'], "unknown command or topic 'trian'", 'did you mean train?'],
    [['help', 'shedules'], "unknown command or topic 'shedules'", 'did you mean schedules?'],
    [['help', 'nonsense'], "unknown command or topic 'nonsense'", 'run rnn help to list the commands and topics'],
    [['nonsense', 'train'], "unknown command 'nonsense'", 'run rnn --help to list the commands'],
  ])('rnn %j is refused with a hint', async (argv, message, hint) => {
    const { code, stdout, stderr } = await rnn(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toContain(`hint: ${hint}`);
  });
});

describe('help', () => {
  const forms = [
    'train <corpus...>',
    'sample',
    'predict [prompt]',
    'eval <corpus...>',
    'score <file...>',
    'gradients <corpus...>',
    'inspect <text...>',
    'info [checkpoint...]',
    'runs [folder]',
    'plot [runs...]',
    'watch [run]',
    'story [run]',
    'sweep <corpus...>',
    'export [checkpoint]',
    'serve [checkpoint]',
    'import <file>',
    'corpus [name]',
    'doctor',
    'bench',
    'completion <shell>',
    'help [topic]',
  ];

  it('lists the commands', async () => {
    const { code, stdout, stderr } = await rnn(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const form of forms) expect(stdout).toContain(`\n  ${form} `);
  });

  it('is printed on stderr, with exit code 2, if a command is missing', async () => {
    const { code, stdout, stderr } = await rnn([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: rnn <command>');
  });

  it.each([['--help'], ['help', 'train'], ['help', 'help'], ['help', 'cells'], ['train', '--help'], ['--version']])(
    'fails if it cannot be written (%j %j), but not if the reader has closed the pipe',
    async (...argv) => {
      const full = await rnn(argv, { stdout: new FakeStream({ failure: { after: 0, code: 'ENOSPC' } }) });
      expect(full).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: cannot write to stdout: ENOSPC.*\nhint: free disk space/),
      });
      const shut = await rnn(argv, { stdout: new FakeStream({ failure: { after: 0, code: 'EBADF' } }) });
      expect(shut).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: cannot write to stdout: EBADF.*\nhint: open stdout/),
      });
      expect(await rnn(argv, { stdout: new FakeStream({ failure: { after: 0, code: 'EPIPE' } }) })).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
    },
  );

  it('--version prints the version', async () => {
    expect((await rnn(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

/** Whether a failing command prints its error in colour. */
const failing = async (env: Record<string, string>, argv: string[] = []): Promise<boolean> => {
  useDoubles({ failWith: new RnnError('corpus', 'too short') });
  const stderr = new FakeStream({ columns: 80 });
  const ran = await rnn(['train', 'hamlet.txt', ...argv], { env, stderr });
  return ran.stderr !== bare(ran.stderr);
};

describe('colour', () => {
  it('appears only on a terminal', async () => {
    expect(await failing({})).toBe(true);
    const { stderr } = await rnn(['trian']);
    expect(stderr).toBe(bare(stderr));
  });

  it('NO_COLOR, TERM=dumb and --no-color switch it off, and an empty NO_COLOR does not', async () => {
    expect(await failing({ NO_COLOR: '1' })).toBe(false);
    expect(await failing({ TERM: 'dumb' })).toBe(false);
    expect(await failing({}, ['--no-color'])).toBe(false);
    expect(await failing({ NO_COLOR: '' })).toBe(true);
  });

  it('FORCE_COLOR switches it on without a terminal, and --no-color overrides it', async () => {
    useDoubles({ failWith: new RnnError('corpus', 'too short') });
    expect((await rnn(['train', 'x'], { env: { FORCE_COLOR: '1' } })).stderr).toContain('\u001B[31m');
    expect(await failing({ FORCE_COLOR: '1' }, ['--no-color'])).toBe(false);
    expect(await failing({ FORCE_COLOR: '0' })).toBe(false);
  });
});
