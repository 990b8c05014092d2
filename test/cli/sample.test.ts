import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { doubled, useDoubles } from './doubles.ts';
import { freshRecord } from '../../src/runs/checkpoint.ts';
import type { Checkpoint } from '../../src/runs/checkpoint.ts';
import { writeCheckpoint } from '../../src/runs/store.ts';
import { tensorsOf } from '../../src/runs/tensors.ts';
import { byteVocabulary } from '../../src/corpus/vocabulary.ts';
import type { ModelConfiguration } from '../../src/model/configuration.ts';
import { initialParameters, parameterShapes } from '../../src/model/parameters.ts';
import { Random } from '../../src/random.ts';
import { openSampler } from '../../src/sampling/sample.ts';
import { cyclic } from '../sampling/fixture.ts';
import { bare, FakeStream, type Ran, rnn, type Surroundings } from './helpers.ts';

function untrained(): Checkpoint {
  const model: ModelConfiguration = {
    cell: 'rnn',
    layers: 1,
    hidden: 2,
    embedding: 0,
    vocabulary: 3,
    forgetBias: 0,
    initialisation: 'uniform',
    dropout: 0,
    conventions: {},
  };
  const shapes = parameterShapes(model);
  const training = freshRecord();
  return {
    model,
    vocabulary: { unit: 'char', symbols: ['\n', 'a', 'b'], unknown: null },
    training,
    tensors: tensorsOf(shapes, initialParameters(model, new Random(1))),
    state: [],
    optimizer: null,
  };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rnn-sample-'));
  await writeFile(join(folder, 'prime.txt'), 'Who’s there?\n');
  await writeFile(join(folder, 'latin1.txt'), Uint8Array.of(0x63, 0x61, 0x66, 0xe9));
});
afterAll(() => rm(folder, { recursive: true }));

describe('rnn sample', () => {
  it('writes the prompt and the sample to stdout, ends with a newline, and prints the seed', async () => {
    const calls = useDoubles();
    const ran = await rnn(['sample', '--prime', 'To ']);
    expect(ran).toEqual({ code: 0, stdout: 'To be or not\n', stderr: 'checkpoints/newest/best.json, --seed 4711\n' });
    expect(calls.sampled).toMatchObject([{ prime: 'To ', length: 500, stop: null, seed: 4711 }]);
    expect(calls.closedDevices).toBe(1);
  });

  it('accepts the run as an argument, which overrides RNN_CHECKPOINT, and refuses two runs', async () => {
    const calls = useDoubles();
    for (const [argv, env] of [
      [['sample', 'checkpoints/hamlet'], {}],
      [['sample', 'checkpoints/hamlet'], { RNN_CHECKPOINT: 'checkpoints/other' }],
      [['sample', '--checkpoint', 'checkpoints/hamlet'], {}],
      [['sample'], { RNN_CHECKPOINT: 'checkpoints/hamlet' }],
    ] as const) {
      expect((await rnn([...argv], { env })).code).toBe(0);
      expect(calls.read?.[0]).toBe('checkpoints/hamlet');
    }
    expect(await rnn(['sample', 'checkpoints/hamlet', '--checkpoint', 'checkpoints/other'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(' together') as string,
    });
  });

  it('refuses more texts than there are seeds above the first, which would give two texts the same seed', async () => {
    useDoubles();
    const { code, stderr } = await rnn(['sample', '--seed', '9007199254740991', '--count', '2']);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--seed is 9007199254740991: expected at most 2^53 − 2 with --count 2\n'),
    });
    expect((await rnn(['sample', '--seed', '9007199254740990', '--count', '2'])).code).toBe(0);
  });

  it('adds no second newline, and does not print a seed that the user gave', async () => {
    useDoubles({ pieces: ['Enter Ghost', '\n'] });
    expect(await rnn(['sample', '--seed', '1'])).toEqual({ code: 0, stdout: 'Enter Ghost\n', stderr: '' });
  });

  it('passes the options on', async () => {
    const calls = useDoubles();
    const argv =
      '--checkpoint runs/a --temp 0.7 --length 80 --top-k 20 --top-p 0.9 --min-p 0.05 --seed 3 --stop END --device cpu --threads 1';
    await rnn(['sample', ...argv.split(' ')]);
    expect(calls.sampled).toMatchObject([
      { length: 80, seed: 3, stop: ['END'], options: { temperature: 0.7, topK: 20, topP: 0.9, minP: 0.05 } },
    ]);
    expect(calls.read).toEqual(['runs/a', { weightsOnly: true }]);
    expect(calls.device).toEqual(['cpu', { threads: 1, work: { kind: 'sampling', multiplyAdds: 320 } }]);
  });

  it('takes the device from RNN_DEVICE, and says so, if no device is given', async () => {
    const calls = useDoubles();
    const { stderr } = await rnn(['sample'], { env: { RNN_DEVICE: 'reference' } });
    expect(stderr).toBe('checkpoints/newest/best.json, --seed 4711, device reference by RNN_DEVICE\n');
    expect(calls.device?.[0]).toBe('reference');
  });

  it('separates several texts, each with the seed that reproduces it', async () => {
    const calls = useDoubles();
    const { stdout } = await rnn(['sample', '--count', '2', '--seed', '5', '--no-color'], {
      stdout: new FakeStream({ columns: 80 }),
    });
    expect(stdout).toBe('── text 1 of 2, --seed 5 ──\nbe or not\n\n── text 2 of 2, --seed 6 ──\nbe or not\n');
    expect(calls.sampled).toMatchObject([{ seed: 5 }, { seed: 6 }]);
  });

  it('writes several texts to a pipe without headings and blank lines, each with a newline at its end', async () => {
    expect((await doubled(['sample', '--count', '2'])).stdout).toBe('be or not\nbe or not\n');
    expect((await doubled(['sample', '--count', '2'], { pieces: ['be', '\n'] })).stdout).toBe('be\nbe\n');
    expect((await doubled(['sample', '--count', '2'], { pieces: [] })).stdout).toBe('\n\n');
  });

  it('compiles the model once, however many texts it writes', async () => {
    const calls = useDoubles();
    await rnn(['sample', '--count', '3']);
    expect(calls.sampled).toHaveLength(3);
    expect(calls.samplers).toMatchObject({ opened: 1, closed: 1 });
  });

  it('announces the number of texts and their length', async () => {
    const many = useDoubles();
    await rnn(['sample', '--count', '40', '--stop', 'END', '--prime', 'To be']);
    expect(many.samplers.use).toEqual({ texts: 40, length: 500 });
    const one = useDoubles();
    await rnn(['sample']);
    expect(one.samplers.use).toEqual({ texts: 1, length: 500 });
  });

  it('--json prints one object per text', async () => {
    useDoubles();
    const outcome = { cut: false, logProbability: -3 * Math.LN2, bitsPerCharacter: 1 };
    const { stdout, stderr } = await rnn(['sample', '--count', '2', '--json', '--prime', 'To ']);
    expect(stderr).toBe('');
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { event: 'sample', index: 0, seed: 4711, prime: 'To ', text: 'To be or not', ...outcome },
      { event: 'sample', index: 1, seed: 4712, prime: 'To ', text: 'To be or not', ...outcome },
    ]);
  });

  it('takes the prompt from a file or from standard input, to the last character', async () => {
    const fromFile = useDoubles();
    await rnn(['sample', '--prime-file', join(folder, 'prime.txt')]);
    expect(fromFile.sampled).toMatchObject([{ prime: 'Who’s there?\n' }]);
    const fromStdin = useDoubles();
    await rnn(['sample', '--prime-file', '-'], { stdin: 'Nay, answer me' });
    expect(fromStdin.sampled).toMatchObject([{ prime: 'Nay, answer me' }]);
  });

  it.each([
    [['--temp', '-1'], 2, '--temp is -1: expected a number of at least 0'],
    [['--temp', 'abc'], 2, '--temp is abc: expected a number of at least 0'],
    [['--length', '-1'], 2, '--length is -1: expected a whole number of at least 1, or inf'],
    [['--top-p', '0'], 2, '--top-p is 0: expected a number above 0 and at most 1'],
    [['--stop', ''], 2, '--stop is empty: expected some text'],
    [['--prime', 'a', '--prime-file', 'b'], 2, 'cannot use --prime and --prime-file together'],
    [['--prime-file', 'no-such-file'], 3, 'cannot read --prime-file no-such-file: ENOENT'],
  ])('%j is refused', async (argv, code, message) => {
    const calls = useDoubles();
    const ran = await rnn(['sample', ...argv]);
    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(`error: ${message}`);
    expect(calls.sampled).toEqual([]);
  });

  it('a prompt file that is not UTF-8 is refused', async () => {
    const { code, stderr } = await doubled(['sample', '--prime-file', join(folder, 'latin1.txt')]);
    expect(code).toBe(3);
    expect(stderr).toContain('latin1.txt is not UTF-8');
  });

  it.each([[[]], [['--count', '2']], [['--json']]])(
    'writes nothing at all where the model has never seen a character of the prompt (%j)',
    async (argv) => {
      await writeCheckpoint(join(folder, 'untrained.json'), untrained());
      const line = [
        'sample',
        '--checkpoint',
        join(folder, 'untrained.json'),
        '--device',
        'reference',
        '--seed',
        '1',
        '--length',
        '3',
      ];
      expect((await rnn([...line, '--prime', 'ab', ...argv])).code).toBe(0);
      const { code, stdout, stderr } = await rnn([...line, '--prime', 'aé', ...argv]);
      expect(code).toBe(3);
      expect(stderr).toContain('error: the model has never seen');
      // With --json, the error itself.
      expect(stdout.replace(/^\{"event":"error".*\n$/, '')).toBe('');
    },
  );

  it('ends quietly when its output is closed (rnn sample | head -1)', async () => {
    const stdout = new FakeStream({ failure: { after: 1, code: 'EPIPE' } });
    const calls = useDoubles();
    const { code, stderr } = await rnn(['sample', '--seed', '1'], { stdout });
    expect({ code, stderr, text: stdout.text }).toEqual({ code: 0, stderr: '', text: 'be' });
    expect(calls.closedDevices).toBe(1);
  });

  it('a full disk is an error of the machine', async () => {
    const stdout = new FakeStream({ failure: { after: 0, code: 'ENOSPC' } });
    const { code, stderr } = await doubled(['sample', '--seed', '1'], { stdout });
    expect(code).toBe(1);
    expect(stderr).toContain('error: cannot write to stdout: ENOSPC');
  });

  it('samples no more than the reader takes', async () => {
    let drawn = 0;
    async function* text(): AsyncGenerator<string> {
      for (; drawn < 5; drawn++) yield 'x';
    }
    useDoubles();
    vi.mocked(openSampler).mockResolvedValue({ texts: () => [text()], close: async () => {} } as never);
    const stdout = new FakeStream({ slow: true });
    const running = rnn(['sample', '--seed', '1'], { stdout });
    // Enough turns of the event loop to sample everything many times.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => void setImmediate(resolve));
    expect(drawn).toBe(0);
    expect(stdout.text).toBe('x');
    stdout.flow();
    expect((await running).stdout).toBe('xxxxx\n');
  });

  it('the prompt stands out on a terminal', async () => {
    const { stdout } = await doubled(['sample', '--prime', 'To ', '--seed', '1'], {
      stdout: new FakeStream({ columns: 80 }),
    });
    expect(stdout).toBe('\u001B[1mTo \u001B[22mbe or not\n');
    expect(bare(stdout)).toBe('To be or not\n');
  });

  it('escapes control characters of the model and the prompt on any terminal, and nowhere else', async () => {
    const pieces = ['\u001B[2J', 'a\u009B1m\u202Eb'];
    const argv = ['sample', '--seed', '1', '--no-color', '--prime', '\u0007'];
    const escaped = '␇␛[2Ja\\u{9b}1m\\u{202e}b\n';
    expect((await doubled(argv, { pieces, stdout: new FakeStream({ columns: 80 }) })).stdout).toBe(escaped);
    expect(
      (await doubled(argv, { pieces, stdout: new FakeStream({ columns: 80 }), env: { TERM: 'dumb' } })).stdout,
    ).toBe(escaped);
    expect((await doubled(argv, { pieces })).stdout).toBe('\u0007\u001B[2Ja\u009B1m\u202Eb\n');
    const json = (await doubled([...argv, '--json'], { pieces, stdout: new FakeStream({ columns: 80 }) })).stdout;
    expect(json).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/); // oxlint-disable-line no-control-regex
    expect(JSON.parse(json)).toMatchObject({ text: '\u0007\u001B[2Ja\u009B1m\u202Eb' });
  });

  it('leaves the prompt and the stop out of the output with --no-prime and --no-keep-stop', async () => {
    const calls = useDoubles();
    expect((await rnn(['sample', '--prime', 'To ', '--no-prime', '--stop', 'not', '--no-keep-stop'])).stdout).toBe(
      'be or not\n',
    );
    expect(calls.sampled).toMatchObject([{ prime: 'To ', stop: ['not'], keepStop: false }]);
    const { stdout } = await doubled(['sample', '--prime', 'To ', '--no-prime', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ prime: 'To ', text: 'be or not' });
  });

  it('accepts --num and --no-stop, the earlier names of --count and --no-keep-stop', async () => {
    const calls = useDoubles();
    const { stdout } = await rnn(['sample', '--num', '3', '--stop', 'not', '--no-stop']);
    expect(stdout.split('\n')).toHaveLength(4);
    await rnn(['sample', '--stop', 'not']);
    expect(calls.sampled).toMatchObject([
      ...Array.from({ length: 3 }, () => ({ keepStop: false })),
      { keepStop: true },
    ]);
  });

  it('accepts escapes in --prime and --stop, and several stops', async () => {
    const calls = useDoubles();
    const { stdout } = await rnn([
      'sample',
      '--prime',
      String.raw`a\tb\\n\q\X41\U{42}`,
      '--stop',
      String.raw`\n`,
      '--stop',
      String.raw`\u{2014}\x41`,
    ]);
    expect(calls.sampled).toMatchObject([{ prime: 'a\tb\\n\\q\\X41\\U{42}', stop: ['\n', '—A'] }]);
    expect(stdout).toBe('a\tb\\n\\q\\X41\\U{42}be or not\n');
  });

  it.each([
    [['--checkpoint', 'a', '--checkpoint', 'b'], 'cannot use --checkpoint twice: it is a and b'],
    [['--length', '5', '--length=7'], 'cannot use --length twice: it is 5 and 7'],
  ])('%j is refused: which of the two is meant would be a guess', async (argv, message) => {
    const { code, stderr } = await doubled(['sample', ...argv]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `error: ${message}\nhint: use ${argv[0]} once\n` });
  });
});

describe('a byte-level model', () => {
  /** Writes the byte that follows the last one, in a circle of 256. */
  const counting = (): Checkpoint => cyclic(byteVocabulary().data, 50);
  const sampled = async (argv: readonly string[], around: Surroundings = {}): Promise<Ran> => {
    await writeCheckpoint(join(folder, 'bytes.json'), counting());
    return rnn(
      [
        'sample',
        '--checkpoint',
        join(folder, 'bytes.json'),
        '--device',
        'reference',
        '--temp',
        '0',
        '--seed',
        '1',
        ...argv,
      ],
      around,
    );
  };
  const bytesOf = (stream: FakeStream): number[] => Array.from(Buffer.concat(stream.chunks));
  const upFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);

  it('writes exactly --length bytes to a pipe, text or not', async () => {
    const stdout = new FakeStream();
    await sampled(['--length', '64', '--prime', String.raw`\xbe`, '--no-prime'], { stdout });
    expect(bytesOf(stdout)).toEqual(upFrom(0xbf, 64));
  });

  it('starts with the bytes of a file that is not text', async () => {
    await writeFile(join(folder, 'header.png'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xf0));
    const stdout = new FakeStream();
    await sampled(['--length', '3', '--prime-file', join(folder, 'header.png')], { stdout });
    expect(bytesOf(stdout)).toEqual([0x89, 0x50, 0x4e, 0x47, 0xf0, 0xf1, 0xf2, 0xf3]);
  });

  it('ends with the bytes of a stop, and writes several texts with nothing between them', async () => {
    const stdout = new FakeStream();
    await sampled(
      [
        '--prime',
        String.raw`\xfa`,
        '--no-prime',
        '--stop',
        String.raw`\xfd`,
        '--stop',
        'é',
        '--no-keep-stop',
        '--count',
        '2',
      ],
      {
        stdout,
      },
    );
    expect(bytesOf(stdout)).toEqual([0xfb, 0xfc, 0xfb, 0xfc]);
  });

  it.each(['--prime', '--stop'])('refuses in %s a byte that Node has replaced', async (flag) => {
    const { code, stderr } = await sampled([flag, 'a\u{FFFD}']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `error: ${flag} is a\u{FFFD}: expected valid UTF-8\nhint: write any other byte as \\xff, and U+FFFD itself as \\u{fffd}\n`,
    });
    const stdout = new FakeStream();
    await sampled(['--prime', String.raw`\u{fffd}`, '--length', '1'], { stdout });
    expect(bytesOf(stdout)).toEqual([0xef, 0xbf, 0xbd, 0xbe]);
  });

  it('is text with escapes on a terminal, and text and base64 in JSON', async () => {
    const argv = ['--length', '6', '--prime', String.raw`\xfd`];
    const terminal = await sampled([...argv, '--no-color'], { stdout: new FakeStream({ columns: 80 }) });
    expect(terminal.stdout).toBe('\u{FFFD}\u{FFFD}\u{FFFD}␀␁␂␃\n');
    expect(JSON.parse((await sampled([...argv, '--json'])).stdout)).toMatchObject({
      event: 'sample',
      index: 0,
      seed: 1,
      prime: '\u{FFFD}',
      text: '\u{FFFD}\u{FFFD}\u{FFFD}\u0000\u0001\u0002\u0003',
      cut: true,
      bytes: Buffer.of(0xfd, 0xfe, 0xff, 0, 1, 2, 3).toString('base64'),
    });
  });
});
